import { fetch, type Response } from 'undici'

/** What LINE is asked with a token, and that changes nothing and messages nobody. */
export interface Question {
  /** May have a path: a relay often does. */
  readonly baseUrl: string
  /** Of the channel: a partner's key, for instance. */
  readonly headers: Readonly<Record<string, string>>
  readonly token: string
  readonly deadlineMs: number
  /** Nobody wants the answer any more. */
  readonly signal?: AbortSignal
}

export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly json: unknown }
  | { readonly kind: 'unreachable'; readonly code: string }

/** Whoever answers does not tell what was asked, and this is what can be said of it. */
export type NoAnswer =
  | { readonly kind: 'refused'; readonly status: number }
  /** The relay has no such endpoint: nothing was learned. */
  | { readonly kind: 'absent'; readonly status: number }
  /** It answered, and what it means cannot be told. */
  | { readonly kind: 'unclear'; readonly status: number }
  /** Something that is not LINE's answered, and would have, whatever the token: nothing was learned. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unreachable'; readonly code: string }

/** GET, or POST of what is `given`, with the token. The JSON is undefined where there is none. Never rejects. */
export const ask = async (
  { baseUrl, headers, token, deadlineMs, signal }: Question,
  path: string,
  given?: object,
): Promise<Answer> => {
  const late = AbortSignal.timeout(deadlineMs)
  try {
    const answer = await fetch(`${baseUrl.replace(/\/+$/, '')}${path}`, {
      headers: { ...headers, ...(given && { 'content-type': 'application/json' }), authorization: `Bearer ${token}` },
      ...(given && { method: 'POST', body: JSON.stringify(given) }),
      redirect: 'manual', // the token is for this address alone
      signal: signal ? AbortSignal.any([late, signal]) : late,
    })
    return { kind: 'answered', status: answer.status, json: parsed(await startOf(answer)) }
  } catch (error) {
    return { kind: 'unreachable', code: codeOf(error, deadlineMs) }
  }
}

/** What a status says that is not the one which was hoped for. */
export const noAnswer = (status: number): NoAnswer => {
  if (status === 401 || status === 403) return { kind: 'refused', status }
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) return { kind: 'absent', status }
  return { kind: 'unclear', status }
}

/** LINE's answers have a few hundred bytes. */
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

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a page that asks to log in, mostly
  }
}

const codeOf = (error: unknown, deadlineMs: number): string => {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeoutError') return `no answer within ${deadlineMs / 1_000} s`
  return error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : 'no answer'
}
