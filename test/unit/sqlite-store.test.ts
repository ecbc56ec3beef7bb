import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { Entry } from '../../src/domain/entry.ts'
import type { Store } from '../../src/domain/state.ts'
import { STORE_QUERIES } from '../../src/store/queries.ts'
import { SCHEMA, SCHEMA_VERSION } from '../../src/store/schema.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../src/store/sqlite-store.ts'
import { lockStateDirectory, StateDirectoryInUseError } from '../../src/store/state-directory.ts'
import type { RebuildReason } from '../../src/store/store-file.ts'
import { TURN_QUERIES } from '../../src/store/turns.ts'
import { entryOf, MAIN } from './notification-builder.ts'
import { codec } from './store-codec.ts'
import { createNaiveStore, historyOfCommits } from './store-model.ts'
import { storeSuite } from './store-suite.ts'
import { idsOf, viewOf } from './store-view.ts'

const directory = mkdtempSync(join(tmpdir(), 'tsuchi-store-'))
afterAll(() => rmSync(directory, { recursive: true }))

let files = 0
const freshFile = (): string => join(directory, `${files++}.sqlite`)

const NOW = 1_000_000
const OLDEST = 60_000
const openAt = (file: string, changes: Partial<SqliteStoreOptions> = {}): { store: Store; reasons: RebuildReason[] } => {
  const reasons: RebuildReason[] = []
  const onRebuild = (reason: RebuildReason) => void reasons.push(reason)
  const of = { file, partition: 3, incarnation: '0123456789ab', now: NOW, oldestSyncMs: OLDEST, onRebuild, codec }
  return { store: openSqliteStore({ ...of, ...changes }), reasons }
}

storeSuite('the store in a SQLite file', () => openAt(freshFile()).store)

/** A file with much in it, closed. `n0` … are queued, their bodies long enough to fill many pages. */
const filled = (file: string, length = 300): void => {
  const { store } = openAt(file)
  store.apply({ entries: Array.from({ length }, (_, n) => bulky(n)), position: { requests: length, feedback: 0 } }, 77)
  store.sync(NOW)
  store.close()
}
/** As if the format were a newer one from now on. */
const writeIn = (file: string, format: number): void => {
  const { store } = openAt(file, { codec: { ...codec, formats: { newest: format, written: () => format } } })
  store.apply({ entries: [entryOf(1)] }, 78)
  store.sync(NOW)
  store.close()
}
const knowing = (newest: number) => ({ ...codec, formats: { newest, written: () => 1 } })
const bulky = (n: number): Entry => entryOf(n, { releaseAt: n, sealed: Buffer.alloc(700, n) })

describe('a SQLite store that is opened again', () => {
  test('says after a sync, or without one, what it said at the last sync', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(historyOfCommits, fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }), (commits, syncs) => {
        const file = freshFile()
        const naive = createNaiveStore()
        let { store } = openAt(file)
        let next = 0
        let unsynced: typeof commits = []
        for (const [n, changes] of commits.entries()) {
          store.apply(changes, n + 1)
          unsynced = [...unsynced, changes]
          if (!syncs[n]) continue
          store.sync(NOW)
          for (const change of unsynced) naive.apply(change, 0)
          unsynced = []
          next = n + 1
          if (n % 2 === 0) continue
          store.close()
          store = openAt(file).store
          expect(viewOf(store)).toEqual(viewOf(naive))
        }
        store.close()
        const again = openAt(file)
        expect(again.reasons).toEqual([])
        expect(again.store.resumeFrom()).toBe(next)
        expect(viewOf(again.store)).toEqual(viewOf(naive))
        again.store.close()
      }),
      { numRuns: 40 },
    )
  })

  test('after a process was killed is as it was at its last sync', async () => {
    const file = freshFile()
    const child = spawn(process.execPath, [new URL('store-victim.ts', import.meta.url).pathname, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const { store, reasons } = openAt(file)
    expect(reasons).toEqual([])
    expect(store.resumeFrom()).toBe(41)
    expect(idsOf(store.waiting(MAIN, Number.MAX_SAFE_INTEGER))).toEqual(['n1', 'n2'])
    store.close()
  })
})

describe('a SQLite store is built anew', () => {
  test.each<[string, RebuildReason, (file: string) => void, Partial<SqliteStoreOptions>]>([
    ['when there is none', 'missing', (file) => rmSync(file), {}],
    ['when it is empty', 'damaged', (file) => truncateSync(file, 0), {}],
    ['when it is not a SQLite file', 'damaged', (file) => writeFileSync(file, 'tsuchi'.repeat(10_000)), {}],
    ['when an older version wrote it', 'another-version', (file) => changeMeta(file, { version: SCHEMA_VERSION - 1 }), {}],
    ['when a newer version wrote it', 'another-version', (file) => changeMeta(file, { version: SCHEMA_VERSION + 1 }), {}],
    ['when something in it is of a newer format', 'newer-format', (file) => writeIn(file, 2), { codec: knowing(1) }],
    ['when it says nothing of itself', 'damaged', (file) => inFile(file, 'DELETE FROM meta'), {}],
    ['when it is of another incarnation', 'another-incarnation', () => undefined, { incarnation: 'ba9876543210' }],
    ['when it is of another partition', 'another-incarnation', () => undefined, { partition: 4 }],
    ['when it was not synced for too long', 'too-old', () => undefined, { now: NOW + OLDEST + 1 }],
  ])('%s', (_, reason, spoil, changes) => {
    const file = freshFile()
    filled(file, 3)
    spoil(file)
    const { store, reasons } = openAt(file, changes)
    expect(reasons).toEqual([reason])
    expect(store.resumeFrom()).toBe(0)
    expect(store.position()).toBeUndefined()
    expect(store.get('n1')).toBeUndefined()
    store.apply({ entries: [entryOf(1)] }, 1)
    store.sync(changes.now ?? NOW)
    store.close()
    const again = openAt(file, changes)
    expect(again.reasons).toEqual([])
    expect(again.store.get('n1')).toEqual(entryOf(1))
    again.store.close()
  })

  test('not when what is in it is of an older format than what is written now', () => {
    const file = freshFile()
    filled(file, 3)
    writeIn(file, 2)
    const { store, reasons } = openAt(file, { codec: { ...codec, formats: { newest: 3, written: () => 3 } } })
    expect(reasons).toEqual([])
    expect(store.resumeFrom()).toBe(78)
    store.close()
  })

  test('not when a format that was to be written never was', () => {
    const file = freshFile()
    filled(file, 3)
    openAt(file, { codec: { ...codec, formats: { newest: 2, written: () => 2 } } }).store.close()
    const { store, reasons } = openAt(file, { codec: knowing(1) })
    expect(reasons).toEqual([])
    store.close()
  })

  test('not when it was synced just long enough ago', () => {
    const file = freshFile()
    filled(file, 3)
    const { store, reasons } = openAt(file, { now: NOW + OLDEST })
    expect(reasons).toEqual([])
    expect(store.resumeFrom()).toBe(77)
    store.close()
  })

  test.each([1, 50, 100, 4_095, 4_096, 5_000, 40_960, 100_000])('when it is cut off after %i bytes', (length) => {
    const file = freshFile()
    filled(file)
    expect(statSync(file).size).toBeGreaterThan(length)
    truncateSync(file, length)
    const { store, reasons } = openAt(file)
    expect(reasons).toEqual(['damaged'])
    expect(store.resumeFrom()).toBe(0)
    store.close()
  })

  test('when pages of it are garbage and it was not closed in peace', () => {
    const file = freshFile()
    filled(file)
    changeMeta(file, { clean: false })
    spoilPages(file, PAGES_READ_AT_ONCE)
    const { store, reasons } = openAt(file)
    expect(reasons).toEqual(['damaged'])
    store.close()
  })

  test('when garbage is found as it is opened', () => {
    const file = freshFile()
    filled(file)
    const root = inFile(file, "SELECT rootpage FROM sqlite_master WHERE name = 'pauses'")?.rootpage
    spoilPages(file, Number(root) - 1)
    const { store, reasons } = openAt(file)
    expect(reasons).toEqual(['damaged'])
    expect(store.resumeFrom()).toBe(0)
    store.close()
  })

  test('when garbage is found in it later: whoever asked is told, and the file is gone when it is closed', () => {
    for (let first = PAGES_READ_AT_ONCE; first < PAGES_READ_AT_ONCE + 5; first++) {
      const file = freshFile()
      filled(file)
      spoilPages(file, first)
      const { store, reasons } = openAt(file)
      expect(() => askAll(store)).toThrow()
      store.close()
      expect(existsSync(file)).toBe(false)
      expect(reasons).toEqual([])
      const again = openAt(file)
      expect(again.reasons).toEqual(['missing'])
      again.store.close()
    }
  })

  test('no garbage in an entry is taken for an entry', () => {
    const file = freshFile()
    filled(file, 3)
    const bytes = readFileSync(file)
    const place = bytes.indexOf(Buffer.alloc(700, 1))
    bytes[place + 10] = 9
    writeFileSync(file, bytes)
    const { store } = openAt(file)
    expect(store.get('n0')).toEqual(bulky(0))
    expect(() => store.get('n1')).toThrow('built anew')
    store.close()
    expect(existsSync(file)).toBe(false)
  })

  test('a torn log costs the last syncs, and nothing else', () => {
    const file = freshFile()
    const { store } = openAt(file)
    for (let n = 1; n <= 20; n++) {
      store.apply({ entries: [bulky(n)] }, n)
      store.sync(NOW)
    }
    const copy = freshFile()
    writeFileSync(copy, readFileSync(file))
    const log = readFileSync(`${file}-wal`)
    writeFileSync(`${copy}-wal`, log.subarray(0, (log.length * 2) / 3))
    store.close()
    const { store: torn, reasons } = openAt(copy)
    const next = torn.resumeFrom()
    expect(reasons).toEqual([])
    expect(next).toBeGreaterThan(1)
    expect(next).toBeLessThan(20)
    expect(idsOf(torn.waiting(MAIN, 99))).toEqual(Array.from({ length: next }, (_, n) => `n${n + 1}`))
    torn.close()
  })

  test('is nobody else’s to open, and nobody else’s to read', () => {
    const file = freshFile()
    const { store } = openAt(file)
    store.apply({ entries: [entryOf(1)] }, 1)
    store.sync(NOW)
    expect(() => openAt(file)).toThrow('locked')
    for (const name of [file, `${file}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600)
    expect(store.get('n1')).toEqual(entryOf(1))
    store.close()
  })
})

describe('every query of the SQLite store', () => {
  const database = new DatabaseSync(':memory:')
  database.exec(SCHEMA)
  const queries = Object.entries({ ...STORE_QUERIES, ...TURN_QUERIES })
  // Read once, when a store is opened; it has as many rows as there are channels.
  const expected = queries.filter(([name]) => name !== 'pauses' && name !== 'coverages')

  test.each(expected)('%s finds its rows by an index, in order', (_, sql) => {
    const parameters = Array(sql.split('?').length - 1).fill(1)
    const numbered = new Set(sql.match(/\?\d/g)).size
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters.slice(0, numbered || parameters.length))
    const details = plan.map(({ detail }) => String(detail)).filter((detail) => detail !== 'SCAN CONSTANT ROW')
    for (const detail of details) expect(detail).not.toMatch(/^SCAN|TEMP B-TREE/)
  })

  test.each(['waiting', 'inLine', 'expired', 'unsettled', 'fallbackDue', 'forgettable', 'forgettableMarks'] as const)(
    '%s goes on among rows of the same time by the index too',
    (name) => {
      const sql = STORE_QUERIES[name]
      const parameters = Array(sql.split('?').length - 1).fill(1)
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters)
      expect(plan.map(({ detail }) => detail).join()).toMatch(/\(\w+,\w+\)>\(\?,\?\)/)
    },
  )
})

describe('a state directory', () => {
  const holdInProcess = async (path: string) => {
    const child = spawn(process.execPath, [new URL('directory-holder.ts', import.meta.url).pathname, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    return child
  }

  test('belongs to one process, until that one has ended, however it ended', async () => {
    const path = join(directory, 'held')
    const holder = await holdInProcess(path)
    expect(() => lockStateDirectory(path)).toThrow(StateDirectoryInUseError)
    expect(() => lockStateDirectory(path)).toThrow(`${path}: give every worker a state.directory of its own`)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    lockStateDirectory(path).release()
  })

  test('can be taken once in a process, and again when it was released', () => {
    const path = join(directory, 'released')
    const lock = lockStateDirectory(path)
    expect(() => lockStateDirectory(path)).toThrow(StateDirectoryInUseError)
    lock.release()
    lockStateDirectory(path).release()
  })

  test('is only for its owner’s eyes', () => {
    const path = join(directory, 'private')
    const lock = lockStateDirectory(path)
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(path, 'lock.sqlite')).mode & 0o777).toBe(0o600)
    lock.release()
  })

  test.each([
    ['lies where there is nothing', ['nowhere', 'state'], 'ENOENT'],
    ['is a file', ['file'], 'ENOTDIR'],
    ['lies under a file', ['file', 'state'], 'ENOTDIR'],
  ])('that %s is refused, with what to do', (_, path, code) => {
    writeFileSync(join(directory, 'file'), '')
    expect(() => lockStateDirectory(join(directory, ...path))).toThrow(
      expect.objectContaining({
        name: 'StateDirectoryUnusableError',
        message: expect.stringMatching(new RegExp(`cannot be written \\(${code}\\): name a folder`)),
      }),
    )
  })
})

const inFile = (file: string, sql: string, ...parameters: readonly string[]) => {
  const database = new DatabaseSync(file)
  const row = database.prepare(sql).get(...parameters)
  database.close()
  return row
}

const changeMeta = (file: string, changes: object): void => {
  inFile(file, 'UPDATE meta SET facts = json_patch(facts, ?)', JSON.stringify(changes))
}

/** The roots of tables and indexes. */
const PAGES_READ_AT_ONCE = 24

/** Overwrites every fifth page. */
const spoilPages = (file: string, first: number): void => {
  const bytes = readFileSync(file)
  for (let page = first; page < bytes.length / 4_096; page += 5) bytes.fill(0xa5, page * 4_096, (page + 1) * 4_096)
  writeFileSync(file, bytes)
}

const askAll = (store: Store): void => {
  for (let n = 0; n < 300; n++) {
    expect(store.byIdentity(`k${n}`)).toEqual(bulky(n))
    expect(store.get(`n${n}`)).toEqual(bulky(n))
  }
  expect(idsOf(store.waiting(MAIN, 300))).toHaveLength(300)
}
