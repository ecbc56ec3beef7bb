import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { NONE_YET } from '../domain/entry.ts'
import type { StateCount, TaskPosition } from '../domain/state.ts'
import { isDamage, StoreDamagedError } from './damage.ts'
import { SCHEMA, SCHEMA_VERSION } from './schema.ts'
import type { FactCodec } from './stored-fact.ts'

/** Why a store begins empty. */
export type RebuildReason = 'missing' | 'damaged' | 'another-version' | 'newer-format' | 'another-incarnation' | 'too-old'

export interface StoreFileOptions {
  readonly file: string
  readonly partition: number
  readonly incarnation: string
  /** Wall clock, ms. */
  readonly now: number
  /** A file not synced for longer is not used: the journal may have dropped tombstones that it has not seen. */
  readonly oldestSyncMs: number
  readonly onRebuild?: (reason: RebuildReason) => void
  readonly codec: Pick<FactCodec, 'formats'>
}

/** What a file says of itself as a whole. */
export interface StoreFacts {
  /** Journal offset after the last change. */
  readonly next: number
  readonly position: TaskPosition | null
  readonly count: StateCount
}

export type Row = Record<string, SQLOutputValue>

/** A statement, prepared when it is first used. */
export interface Query {
  get(...parameters: SQLInputValue[]): Row | undefined
  all(...parameters: SQLInputValue[]): Row[]
  run(...parameters: SQLInputValue[]): void
}

/** A SQLite file that can be thrown away at any time. All that is written between two syncs is one transaction, so that a process that
 *  dies leaves the file as it was at the last one. */
export interface StoreFile {
  /** As of the last sync. */
  facts(): StoreFacts
  query(sql: string): Query
  sync(facts: StoreFacts, now: number): void
  /** Something read from the file cannot be right. */
  damaged(what: string, cause?: unknown): StoreDamagedError
  /** Deletes it and begins anew. */
  reset(): void
  /** What was written since the last sync is lost: it is in the journal. If anything has failed, the file is deleted. */
  close(): void
}

interface Meta extends StoreFacts {
  readonly version: number
  /** The newest format of what is in it. */
  readonly format: number
  readonly partition: number
  readonly incarnation: string
  readonly syncedAt: number
  /** Whether it was closed in peace. */
  readonly clean: boolean
}

export const openStoreFile = (options: StoreFileOptions): StoreFile => {
  const { file, codec } = options
  let broken = false
  let { database, meta } = openUsable(options) ?? createAnew(options)
  database.exec('BEGIN')

  /** Whatever fails, part of a change may be in the file and part not, or SQLite has taken all of it back by itself. */
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      broken = true
      throw error
    }
  }

  const query = (sql: string): Query => {
    let statement: StatementSync | undefined
    let preparedFor: DatabaseSync | undefined
    const prepared = (): StatementSync => {
      if (statement && preparedFor === database) return statement
      preparedFor = database
      statement = database.prepare(sql)
      return statement
    }
    return {
      get: (...parameters) => guarded(() => prepared().get(...parameters)),
      all: (...parameters) => guarded(() => prepared().all(...parameters)),
      run: (...parameters) => void guarded(() => prepared().run(...parameters)),
    }
  }

  return {
    facts: () => meta,
    query,
    sync: (facts, now) =>
      guarded(() => {
        meta = { ...meta, ...facts, format: Math.max(meta.format, codec.formats.written()), syncedAt: now }
        writeMeta(database, meta)
        database.exec('COMMIT; BEGIN')
      }),
    damaged: (what, cause) => {
      broken = true
      return new StoreDamagedError(`${file}: ${what}. It is built anew from the journal when it is next opened`, { cause })
    },
    reset: () => {
      database.close()
      ;({ database, meta } = createAnew(options))
      broken = false
      database.exec('BEGIN')
    },
    close: () => {
      if (!database.isOpen) return
      try {
        if (!broken)
          guarded(() => {
            database.exec('ROLLBACK')
            writeMeta(database, { ...meta, clean: true })
          })
      } finally {
        database.close()
        if (broken) removeFiles(file)
      }
    },
  }
}

/** The file as the last sync left it; undefined if it cannot be used. */
const openUsable = (options: StoreFileOptions): { database: DatabaseSync; meta: Meta } | undefined => {
  const rebuild = (reason: RebuildReason): undefined => {
    removeFiles(options.file)
    options.onRebuild?.(reason)
  }
  if (!existsSync(options.file)) return rebuild('missing')
  let database: DatabaseSync | undefined
  try {
    database = connect(options.file)
    const meta = readMeta(database)
    const reason = reasonAgainst(meta, options) ?? (meta.clean || isSound(database) ? undefined : 'damaged')
    if (reason === undefined) {
      writeMeta(database, { ...meta, clean: false })
      return { database, meta: { ...meta, clean: false } }
    }
    database.close()
    return rebuild(reason)
  } catch (error) {
    if (database?.isOpen) database.close()
    if (!isDamage(error)) throw error
    return rebuild('damaged')
  }
}

const createAnew = ({ file, partition, incarnation, now, codec }: StoreFileOptions): { database: DatabaseSync; meta: Meta } => {
  removeFiles(file)
  closeSync(openSync(file, 'wx', 0o600)) // SQLite gives its log the permissions of the file
  const database = connect(file)
  const of = { version: SCHEMA_VERSION, format: codec.formats.written(), partition, incarnation }
  const meta: Meta = { ...of, next: 0, position: null, count: NONE_YET, syncedAt: now, clean: false }
  database.exec(`BEGIN; ${SCHEMA}`)
  database.prepare('INSERT INTO meta (facts) VALUES (?)').run(JSON.stringify(meta))
  database.exec('COMMIT')
  return { database, meta }
}

/** - `locking_mode`: nobody else reads the file; and the log's index is then in memory, not in a file of its own.
 *  - `journal_mode`, `synchronous`: with a write-ahead log at NORMAL a commit waits for no disk. A power failure may take back the last
 *    syncs, whole ones: they are read from the journal again.
 *  - `wal_autocheckpoint`: the log is copied into the file every 16 MB, not 4: the same pages of indexes are written again and again,
 *    and are copied once. `journal_size_limit` gives back what a restore needed more.
 *  - `cache_size`: 8 MiB for each partition, however long the queue. The rest is left to the system's own cache.
 *  - `cell_size_check`: a damaged page is found when it is read, and not taken for something else. */
const connect = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file)
  try {
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 4000;
      PRAGMA journal_size_limit = 67108864;
      PRAGMA cache_size = -8192;
      PRAGMA cell_size_check = ON;
    `)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const reasonAgainst = (meta: Meta, options: StoreFileOptions): RebuildReason | undefined => {
  if (meta.version !== SCHEMA_VERSION) return 'another-version'
  if (meta.format > options.codec.formats.newest) return 'newer-format'
  if (meta.partition !== options.partition || meta.incarnation !== options.incarnation) return 'another-incarnation'
  return options.now - meta.syncedAt > options.oldestSyncMs ? 'too-old' : undefined
}

/** Takes 0.1 s for 100,000 entries (157 MB), and reads the whole file: so only where nobody closed it. What else is damaged is found
 *  when it is read. */
const isSound = (database: DatabaseSync): boolean => database.prepare('PRAGMA quick_check(1)').get()?.quick_check === 'ok'

const readMeta = (database: DatabaseSync): Meta => {
  const facts = database.prepare('SELECT facts FROM meta').get()?.facts
  try {
    return JSON.parse(String(facts)) as Meta
  } catch (cause) {
    throw new StoreDamagedError('the store says nothing of itself that can be read', { cause })
  }
}

const writeMeta = (database: DatabaseSync, meta: Meta): void => {
  database.prepare('UPDATE meta SET facts = ?').run(JSON.stringify(meta))
}

const removeFiles = (file: string): void => {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
}
