/** Admits no more than so many in any second. Times are monotonic ms. */
export const createRateLimit = (perSecond: number): ((now: number) => boolean) => {
  /** When the last so many were admitted, the oldest next. */
  const admitted = new Float64Array(perSecond).fill(Number.NEGATIVE_INFINITY)
  let oldest = 0
  return (now) => {
    if (now - (admitted[oldest] ?? now) < 1_000) return false
    admitted[oldest] = now
    oldest = (oldest + 1) % perSecond
    return true
  }
}
