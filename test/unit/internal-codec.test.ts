import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/domain/entry.ts'
import type { Feedback } from '../../src/domain/input.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { PURPOSES } from '../../src/domain/purpose.ts'
import type { Notification, QuietHours, Request } from '../../src/domain/request.ts'
import {
  decodeFeedback,
  decodeJournal,
  decodeRequest,
  encodeFeedback as encodeFeedbackIn,
  encodeJournal as encodeJournalIn,
  encodeRequest as encodeRequestIn,
  type JournalValue,
  UnreadableRecordError,
} from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT, NewerRecordError } from '../../src/kafka/internal-records.ts'
import { accepted, entryOf, poison, ready, refused } from './notification-builder.ts'

const encodeRequest = (each: Request) => encodeRequestIn(each, NEWEST_FORMAT)
const encodeFeedback = (each: Feedback) => encodeFeedbackIn(each, NEWEST_FORMAT)
const encodeJournal = (each: JournalValue) => encodeJournalIn(each, NEWEST_FORMAT)

const text = fc.string({ unit: 'binary' })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary)
const time = fc.integer({ min: 0, max: 8.64e15 })
const offset = fc.integer({ min: 0, max: 2 ** 53 - 2 })
const count = fc.nat({ max: 2 ** 31 - 1 })
const sealed = fc.uint8Array().map((bytes) => Buffer.from(bytes))
const position = fc.record({ topic: text, partition: count, offset, index: count })
const event = fc.record({ source: maybe(text), id: maybe(text), type: maybe(text), time: maybe(time) })
const purpose = fc.constantFrom(...PURPOSES)
const fallback = maybe(fc.constantFrom('sms', 'email'))

const quietHours: fc.Arbitrary<QuietHours> = fc.record({
  windows: fc.array(
    fc.record({
      from: text,
      until: text,
      on: maybe(fc.array(fc.oneof(fc.integer({ min: 1, max: 7 }), fc.constant('holiday' as const), text))),
    }),
  ),
  holidays: fc.array(text),
  spreadMs: time,
})

const notification: fc.Arbitrary<Notification> = fc.record({
  notificationId: text,
  identityKey: text,
  position,
  event,
  customerId: maybe(text),
  recipientRef: text,
  route: text,
  purpose,
  channel: text,
  endpoint: fc.constantFrom('template', 'flexible'),
  urgent: fc.boolean(),
  zone: text,
  quietHours: maybe(quietHours),
  expiresAt: maybe(time),
  staleAt: maybe(time),
  unknownPolicy: fc.constantFrom('give-up', 'resend'),
  unknownWaitMs: time,
  fallback,
  fallbackAfterMs: maybe(time),
  dedupeWindowMs: time,
  businessKey: maybe(text),
  businessWindowMs: time,
  subject: maybe(text),
  revision: maybe(offset),
  onlyIfNotified: fc.boolean(),
  reviewed: fc.boolean(),
  receivedAt: time,
  traceparent: maybe(text),
})

const marking = { subject: text, cancelledAt: maybe(time), revision: maybe(offset), forgetAt: time }

const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ kind: fc.constant('ready'), notification, sealed }),
  fc.record({
    kind: fc.constant('refused'),
    notificationId: text,
    position,
    event,
    customerId: maybe(text),
    recipientRef: maybe(text),
    route: maybe(text),
    purpose: maybe(purpose),
    channel: maybe(text),
    fallback,
    reason: fc.constantFrom('no-route', 'no-phone', 'content-rule'),
    detail: text,
    receivedAt: time,
    dedupeWindowMs: time,
    traceparent: maybe(text),
  }),
  fc.record({
    kind: fc.constant('poison'),
    notificationId: text,
    position,
    reason: fc.constantFrom('no-value', 'undecodable', 'internal-fault'),
    detail: text,
    receivedAt: time,
    dedupeWindowMs: time,
  }),
  fc.record({ kind: fc.constant('mark'), marking: fc.record(marking) }),
  fc.record({ kind: fc.constant('channel'), channel: text, order: fc.constantFrom('pause', 'resume') }),
)

const requestId = maybe(text)
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constantFrom('accepted' as const, 'unreachable' as const), requestId }),
  fc.record({ kind: fc.constant('rejected' as const), requestId, status: count, property: maybe(text) }),
  fc.record({
    kind: fc.constant('not-sent' as const),
    requestId,
    cause: fc.constantFrom('send-by' as const, 'rate-limited' as const, 'monthly-limit' as const),
    retryAfterMs: maybe(time),
  }),
  fc.record({ kind: fc.constant('unknown' as const), requestId, cause: fc.constantFrom('timeout' as const, 'crash' as const) }),
)

const feedback: fc.Arbitrary<Feedback> = fc.oneof(
  fc.record({ kind: fc.constant('handover' as const), report: fc.record({ deliveryTag: text, outcome, at: time }) }),
  fc.record({ kind: fc.constant('barrier' as const), epoch: offset, at: time }),
  fc.record({ kind: fc.constant('receipt' as const), deliveryTag: text, deliveredAt: time }),
  fc.record({
    kind: fc.constantFrom('heartbeat' as const, 'hole' as const),
    channels: fc.array(text),
    from: time,
    until: time,
  }),
  fc.record({ kind: fc.constant('link' as const), notificationId: text, userId: text, webhookEventId: text, linkedAt: time }),
)

const spans = fc.array(fc.record({ from: time, until: time }))

const entry: fc.Arbitrary<Entry> = fc.record({
  notificationId: text,
  position,
  arrival: offset,
  arrivedAt: time,
  state: fc.constantFrom('queued', 'sending', 'unknown', 'accepted', 'done'),
  status: fc.constantFrom('received', 'queued', 'sending', 'accepted', 'unconfirmed'),
  sequence: count,
  terminalSequence: maybe(count),
  corrected: fc.boolean(),
  notification: maybe(notification),
  sealed: maybe(sealed),
  releaseAt: time,
  notBefore: time,
  deliveryTag: maybe(text),
  pastTags: fc.array(text),
  attempts: count,
  setbacks: count,
  sentAt: maybe(time),
  settleAt: maybe(time),
  unknownCause: maybe(fc.string()),
  lineRequestId: maybe(text),
  reachedAt: maybe(time),
  resend: fc.boolean(),
  fallbackAt: maybe(time),
  fallbackSaid: fc.boolean(),
  linkedAt: maybe(time),
  keepUntil: time,
})

const journalValue: fc.Arbitrary<JournalValue> = fc.oneof(
  entry.map((each) => ({ kind: 'entry' as const, entry: each })),
  fc.record({ kind: fc.constant('mark' as const), mark: fc.record({ ...marking, pending: fc.boolean() }) }),
  fc.record({
    kind: fc.constant('pause' as const),
    pause: fc.record({
      channel: text,
      cause: fc.constantFrom('monthly-limit', 'forbidden', 'operator'),
      since: time,
      probeAt: maybe(time),
      probe: maybe(text),
    }),
  }),
  fc.record({ kind: fc.constant('task-position' as const), position: fc.record({ requests: offset, feedback: offset }) }),
  fc.record({
    kind: fc.constant('coverage' as const),
    coverage: fc.record({ channel: text, spans, holes: spans }),
  }),
  fc.record({ kind: fc.constant('epoch' as const), nonce: text }),
  fc.record({
    kind: fc.constant('immutables' as const),
    immutables: fc.record({ partitions: count, incarnation: text, pepperCheck: text, group: text }),
  }),
  fc.record({ kind: fc.constant('format' as const), format: count }),
)

const KINDS = [
  ['requests', decodeRequest, request.map(encodeRequest)],
  ['feedback', decodeFeedback, feedback.map(encodeFeedback)],
  ['the journal', decodeJournal, journalValue.map(encodeJournal)],
] as const

describe('what is written is read back', () => {
  test('from requests', () => {
    fc.assert(
      fc.property(request, (each) => {
        expect(decodeRequest(encodeRequest(each))).toEqual(each)
      }),
    )
  })

  test('from feedback', () => {
    fc.assert(
      fc.property(feedback, (each) => {
        expect(decodeFeedback(encodeFeedback(each))).toEqual(each)
      }),
    )
  })

  test('from the journal', () => {
    fc.assert(
      fc.property(journalValue, (each) => {
        expect(decodeJournal(encodeJournal(each))).toEqual(each)
      }),
    )
  })

  test('though what was sealed came as plain bytes', () => {
    const plain = { ...ready(1), sealed: new Uint8Array([1, 2, 3]) }
    expect(decodeRequest(encodeRequest(plain))).toMatchObject({ sealed: Buffer.from([1, 2, 3]) })
  })
})

describe.each(KINDS)('a record of %s', (_, decode, encoded) => {
  const orUnreadable = (value: Buffer | null): void => {
    try {
      decode(value)
    } catch (error) {
      expect(error).toBeInstanceOf(UnreadableRecordError)
    }
  }

  test('that is no record of ours is unreadable, and nothing worse', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => orUnreadable(Buffer.from(bytes))))
    fc.assert(fc.property(fc.nat({ max: 20 }), fc.uint8Array(), (kind, bytes) => orUnreadable(Buffer.from([1, kind, ...bytes]))))
  })

  test('that is cut, or goes on too long, is unreadable', () => {
    fc.assert(
      fc.property(encoded, fc.nat(), (value, at) => {
        expect(() => decode(value.subarray(0, at % value.length))).toThrow(UnreadableRecordError)
        expect(() => decode(Buffer.concat([value, Buffer.of(0)]))).toThrow(UnreadableRecordError)
      }),
    )
  })

  test('with a byte changed is another record or unreadable, and nothing worse', () => {
    fc.assert(
      fc.property(encoded, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, by) => {
        const changed = Buffer.from(value)
        const place = at % changed.length
        changed[place] = (changed[place] ?? 0) ^ by
        orUnreadable(changed)
      }),
    )
  })

  test.each([
    ['no value', null, 'no value'],
    ['an empty value', Buffer.alloc(0), 'no value'],
    ['the first byte of what Confluent writes', Buffer.from([0, 0, 0]), 'of format 0, which there never was'],
    ['the first byte of a text', Buffer.from('{}'), 'of format 123, which there never was'],
    ['a kind that is not known', Buffer.from([1, 200, 0]), 'kind 200'],
  ])('with %s says so', (_, value, words) => {
    expect(() => decode(value)).toThrow(UnreadableRecordError)
    expect(() => decode(value)).toThrow(words)
  })
})

test.each(KINDS)(
  'a record of %s in a newer format is told from one that is damaged, and says what this version reads',
  (_, decode) => {
    const newer = Buffer.from([NEWEST_FORMAT + 1, 0, 0])
    expect(() => decode(newer)).toThrow(NewerRecordError)
    expect(() => decode(newer)).toThrow(
      `the record is of format ${NEWEST_FORMAT + 1}; this version reads formats up to ${NEWEST_FORMAT}`,
    )
  },
)

const MARKING = { subject: 'reservation/R-1', cancelledAt: 1, revision: null, forgetAt: 2 }

test.each([
  ['an entry in requests', decodeRequest, encodeJournal({ kind: 'entry', entry: entryOf(1) })],
  ['a request in feedback', decodeFeedback, encodeRequest(poison(1))],
  ['a mark of the journal in requests', decodeRequest, encodeJournal({ kind: 'mark', mark: { ...MARKING, pending: true } })],
  ['a mark of requests in the journal', decodeJournal, encodeRequest({ kind: 'mark', marking: MARKING })],
  ['a barrier in the journal', decodeJournal, encodeFeedback({ kind: 'barrier', epoch: 1, at: 1 })],
])('%s is unreadable: it has no place there', (_, decode, value) => {
  expect(() => decode(value)).toThrow(UnreadableRecordError)
  expect(() => decode(value)).toThrow('has no place in')
})

test('a handover of a kind that is not known is unreadable', () => {
  const value = encodeFeedback({ kind: 'handover', report: { deliveryTag: 't', outcome: accepted, at: 1 } })
  const changed = Buffer.from(value.toString('latin1').replace('accepted', 'befriend'), 'latin1')
  expect(() => decodeFeedback(changed)).toThrow(UnreadableRecordError)
})

test('an unreadable record is not quoted in its error: it may hold anything', () => {
  const value = encodeRequest(refused(1, { customerId: 'CANARY-4711' }))
  expect(() => decodeRequest(value.subarray(0, value.length - 1))).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('CANARY') }),
  )
})

// Written by the first version. A worker of any later one must read them: the journal keeps a record for as long as nothing replaces it.
test.each([
  ['feedback', decodeFeedback, '010c0e02', { kind: 'barrier', epoch: 7, at: 1 }],
  ['the journal', decodeJournal, '0108540e', { kind: 'task-position', position: { requests: 42, feedback: 7 } }],
  ['the journal', decodeJournal, '01090661626300'.slice(0, 12), { kind: 'epoch', nonce: 'abc' }],
  [
    'requests',
    decodeRequest,
    '010d06612f31020a000e',
    { kind: 'mark', marking: { subject: 'a/1', cancelledAt: 5, revision: null, forgetAt: 7 } },
  ],
  ['requests', decodeRequest, '010e086d61696e0a7061757365', { kind: 'channel', channel: 'main', order: 'pause' }],
  [
    'the journal',
    decodeJournal,
    '010f06612f31020a02040e01',
    { kind: 'mark', mark: { subject: 'a/1', cancelledAt: 5, revision: 2, forgetAt: 7, pending: true } },
  ],
  [
    'the journal',
    decodeJournal,
    '0110086d61696e12666f7262696464656e06021200',
    { kind: 'pause', pause: { channel: 'main', cause: 'forbidden', since: 3, probeAt: 9, probe: null } },
  ],
  ['the journal', decodeJournal, '011604', { kind: 'format', format: 2 }],
])('format 1 of %s stays readable', (_, decode, hex, value) => expect(decode(Buffer.from(hex, 'hex'))).toEqual(value))
