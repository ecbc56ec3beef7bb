export type Numbered<F> = F & {
  /** From 1, in the order of appending; goes on after a clearing. A gap is what the ring has dropped. */
  readonly sequence: number
}

export interface RingCount {
  readonly total: number
  readonly kept: number
  readonly dropped: number
  readonly firstKept: number | null
  readonly last: number
}

export interface Ring<F> {
  append(facts: F): Numbered<F>
  /** At most `limit` of the entries kept, of those with a higher sequence than `after`, oldest first. */
  after(sequence: number, limit: number): Generator<Numbered<F>, void>
  /** `total` counts everything since the last clearing, also what the ring has dropped. */
  count(): RingCount
  clear(): void
}

/** The newest entries: memory stays bounded however long a load test runs. */
export const openRing = <F>(capacity: number): Ring<F> => {
  let ring: Numbered<F>[] = []
  let last = 0
  let clearedAt = 0
  const firstKept = (): number => Math.max(clearedAt, last - capacity) + 1

  return {
    append: (facts) => {
      last += 1
      const entry: Numbered<F> = { sequence: last, ...facts }
      ring[last % capacity] = entry
      return entry
    },
    *after(sequence, limit) {
      let next = Math.max(sequence + 1, firstKept())
      let given = 0
      while (given < limit && next <= last) {
        const entry = ring[next % capacity]
        // Overwritten while a slow reader was at it: go on with what is still there.
        if (!entry || entry.sequence !== next) {
          next = firstKept()
          continue
        }
        next += 1
        given += 1
        yield entry
      }
    },
    count: () => {
      const total = last - clearedAt
      const kept = last - firstKept() + 1
      return { total, kept, dropped: total - kept, firstKept: kept > 0 ? firstKept() : null, last }
    },
    clear: () => {
      ring = []
      clearedAt = last
    },
  }
}
