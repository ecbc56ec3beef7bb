export interface BusiestSecond {
  /** `at` is monotonic, in ms, and never less than the one before. */
  count(at: number): void
  /** The most that fell into any window of one second, wherever it starts. The window is half-open: two that are exactly one second
   *  apart are not in the same. */
  max(): number
}

/** Keeps the instants of the last second in a circular buffer that grows as needed, so the figure is exact: fixed windows would see
 *  half of a burst that straddles their edge. */
export const createBusiestSecond = (): BusiestSecond => {
  let instants = new Float64Array(1024)
  let oldest = 0
  let size = 0
  let max = 0

  const grow = (): void => {
    const larger = new Float64Array(instants.length * 2)
    for (let index = 0; index < size; index += 1) larger[index] = instants[(oldest + index) % instants.length] ?? 0
    instants = larger
    oldest = 0
  }

  return {
    count: (at) => {
      while (size > 0 && at - (instants[oldest] ?? 0) >= 1000) {
        oldest = (oldest + 1) % instants.length
        size -= 1
      }
      if (size === instants.length) grow()
      instants[(oldest + size) % instants.length] = at
      size += 1
      max = Math.max(max, size)
    },
    max: () => max,
  }
}
