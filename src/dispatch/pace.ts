import { createTokenBucket, type RateShare } from './token-bucket.ts'

/** What is left of the rate after LINE has said that it is too much, at the least: one in twenty still goes, to learn that it may. */
const LEAST_FRACTION = 0.05
/** How much of the share comes back with each second of sending: from half of it in 10 s, from the least in 19 s. */
const GROWTH_PER_S = 0.05

/** How fast one task may send on one lane: its share of the limit at most, less after a 429 (additive increase, multiplicative decrease).
 *  Times are monotonic ms. */
export interface Pace {
  /** Spaces the sends: takes a token if there is one. */
  take(now: number): boolean
  /** When the next token is there, at or after `now`. */
  nextAt(now: number): number
  /** Tokens that will have come by `now + aheadMs`, if none is taken meanwhile. */
  within(now: number, aheadMs: number): number
  /** Whether a request may leave: of the same rate, and asked as it leaves. What was spaced and then gathered (for an access token, for a
   *  connection) does not leave all at once. */
  gate(now: number): boolean
  /** Nothing is taken and nothing leaves until then. */
  pauseUntil(at: number): void
  /** A 429 to what left at `leftAt` halves the rate, unless it was under way when the rate was last halved: then it says nothing new. */
  shrink(now: number, leftAt: number): void
  /** Of the share: 1 is all of it. */
  fraction(): number
}

export const createPace = (options: { readonly share: RateShare; readonly now: number }): Pace => {
  const { share, now: since } = options
  const bucket = createTokenBucket({ rate: share.rate, capacity: share.capacity, now: since })
  const gate = createTokenBucket({ rate: share.rate, capacity: share.burst, now: since })
  let fraction = 1
  let shrunkAt = Number.NEGATIVE_INFINITY

  const setFraction = (to: number, now: number) => {
    fraction = to
    for (const each of [bucket, gate]) each.setRate(share.rate * fraction, now)
  }

  return {
    take: bucket.take,
    nextAt: bucket.nextAt,
    within: bucket.within,
    gate: (now) => {
      if (!gate.take(now)) return false
      // Sending time is counted in departures: each stands for the time its token took to come, 1 ÷ rate. A lane that rests does not
      // grow, as nothing says that LINE would take more; at full use a second has as many departures as the rate, and grows by 5 %.
      if (fraction < 1) setFraction(Math.min(1, fraction + GROWTH_PER_S / (share.rate * fraction)), now)
      return true
    },
    pauseUntil: (at) => {
      bucket.pauseUntil(at)
      gate.pauseUntil(at)
    },
    shrink: (now, leftAt) => {
      if (leftAt <= shrunkAt) return
      shrunkAt = now
      setFraction(Math.max(LEAST_FRACTION, fraction / 2), now)
    },
    fraction: () => fraction,
  }
}
