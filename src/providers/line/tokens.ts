import { createIssuer, type TokenSource } from './issuer.ts'

/** A token in use. Compared by identity: a 401 speaks of this very grant, not of one that has replaced it. */
export interface Grant {
  readonly token: string
}

export type TokenReading =
  | { readonly kind: 'token'; readonly grant: Grant }
  | { readonly kind: 'none'; readonly retryAfterMs: number }

/** For metrics and the log. Nothing in it is secret. */
export type TokenEvent =
  | { readonly kind: 'renewed'; readonly lifetimeMs: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number }
  /** A 401. A second one in a row, for a token just issued, is a fault of configuration. */
  | { readonly kind: 'rejected'; readonly inARow: number; readonly retryAfterMs: number }

export interface Tokens {
  /** The current token; waits only while there is none and one is being issued. Never rejects. */
  take(): Promise<TokenReading>
  /** An answer other than 401 came to a request with this grant. */
  confirm(grant: Grant): void
  /** A 401 came. Of 256 that come together, the first drops the token and starts one renewal; the others change nothing. */
  reject(grant: Grant): void
  close(): Promise<void>
}

export interface TokensOptions {
  readonly source: TokenSource
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number
  readonly onEvent?: (event: TokenEvent) => void
  /** Of one token request, in all. */
  readonly deadlineMs?: number
}

/** Renewed at this part of its life, in the background. Of LINE's 15 minutes three are left to succeed in. */
const RENEW_AT = 0.8
const FIRST_BACK_OFF_MS = 1_000
const LONGEST_BACK_OFF_MS = 30_000

interface Held extends Grant {
  readonly renewAt: number
  readonly expiresAt: number
}

export const createTokens = ({ source, monotonic, onEvent, deadlineMs = 5_000 }: TokensOptions): Tokens => {
  const issuer = createIssuer(source, deadlineMs)
  let held: Held | null = null
  let renewal: Promise<void> | null = null
  /** Before this instant nothing is issued. */
  let retryAt = Number.NEGATIVE_INFINITY
  let failures = 0
  let rejections = 0
  let closed = false

  const report = (event: TokenEvent): void => {
    if (!closed) onEvent?.(event)
  }

  const renew = async (): Promise<void> => {
    // From before the request: its life may have begun any time after.
    const askedAt = monotonic()
    const issued = await issuer.issue()
    renewal = null
    if (issued.kind === 'failed') {
      failures += 1
      const retryAfterMs = backOff(failures)
      retryAt = monotonic() + retryAfterMs
      report({ kind: 'failed', reason: issued.reason, retryAfterMs })
      return
    }
    failures = 0
    retryAt = Number.NEGATIVE_INFINITY
    const { token, lifetimeMs } = issued
    held = { token, renewAt: askedAt + lifetimeMs * RENEW_AT, expiresAt: askedAt + lifetimeMs }
    if (source.kind === 'stateless') report({ kind: 'renewed', lifetimeMs })
  }

  /** Single flight, and never within a back-off. */
  const startRenewal = (now: number): void => {
    if (!closed && now >= retryAt) renewal ??= renew()
  }

  const reading = (now: number): TokenReading =>
    held && now < held.expiresAt
      ? { kind: 'token', grant: held }
      : { kind: 'none', retryAfterMs: Math.max(0, Math.ceil(retryAt - now)) }

  return {
    take: async () => {
      const now = monotonic()
      if (!held || now >= held.renewAt) startRenewal(now)
      if (held && now < held.expiresAt) return reading(now)
      if (renewal) await renewal
      return reading(monotonic())
    },
    confirm: (grant) => {
      if (grant === held) rejections = 0
    },
    reject: (grant) => {
      if (grant !== held) return
      held = null
      rejections += 1
      // The first may be an old token's end, and a new one helps. A new one that is rejected as well will not be the last: without
      // a pause, every send would mint one.
      const now = monotonic()
      if (rejections > 1) retryAt = Math.max(retryAt, now + backOff(rejections - 1))
      report({ kind: 'rejected', inARow: rejections, retryAfterMs: Math.max(0, Math.ceil(retryAt - now)) })
      startRenewal(now)
    },
    close: async () => {
      closed = true
      await issuer.close()
    },
  }
}

/** 1, 2, 4, 8, 16, 30, 30 … seconds. */
const backOff = (times: number): number => Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** (times - 1))
