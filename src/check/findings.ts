/** What one look has found. Every message is whole: the place, what was found there, and the remedy. */
export interface Findings {
  /** What was looked at, in a few words: `15 in routes/`. */
  readonly looked: string
  /** It was not looked at, and that is no fault by itself: `looked` says why. */
  readonly skipped?: boolean
  /** What is well, and worth a line of its own. */
  readonly well?: readonly string[]
  readonly faults?: readonly string[]
  readonly warnings?: readonly string[]
}

/** A section of the report. */
export interface Section {
  readonly name: string
  readonly looked: string
  readonly skipped: boolean
  readonly well: readonly string[]
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/** Findings about several things that were looked at one by one. */
export const together = (each: readonly Omit<Findings, 'looked'>[]): Omit<Section, 'name' | 'looked' | 'skipped'> => ({
  well: each.flatMap(({ well = [] }) => well),
  faults: each.flatMap(({ faults = [] }) => faults),
  warnings: each.flatMap(({ warnings = [] }) => warnings),
})

/** `1 route`, `15 routes`. */
export const count = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? '' : 's'}`
