/** Tokens that come at a rate and gather up to a capacity. Times are monotonic ms. */
export interface TokenBucket {
  /** Takes a token if there is one. */
  take(now: number): boolean
  /** When the next token is there, at or after `now`. */
  nextAt(now: number): number
  /** Tokens that will have come by `now + aheadMs`, if none is taken meanwhile. */
  within(now: number, aheadMs: number): number
  /** Gives none until then. */
  pauseUntil(at: number): void
  /** Tokens come at this rate, per second, from `now` or from the end of the pause. */
  setRate(rate: number, now: number): void
}

/** How many tokens may gather: what a timer of 1 ms granularity needs to keep up, and no less than 2. */
export const capacityFor = (share: number): number => Math.max(2, Math.ceil(share / 200))

/** One token for a request of the previous owner that leaves as the next one begins. */
const TAKEOVER_OVERLAP = 1

/** What one task may send on one lane. */
export interface RateShare {
  /** Per second. */
  readonly rate: number
  /** Of the bucket that spaces the sends, and of the gate that they leave by. */
  readonly capacity: number
  readonly burst: number
}

/** The share of one of `partitions` tasks, such that no second can see more than `limit` requests whatever the owners do: in any second
 *  at most `rate + burst` leave by a gate that holds `burst` and is never faster than `rate`, and one more where the partition changes
 *  hands. `capacity` is half of `burst`, so that the gate rarely has to refuse what a new connection has delayed. Of 2,000 a second over
 *  12 partitions, 97 % can be used: (2,000 ÷ 12 − 5) × 12 is 1,940. Throws if nothing is left. */
export const rateShare = (limit: number, partitions: number): RateShare => {
  const capacity = capacityFor(limit / partitions)
  const burst = 2 * capacity
  const rate = limit / partitions - (burst + TAKEOVER_OVERLAP)
  if (rate <= 0)
    throw new RangeError(
      `a limit of ${limit} requests per second is too small for ${partitions} partitions: each needs more than ${burst + TAKEOVER_OVERLAP}. Raise the limit, or use fewer partitions`,
    )
  return { rate, capacity, burst }
}

/** Empty at first: a task that is opened again and again gains nothing by it. */
export const createTokenBucket = (options: {
  readonly rate: number
  readonly capacity: number
  readonly now: number
}): TokenBucket => {
  const { capacity } = options
  let { rate } = options
  let tokens = 0
  let countedAt = options.now

  const count = (now: number) => {
    if (now <= countedAt) return
    tokens = Math.min(capacity, tokens + ((now - countedAt) / 1_000) * rate)
    countedAt = now
  }

  return {
    take: (now) => {
      count(now)
      if (now < countedAt || tokens < 1) return false
      tokens -= 1
      return true
    },
    nextAt: (now) => {
      count(now)
      return tokens >= 1 ? Math.max(now, countedAt) : countedAt + ((1 - tokens) / rate) * 1_000
    },
    within: (now, aheadMs) => {
      count(now)
      if (now < countedAt) return 0 // paused: whoever was refused is to be the first when it ends
      return Math.floor(tokens + (aheadMs / 1_000) * rate)
    },
    pauseUntil: (at) => {
      count(at)
      tokens = 0
      countedAt = Math.max(countedAt, at)
    },
    setRate: (to, now) => {
      count(now)
      rate = to
    },
  }
}
