/** Of some figures, by nearest rank; null: there are none. */
export interface Percentiles {
  readonly p50: number | null
  readonly p99: number | null
  readonly most: number | null
}

export const percentilesOf = (figures: Iterable<number>): Percentiles => {
  const sorted = Float64Array.from(figures).sort()
  const at = (share: number): number | null => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null
  return { p50: at(0.5), p99: at(0.99), most: at(1) }
}
