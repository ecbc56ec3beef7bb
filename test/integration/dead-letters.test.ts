import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { createSealer } from '../../src/domain/seal.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { openRequestWriter } from '../../src/kafka/request-writer.ts'
import { paymentDue } from './events.ts'
import { type ForgetfulRegistry, openForgetfulRegistry } from './forgetful-registry.ts'
import { type Installation, type InstallationOptions, install } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'
import type { Place } from './results.ts'
import { startCommand } from './running-command.ts'
import { openTopicReader, type TopicRecord } from './topic-records.ts'
import { type Ended, tsuchi } from './tsuchi-command.ts'

/** A number that occurs nowhere else. */
const CANARY = '+819076500099'
const CANARY_AS_WRITTEN = '090-7650-0099'

const expectNoTrace = (text: string): void => {
  const digest = createHash('sha256').update(CANARY).digest()
  for (const trace of ['76500099', '7650-0099', digest.toString('hex'), digest.toString('base64')])
    expect(text).not.toContain(trace)
}

const DAY_MS = 86_400_000

const said: string[] = []
/** Whatever any command of this file says is searched for the number in the end. */
const deadLetters = async (at: Installation, ...args: string[]): Promise<Ended> => {
  const ended = await tsuchi(at, ['dead-letters', ...args])
  said.push(ended.stdout, ended.stderr)
  return ended
}
const jsonLines = ({ stdout }: Pick<Ended, 'stdout'>): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const nameOf = ({ topic, partition, offset }: Place): string => `${topic}/${partition}/${offset}`

/** All that lies in topics, committed. */
const recordsIn = async ({ kafka }: Installation, ...topics: string[]): Promise<TopicRecord[]> => {
  const records: TopicRecord[] = []
  const reader = await openTopicReader({ kafka, topics, isolation: 'committed', onRecord: (record) => records.push(record) })
  await reader.caughtUp()
  await reader.close()
  return records
}

/** What was produced anew, by where it died. */
const replaysIn = async (at: Installation, topic: string): Promise<string[]> =>
  (await recordsIn(at, topic)).flatMap(({ headers }) => {
    const of = headers['tsuchi.replay-of']
    return of === undefined ? [] : [String(of)]
  })

const endsOf = async ({ kafka, topics, events }: Installation): Promise<object> => {
  const admin = kafka.admin()
  await admin.connect()
  const existing = await admin.listTopics()
  const ends = await Promise.all(
    [...Object.values(topics), ...Object.values(events)]
      .filter((topic) => existing.includes(topic))
      .map(async (topic) => [topic, await admin.fetchTopicOffsets(topic)]),
  )
  await admin.disconnect()
  return Object.fromEntries(ends)
}

const installed = async (options: InstallationOptions = {}): Promise<Installation> => {
  const at = await install({ partitions: 2, ...options })
  onTestFinished(at.close)
  return at
}

const bill = (fields = {}) => paymentDue({ id: 'C-1', phone: CANARY_AS_WRITTEN }, fields)

/** Letters as intake writes them, of records that are sound by now. */
const bury = async (
  at: Installation,
  count: number,
  changes: {
    reason?: 'undecodable' | 'older-than-window'
    value?: Buffer
    timestamp?: number
    topic?: string
    partition?: number
  } = {},
  seal = createSealer(at.config.privacy.sealingKeys).seal,
): Promise<void> => {
  const { kafka, topics: names } = at
  const writer = await openRequestWriter({ kafka, names, partitions: 2, deadLetterPartitions: 2, seal, format: NEWEST_FORMAT })
  const { reason = 'undecodable', timestamp = Date.now(), topic = at.events['payment-due'], partition = 0 } = changes
  for (let offset = 0; offset < count; offset++) {
    const value = changes.value ?? (await at.encode('payment-due', bill()))
    const record = { offset, key: Buffer.from(CANARY), value, headers: { 'x-phone': CANARY }, timestamp }
    await writer.bury([{ position: { topic, partition, offset, index: 0 }, reason, detail: 'of the test', record }])
  }
  await writer.close()
}

describe('poison of a schema that the registry did not know', () => {
  let registry: ForgetfulRegistry
  let at: Installation
  let places: readonly Place[]
  let schemaId: number
  beforeAll(async () => {
    registry = await openForgetfulRegistry(inject('registryUrl'))
    at = await install({ partitions: 2, registryUrl: registry.url })
    schemaId = (await at.encode('payment-due', bill())).readInt32BE(1)
    registry.forget(schemaId)
    await at.startWorker()
    const headers = { ce_id: 'the-first', ce_source: 'jp.example.test', ce_subject: CANARY, 'x-phone': CANARY }
    const timestamp = Date.now() - 60_000
    places = [
      await at.produceOne('payment-due', bill(), { key: CANARY, headers, partition: 1, timestamp }),
      ...(await at.produce('payment-due', bill(), bill())),
      await at.produceRaw(at.events['payment-due'], { value: 'not Avro at all', partition: 0 }),
    ]
    for (const place of places) expect(await at.results.endOf(place)).toMatchObject({ status: 'poison' })
    // Intake writes them last.
    const buried = async () => jsonLines(await deadLetters(at, 'list', '--json')).length
    await vi.waitUntil(async () => (await buried()) === 4, { timeout: PATIENCE_MS })
  })
  afterAll(async () => {
    await at.close()
    await registry.close()
  })
  const first = () => nameOf(places[0] ?? { topic: '', partition: 0, offset: 0 })

  test('is listed, and counted by reason', async () => {
    const { code, stdout, stderr } = await deadLetters(at, 'list')
    expect(code).toBe(0)
    expect(stderr).toBe('4 dead letters: 3 unknown-schema, 1 not-confluent\n')
    expect(stdout.trimEnd().split('\n')).toHaveLength(4)
    expect(stdout).toContain(first())
    expect(stdout).toMatch(/ {2}unknown-schema +schema id \d+ is not in the registry, or is not Avro {2}\[waiting\]\n/)
  })

  test('filters mean some of them, and say so when they mean none', async () => {
    const positionsOf = async (...args: string[]) =>
      jsonLines(await deadLetters(at, 'list', '--json', ...args)).map(({ position }) => position)
    expect(await positionsOf('--reason', 'not-confluent')).toEqual([nameOf(places[3] ?? expect.fail())])
    const args = [
      '--reason',
      'not-confluent',
      '--reason',
      'unknown-schema',
      '--topic',
      at.events['payment-due'],
      '--since',
      'PT1H',
    ]
    expect(await positionsOf(...args, '--state', 'waiting', '--limit', '3')).toHaveLength(3)
    const none = await deadLetters(at, 'list', '--topic', 'another')
    expect(none).toMatchObject({ code: 0, stdout: '' })
    expect(none.stderr).toContain(`none of the 4 dead letters in ${at.topics.deadLetters} is meant`)
    const misspelt = await deadLetters(at, 'list', '--reason', 'unknown-shema')
    expect(misspelt).toMatchObject({ code: 1, stdout: '' })
    expect(misspelt.stderr).toContain('Most like it: unknown-schema')
  })

  test('one is shown with its headers and sizes, and what would become of it; not its value', async () => {
    const { code, stdout } = await deadLetters(at, 'show', first())
    expect(code).toBe(0)
    expect(stdout).toContain('__connect.errors.stage: VALUE_CONVERTER')
    expect(stdout).toContain('tsuchi.value: sealed')
    expect(stdout).toContain(`key: ${CANARY.length} bytes`)
    expect(stdout).toMatch(new RegExp(`value: \\d+ bytes, of schema id ${schemaId}`))
    expect(stdout).toContain('header ce_id: the-first')
    expect(stdout).toContain(`header ce_subject: ${CANARY.length} bytes`)
    expect(stdout).toMatch(/if it were replayed now\n {4}still poison: unknown-schema, schema id \d+ is not in the registry/)
    const [json] = jsonLines(await deadLetters(at, 'show', first(), '--json'))
    expect(json).toMatchObject({
      position: first(),
      state: 'waiting',
      outcome: 'still poison: unknown-schema',
      record: { schemaId },
    })
  })

  test('a position at which nothing died is a fault', async () => {
    const { code, stdout, stderr } = await deadLetters(at, 'show', `${at.events['payment-due']}/1/99`)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(`has no dead letter of ${at.events['payment-due']}/1/99, but of 4 others of its topic`)
  })

  test('is not replayed while it would only die again', async () => {
    const { code, stdout, stderr } = await deadLetters(at, 'replay', '--yes')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('4 skipped (--again for what was replayed, --force for what would only die again)')
    expect(stderr).toContain('3  still poison: unknown-schema')
    expect(stderr).toContain('replayed 0 of 4')
  })

  test('a dry run says what would become of each, and writes nothing', async () => {
    registry.learn(schemaId)
    const before = await endsOf(at)
    const { code, stdout, stderr } = await deadLetters(at, 'replay')
    expect(code).toBe(0)
    expect(stdout).toContain('3 of 4 would be replayed\n  3  notifications by route payment-due\n')
    expect(stdout).toContain(`${first()}: 1 notification\n`)
    expect(stderr).toContain('1  still poison: not-confluent')
    expect(stderr).toContain('Nothing was written: this was a dry run.\nTo replay them, give the same command with --yes.')
    const json = jsonLines(await deadLetters(at, 'replay', '--json'))
    expect(json).toHaveLength(4)
    expect(json).toContainEqual({
      position: first(),
      would: 'replay',
      outcome: 'notifications by route payment-due',
      detail: '1 notification',
    })
    await deadLetters(at, 'list')
    await deadLetters(at, 'show', first())
    expect(await endsOf(at)).toEqual(before)
  })

  test('is replayed: sent once, with a receipt, and as it was', async () => {
    const file = join(at.directory, 'receipts')
    await writeFile(file, 'of yesterday\n')
    const done = await deadLetters(at, 'replay', '--reason', 'unknown-schema', '--yes', '--by', '花子', '--receipt', file)
    expect(done).toMatchObject({ code: 0 })
    expect(done.stderr).toContain('replayed 3 of 3')
    const receipts = jsonLines(done)
    expect(receipts.map(({ position }) => position).toSorted()).toEqual(places.slice(0, 3).map(nameOf).toSorted())
    expect(await readFile(file, 'utf8')).toBe(`of yesterday\n${done.stdout}`)

    for (const { replayedTo } of receipts) {
      const [topic = '', partition, offset] = String(replayedTo).split('/')
      const end = await at.results.endOf({ topic, partition: Number(partition), offset: Number(offset) })
      expect(end).toMatchObject({ status: 'accepted', route: 'payment-due' })
    }
    expect(at.sends(CANARY)).toHaveLength(3)
    const records = await recordsIn(at, at.events['payment-due'], at.topics.deadLetters)
    const anew = records.find(({ headers }) => String(headers['tsuchi.replay-of']) === first())
    const original = records.find((record) => nameOf(record) === first())
    expect(anew).toMatchObject({ partition: 1, key: original?.key, value: original?.value, timestamp: original?.timestamp })
    expect(anew?.headers).toEqual({ ...original?.headers, 'tsuchi.replay-of': Buffer.from(first()) })
    const receipt = records.find(
      ({ topic, key, value }) => topic === at.topics.deadLetters && String(key) === `${first()}/0` && value === null,
    )
    expect(String(receipt?.headers['tsuchi.replayed-to'])).toBe(nameOf(anew ?? expect.fail()))
    expect(String(receipt?.headers['tsuchi.replayed-by'])).toBe('花子')
    for (const { topic, key, headers } of records)
      if (topic === at.topics.deadLetters) expectNoTrace([String(key), ...Object.entries(headers).map(String)].join())

    const listed = jsonLines(await deadLetters(at, 'list', '--json', '--state', 'replayed'))
    expect(listed).toHaveLength(3)
    expect(listed).toContainEqual(
      expect.objectContaining({ position: first(), replayedTo: nameOf(anew ?? expect.fail()), replayedBy: '花子' }),
    )
    expect((await deadLetters(at, 'show', first())).stdout).toContain('tsuchi.replayed-by: 花子')
  })

  test('once replayed it is skipped, and with --again it ends as a duplicate', async () => {
    const once = await deadLetters(at, 'replay', '--reason', 'unknown-schema', '--yes')
    expect(once).toMatchObject({ code: 0, stdout: '' })
    expect(once.stderr).toContain('3  was replayed')
    const again = await deadLetters(at, 'replay', first(), '--yes', '--again')
    const [receipt] = jsonLines(again)
    const [topic = '', partition, offset] = String(receipt?.replayedTo).split('/')
    expect(await at.results.endOf({ topic, partition: Number(partition), offset: Number(offset) })).toMatchObject({
      status: 'duplicate',
    })
    expect(at.sends(CANARY)).toHaveLength(3)
  })

  test('with --force even what dies again, under its new position', async () => {
    const last = nameOf(places[3] ?? expect.fail())
    const [receipt] = jsonLines(await deadLetters(at, 'replay', last, '--yes', '--force'))
    const [topic = '', partition, offset] = String(receipt?.replayedTo).split('/')
    expect(await at.results.endOf({ topic, partition: Number(partition), offset: Number(offset) })).toMatchObject({
      status: 'poison',
    })
    await expect
      .poll(async () => jsonLines(await deadLetters(at, 'list', '--json')).map(({ position }) => position), {
        timeout: PATIENCE_MS,
      })
      .toContain(receipt?.replayedTo)
  })
})

describe('nothing is replayed twice', () => {
  const positionsOf = (at: Installation, count: number) =>
    Array.from({ length: count }, (_, offset) => `${at.events['payment-due']}/0/${offset}`)

  test('if two replay at once: who begins later stops the other, and goes on', async () => {
    const at = await installed()
    await bury(at, 40)
    const slow = startCommand(at, ['dead-letters', 'replay', '--yes', '--rate', '1'])
    await slow.untilOut(/}\n/)
    const quick = await deadLetters(at, 'replay', '--yes', '--rate', '1000')
    const stopped = await slow.ended
    said.push(stopped.stdout, stopped.stderr)
    expect(stopped.code).toBe(1)
    expect(stopped.stderr).toMatch(/stopped after \d+ of 40/)
    expect(stopped.stderr).toContain('another `tsuchi dead-letters replay` of this installation has begun')
    expect(quick.code).toBe(0)
    expect((await replaysIn(at, at.events['payment-due'])).toSorted()).toEqual(positionsOf(at, 40).toSorted())
  })

  test('if it is killed half-way and run again', async () => {
    const at = await installed()
    await bury(at, 20)
    const killed = startCommand(at, ['dead-letters', 'replay', '--yes', '--rate', '2'])
    await killed.untilOut(/(}\n.*){3}/s)
    killed.child.kill('SIGKILL')
    const { stdout } = await killed.ended
    const rest = await deadLetters(at, 'replay', '--yes')
    expect(rest.code).toBe(0)
    expect(jsonLines(rest).length).toBeLessThanOrEqual(20 - jsonLines({ stdout }).length)
    expect((await replaysIn(at, at.events['payment-due'])).toSorted()).toEqual(positionsOf(at, 20).toSorted())
  })

  test('if it is interrupted: it says how far it came, and the same command goes on', async () => {
    const at = await installed()
    await bury(at, 60)
    const begun = startCommand(at, ['dead-letters', 'replay', '--yes', '--rate', '1'])
    await begun.untilOut(/}\n/)
    begun.child.kill('SIGINT')
    const interrupted = await begun.ended
    expect(interrupted.code).toBe(1)
    const done = jsonLines(interrupted).length
    expect(done).toBeLessThan(60)
    expect(interrupted.stderr).toContain(`replayed ${done} of 60\ninterrupted: the same command goes on with the rest`)
    expect(jsonLines(await deadLetters(at, 'replay', '--yes'))).toHaveLength(60 - done)
    expect((await replaysIn(at, at.events['payment-due'])).toSorted()).toEqual(positionsOf(at, 60).toSorted())
  })

  test('though its letter was written twice', async () => {
    const at = await installed()
    await bury(at, 2)
    await bury(at, 2)
    expect(jsonLines(await deadLetters(at, 'list', '--json'))).toHaveLength(2)
    expect(jsonLines(await deadLetters(at, 'replay', '--yes'))).toHaveLength(2)
    await bury(at, 2)
    expect(jsonLines(await deadLetters(at, 'replay', '--yes')), 'nor when intake has read it again').toHaveLength(0)
    expect(await replaysIn(at, at.events['payment-due'])).toHaveLength(2)
  })
})

describe('what cannot be replayed is told with its remedy, and the rest goes on', () => {
  test('older than the window, or wanted by no route: skipped, though not wrong', async () => {
    const at = await installed()
    await bury(at, 1, {
      reason: 'older-than-window',
      value: await at.encode('payment-due', bill({ occurredAt: Date.now() - 30 * DAY_MS })),
    })
    await bury(at, 1, { topic: at.events['reservation-reminder'] })
    await bury(at, 1, { partition: 1 })
    const { code, stdout, stderr } = await deadLetters(at, 'replay', '--yes')
    expect(code).toBe(0)
    expect(jsonLines({ stdout }).map(({ position }) => position)).toEqual([`${at.events['payment-due']}/1/0`])
    expect(stderr).toContain('1  older than the window')
    expect(stderr).toContain('older than the dedupeWindow of route payment-due')
    expect(stderr).toContain('1  no route wants it')
    expect((await deadLetters(at, 'show', `${at.events['payment-due']}/0/0`)).stdout).toContain(
      '__connect.errors.stage: TASK_PUT',
    )
    const forced = await deadLetters(at, 'replay', '--yes', '--force', '--reason', 'older-than-window')
    expect(jsonLines(forced)).toHaveLength(1)
  })

  test('no value was kept: never, whoever insists', async () => {
    const at = await installed({ config: { deadLetters: { values: 'omitted' } } })
    await at.startWorker({ stages: ['intake'] })
    const place = await at.produceRaw(at.events['payment-due'], { value: 'not Avro at all' })
    await expect.poll(async () => jsonLines(await deadLetters(at, 'list', '--json')).length, { timeout: PATIENCE_MS }).toBe(1)
    const { stdout } = await deadLetters(at, 'list', '--state', 'unreplayable')
    expect(stdout).toContain(
      '[cannot be replayed: its bytes were not kept (deadLetters.values: omitted): produce the record anew',
    )
    const { code, stderr } = await deadLetters(at, 'replay', nameOf(place), '--yes', '--force')
    expect(code).toBe(0)
    expect(stderr).toContain('1  no value was kept')
    expect(stderr).toContain('replayed 0 of 1')
    expect((await deadLetters(at, 'show', nameOf(place))).stdout).toContain('the record\n    not to be had')
  })

  test('its sealing key is gone, its partition or its topic', async () => {
    const at = await installed()
    await bury(at, 1, {}, createSealer([randomBytes(32)]).seal)
    await bury(at, 1, { partition: 7 })
    await bury(at, 1, { topic: `${at.name}.events.of-old` })
    await bury(at, 1, { partition: 1 })
    const { code, stdout, stderr } = await deadLetters(at, 'replay', '--yes')
    expect(code).toBe(1)
    expect(jsonLines({ stdout }).map(({ position }) => position)).toEqual([`${at.events['payment-due']}/1/0`])
    expect(stderr).toContain('1  cannot be opened')
    expect(stderr).toMatch(/Sealed with key [0-9a-f]{8}; known: [0-9a-f]{8}\. .*privacy\.sealingKeys/)
    expect(stderr).toContain(
      `${at.events['payment-due']} has 2 partitions, and ${at.events['payment-due']}/7/0 lay in partition 7`,
    )
    expect(stderr).toContain(`${at.name}.events.of-old does not exist`)
  })

  test('there is nothing: it says so', async () => {
    const at = await installed()
    for (const command of ['list', 'replay'])
      expect(await deadLetters(at, command)).toEqual({
        code: 0,
        stdout: '',
        stderr: `there are no dead letters in ${at.topics.deadLetters}\n`,
      })
    const unknown = await deadLetters(at, 'replay', 'a/0/1', '--yes')
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toContain(`${at.topics.deadLetters} has no dead letter of a/0/1`)
  })
})

test('large records and many partitions: each arrives whole, however they are gathered', async () => {
  const at = await installed()
  const value = await at.encode('payment-due', bill({ serviceName: '電'.repeat(70_000) }))
  await bury(at, 8, { value })
  await bury(at, 30, { partition: 1 })
  expect(jsonLines(await deadLetters(at, 'replay', '--yes', '--rate', '10000'))).toHaveLength(38)
  const anew = await recordsIn(at, at.events['payment-due'])
  expect(anew.filter((record) => record.value?.equals(value))).toHaveLength(8)
  expect(anew).toHaveLength(38)
})

test('no output of any of these commands holds the number or its digest', () => {
  const all = said.join('\n')
  expect(all.length).toBeGreaterThan(10_000)
  expectNoTrace(all)
})
