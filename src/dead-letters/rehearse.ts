import { type Chosen, chooseToReplay, type Wanted } from './choose.ts'
import type { Desk } from './desk.ts'
import { formatOrigin, type Letter } from './letter.ts'
import { detailOf, outcomeOf } from './prospect.ts'
import { createTally, type Tally } from './tally.ts'

export interface Insistence {
  /** Also what was replayed before. */
  readonly again: boolean
  /** Also what would only die again. */
  readonly force: boolean
}

export interface Errand extends Insistence {
  readonly desk: Desk
  readonly wanted: Wanted
  /** To whoever watches. */
  readonly say: (line: string) => void
  /** To whoever reads what comes of it. */
  readonly put: (line: string) => void
  readonly onProgress?: (what: string, done: number, total: number) => void
}

/** Says what a replay would do, and writes nothing. Returns whether nothing is amiss. */
export const rehearse = async ({ json, ...errand }: Errand & { readonly json: boolean }): Promise<boolean> => {
  const { desk, say, put } = errand
  const { letters, unknown } = await chosen(errand)
  if (letters.length === 0) return unknown.length === 0
  const tally = createTally()
  for await (const weighed of desk.weigh(letters, errand)) {
    tally.add(weighed)
    errand.onProgress?.('weighing', tally.count('produced') + tally.count('skipped'), letters.length)
    if (!json) continue
    const { letter, prospect, record } = weighed
    const told = { outcome: outcomeOf(prospect), detail: detailOf(prospect) }
    put(JSON.stringify({ position: formatOrigin(letter.origin), would: record ? 'replay' : 'skip', ...told }))
  }
  if (!json) {
    put(`${tally.count('produced')} of ${letters.length} would be replayed`)
    for (const line of tally.lines('produced')) put(line)
  }
  saySkipped(tally, errand)
  say('Nothing was written: this was a dry run.')
  if (tally.count('produced') > 0) say('To replay them, give the same command with --yes.')
  return unknown.length === 0 && tally.faults() === 0
}

/** Reads all, and says which of those that are asked for are not there. */
export const chosen = async ({ desk, wanted, again, say, onProgress }: Errand): Promise<Chosen> => {
  const read = await desk.letters({ onProgress: (done, total) => onProgress?.(`reading ${desk.topic}`, done, total) })
  sayStrangers(read.strangers, desk.topic, say)
  const choice = chooseToReplay(read.letters, wanted, { again })
  for (const position of choice.unknown) say(unknownText(position, read.letters, desk.topic))
  if (choice.letters.length === 0 && choice.unknown.length === 0) say(nothingText(read.letters, desk.topic))
  return choice
}

export const saySkipped = (tally: Tally, { again, force, say }: Pick<Errand, 'again' | 'force' | 'say'>): void => {
  const skipped = tally.count('skipped')
  if (skipped === 0) return
  const insist = [
    ...(again ? [] : ['--again for what was replayed']),
    ...(force ? [] : ['--force for what would only die again']),
  ]
  say(`${skipped} skipped${insist.length === 0 ? '' : ` (${insist.join(', ')})`}`)
  for (const line of tally.lines('skipped')) say(line)
}

export const sayStrangers = (strangers: number, topic: string, say: (line: string) => void): void => {
  if (strangers > 0) say(`${topic} has ${strangers} records that are not tsuchi's: passed over`)
}

export const nothingText = (letters: readonly Letter[], topic: string): string =>
  letters.length === 0
    ? `there are no dead letters in ${topic}`
    : `none of the ${letters.length} dead letters in ${topic} is meant: \`tsuchi dead-letters list\` shows them all`

export const unknownText = (position: string, letters: readonly Letter[], topic: string): string => {
  const origin = position.slice(0, position.indexOf('/'))
  const others = letters.filter((letter) => letter.origin.topic === origin).length
  const hint = others === 0 ? 'nor of any other of its topic' : `but of ${others} others of its topic`
  return `${topic} has no dead letter of ${position}, ${hint}: \`tsuchi dead-letters list\` shows what there is`
}
