import type { Outcome } from './outcome.ts'

const LONGEST_MS = 60_000
/** A limit is met by a lower rate, which is found by trying: a minute of silence would help nobody. */
const LONGEST_UNDER_LIMIT_MS = 8_000

/** How long to wait before the next attempt, ms. What was never started, and a token that has just been renewed, cost no wait the
 *  first time; a fault that lasts is met ever more rarely: 1 s, 2 s, 4 s … 60 s. What the account may not do pauses its channel, which
 *  then decides: only what leaves before that is committed waits for this. */
export const retryDelayMs = (outcome: Extract<Outcome, { kind: 'not-sent' }>, setbacks: number): number => {
  switch (outcome.cause) {
    case 'send-by':
      return 0
    case 'unauthorized':
      return setbacks === 0 ? 0 : doubled(setbacks - 1)
    case 'no-key':
      return LONGEST_MS
    case 'forbidden':
    case 'monthly-limit':
      return 1_000
    case 'rate-limited':
      return outcome.retryAfterMs === null ? Math.min(doubled(setbacks), LONGEST_UNDER_LIMIT_MS) : asTold(outcome.retryAfterMs)
    case 'connect':
    case 'no-token':
      return outcome.retryAfterMs === null ? doubled(setbacks) : asTold(outcome.retryAfterMs)
  }
}

const asTold = (retryAfterMs: number): number => Math.min(Math.max(retryAfterMs, 0), 10 * LONGEST_MS)

const doubled = (times: number): number => Math.min(1_000 * 2 ** Math.min(times, 10), LONGEST_MS)
