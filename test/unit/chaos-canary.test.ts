import { hash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CANARIES } from '../../proof/chaos/inputs/people.ts'
import { huntFor } from '../../proof/chaos/witness/canary.ts'
import { searchFile, searchRecord } from '../../proof/chaos/witness/searched-records.ts'

const CANARY = '+816031415926'
const DIGEST = hash('sha256', CANARY, 'buffer')

const hunted = (bytes: Buffer | string): string[] => {
  const hunt = huntFor(CANARIES)
  hunt.search(Buffer.from(bytes), () => 'here')
  return hunt.leaks.map(({ spelling }) => spelling)
}

test.each([
  ['E.164', '{"phone":"+816031415926"}', 'digits'],
  ['without plus', 'tel 816031415926.', 'digits'],
  ['national', '06031415926', 'digits'],
  ['with hyphens', '060-3141-5926', 'hyphens'],
  ['international, with hyphens', '+81 60-3141-5926', 'hyphens'],
  ['with spaces', '060 3141 5926', 'spaces'],
  ['with parentheses', '(060) 3141 5926', 'parentheses'],
  ['in full width', '０６０３１４１５９２６', 'full-width'],
  ['in full width, with hyphens', '０６０－３１４１－５９２６', 'full-width-hyphens'],
  ['in full width, with minus signs', '０６０−３１４１−５９２６', 'full-width-minus'],
  ['in UTF-16', Buffer.from('06031415926', 'utf16le'), 'utf-16'],
  ['in base64', Buffer.from('{"tel":"06031415926"}').toString('base64'), 'base64-of-digits'],
  ['in hex', Buffer.from('06031415926').toString('hex'), 'hex-of-digits'],
  ['hashed, hex', DIGEST.toString('hex'), 'sha256-hex'],
  ['hashed, upper-case hex', DIGEST.toString('hex').toUpperCase(), 'sha256-hex-upper'],
  ['hashed, base64', DIGEST.toString('base64'), 'sha256-base64'],
  ['hashed, base64url', DIGEST.toString('base64url'), 'sha256-base64url'],
  ['hashed, raw', DIGEST, 'sha256-raw'],
  ['hashed without plus', hash('sha256', '816031415926'), 'sha256-without-plus-hex'],
  ['hashed as national', hash('sha256', '06031415926'), 'sha256-national-hex'],
])('a canary %s is found', (_how, text, spelling) => {
  expect(hunted(Buffer.concat([Buffer.from('before '), Buffer.from(text), Buffer.from(' after')]))).toContain(spelling)
  expect(hunted(text), 'at both edges').toContain(spelling)
})

test('each of the canaries is hunted for', () => {
  for (const canary of CANARIES) expect(hunted(canary), canary).toEqual(['digits'])
})

test('what is nearly a canary is none: its digits reversed, one more or less, a keyed hash', () => {
  for (const text of ['62951413060', '0603141592', '+81603141592', hash('sha256', `pepper${CANARY}`), '060-1234-5678'])
    expect(hunted(text), text).toEqual([])
})

test('what is found is named by spelling and place, once, and never by its value', () => {
  const hunt = huntFor(CANARIES)
  for (const _ of [1, 2]) hunt.search(Buffer.from(CANARY), () => 'tsuchi.results/3/17 value')
  expect(hunt.leaks).toEqual([{ spelling: 'digits', place: 'tsuchi.results/3/17 value' }])
})

test('key, value, and names and texts of headers of a record are looked through', () => {
  const nothing = { key: null, value: null, headers: {} }
  const placeOf = (record: Parameters<typeof searchRecord>[1]): string[] => {
    const hunt = huntFor(CANARIES)
    searchRecord(hunt, record, () => 'requests/0/1')
    return hunt.leaks.map(({ place }) => place)
  }
  expect(placeOf({ ...nothing, key: Buffer.from(CANARY) })).toEqual(['requests/0/1 key'])
  expect(placeOf({ ...nothing, value: DIGEST })).toEqual(['requests/0/1 value'])
  expect(placeOf({ ...nothing, headers: { 'x-phone': Buffer.from('060-3141-5926') } })).toEqual(['requests/0/1 header x-phone'])
  expect(placeOf({ ...nothing, headers: { list: [Buffer.from('a'), CANARY] } })).toEqual(['requests/0/1 header list'])
  expect(placeOf({ ...nothing, headers: { [CANARY]: 'a' } })).toEqual(['requests/0/1 name of a header'])
  expect(placeOf(nothing)).toEqual([])
})

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tsuchi-canary-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

test.each([
  ['at the beginning of a log', 0],
  ['across the parts in which it is read', (1 << 20) - 5],
  ['at its end', (3 << 20) + 7],
])('a canary %s is found', async (_where, at) => {
  const file = join(directory, 'worker-1.log')
  await writeFile(file, Buffer.concat([Buffer.alloc(at, '.'), Buffer.from(DIGEST.toString('hex'))]))
  const hunt = huntFor(CANARIES)
  await searchFile(hunt, file, 'log of worker-1')
  expect(hunt.leaks).toEqual([{ spelling: 'sha256-hex', place: 'log of worker-1' }])
})
