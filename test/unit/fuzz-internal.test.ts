import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeFeedback,
  decodeJournal,
  decodeRequest,
  encodeFeedback,
  encodeJournal,
  encodeRequest,
  UnreadableRecordError,
} from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { topicNames } from '../../src/kafka/topics.ts'
import { factOf } from '../../src/trace/fact.ts'
import { runsOf } from './fuzz-runs.ts'
import { IN_TIME, mutated } from './mutated.ts'
import { accepted, entryOf, NIGHT, notification, poison, ready, refused } from './notification-builder.ts'
import { wordsOf } from './words-of.ts'

/** In every text that a record may have. */
const CANARY = '+819012340199'
const at = NEWEST_FORMAT
const entry = entryOf(1, {
  notification: notification(1, { customerId: CANARY, subject: `invoice/${CANARY}`, quietHours: NIGHT }),
  deliveryTag: CANARY,
  pastTags: [CANARY],
  sealed: Buffer.from(CANARY),
  lineRequestId: CANARY,
})
const marking = { subject: CANARY, cancelledAt: 1, revision: null, forgetAt: 2 }
const spans = [{ from: 1, until: 2 }]

const SAMPLES = {
  requests: [
    encodeRequest({ ...ready(1, { customerId: CANARY }), sealed: Buffer.from(CANARY) }, at),
    encodeRequest(refused(1, { customerId: CANARY, detail: CANARY }), at),
    encodeRequest({ ...poison(1), detail: CANARY }, at),
    encodeRequest({ kind: 'mark', marking }, at),
    encodeRequest({ kind: 'channel', channel: CANARY, order: 'pause' }, at),
  ],
  feedback: [
    encodeFeedback({ kind: 'handover', report: { deliveryTag: CANARY, outcome: accepted, at: 1 } }, at),
    encodeFeedback(
      {
        kind: 'handover',
        report: { deliveryTag: CANARY, outcome: { kind: 'rejected', requestId: CANARY, status: 400, property: CANARY }, at: 1 },
      },
      at,
    ),
    encodeFeedback({ kind: 'barrier', epoch: 7, at: 1 }, at),
    encodeFeedback({ kind: 'receipt', deliveryTag: CANARY, deliveredAt: 1 }, at),
    encodeFeedback({ kind: 'heartbeat', channels: [CANARY, 'main'], from: 1, until: 2 }, at),
    encodeFeedback({ kind: 'hole', channels: [CANARY], from: 1, until: 2 }, at),
    encodeFeedback({ kind: 'link', notificationId: CANARY, userId: CANARY, webhookEventId: CANARY, linkedAt: 1 }, at),
  ],
  journal: [
    encodeJournal({ kind: 'entry', entry }, at),
    encodeJournal({ kind: 'mark', mark: { ...marking, pending: true } }, at),
    encodeJournal({ kind: 'pause', pause: { channel: CANARY, cause: 'forbidden', since: 3, probeAt: 9, probe: CANARY } }, at),
    encodeJournal({ kind: 'coverage', coverage: { channel: CANARY, spans, holes: spans } }, at),
    encodeJournal({ kind: 'task-position', position: { requests: 42, feedback: 7 } }, at),
    encodeJournal({ kind: 'epoch', nonce: CANARY }, at),
    encodeJournal(
      { kind: 'immutables', immutables: { partitions: 3, incarnation: CANARY, pepperCheck: CANARY, group: CANARY } },
      at,
    ),
    encodeJournal({ kind: 'format', format: 1 }, at),
  ],
} as const
type Topic = keyof typeof SAMPLES

const DECODE = { requests: decodeRequest, feedback: decodeFeedback, journal: decodeJournal }
const NAMES = topicNames('tsuchi')
const noResults = () => {
  throw new Error('not asked')
}

/** Read, or unreadable; and then it is not quoted, not even by what caused it. */
const expectNamedOutcome = (topic: Topic, value: Buffer): 'read' | 'unreadable' => {
  const traced = () =>
    factOf({ topic: NAMES[topic], partition: 0, offset: 0, timestamp: 0, key: null, value, headers: {} }, NAMES, noResults)
  let unreadable = 0
  for (const read of [() => DECODE[topic](value), traced])
    try {
      read()
    } catch (error) {
      unreadable += 1
      expect(error).toBeInstanceOf(UnreadableRecordError)
      const words = wordsOf(error)
      expect(words).not.toMatch(/\+?8190123|9012340199/)
      expect(error instanceof Error && error.message.length).toBeLessThan(200)
    }
  // A trace says of a record what a worker would make of it.
  expect([0, 2]).toContain(unreadable)
  return unreadable === 0 ? 'read' : 'unreadable'
}

const TOPICS: readonly Topic[] = ['requests', 'feedback', 'journal']

describe.each(TOPICS)('a record of %s', (topic) => {
  const samples = SAMPLES[topic]

  test('is read', () => {
    for (const sample of samples) expect(expectNamedOutcome(topic, sample)).toBe('read')
  })

  test(
    'of any kind is unreadable wherever it is cut',
    () => {
      for (const sample of samples)
        for (let length = 0; length < sample.length; length++)
          expect(expectNamedOutcome(topic, sample.subarray(0, length))).toBe('unreadable')
    },
    IN_TIME,
  )

  test(
    'is unreadable under any other format, and under any kind it is read or unreadable',
    () => {
      for (const sample of samples)
        for (let byte = 0; byte < 256; byte += byte < 30 ? 1 : 45) {
          const other = Buffer.from(sample)
          other[0] = byte
          expect(expectNamedOutcome(topic, other)).toBe(byte >= 1 && byte <= NEWEST_FORMAT ? 'read' : 'unreadable')
          const kind = Buffer.from(sample)
          kind[1] = byte
          expectNamedOutcome(topic, kind)
        }
    },
    IN_TIME,
  )

  test(
    'that is changed, or of another topic, is read or unreadable',
    () => {
      const all = fc.constantFrom(...Object.values(SAMPLES).flat())
      fc.assert(
        fc.property(mutated(fc.oneof(fc.constantFrom(...samples), all)), (value) => void expectNamedOutcome(topic, value)),
        runsOf(300),
      )
    },
    IN_TIME,
  )

  test(
    'that says it is 2^62 long, in whatever place, takes no memory',
    () => {
      const huge = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
      for (const sample of samples)
        for (let place = 2; place < sample.length; place++)
          expectNamedOutcome(topic, Buffer.concat([sample.subarray(0, place), huge, sample.subarray(place + 1)]))
    },
    IN_TIME,
  )
})
