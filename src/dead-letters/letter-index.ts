import type { Open } from '../domain/seal.ts'
import { BEGIN_KEY, type Replay } from './headers.ts'
import { type Letter, type LetterRecord, readLetter, readReceipt } from './letter.ts'

/** Gathers the records of the dead letters topic to letters, whatever the order between partitions. */
export interface LetterIndex {
  add(record: LetterRecord): void
  /** Oldest first. */
  letters(): readonly Letter[]
  /** Records that are neither letters nor ours. */
  strangers(): number
}

/** What was written twice, after a retry or because intake read a record again, is one letter: what it said last counts, and once
 *  replayed it stays so. */
export const createLetterIndex = (open: Open): LetterIndex => {
  const letters = new Map<string, Letter>()
  const replays = new Map<string, Replay>()
  const texts = new Map<string, string>()
  /** One producer's fault makes a million letters that say the same. */
  const once = (text: string): string => {
    const known = texts.get(text)
    if (known === undefined) texts.set(text, text)
    return known ?? text
  }
  let strangers = 0

  return {
    add: (record) => {
      const receipt = readReceipt(record)
      if (receipt) return void replays.set(receipt.key, receipt.replay)
      const letter = readLetter(record, open)
      if (letter) return void letters.set(letter.key, better(letters.get(letter.key), thrifty(letter, once)))
      if (record.key?.toString() !== BEGIN_KEY) strangers++
    },
    letters: () =>
      [...letters.values()]
        .map((letter) => ({ ...letter, replayed: replays.get(letter.key) ?? null }))
        .toSorted((a, b) => a.diedAt - b.diedAt || byOrigin(a, b)),
    strangers: () => strangers,
  }
}

/** By topic, partition, offset: how records of one topic are read. */
export const byOrigin = ({ origin: a }: Letter, { origin: b }: Letter): number =>
  (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0) || a.partition - b.partition || a.offset - b.offset

/** The later one, unless only the earlier can be opened. */
const better = (earlier: Letter | undefined, later: Letter): Letter =>
  earlier && earlier.hindrance === null && later.hindrance !== null ? earlier : later

const thrifty = (letter: Letter, once: (text: string) => string): Letter => ({
  ...letter,
  reason: once(letter.reason),
  detail: once(letter.detail),
  origin: { ...letter.origin, topic: once(letter.origin.topic) },
  hindrance: letter.hindrance && { ...letter.hindrance, detail: once(letter.hindrance.detail) },
})
