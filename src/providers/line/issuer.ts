import { createPool, type Ending, post } from './exchange.ts'

/** Where tokens come from. */
export type TokenSource =
  /** Minted as needed, 15 minutes each, with the channel's id and secret. */
  | { readonly kind: 'stateless'; readonly url?: string; readonly clientId: string; readonly clientSecret: string }
  /** From LINE's console, without end. LINE advises against it; some partners' relays take no other. */
  | { readonly kind: 'long-lived'; readonly token: string }

export type Issued =
  | { readonly kind: 'issued'; readonly token: string; readonly lifetimeMs: number }
  /** `reason` is fit for a log: it holds nothing of the secret, nor of the answer's free text. */
  | { readonly kind: 'failed'; readonly reason: string }

export interface Issuer {
  /** Never rejects. */
  issue(): Promise<Issued>
  close(): Promise<void>
}

export const createIssuer = (source: TokenSource, deadlineMs: number): Issuer =>
  source.kind === 'stateless' ? statelessIssuer(source, deadlineMs) : longLivedIssuer(source.token)

const longLivedIssuer = (token: string): Issuer => {
  if (!HEADER_SAFE.test(token)) throw new TypeError('the long-lived token is empty or has characters no token has: copy it anew')
  return {
    issue: () => Promise.resolve({ kind: 'issued', token, lifetimeMs: Number.POSITIVE_INFINITY }),
    close: () => Promise.resolve(),
  }
}

const statelessIssuer = (source: TokenSource & { readonly kind: 'stateless' }, deadlineMs: number): Issuer => {
  const url = new URL(source.url ?? 'https://api.line.me/oauth2/v3/token')
  const pool = createPool(url.origin, 1, deadlineMs)
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: source.clientId,
    client_secret: source.clientSecret,
  }).toString()
  return {
    issue: async () => {
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(), deadlineMs)
      const ending = await post(pool, {
        path: `${url.pathname}${url.search}`,
        headers: ['content-type', 'application/x-www-form-urlencoded'],
        body,
        mayStart: () => true,
        signal: deadline.signal,
        onReleased: () => {},
      })
      clearTimeout(timer)
      return readIssued(ending, deadlineMs)
    },
    close: () => pool.destroy(),
  }
}

const readIssued = (ending: Ending, deadlineMs: number): Issued => {
  const failed = (reason: string): Issued => ({ kind: 'failed', reason })
  if (ending.kind !== 'answered') {
    if (ending.late) return failed(`the token endpoint did not answer within ${deadlineMs} ms: check that it can be reached`)
    const code = ending.kind === 'not-started' ? ending.code : 'connection lost'
    return failed(`the token endpoint could not be asked (${code}): check its URL and that it can be reached`)
  }
  const answer = parse(ending.body)
  if (ending.status !== 200) {
    const known = KNOWN_ERRORS.find((error) => error === answer.error)
    const remedy = ending.status >= 400 && ending.status < 500 && ending.status !== 429 ? ': check the channel id and secret' : ''
    return failed(`the token endpoint answered ${ending.status}${known ? ` ${known}` : ''}${remedy}`)
  }
  const { access_token: token, expires_in: seconds } = answer
  if (typeof token !== 'string' || !HEADER_SAFE.test(token) || typeof seconds !== 'number' || !(seconds >= 1)) {
    return failed('the token endpoint answered 200 without access_token and expires_in: check its URL')
  }
  return { kind: 'issued', token, lifetimeMs: Math.min(seconds, LONGEST_LIFE_S) * 1000 }
}

/** LINE's longest-lived token that is issued. What is said to live longer is asked for anew by then. */
const LONGEST_LIFE_S = 30 * 86_400

/** Error codes of OAuth 2 (RFC 6749, 5.2). Nothing else of an error's body is repeated: a relay might echo the request. */
const KNOWN_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
] as const

const HEADER_SAFE = /^[\x21-\x7e]+$/

const parse = (body: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
