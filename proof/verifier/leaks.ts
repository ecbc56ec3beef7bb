import type { Findings } from './findings.ts'
import type { Known } from './known.ts'

/** Invariant 7: what is sensitive is nowhere to be found. Whoever looked says where it looked, not this. */
export const checkLeaks = ({ history }: Known): Findings => ({
  checked: history.searchedBytes ?? history.leaks.length,
  breaches: history.leaks.map(({ spelling, place }) => ({ invariant: 7, what: `found, spelled as ${spelling}`, where: place })),
})
