import { fetch, type Response } from 'undici'
import { z } from 'zod'

export interface BotInfoRequest {
  /** May have a path: a relay often does. */
  readonly baseUrl: string
  /** Of the channel: a partner's key, for instance. */
  readonly headers: Readonly<Record<string, string>>
  readonly token: string
  readonly deadlineMs: number
}

/** What LINE, or a relay, makes of a token. */
export type BotInfo =
  | { readonly kind: 'known' }
  | { readonly kind: 'refused'; readonly status: number }
  /** The relay has no such endpoint: nothing was learned. */
  | { readonly kind: 'absent'; readonly status: number }
  /** It answered, and what it thinks of the token cannot be told. */
  | { readonly kind: 'unclear'; readonly status: number }
  /** Something that is not LINE's account answered, and would have, whatever the token: nothing was learned. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unreachable'; readonly code: string }

/** Asks whose token it is: the one call that LINE offers with a token that changes nothing and messages nobody. Never rejects. */
export const askBotInfo = async ({ baseUrl, headers, token, deadlineMs }: BotInfoRequest): Promise<BotInfo> => {
  try {
    const answer = await fetch(`${baseUrl.replace(/\/+$/, '')}/v2/bot/info`, {
      headers: { ...headers, authorization: `Bearer ${token}` },
      redirect: 'manual', // the token is for this address alone
      signal: AbortSignal.timeout(deadlineMs),
    })
    if (answer.status === 200) return isAccount(await startOf(answer)) ? { kind: 'known' } : { kind: 'foreign' }
    await answer.body?.cancel()
    return judged(answer.status)
  } catch (error) {
    return { kind: 'unreachable', code: codeOf(error, deadlineMs) }
  }
}

const judged = (status: number): BotInfo => {
  if (status === 401 || status === 403) return { kind: 'refused', status }
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) return { kind: 'absent', status }
  return { kind: 'unclear', status }
}

/** LINE's answer has a few hundred bytes. */
const MOST_BYTES = 64 << 10

const startOf = async ({ body }: Response): Promise<string> => {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body ?? []) {
    parts.push(part)
    bytes += part.byteLength
    if (bytes > MOST_BYTES) break
  }
  return Buffer.concat(parts).toString('utf8', 0, MOST_BYTES)
}

const account = z.object({ userId: z.string().min(1) })

const isAccount = (text: string): boolean => {
  try {
    return account.safeParse(JSON.parse(text)).success
  } catch {
    return false // a page that asks to log in, mostly
  }
}

const codeOf = (error: unknown, deadlineMs: number): string => {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeoutError') return `no answer within ${deadlineMs / 1_000} s`
  return error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : 'no answer'
}
