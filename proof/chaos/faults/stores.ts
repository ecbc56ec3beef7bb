import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, rm, stat, truncate, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Fleet } from '../fleet.ts'
import type { Damage } from '../schedule.ts'
import type { Effect, World } from '../world.ts'
import type { DeedOf } from './perform.ts'
import { READY_WITHIN_MS, whoIs } from './workers.ts'

/** Something happens to a worker's disk while it is down. */
export const damageStore = async ({ worker: wanted, damage }: DeedOf<'store'>, { fleet }: World): Promise<Effect> => {
  const { place } = whoIs(fleet, wanted)
  await fleet.stop(place)
  const directory = fleet.stateOf(place)
  const files = await storesIn(directory)
  await DAMAGES[damage](directory, files).finally(() => fleet.start(place))
  const next = fleet.start(place) // who is there
  await next.untilReady(READY_WITHIN_MS)
  const lines = fleet.lives.find(({ worker }) => worker === next)?.lines ?? []
  const opened = lines.filter(({ event }) => event === 'task-opened')
  const rebuilt = lines.filter(({ event }) => event === 'store-rebuild').map(({ reason }) => String(reason))
  const read = opened.reduce((sum, { records }) => sum + Number(records), 0)
  return `${files.length} files of place ${place} ${damage}; ${next.name} opened ${opened.length} partitions, read ${read} records, built anew: ${tally(rebuilt)}`
}

/** While its worker stands still for a moment: what a copy of the disk at that time would hold. */
export const keepCopies = async (fleet: Fleet): Promise<void> => {
  for (const worker of fleet.running()) {
    const place = Number(/\d+/.exec(worker.name)?.[0])
    await worker.freeze()
    try {
      const directory = fleet.stateOf(place)
      await mkdir(copiesOf(directory), { recursive: true })
      for (const name of await readdir(directory))
        if (isOfStore(name)) await copyFile(join(directory, name), join(copiesOf(directory), name))
    } finally {
      await worker.thaw()
    }
  }
}

const copiesOf = (directory: string): string => `${directory}-earlier`
const isOfStore = (name: string): boolean => /^partition-\d+\.sqlite(-wal)?$/.test(name)

const storesIn = async (directory: string): Promise<string[]> =>
  existsSync(directory)
    ? (await readdir(directory)).filter((name) => name.startsWith('partition-') && name.endsWith('.sqlite'))
    : []

const YEARS_MS = 2 * 365 * 86_400_000

const DAMAGES: Readonly<Record<Damage, (directory: string, files: readonly string[]) => Promise<void>>> = {
  deleted: async (directory, files) => {
    for (const file of files) await removeStore(join(directory, file))
  },
  truncated: async (directory, files) => {
    for (const file of files) {
      const { size } = await stat(join(directory, file))
      await truncate(join(directory, file), Math.floor(size / 2))
    }
  },
  /** Of whatever partitions it held then, which others may have held since. */
  earlier: async (directory, files) => {
    for (const file of files) await removeStore(join(directory, file))
    const copies = existsSync(copiesOf(directory)) ? await readdir(copiesOf(directory)) : []
    for (const name of copies) await copyFile(join(copiesOf(directory), name), join(directory, name))
  },
  /** By the file's own word of when it was last told of the log, too. */
  'years-old': async (directory, files) => {
    for (const file of files) {
      const path = join(directory, file)
      const database = new DatabaseSync(path)
      const facts = JSON.parse(String(database.prepare('SELECT facts FROM meta').get()?.facts)) as { syncedAt: number }
      const syncedAt = facts.syncedAt - YEARS_MS
      database.prepare('UPDATE meta SET facts = ?').run(JSON.stringify({ ...facts, syncedAt }))
      database.close()
      await utimes(path, syncedAt / 1_000, syncedAt / 1_000)
    }
  },
}

const removeStore = async (file: string): Promise<void> => {
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${file}${suffix}`, { force: true })
}

const tally = (words: readonly string[]): string =>
  Object.entries(Object.groupBy(words, (word) => word))
    .map(([word, all]) => `${all?.length} ${word}`)
    .join(', ') || 'none'
