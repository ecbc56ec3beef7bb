import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSealer } from '../../src/domain/seal.ts'
import { RegistryUnavailableError } from '../../src/intake/event-reading.ts'
import { sourceOf } from '../../src/intake/intake.ts'
import { type RecordReading, readRecord } from '../../src/intake/read-record.ts'
import type { Route } from '../../src/intake/route.ts'
import type { SourceHeaders } from '../../src/intake/source-batch.ts'
import { createEventReader } from '../../src/kafka/event-reader.ts'
import { encodeRequest } from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { runsOf } from './fuzz-runs.ts'
import { IN_TIME, mutated, mutatedText, STUMBLING_BLOCKS } from './mutated.ts'
import { BILL, BILL_ROUTE, changedBill, loadFrom, VOID_ROUTE } from './route-folder.ts'

const NOW = Date.UTC(2026, 7, 10, 3)
const PHONE = '+819012340199'

/** What a request may have at most: Kafka takes records of 1 MiB with all that is around them, and state carries a request and more. */
const LARGEST = 512 << 10

const bill = avro.Type.forSchema(JSON.parse(BILL))
/** The same event as other producers write it: fields left out, added, and of other types; a tree that nobody here reads. */
const tree = {
  type: 'record',
  name: 'Tree',
  fields: [{ name: 'below', type: ['null', 'Tree', { type: 'array', items: 'Tree' }] }],
}
const fieldsOf = (schema: string): object[] => JSON.parse(schema).fields
const WRITERS = new Map<number, avro.Type>([
  [1, bill],
  [2, avro.Type.forSchema({ ...JSON.parse(BILL), fields: [{ name: 'tree', type: tree }, ...fieldsOf(BILL)] } as avro.Schema)],
  [3, avro.Type.forSchema({ ...JSON.parse(BILL), fields: fieldsOf(BILL).filter((_, index) => index !== 3) } as avro.Schema)],
  [
    4,
    avro.Type.forSchema({ type: 'record', name: 'Bill', namespace: 'jp.example', fields: [{ name: 'amount', type: 'double' }] }),
  ],
  [5, avro.Type.forSchema('string')],
])

/** 6: not Avro. 7: it cannot be asked. */
const registry = {
  getSchema: async (id: number) => {
    if (id === 6) return { validate: () => true }
    if (id === 7) throw Object.assign(new Error('leader not found'), { status: 503 })
    const type = WRITERS.get(id)
    if (type) return type
    throw Object.assign(new Error(`Schema ${id} not found`), { status: 404 })
  },
} as unknown as SchemaRegistry

const { read } = createEventReader(registry)

/** For the customer, and for all the others. */
const routesOf = () =>
  loadFrom({
    'bill.yaml': BILL_ROUTE,
    'void.yaml': VOID_ROUTE,
    'others.yaml': changedBill(
      ['route: bill', 'route: others'],
      ['event: jp.example.Bill', 'event: jp.example.Others'],
      ['recipient: {', 'recipients: others\nrecipient: {'],
      ['phone: customer.phone, customer: customer.id, timeZone: customer.timeZone', 'phone: phone, customer: id'],
      ['expires: due', 'expires: event.due\nsubject: { kind: invoice, id: id }\nrevision: revision'],
      ["{{ customer.name | default: 'お客' }}様: {{ amount | yen }}", '{{ event.amount | yen }}'],
    ),
  })

const context = {
  now: NOW,
  read,
  pepper: new Uint8Array(32).fill(9),
  seal: createSealer([new Uint8Array(32).fill(7)]).seal,
}

let loaded: readonly Route[] | undefined
const readingOf = (value: Buffer | null, headers: SourceHeaders = {}, timestamp = NOW - 1_000): Promise<RecordReading> => {
  loaded ??= routesOf() // within a test, which then takes their folder away
  return readRecord(sourceOf({ topic: 'bills', partition: 2 }, { offset: 17, headers, timestamp }), value, {
    ...context,
    routes: loaded,
  })
}

/** Something came of it that can be written; and what it says to people says nothing of anybody. */
const expectNamedOutcome = async (value: Buffer | null, headers: SourceHeaders = {}, timestamp = NOW - 1_000): Promise<void> => {
  let reading: RecordReading
  try {
    reading = await readingOf(value, headers, timestamp)
  } catch (fault) {
    expect(fault).toBeInstanceOf(RegistryUnavailableError)
    expect(value?.readInt32BE(1)).toBe(7)
    return
  }
  expect(reading.requests.length + (reading.dead ? 1 : 0)).toBeGreaterThan(0)
  for (const request of reading.requests) expect(encodeRequest(request, NEWEST_FORMAT).length).toBeLessThan(LARGEST)
  const details = [reading.dead, ...reading.requests].flatMap((said) => (said && 'detail' in said ? [said.detail] : []))
  for (const detail of details) {
    expect(detail).not.toContain('9012340199')
    expect(detail.length).toBeLessThan(4_000)
  }
  // That a fault of ours was met is an outcome, and still a fault of ours.
  expect(reading.dead?.reason).not.toBe('internal-fault')
}

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...STUMBLING_BLOCKS), mutatedText(fc.constant(PHONE)))
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary)
const customer = fc.record({
  id: maybe(text),
  phone: maybe(fc.oneof(fc.constant(PHONE), text)),
  timeZone: maybe(fc.oneof(fc.constantFrom('Asia/Tokyo', 'UTC', '+09:00'), text)),
  name: maybe(text),
  revision: maybe(fc.nat()),
})
const event = fc.record({
  eventId: maybe(text),
  at: maybe(
    fc.oneof(
      fc.constant(NOW),
      fc
        .maxSafeInteger()
        .filter(Number.isSafeInteger)
        .map((at) => Math.trunc(at / 2)),
      text,
    ),
  ),
  due: maybe(fc.oneof(fc.constantFrom('2026-08-31', '9999-12-31', '0000-01-01', '2026-02-30'), text)),
  amount: fc.oneof(fc.nat(), fc.constantFrom(-1, 2 ** 53 - 2, -(2 ** 53) + 2)),
  revision: maybe(fc.nat()),
  link: maybe(text),
  paid: fc.boolean(),
  customer: maybe(customer),
  others: fc.array(customer, { maxLength: 5 }),
  phones: fc.array(text, { maxLength: 3 }),
  labels: fc.dictionary(text, text, { maxKeys: 3 }),
})

const framed = (id: number, body: Buffer): Buffer => {
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  return Buffer.concat([header, body])
}
const records = event.map((each) => framed(1, bill.toBuffer(each)))
const header = fc.oneof(
  text.map((each) => Buffer.from(each)),
  fc.uint8Array().map((each) => Buffer.from(each)),
  fc.array(
    text.map((each) => Buffer.from(each)),
    { maxLength: 3 },
  ),
)
const headers = fc
  .dictionary(fc.constantFrom('ce_id', 'ce_source', 'ce_time', 'ce_type', 'traceparent', '__proto__', 'content-type'), header)
  .map((each): SourceHeaders => each)

test(
  'an event with any content, of any time, ends in requests',
  () =>
    fc.assert(
      fc.asyncProperty(records, headers, fc.oneof(fc.constant(NOW), fc.maxSafeInteger()), expectNamedOutcome),
      runsOf(600),
    ),
  IN_TIME,
)

test(
  'an event whose bytes are changed ends in requests, or as poison',
  () =>
    fc.assert(
      fc.asyncProperty(
        mutated(records),
        fc.constantFrom<SourceHeaders>(
          {},
          { ce_type: Buffer.from('jp.example.Others') },
          { ce_type: Buffer.from('jp.example.BillVoid') },
        ),
        (record, each) => expectNamedOutcome(record, each),
      ),
      runsOf(1_500),
    ),
  IN_TIME,
)

test(
  'bytes under any schema end in requests, or as poison',
  () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: -1, max: 9 }), fc.uint8Array({ maxLength: 300 }), (id, bytes) =>
        expectNamedOutcome(framed(id, Buffer.from(bytes))),
      ),
      runsOf(1_000),
    ),
  IN_TIME,
)

test(
  'any bytes end as poison, or in requests',
  () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array(), (bytes) => expectNamedOutcome(Buffer.from(bytes))),
      runsOf(300),
    ),
  IN_TIME,
)

const MANY = 1_000_000
test.each<[string, Buffer, string]>([
  ['a tree a million deep, which no route reads', framed(2, Buffer.alloc(MANY, 2)), 'undecodable'],
  ['a list in a list, a hundred thousand deep', framed(2, Buffer.from([4, 2].concat(Array(200_000).fill(4)))), 'undecodable'],
  ['a length of 2^62', framed(1, Buffer.from([2, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])), 'undecodable'],
  ['a length below zero', framed(1, Buffer.from([2, 1])), 'undecodable'],
  ['a branch that the union has not', framed(1, Buffer.from([200])), 'undecodable'],
  ['a number of another type', framed(4, Buffer.alloc(8)), 'undecodable'],
  ['NaN', framed(4, Buffer.from([0, 0, 0, 0, 0, 0, 0xf8, 0x7f])), 'undecodable'],
  ['a schema that is no record', framed(5, Buffer.from([2, 0x61])), ''],
  ['a schema that is not Avro', framed(6, Buffer.alloc(3)), 'unknown-schema'],
  ['a schema id below zero, for which no registry is asked', framed(-1, Buffer.alloc(3)), 'unknown-schema'],
  ['nothing after the header', framed(1, Buffer.alloc(0)), 'undecodable'],
  ['zeros', Buffer.alloc(MANY), 'unknown-schema'],
])(
  '%s is set aside under its name',
  async (_, value, reason) => {
    await expectNamedOutcome(value)
    const { dead, requests } = await readingOf(value)
    expect(dead?.reason ?? '').toBe(reason)
    expect(requests).toHaveLength(1)
  },
  IN_TIME,
)

test('headers of 1 MB, none of them, and all of them twice make no request that Kafka would not take', async () => {
  const value = framed(1, bill.toBuffer(fc.sample(event, { numRuns: 1, seed: 1 })[0]))
  const long = Buffer.alloc(MANY, 'a')
  for (const name of ['ce_id', 'ce_source', 'ce_time', 'ce_type', 'traceparent'])
    for (const each of [long, [long, long], [], Buffer.alloc(0)])
      await expectNamedOutcome(value, { ce_id: Buffer.from('1'), ce_source: Buffer.from('jp.example'), [name]: each })
  const traceparent = Buffer.from(`01-${'a'.repeat(32)}-${'b'.repeat(16)}-01-${'c'.repeat(MANY)}`)
  await expectNamedOutcome(value, { traceparent })
})
