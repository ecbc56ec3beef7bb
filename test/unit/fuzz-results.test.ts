import avro from 'avsc'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { resultIdOf } from '../../src/domain/say.ts'
import { UnreadableRecordError } from '../../src/kafka/internal-codec.ts'
import { RESULT_SCHEMA } from '../../src/kafka/published-schemas.ts'
import { createResultReader } from '../../src/trace/result-reader.ts'
import { runsOf } from './fuzz-runs.ts'
import { IN_TIME, mutated } from './mutated.ts'
import { NOON, notification, positionOf } from './notification-builder.ts'
import { wordsOf } from './words-of.ts'

const CANARY = '+819012340199'
const type = avro.Type.forSchema(RESULT_SCHEMA as avro.Schema)
const { recipientRef, purpose, route, channel, endpoint } = notification(1)
const avroResult = (amount: Buffer | null) => ({
  resultId: resultIdOf('n1', 1),
  notificationId: 'n1',
  sequence: 1,
  status: 'accepted',
  terminal: true,
  corrects: null,
  reason: null,
  detail: CANARY,
  ...{ purpose, route, channel, endpoint, recipientRef },
  customerId: CANARY,
  subject: null,
  source: { ...positionOf(1), eventSource: 's', eventId: CANARY, eventType: 't', eventTime: NOON },
  duplicateOf: null,
  attempts: 1,
  deliveryTag: 't1',
  lineRequestId: null,
  httpStatus: null,
  property: null,
  receivedAt: NOON,
  releaseAt: NOON,
  sentAt: NOON,
  deliveredAt: null,
  decidedAt: NOON,
  cost: amount && { amount, currency: 'JPY' },
  fallback: null,
})
const framed = (id: number, body: Buffer): Buffer => {
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  return Buffer.concat([header, body])
}
const SAMPLES = [
  avroResult(null),
  avroResult(Buffer.from([1, 2])),
  avroResult(Buffer.alloc(0)),
  avroResult(Buffer.alloc(300, 0xff)),
].map((each) => framed(41, type.toBuffer(each)))

/** 41 is ours; what else is registered, others wrote. */
const OTHERS: readonly avro.Schema[] = [
  'string',
  'null',
  { type: 'record', name: 'Other', fields: [] },
  { ...RESULT_SCHEMA, fields: [] } as unknown as avro.Schema,
]
const askFor = async (id: number): Promise<avro.Type | null> => {
  const schema = OTHERS[id - 1]
  return schema === undefined ? null : avro.Type.forSchema(schema)
}

test(
  'any bytes in the results are a result of ours, or unreadable and not quoted, also once their schema is asked for',
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: -1, max: 6 }), mutated(fc.constantFrom(...SAMPLES))), { maxLength: 5 }),
        async (given) => {
          const reader = createResultReader(askFor)
          const values = given.flatMap(([id, value]) => [value, framed(id, value.subarray(5))])
          const readAll = () => {
            for (const value of values)
              try {
                const { notificationId, sequence, resultId } = reader.read(value)
                expect(resultId).toBe(resultIdOf(notificationId, sequence))
              } catch (error) {
                expect(error).toBeInstanceOf(UnreadableRecordError)
                expect(wordsOf(error)).not.toContain('9012340199')
              }
          }
          readAll()
          await reader.learn()
          readAll()
          expect(await reader.learn()).toBe(false)
        },
      ),
      runsOf(150),
    ),
  IN_TIME,
)

test('a result is read before and after its neighbours of other schemas were asked for', async () => {
  const reader = createResultReader(askFor)
  const [sample = Buffer.of()] = SAMPLES
  expect(reader.read(sample)).toMatchObject({ notificationId: 'n1', status: 'accepted' })
  for (const id of [1, 2, 3, 4, 5]) expect(() => reader.read(framed(id, Buffer.from('x')))).toThrow(UnreadableRecordError)
  expect(await reader.learn()).toBe(false)
  expect(reader.read(sample)).toMatchObject({ notificationId: 'n1' })
})
