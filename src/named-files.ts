import { resolve } from 'node:path'
import { z } from 'zod'
import { type Holidays, readHolidays } from './holidays.ts'
import { type BannedWords, readBannedWords, SHIPPED_BANNED_WORDS } from './intake/banned-words.ts'
import { type Catalogue, CatalogueError, readCatalogueFile } from './providers/line/catalogue.ts'

/** What stands in the files that the configuration names. */
export interface NamedFiles {
  readonly holidays: Holidays | null
  readonly bannedWords: BannedWords
  /** Of the channels that name one. */
  readonly catalogues: ReadonlyMap<string, Catalogue>
  readonly faults: readonly string[]
}

/** Reads them whatever else is wrong with the configuration, so that all faults are told at once. */
export const readNamedFiles = (filled: unknown, folder: string): NamedFiles => {
  const faults: string[] = []
  const at = (setting: string) => (fault: string) => faults.push(`${setting}: ${fault}`)
  const named = <T>(path: z.ZodType<T>): T | undefined => path.safeParse(filled).data

  const holidaysFile = named(z.object({ holidays: z.string().min(1) }))?.holidays
  const holidays = holidaysFile === undefined ? null : readHolidays(resolve(folder, holidaysFile))
  if (holidays?.kind === 'faulty') holidays.faults.forEach(at('holidays'))

  const wordsFile = named(z.object({ bannedWords: z.string().min(1) }))?.bannedWords
  const words = wordsFile === undefined ? null : readBannedWords(resolve(folder, wordsFile))
  if (words?.kind === 'faulty') words.faults.forEach(at('bannedWords'))

  const catalogues = new Map<string, Catalogue>()
  const channels = named(z.object({ channels: z.record(z.string(), z.looseObject({})) }))?.channels ?? {}
  for (const [channel, { catalogue: file }] of Object.entries(channels))
    try {
      if (typeof file === 'string' && file !== '') catalogues.set(channel, readCatalogueFile(resolve(folder, file)))
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
