import type { Breach } from './history.ts'

/** What one invariant came to. */
export interface Findings {
  /** How many cases it was held against: 0 means that nothing was shown. */
  readonly checked: number
  readonly breaches: readonly Breach[]
}
