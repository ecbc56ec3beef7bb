import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { createSealer } from '../../src/domain/seal.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { paymentDue } from './events.ts'
import { type Installation, installRunning, type RawRecord } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'
import type { Place } from './results.ts'
import { openTopicReader, type TopicRecord } from './topic-records.ts'

let at: Installation
const letters: TopicRecord[] = []
beforeAll(async () => {
  at = await installRunning()
  return at.close
})
beforeAll(() => readLetters(at, letters))
afterAll(() => expectSound(at))

let people = 0
const somebody = () => phoneOf('reachable', ++people)

const good = () => at.encode('payment-due', paymentDue({ id: 'C-1', phone: somebody() }))

/** Under a schema of the test's own, registered where no other test looks. */
const encodeAs = async (change: (schema: Fields) => object, value: object): Promise<Buffer> => {
  const registry = new SchemaRegistry({ host: inject('registryUrl') })
  const shipped: Fields = JSON.parse(await readFile(new URL('../../schemas/events/payment-due.avsc', import.meta.url), 'utf8'))
  const schema = JSON.stringify(change(shipped))
  const { id } = await registry.register(
    { type: SchemaType.AVRO, schema },
    { subject: `${at.name}-${randomBytes(4).toString('hex')}` },
  )
  return registry.encode(id, value)
}

interface Fields {
  readonly fields: readonly { readonly name: string; readonly type: unknown }[]
}

const unknownSchema = async () => {
  const value = await good()
  value.writeInt32BE(2_000_000_000, 1)
  return value
}
const otherRecord = () =>
  encodeAs(
    () => ({ type: 'record', name: 'PaymentMade', namespace: 'jp.example.billing', fields: [{ name: 'paidAt', type: 'long' }] }),
    { paidAt: 0 },
  )
/** The amount has become a text: no promotion of Avro's leads from there to a long. */
const incompatible = () => {
  const event = paymentDue({ id: 'C-1', phone: somebody() }, { amountYen: '12800' })
  return encodeAs(
    (schema) => ({
      ...schema,
      fields: schema.fields.map((each) => (each.name === 'amountYen' ? { ...each, type: 'string' } : each)),
    }),
    event,
  )
}

/** The bad record ends as it must, and what is produced after it, to the same partition, is delivered. */
const expectEnd = async (value: RawRecord['value'], end: object): Promise<Place> => {
  const place = await at.produceRaw(at.events['payment-due'], {
    value,
    partition: 1,
    headers: { 'x-origin': 'test' },
    key: 'some-key',
  })
  const next = await at.produceRaw(at.events['payment-due'], { value: await good(), partition: 1 })
  expect(await at.results.endOf(place)).toMatchObject({ terminal: true, sequence: 0, attempts: 0, ...end })
  expect(await at.results.endOf(next)).toMatchObject({ status: 'accepted' })
  expect(at.results.about(place)).toHaveLength(1)
  return place
}

describe('poison: what cannot be read', () => {
  test.each([
    ['a tombstone', 'no-value', 'tombstone', async () => null],
    ['bytes that are not Avro', 'not-confluent', 'serializer', async () => randomBytes(40).fill(1, 0, 1)],
    ['an id that the registry does not know', 'unknown-schema', '2000000000', unknownSchema],
    ['a record cut short', 'undecodable', 'do not fit', async () => (await good()).subarray(0, -7)],
    ['a schema changed incompatibly', 'undecodable', 'cannot be read as jp.example.billing.PaymentDue', incompatible],
  ])('%s ends as poison (%s), and its dead letter opens to the very bytes', async (_what, reason, detail, make) => {
    const value = await make()
    const place = await expectEnd(value, { status: 'poison', reason, route: null, customerId: null, recipientRef: null })
    const [told] = at.results.about(place)
    expect(told?.detail).toContain(detail)

    const letter = await letterOf(letters, place)
    expect(headersOf(letter)).toEqual({
      '__connect.errors.topic': place.topic,
      '__connect.errors.partition': String(place.partition),
      '__connect.errors.offset': String(place.offset),
      '__connect.errors.stage': 'VALUE_CONVERTER',
      '__connect.errors.exception.class.name': reason,
      '__connect.errors.exception.message': told?.detail,
      'tsuchi.value': 'sealed',
    })
    const { open } = createSealer([Buffer.from(at.env.TSUCHI_SEALING_KEY ?? '', 'base64')])
    const record = JSON.parse(Buffer.from(open(letter.value ?? Buffer.of(), letter.key?.toString() ?? '')).toString())
    expect(record).toMatchObject({
      key: Buffer.from('some-key').toString('base64'),
      value: value && Buffer.from(value).toString('base64'),
      headers: { 'x-origin': [Buffer.from('test').toString('base64')] },
    })
  })
})

test.each([
  ['value', 900_000, 0],
  ['header', 500_000, 400_000],
])('poison with a %s too large for a dead letter stays where it is; the letter says so, and intake goes on', async (...sizes) => {
  const [, valueBytes, headerBytes] = sizes
  const own = await installRunning()
  onTestFinished(own.close)
  const read: TopicRecord[] = []
  onTestFinished(await readLetters(own, read))
  const headers = { 'x-much': Buffer.alloc(headerBytes, 'x') }
  const place = await own.produceRaw(own.events['payment-due'], { value: Buffer.alloc(valueBytes, 1), headers, partition: 1 })
  const next = await own.produceOne('payment-due', paymentDue({ id: 'C-1', phone: phoneOf('reachable', 1) }), { partition: 1 })
  expect(await own.results.endOf(place)).toMatchObject({ status: 'poison', reason: 'not-confluent' })
  expect(await own.results.endOf(next)).toMatchObject({ status: 'accepted' })
  const letter = await letterOf(read, place)
  expect(letter.value).toBeNull()
  expect(headersOf(letter)['tsuchi.value']).toBe('omitted: too large')
})

describe('refused: what must not be sent', () => {
  const bill = (phone: string, fields = {}) => at.encode('payment-due', paymentDue({ id: 'C-7', phone }, fields))
  test.each([
    ['an event that no route wants', 'no-route', 'jp.example.billing.PaymentMade', otherRecord],
    ['no phone', 'no-phone', 'customer.phone', () => bill('')],
    ['a phone that is none', 'unusable-phone', 'customer.phone', () => bill('03-12345')],
    ['a phone where LINE does not deliver', 'country-not-served', 'GB', () => bill('+44 20 7946 0018')],
    [
      'a text too long for LINE',
      'content-rule',
      'messages[0].altText',
      () => bill(somebody(), { serviceName: '電'.repeat(2_000) }),
    ],
    ['a due date that is no date', 'malformed-field', 'dueDate', () => bill(somebody(), { dueDate: 'soon' })],
  ])('%s ends refused (%s), naming %s', async (_what, reason, detail, make) => {
    const place = await expectEnd(await make(), { status: 'refused', reason })
    const [told] = at.results.about(place)
    expect(told?.detail).toContain(detail)
    expect(told?.detail).not.toMatch(/03-12345|7946|soon|電電/)
    if (reason !== 'no-route') expect(told).toMatchObject({ customerId: 'C-7', route: 'payment-due', fallback: 'sms' })
    expect(letters.filter(isAbout(place)), 'what is understood is no dead letter').toEqual([])
  })
})

test('garbage in the internal topics stops nobody, and is told in the dead letters', async () => {
  const garbage = [randomBytes(50).fill(1, 0, 1), Buffer.of(2, 0, 1, 2, 3), Buffer.of(1, 99), Buffer.of(), null]
  const places: Place[] = []
  for (const topic of [at.topics.requests, at.topics.feedback])
    for (const partition of [0, 1, 2])
      for (const value of garbage) places.push(await at.produceRaw(topic, { value, partition, key: 'nobody' }))
  const events = Array.from({ length: 12 }, () => paymentDue({ id: 'C-9', phone: somebody() }))
  for (const place of await at.produce('payment-due', ...events))
    expect(await at.results.endOf(place)).toMatchObject({ status: 'accepted' })
  for (const place of places) {
    const letter = await letterOf(letters, place)
    expect(headersOf(letter)).toMatchObject({ '__connect.errors.exception.class.name': 'UnreadableRecordError' })
    expect(letter.value).toBeNull()
  }
  // By Kafka's doing a task may fail at any time.
  const failed = at.log.filter((line) => line.includes('"event":"task-failed"'))
  expect(failed.filter((line) => !line.includes('"error":"KafkaJS'))).toEqual([])
})

test('where dead letters are to omit values, they hold none, and everything else', async () => {
  const discreet = await installRunning({ config: { deadLetters: { values: 'omitted' } } })
  onTestFinished(discreet.close)
  const read: TopicRecord[] = []
  onTestFinished(await readLetters(discreet, read))
  const place = await discreet.produceRaw(discreet.events['payment-due'], { value: 'not Avro at all', key: 'k' })
  expect(await discreet.results.endOf(place)).toMatchObject({ status: 'poison', reason: 'not-confluent' })
  const letter = await letterOf(read, place)
  expect(letter.value).toBeNull()
  expect(headersOf(letter)).toMatchObject({
    '__connect.errors.exception.class.name': 'not-confluent',
    'tsuchi.value': 'omitted',
  })
})

/** Returns what ends it. */
const readLetters = async ({ kafka, topics }: Installation, into: TopicRecord[]): Promise<() => Promise<void>> => {
  const reader = await openTopicReader({
    kafka,
    topics: [topics.deadLetters],
    isolation: 'committed',
    onRecord: (record) => into.push(record),
  })
  return reader.close
}

const letterOf = async (among: readonly TopicRecord[], place: Place): Promise<TopicRecord> => {
  await expect.poll(() => among.filter(isAbout(place)).length, { timeout: PATIENCE_MS, interval: 20 }).toBe(1)
  const [letter] = among.filter(isAbout(place))
  if (!letter) throw new Error('no dead letter')
  return letter
}

const isAbout =
  ({ topic, partition, offset }: Place) =>
  (letter: TopicRecord): boolean => {
    const headers = headersOf(letter)
    return (
      headers['__connect.errors.topic'] === topic &&
      headers['__connect.errors.partition'] === String(partition) &&
      headers['__connect.errors.offset'] === String(offset)
    )
  }

const headersOf = ({ headers }: TopicRecord): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
