import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UnknownCause } from '../../src/domain/outcome.ts'
import type { PoisonReason, RefusalReason } from '../../src/domain/request.ts'
import type { Cost, Result, Status } from '../../src/domain/result.ts'
import { RESULT_SCHEMA, SchemaError } from '../../src/kafka/published-schemas.ts'
import { createPublishedCodec } from '../../src/kafka/result-codec.ts'
import { topicNames } from '../../src/kafka/topics.ts'
import { NOON, positionOf } from './notification-builder.ts'

/** Every status there is: a new one must be added here, and to the schema. */
const STATUSES: Readonly<Record<Status, true>> = {
  received: true,
  queued: true,
  sending: true,
  unknown: true,
  fallback_due: true,
  accepted: true,
  delivered: true,
  undelivered: true,
  unconfirmed: true,
  unreachable: true,
  rejected: true,
  cancelled: true,
  superseded: true,
  expired: true,
  duplicate: true,
  refused: true,
  poison: true,
}

/** Every reason there is, beside those that only dispatch gives. */
const REASONS: Readonly<Record<UnknownCause | RefusalReason | PoisonReason, true>> = {
  timeout: true,
  reset: true,
  status: true,
  crash: true,
  'no-route': true,
  'no-phone': true,
  'unusable-phone': true,
  'country-not-served': true,
  'missing-field': true,
  'malformed-field': true,
  'content-rule': true,
  advertising: true,
  'no-recipients': true,
  'opted-out': true,
  'not-on-allow-list': true,
  'not-reviewed': true,
  'no-value': true,
  'not-confluent': true,
  'unknown-schema': true,
  undecodable: true,
  'internal-fault': true,
}
const OF_DISPATCH = [
  'shadow',
  'quiet-hours',
  'spacing',
  'daily-cap',
  'fallback-after',
  'no-receipt',
  'no-webhook',
  'cancellation',
  'not-notified',
  'newer-revision',
  'max-age',
  'expires-at',
  'business-key',
]

/** A registry that knows the schema under id 41, and nothing else. */
const registry = (answer: () => Promise<number> = async () => 41): SchemaRegistry =>
  ({ getRegistryIdBySchema: answer }) as unknown as SchemaRegistry

const { result: encode } = await createPublishedCodec(registry(), topicNames('tsuchi'))
const reader = avro.Type.forSchema(RESULT_SCHEMA as avro.Schema)
const decode = (result: Result) => reader.fromBuffer(encode(result).subarray(5)) as Record<string, unknown>

const resultWith = (changes: Partial<Result>): Result => ({
  resultId: 'a1',
  notificationId: 'n1',
  sequence: 1,
  status: 'accepted',
  terminal: true,
  corrects: null,
  reason: null,
  detail: null,
  purpose: 'bill-finalized',
  route: 'bill',
  channel: 'main',
  endpoint: 'template',
  customerId: 'C-1',
  recipientRef: 'r1',
  subject: 'invoice/2026-06',
  position: positionOf(1),
  event: { source: 'jp.example', id: 'e1', type: 'jp.example.Bill', time: NOON },
  duplicateOf: null,
  attempts: 1,
  deliveryTag: 't1',
  lineRequestId: 'line-1',
  httpStatus: null,
  property: null,
  receivedAt: NOON,
  releaseAt: NOON,
  sentAt: NOON,
  deliveredAt: null,
  decidedAt: NOON + 40,
  cost: null,
  fallback: null,
  traceparent: '00-trace',
  ...changes,
})

describe('the schema of results', () => {
  test('holds all statuses, and no other', () => {
    const status = reader as unknown as { field(name: string): { type: { symbols: string[] } } }
    expect(status.field('status').type.symbols.toSorted()).toEqual(Object.keys(STATUSES).toSorted())
  })

  test.each([...Object.keys(REASONS), ...OF_DISPATCH])('knows the reason %s', (reason) => {
    const { fields } = RESULT_SCHEMA as { fields: { name: string; doc: string }[] }
    const words = fields.find(({ name }) => name === 'reason')?.doc.split(/[^a-z-]+/)
    expect(words).toContain(reason)
  })

  test('explains every field, and gives those that may be absent a default', () => {
    const { fields } = RESULT_SCHEMA as { fields: { name: string; doc?: string; type: unknown; default?: unknown }[] }
    for (const field of fields) {
      expect(field.doc, field.name).toBeTruthy()
      if (Array.isArray(field.type)) expect(field, field.name).toMatchObject({ default: null })
    }
  })
})

describe('an encoded result', () => {
  test('begins with a zero and the id of its schema', () => {
    expect(encode(resultWith({})).subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, 0, 41]))
  })

  test('says what the result says', () => {
    const result = resultWith({ cost: { tenThousandths: 35_000, currency: 'JPY' } })
    expect(decode(result)).toMatchObject({
      resultId: result.resultId,
      notificationId: 'n1',
      status: 'accepted',
      terminal: true,
      corrects: null,
      subject: 'invoice/2026-06',
      lineRequestId: 'line-1',
      receivedAt: NOON,
      source: { topic: 'bills', partition: 1, offset: 1, index: 0, eventSource: 'jp.example', eventId: 'e1', eventTime: NOON },
    })
  })

  test.each(Object.keys(STATUSES) as Status[])('can have the status %s', (status) =>
    expect(decode(resultWith({ status }))).toMatchObject({ status }),
  )

  test('about no subject has none', () => expect(decode(resultWith({ subject: null }))).toMatchObject({ subject: null }))

  test('without a cost has none', () => expect(decode(resultWith({ cost: null }))).toMatchObject({ cost: null }))
})

describe('the amount of a cost', () => {
  const amountOf = (tenThousandths: number): Buffer => {
    const cost: Cost = { tenThousandths, currency: 'JPY' }
    return Buffer.from((decode(resultWith({ cost })) as { cost: { amount: Uint8Array } }).cost.amount)
  }

  // Java: new BigDecimal("3.5").setScale(4).unscaledValue().toByteArray()
  test.each([
    [0, '00'],
    [1, '01'],
    [127, '7f'],
    [128, '0080'],
    [255, '00ff'],
    [256, '0100'],
    [32_767, '7fff'],
    [32_768, '008000'],
    [35_000, '0088b8'],
    [8_388_608, '00800000'],
    [999_999_999_999, '00e8d4a50fff'],
    [-1, 'ff'],
    [-128, '80'],
    [-129, 'ff7f'],
    [-32_768, '8000'],
  ])('%d is 0x%s: big-endian two’s complement, as short as it can be', (amount, hex) =>
    expect(amountOf(amount).toString('hex')).toBe(hex),
  )

  test('is the number it was, for whoever reads decimals', () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999_999_999, max: 999_999_999_999 }), (amount) => {
        const bytes = amountOf(amount)
        expect(BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))).toBe(BigInt(amount))
      }),
    )
  })
})

describe('a registry', () => {
  test.each([
    ['does not know the schema', Object.assign(new Error('Subject not found'), { status: 404 }), 'tsuchi schemas register'],
    ['does not answer', new Error('connect ECONNREFUSED'), '(connect ECONNREFUSED): is registry.url right, and the registry up?'],
    [
      'is asked at another path',
      new Error('Error, status 404: [object Object]'),
      '(HTTP 404): something answers at registry.url, but',
    ],
    ['wants to know who asks', Object.assign(new Error('Unauthorized'), { status: 401 }), 'check registry.username and'],
  ])('that %s stops the start with a remedy', async (_, fault, remedy) => {
    const opening = createPublishedCodec(
      registry(() => Promise.reject(fault)),
      topicNames('tsuchi'),
    )
    await expect(opening).rejects.toThrow(SchemaError)
    await expect(opening).rejects.toThrow(remedy)
  })

  test('that answers with a page to log in is none: its answer holds no id', async () => {
    const opening = createPublishedCodec(
      registry(() => Promise.resolve(undefined as unknown as number)),
      topicNames('tsuchi'),
    )
    await expect(opening).rejects.toThrow('(an answer of another content): something answers at registry.url, but not with')
  })
})
