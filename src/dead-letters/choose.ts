import { isMeant, type LetterFilter } from './filter.ts'
import { formatOrigin, type Letter, type Origin, stateOf } from './letter.ts'

/** What somebody asks for. */
export interface Wanted {
  readonly filter: LetterFilter
  /** Empty: all that the filter means. */
  readonly positions: readonly Origin[]
  readonly limit: number | null
}

export interface Chosen {
  /** Oldest first. */
  readonly letters: readonly Letter[]
  /** Positions at which nothing died, as far as the topic goes back. */
  readonly unknown: readonly string[]
}

/** To look at: the newest, if there is a limit. */
export const chooseToList = (letters: readonly Letter[], { filter, limit }: Omit<Wanted, 'positions'>): readonly Letter[] => {
  const meant = letters.filter((letter) => isMeant(filter, letter))
  return limit === null ? meant : meant.slice(-limit)
}

/** To replay: the oldest first, if there is a limit. What cannot be replayed does not count, nor what was before, unless it is to be again. */
export const chooseToReplay = (
  letters: readonly Letter[],
  { filter, positions, limit }: Wanted,
  { again }: { readonly again: boolean },
): Chosen => {
  const named = new Set(positions.map(formatOrigin))
  const found = named.size === 0 ? letters : letters.filter(({ origin }) => named.has(formatOrigin(origin)))
  const there = new Set(found.map(({ origin }) => formatOrigin(origin)))
  let left = limit ?? Number.POSITIVE_INFINITY
  return {
    letters: found.filter((letter) => isMeant(filter, letter) && (isSkipped(letter, again) || left-- > 0)),
    unknown: [...named].filter((position) => !there.has(position)),
  }
}

const isSkipped = (letter: Letter, again: boolean): boolean => {
  const state = stateOf(letter)
  return state === 'unreplayable' || (state === 'replayed' && !again)
}
