import { resolve } from 'node:path'
import { z } from 'zod'
import { type BannedWords, readBannedWords, SHIPPED_BANNED_WORDS } from '../intake/banned-words.ts'
import { type Catalogue, CatalogueError, readCatalogueFile } from '../providers/line/catalogue.ts'
import { type Holidays, readHolidays } from './holidays.ts'

/** What stands in the files that the configuration names. */
export interface NamedFiles {
  readonly holidays: Holidays | null
  readonly bannedWords: BannedWords
  /** Of the channels that name one. */
  readonly catalogues: ReadonlyMap<string, Catalogue>
  readonly faults: readonly string[]
}

/** Reads them whatever else is wrong with the configuration, so that all faults are told at once. A path is told as it is written, without
 *  what variables stand for, and only if it looks like one: it may be a secret in the wrong place. */
export const readNamedFiles = (
  { filled, written }: { readonly filled: unknown; readonly written: unknown },
  folder: string,
): NamedFiles => {
  const faults: string[] = []
  const at = (setting: string) => (fault: string) => faults.push(`${setting}: ${fault}`)
  /** Where the file is, and what it is called in faults. */
  const named = (...place: readonly string[]): readonly [path: string, called: string] | undefined => {
    const [path, called] = [textAt(filled, place), textAt(written, place)]
    return path && called
      ? [resolve(folder, path), LOOKS_LIKE_FILE.test(called) ? resolve(folder, called) : 'the file']
      : undefined
  }

  const holidaysFile = named('holidays')
  const holidays = holidaysFile ? readHolidays(...holidaysFile) : null
  if (holidays?.kind === 'faulty') holidays.faults.forEach(at('holidays'))

  const wordsFile = named('bannedWords')
  const words = wordsFile ? readBannedWords(...wordsFile) : null
  if (words?.kind === 'faulty') words.faults.forEach(at('bannedWords'))

  const catalogues = new Map<string, Catalogue>()
  const channels = z.looseObject({ channels: z.looseObject({}) }).safeParse(filled).data?.channels ?? {}
  for (const channel of Object.keys(channels))
    try {
      const file = named('channels', channel, 'catalogue')
      if (file) catalogues.set(channel, readCatalogueFile(...file))
    } catch (error) {
      if (!(error instanceof CatalogueError)) throw error
      at(`channels.${channel}.catalogue`)(error.message)
    }
  return {
    holidays: holidays?.kind === 'read' ? holidays.holidays : null,
    bannedWords: words?.kind === 'read' ? words.words : SHIPPED_BANNED_WORDS,
    catalogues,
    faults,
  }
}

const LOOKS_LIKE_FILE = /^\P{C}{1,300}\.(ya?ml|json)$/u

const textAt = (value: unknown, place: readonly string[]): string | undefined => {
  const found = place.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? Object.getOwnPropertyDescriptor(at, step)?.value : undefined),
    value,
  )
  return typeof found === 'string' ? found : undefined
}
