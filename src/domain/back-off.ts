import type { Outcome } from './outcome.ts'

const LONGEST_MS = 60_000

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
    case 'connect':
    case 'no-token':
    case 'rate-limited':
      return outcome.retryAfterMs === null ? doubled(setbacks) : Math.min(Math.max(outcome.retryAfterMs, 0), 10 * LONGEST_MS)
  }
}

const doubled = (times: number): number => Math.min(1_000 * 2 ** Math.min(times, 10), LONGEST_MS)
