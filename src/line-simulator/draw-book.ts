import { seededRandom } from './seeded-random.ts'

/** How often a fault happens, whatever it is. */
export interface Frequency {
  readonly count?: number | undefined
  readonly probability?: number | undefined
  readonly seed?: number | undefined
}

export interface Listed<F> {
  readonly id: number
  readonly fault: F
  /** How often it has happened. */
  readonly happened: number
  /** How often it still will; null without a count. */
  readonly remaining: number | null
}

export interface Drawn<F> {
  readonly id: number
  readonly fault: F
}

/** Faults in order of adding: of those that match, the first happens, until it has happened `count` times. */
export interface DrawBook<F, S> {
  add(fault: F, selected: S): Listed<F>
  /** Counts the one it returns. A fault that does not match costs it no draw of its probability. */
  draw(matches: (fault: F, selected: S) => boolean): Drawn<F> | undefined
  /** Spent ones included. */
  list(): Listed<F>[]
  clear(): void
}

interface Entry<F, S> {
  readonly id: number
  readonly fault: F
  readonly selected: S
  readonly random: () => number
  happened: number
}

/** `S` is what a fault selects by, as prepared once for many lookups. */
export const openDrawBook = <F extends Frequency, S>(): DrawBook<F, S> => {
  let lastId = 0
  let open: Entry<F, S>[] = []
  let spent: Entry<F, S>[] = []

  return {
    add: (fault, selected) => {
      lastId += 1
      const entry: Entry<F, S> = { id: lastId, fault, selected, random: seededRandom(fault.seed ?? 1), happened: 0 }
      open.push(entry)
      return listed(entry)
    },
    draw: (matches) => {
      const entry = open.find(({ fault, selected, random }) => {
        return matches(fault, selected) && (fault.probability === undefined || random() < fault.probability)
      })
      if (!entry) return undefined
      entry.happened += 1
      if (entry.happened === entry.fault.count) {
        open = open.filter((other) => other !== entry)
        spent.push(entry)
      }
      return entry
    },
    list: () => [...spent, ...open].map(listed).sort((a, b) => a.id - b.id),
    clear: () => {
      open = []
      spent = []
    },
  }
}

const listed = <F extends Frequency>({ id, fault, happened }: Entry<F, unknown>): Listed<F> => ({
  id,
  fault,
  happened,
  remaining: fault.count === undefined ? null : fault.count - happened,
})
