/** What happens by chance, the same for the same seed. */
export interface Chance {
  /** From 0 to below 1. */
  next(): number
  /** From `from` to below `to`. */
  between(from: number, to: number): number
  /** A whole number from 0 to below `count`. */
  below(count: number): number
  happens(probability: number): boolean
  /** @throws when there is nothing to choose from. */
  oneOf<T>(all: readonly T[]): T
  /** 32 hex digits, in the form of a UUID. */
  uuid(): string
}

/** Mulberry32. */
export const chanceOf = (seed: number): Chance => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number): number => Math.floor(next() * count)
  const hex = (digits: number): string => Array.from({ length: digits }, () => below(16).toString(16)).join('')
  return {
    next,
    below,
    between: (from, to) => from + next() * (to - from),
    happens: (probability) => next() < probability,
    oneOf: <T>(all: readonly T[]): T => {
      const chosen = all[below(all.length)]
      if (chosen === undefined) throw new RangeError('there is nothing to choose from')
      return chosen
    },
    uuid: () => [8, 4, 4, 4, 12].map(hex).join('-'),
  }
}
