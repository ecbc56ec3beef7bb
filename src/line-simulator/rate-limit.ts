export interface RateLimit {
  /** Takes one token of the bucket of this channel and endpoint; false when it is empty. `now` is monotonic, in ms. */
  take(channel: string, endpoint: string, now: number): boolean
}

/** Token buckets, one for each channel and endpoint, as LINE documents since 2026-07-31: refilled continuously, full at first. A
 *  bucket of 200 at 2,000/s lets 2,200 through in the first second of a burst, and 2,000 in every other. */
export const createRateLimit = ({ perSecond, burst }: { perSecond: number; burst: number }): RateLimit => {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    take: (channel, endpoint, now) => {
      const name = `${endpoint} ${channel}`
      let bucket = buckets.get(name)
      if (!bucket) {
        bucket = { tokens: burst, at: now }
        buckets.set(name, bucket)
      }
      bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * perSecond) / 1000)
      bucket.at = now
      if (bucket.tokens < 1) return false
      bucket.tokens -= 1
      return true
    },
  }
}
