import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openRecord, sealRecord } from '../../src/dead-letters/sealed-record.ts'
import { createSealer } from '../../src/domain/seal.ts'
import { sourceOf } from '../../src/intake/intake.ts'
import type { SourceHeaders } from '../../src/intake/source-batch.ts'
import { traceparentOf } from '../../src/intake/source-record.ts'
import { patchKafkajs } from '../../src/kafka/kafkajs-patches.ts'
import { runsOf } from './fuzz-runs.ts'
import { IN_TIME, mutatedText, STUMBLING_BLOCKS } from './mutated.ts'

patchKafkajs()
const require = createRequire(import.meta.url)
const Encoder = require('kafkajs/src/protocol/encoder')
const Decoder = require('kafkajs/src/protocol/decoder')
const decodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/decoder')

type Written = readonly (readonly [name: string, value: Buffer | null])[]

/** As a fetch brings them: through the bytes of a record. */
const fetched = (headers: Written): SourceHeaders => {
  const encoder = new Encoder()
    .writeInt8(0)
    .writeVarLong(0)
    .writeVarInt(0)
    .writeVarInt(-1)
    .writeVarInt(-1)
    .writeVarInt(headers.length)
  for (const [name, value] of headers) {
    encoder.writeVarIntString(name)
    if (value === null) encoder.writeVarInt(-1)
    else encoder.writeVarIntBytes(value)
  }
  return decodeRecord(new Decoder(encoder.buffer), { firstOffset: '0', firstTimestamp: '0' }).headers
}

const { seal, open } = createSealer([new Uint8Array(32).fill(7)])
const nameOfHeader = fc.oneof(
  fc.constantFrom(
    'ce_id',
    'ce_source',
    'ce_type',
    'ce_time',
    'traceparent',
    '',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'length',
    '0',
  ),
  fc.string({ unit: 'grapheme' }),
)
const value = fc.option(
  fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(...STUMBLING_BLOCKS).map((text) => Buffer.from(text)),
  ),
)
const written = fc.array(fc.tuple(nameOfHeader, value), { maxLength: 12 })

test(
  'of any headers the first of each name is read, as text; a dead letter keeps all of them',
  () => {
    fc.assert(
      fc.property(written, (given) => {
        const headers = fetched(given)
        const all = Map.groupBy(given, ([name]) => name)
        const { headers: read } = sourceOf({ topic: 't', partition: 0 }, { offset: 0, headers, timestamp: 0 })
        expect([...read.keys()].toSorted()).toEqual([...all.keys()].toSorted())
        const sealed = sealRecord({ key: null, value: null, headers, timestamp: 0 }, 't/0/0/0', seal)
        const kept = new Map(Object.entries(openRecord(sealed, 't/0/0/0', open).headers))
        for (const [name, each] of all) {
          const values = each.map(([, bytes]) => bytes ?? Buffer.alloc(0))
          expect(read.get(name)).toBe(values[0]?.toString())
          expect(kept.get(name)?.map(String)).toEqual(values.map(String))
        }
      }),
      runsOf(1_000),
    )
  },
  IN_TIME,
)

test('a header that has no value is there, and empty; one of a name that every object has is no function', () => {
  const headers = fetched([
    ['ce_id', null],
    ['constructor', Buffer.from('a')],
    ['__proto__', Buffer.from('b')],
    ['__proto__', null],
  ])
  const { headers: read } = sourceOf({ topic: 't', partition: 0 }, { offset: 0, headers, timestamp: 0 })
  expect(Object.fromEntries(read)).toEqual(
    Object.fromEntries([
      ['ce_id', ''],
      ['constructor', 'a'],
      ['__proto__', 'b'],
    ]),
  )
})

test('100,000 headers, of one name or each of its own, are read in one go', () => {
  const one: Written = Array.from({ length: 100_000 }, () => ['a', null])
  const each: Written = Array.from({ length: 100_000 }, (_, place) => [place.toString(36), null])
  expect(fetched(one).a).toHaveLength(100_000)
  // kafkajs itself takes 20 minutes for these.
  expect(Object.keys(fetched(each))).toHaveLength(100_000)
}, 20_000)

const SOUND = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
test(
  'a trace context is what the standard says, or nothing',
  () => {
    const headers = (text: string) =>
      sourceOf({ topic: 't', partition: 0 }, { offset: 0, headers: { traceparent: text }, timestamp: 0 })
    fc.assert(
      fc.property(mutatedText(fc.constant(SOUND)), (text) => {
        const read = traceparentOf(headers(text))
        if (read === null) return
        expect(text.startsWith(read)).toBe(true)
        expect(read).toMatch(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-|$)/)
        expect(read).not.toMatch(/\p{Cc}/u)
      }),
      runsOf(2_000),
    )
    expect(traceparentOf(headers(SOUND))).toBe(SOUND)
  },
  IN_TIME,
)
