import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadInternalRecords, NEWEST_FORMAT, NewerRecordError, UnreadableRecordError } from '../../src/kafka/internal-records.ts'
import { entryOf, ready } from './notification-builder.ts'

const FOLDER = join(import.meta.dirname, '../../schemas/internal')

interface Field {
  name: string
  type: unknown
  default?: unknown
  aliases?: string[]
}
type Change = (fields: Field[]) => Field[]

/** The schemas of format 1, and a format 2 in which some are changed. */
const withNext = (changes: Readonly<Record<string, Change | 'gone'>>): URL => {
  const folder = mkdtempSync(join(tmpdir(), 'tsuchi-formats-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const format of ['v1', 'v2']) cpSync(join(FOLDER, 'v1'), join(folder, format), { recursive: true })
  for (const [kind, change] of Object.entries(changes)) {
    if (change === 'gone') {
      rmSync(join(folder, 'v1', `${kind}.avsc`))
      continue
    }
    const file = join(folder, 'v2', `${kind}.avsc`)
    const schema = JSON.parse(readFileSync(file, 'utf8')) as { fields: Field[] }
    writeFileSync(file, JSON.stringify({ ...schema, fields: change(schema.fields) }))
  }
  return pathToFileURL(`${folder}/`)
}
const added =
  (field: Field): Change =>
  (fields) => [field, ...fields]
const without =
  (name: string): Change =>
  (fields) =>
    fields.filter((field) => field.name !== name)
const renamed =
  (name: string, to: string): Change =>
  (fields) =>
    fields.map((field) => (field.name === name ? { ...field, name: to, aliases: [name] } : field))

const ENTRY = entryOf(1)
const plain = (body: unknown): unknown => JSON.parse(JSON.stringify(body))

test('the folders of schemas/internal are those of the formats that this version reads, each with every kind of record', () => {
  expect(
    readdirSync(FOLDER)
      .filter((name) => name.startsWith('v'))
      .sort(),
  ).toEqual(Array.from({ length: NEWEST_FORMAT }, (_, before) => `v${before + 1}`).sort())
})

describe('a record that was written in an older format', () => {
  test('is read with what was added since at its default, also within what lies in it', () => {
    const folder = withNext({
      entry: added({ name: 'wave', type: 'int', default: 7 }),
      notification: added({ name: 'campaign', type: ['null', 'string'], default: null }),
    })
    const value = loadInternalRecords(folder, 1).encode('entry', ENTRY, 1)
    const { body } = loadInternalRecords(folder, 2).decode(value)
    expect(plain(body)).toEqual({
      ...(plain(ENTRY) as object),
      wave: 7,
      notification: { ...(plain(ENTRY.notification) as object), campaign: null },
    })
  })

  test('is read without what was taken out since, wherever it stood', () => {
    const fields = ['notificationId', 'pastTags', 'keepUntil'] as const
    for (const field of fields) {
      const folder = withNext({ entry: without(field) })
      const { body } = loadInternalRecords(folder, 2).decode(loadInternalRecords(folder, 1).encode('entry', ENTRY, 1))
      const { [field]: _, ...rest } = plain(ENTRY) as Record<string, unknown>
      expect(plain(body)).toEqual(rest)
    }
  })

  test('is read by the new name of a field, and by a wider type', () => {
    const folder = withNext({
      entry: (fields) =>
        renamed('setbacks', 'failures')(fields).map((field) => (field.name === 'attempts' ? { ...field, type: 'long' } : field)),
    })
    const { body } = loadInternalRecords(folder, 2).decode(loadInternalRecords(folder, 1).encode('entry', ENTRY, 1))
    expect(body).toMatchObject({ failures: ENTRY.setbacks, attempts: ENTRY.attempts })
  })

  test('is as unreadable as any other if it is cut, goes on too long, or says of a list that it is endless', () => {
    const folder = withNext({ entry: without('pastTags'), coverage: added({ name: 'wave', type: 'int', default: 7 }) })
    const [old, next] = [loadInternalRecords(folder, 1), loadInternalRecords(folder, 2)]
    const value = old.encode('entry', { ...ENTRY, pastTags: ['a', 'b'] }, 1)
    expect(() => next.decode(value.subarray(0, value.length - 1))).toThrow(UnreadableRecordError)
    expect(() => next.decode(Buffer.concat([value, Buffer.of(0)]))).toThrow(UnreadableRecordError)
    const coverage = old.encode('coverage', { channel: '', spans: [], holes: [] }, 1)
    const endless = Buffer.concat([coverage.subarray(0, 3), Buffer.from('feffffffffffffff7f', 'hex')])
    expect(() => next.decode(endless)).toThrow('the record is not a whole coverage')
  })

  test('that cannot be read as the newest one is found when the schemas are loaded, not when the record comes', () => {
    expect(() => loadInternalRecords(withNext({ entry: added({ name: 'wave', type: 'int' }) }), 2)).toThrow(
      'no matching field for default-less tsuchi.internal.Entry.wave',
    )
    const retyped: Change = (fields) => fields.map((field) => (field.name === 'state' ? { ...field, type: 'int' } : field))
    expect(() => loadInternalRecords(withNext({ entry: retyped }), 2)).toThrow('cannot read "string" as "int"')
  })
})

describe('a newer version writes', () => {
  test('in the older format just what an older one does, as long as it supplies what that wants', () => {
    const folder = withNext({ entry: renamed('setbacks', 'failures') })
    const [old, next] = [loadInternalRecords(folder, 1), loadInternalRecords(folder, 2)]
    const value = next.encode('entry', { ...ENTRY, failures: ENTRY.setbacks, wave: 9 }, 1)
    expect(value).toEqual(old.encode('entry', ENTRY, 1))
    expect(old.decode(value).body).toMatchObject({ setbacks: ENTRY.setbacks })
    const { setbacks: _, ...forgetful } = ENTRY
    expect(() => next.encode('entry', { ...forgetful, failures: 1 }, 1)).toThrow('invalid')
  })

  test('in the newer format what an older version neither reads nor takes for damaged', () => {
    const folder = withNext({ entry: added({ name: 'wave', type: 'int', default: 7 }) })
    const value = loadInternalRecords(folder, 2).encode('entry', { ...ENTRY, wave: 9 }, 2)
    expect(value[0]).toBe(2)
    expect(loadInternalRecords(folder, 2).decode(value).body).toMatchObject({ wave: 9 })
    const read = () => loadInternalRecords(folder, 1).decode(value)
    expect(read).toThrow(NewerRecordError)
    expect(read).toThrow('the record is of format 2; this version reads formats up to 1')
  })

  test('a kind that came with a format in no earlier one, and says so to whoever forgot to ask', () => {
    const next = loadInternalRecords(withNext({ hole: 'gone' }), 2)
    const hole = { channels: ['main'], from: 1, until: 2 }
    expect(next.decode(next.encode('hole', hole, 2))).toMatchObject({ kind: 'hole', body: hole })
    expect(() => next.encode('hole', hole, 1)).toThrow(
      'format 1 has no hole: it must not be written before the topics are raised',
    )
  })

  test.each([
    ['epoch', { nonce: 'abc' }],
    ['immutables', { partitions: 3, incarnation: 'abc', pepperCheck: 'def', group: 'tsuchi' }],
    ['format', { format: 2 }],
  ] as const)('%s always so that every version reads it', (kind, value) => {
    const folder = withNext({})
    const written = loadInternalRecords(folder, 2).encode(kind, value, 2)
    expect(loadInternalRecords(folder, 1).decode(written)).toMatchObject({ kind, body: value })
  })
})

test('what is larger than the buffer at hand is written whole, in either format', () => {
  const next = loadInternalRecords(withNext({ 'ready-request': added({ name: 'wave', type: 'int', default: 7 }) }), 2)
  const large = { ...ready(1), sealed: Buffer.alloc(100_000, 1) }
  for (const format of [1, 2]) expect(next.decode(next.encode('ready-request', large, format)).body).toMatchObject({ wave: 7 })
})
