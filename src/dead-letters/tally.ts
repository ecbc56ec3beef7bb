import { formatOrigin } from './letter.ts'
import { detailOf, outcomeOf, type Prospect } from './prospect.ts'
import { brief } from './told.ts'
import type { Weighed } from './weigh.ts'

/** Counts what would become of letters, and keeps a few of each kind to show. */
export interface Tally {
  add(weighed: Weighed): void
  /** Of those to be produced, or of the others: the most frequent first, each with some examples. */
  lines(which: 'produced' | 'skipped'): readonly string[]
  count(which: 'produced' | 'skipped'): number
  /** Of the skipped, those that somebody must mend. */
  faults(): number
}

const EXAMPLES = 3

export const createTally = (): Tally => {
  const kinds = new Map<
    string,
    { readonly outcome: string; readonly which: string; count: number; readonly examples: string[] }
  >()
  const counts = { produced: 0, skipped: 0 }
  let faults = 0

  return {
    add: ({ letter, prospect, record }) => {
      const which = record ? 'produced' : 'skipped'
      const outcome = brief(outcomeOf(prospect))
      const kind = kinds.get(`${which} ${outcome}`) ?? { outcome, which, count: 0, examples: [] }
      kinds.set(`${which} ${outcome}`, kind)
      kind.count++
      counts[which]++
      if (isFault(prospect)) faults++
      if (kind.examples.length < EXAMPLES) kind.examples.push(`${formatOrigin(letter.origin)}: ${brief(detailOf(prospect))}`)
    },
    lines: (which) =>
      [...kinds.values()]
        .filter((kind) => kind.which === which)
        .toSorted((a, b) => b.count - a.count)
        .flatMap(({ outcome, count, examples }) => [
          `  ${count}  ${outcome}`,
          ...examples.map((example) => `       ${example}`),
          ...(count > examples.length ? [`       and ${count - examples.length} more`] : []),
        ]),
    count: (which) => counts[which],
    faults: () => faults,
  }
}

const isFault = ({ kind }: Prospect): boolean => kind === 'gone' || kind === 'sealed'
