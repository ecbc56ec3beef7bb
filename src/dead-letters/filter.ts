import { type Letter, type LetterState, stateOf } from './letter.ts'

/** Which letters are meant. Empty lists and nulls mean all. */
export interface LetterFilter {
  readonly reasons: readonly string[]
  readonly topics: readonly string[]
  readonly states: readonly LetterState[]
  /** By when the letter was written, ms since the epoch: from this on, and before that. */
  readonly since: number | null
  readonly until: number | null
}

export const isMeant = ({ reasons, topics, states, since, until }: LetterFilter, letter: Letter): boolean =>
  isIn(reasons, letter.reason) &&
  isIn(topics, letter.origin.topic) &&
  isIn(states, stateOf(letter)) &&
  (since === null || letter.diedAt >= since) &&
  (until === null || letter.diedAt < until)

const isIn = (wanted: readonly string[], found: string): boolean => wanted.length === 0 || wanted.includes(found)

/** A time, or how long ago: ms since the epoch. `undefined`: neither. */
export const readWhen = (text: string, now: number): number | undefined => {
  try {
    if (text.startsWith('P')) return now - Temporal.Duration.from(text).total('milliseconds')
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    return undefined
  }
}
