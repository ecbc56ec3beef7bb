import { fetch } from 'undici'

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
  | { readonly kind: 'unreachable'; readonly code: string }

/** Asks whose token it is: the one call that LINE offers with a token that changes nothing and messages nobody. Never rejects. */
export const askBotInfo = async ({ baseUrl, headers, token, deadlineMs }: BotInfoRequest): Promise<BotInfo> => {
  try {
    const answer = await fetch(`${baseUrl.replace(/\/+$/, '')}/v2/bot/info`, {
      headers: { ...headers, authorization: `Bearer ${token}` },
      redirect: 'manual', // the token is for this address alone
      signal: AbortSignal.timeout(deadlineMs),
    })
    await answer.body?.cancel()
    return judged(answer.status)
  } catch (error) {
    return { kind: 'unreachable', code: codeOf(error, deadlineMs) }
  }
}

const judged = (status: number): BotInfo => {
  if (status === 200) return { kind: 'known' }
  if (status === 401 || status === 403) return { kind: 'refused', status }
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) return { kind: 'absent', status }
  return { kind: 'unclear', status }
}

const codeOf = (error: unknown, deadlineMs: number): string => {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeoutError') return `no answer within ${deadlineMs / 1_000} s`
  return error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : 'no answer'
}
