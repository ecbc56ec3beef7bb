/** What came of one attempt. `not-sent` means LINE certainly did not deliver it; `unknown` means nobody can say. */
export type Outcome =
  | { readonly kind: 'accepted'; readonly requestId: string | null }
  /** 422: no LINE user with this number who consents. LINE does not say which; fall back now. */
  | { readonly kind: 'unreachable'; readonly requestId: string | null }
  /** Refused for good (400 …): the same request would be refused again. `property` is LINE's name of the field at fault. */
  | { readonly kind: 'rejected'; readonly requestId: string | null; readonly status: number; readonly property: string | null }
  /** The channel is a shadow: everything was done but the call itself. */
  | { readonly kind: 'withheld'; readonly requestId: null }
  | {
      readonly kind: 'not-sent'
      readonly requestId: string | null
      readonly cause: NotSentCause
      readonly retryAfterMs: number | null
    }
  | { readonly kind: 'unknown'; readonly requestId: string | null; readonly cause: UnknownCause }

/** What certainly became of the message: all but `unknown` and `not-sent`. */
export type DefiniteOutcome = Exclude<Outcome, { kind: 'unknown' | 'not-sent' }>

/** Of an intention that ran out, or was given up, before its first byte. */
export const NOT_STARTED: Outcome = { kind: 'not-sent', cause: 'send-by', requestId: null, retryAfterMs: null }

export type NotSentCause =
  /** The intention ran out (send-by, quiet hours, expiry, drain) before its first byte was written. */
  | 'send-by'
  /** No connection: refused, name not found, TLS failed, connect timed out. */
  | 'connect'
  /** No channel access token could be had, or tokens keep being rejected. */
  | 'no-token'
  /** The key that address and message were sealed with is not in the configuration. */
  | 'no-key'
  /** 401: the token was not accepted; a new one is fetched before the next attempt. */
  | 'unauthorized'
  /** 403, or a redirect: the account may not use this endpoint, or the URL is wrong. A fault of configuration, not of the message. */
  | 'forbidden'
  /** 429. */
  | 'rate-limited'
  /** 429 of the other kind: the account's monthly limit is used up. */
  | 'monthly-limit'

export type UnknownCause =
  /** No answer within the request's deadline. */
  | 'timeout'
  /** The connection ended after the first byte was written, before a whole answer came. */
  | 'reset'
  /** 5xx, or an answer that says neither yes nor no. */
  | 'status'
  /** The worker died between the commit of the intention and its answer. */
  | 'crash'
