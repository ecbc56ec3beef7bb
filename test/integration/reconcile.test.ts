import { createHash } from 'node:crypto'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { Message, Producer } from 'kafkajs'
import { beforeAll, expect, inject, test } from 'vitest'
import type { Result, Status } from '../../src/domain/result.ts'
import { resultIdOf } from '../../src/domain/say.ts'
import { createPublishedCodec } from '../../src/kafka/result-codec.ts'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { type Installation, install } from './installation.ts'
import { tsuchi } from './tsuchi-command.ts'

/** Noon in Tokyo of a day ten days ago: LINE has long counted it, but for what the test says. */
const NOON = Temporal.Now.zonedDateTimeISO('Asia/Tokyo').subtract({ days: 10 }).withPlainTime('12:00').epochMilliseconds
const DATE = Temporal.Instant.fromEpochMilliseconds(NOON).toZonedDateTimeISO('Asia/Tokyo').toPlainDate().toString()
const HOUR = 3_600_000
const TOKEN = 't0ken'

let at: Installation
let writer: Producer
let encode: (result: Result) => Message

beforeAll(async () => {
  let now = NOON
  at = await install({
    partitions: 2,
    simulator: {
      clock: { now: () => now, monotonic: () => performance.now() },
      longLivedTokens: [{ token: TOKEN, clientId: '2001234567' }],
    },
    config: {
      channels: {
        main: { price: { currency: 'JPY', template: 3.5, flexible: 12 } },
      },
    },
  })
  const codec = await createPublishedCodec(new SchemaRegistry({ host: inject('registryUrl') }), at.topics)
  encode = (result) => ({ key: result.notificationId, value: codec.result(result) })
  writer = at.kafka.producer({ transactionalId: `${at.name}-test`, maxInFlightRequests: 1, idempotent: true })
  await writer.connect()

  for (const n of [1, 2, 3]) await sendToLine(n)
  now = NOON + 24 * HOUR
  await sendToLine(4)
  await publish('commit', said(1, 'accepted'), said(1, 'delivered'), said(1, 'delivered'), said(2, 'delivered'))
  await publish('commit', said(4, 'delivered', { deliveredAt: NOON + 24 * HOUR }), said(5, 'unreachable', { terminal: true }))
  await publish('abort', said(6, 'delivered'))
  return async () => {
    await writer.disconnect()
    await at.close()
  }
})

/** As another system on the channel would, or this one. */
const sendToLine = async (n: number): Promise<void> => {
  const { status } = await fetch(`${at.simulator.url}/bot/pnp/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ to: digestOf(phoneOf('reachable', n)), messages: [{ type: 'text', text: 'a' }] }),
  })
  expect(status).toBe(200)
}

const publish = async (end: 'commit' | 'abort', ...results: readonly Result[]): Promise<void> => {
  const transaction = await writer.transaction()
  await transaction.send({ topic: at.topics.results, acks: -1, messages: results.map(encode) })
  await transaction[end]()
}

const SEQUENCES: Partial<Record<Status, number>> = { accepted: 1, unconfirmed: 2, delivered: 2 }

function said(n: number, status: Status, changes: Partial<Result> = {}): Result {
  const notificationId = createHash('sha256').update(String(n)).digest('hex').slice(0, 32)
  const sequence = changes.sequence ?? SEQUENCES[status] ?? 1
  const isDelivered = status === 'delivered'
  return {
    ...{ resultId: resultIdOf(notificationId, sequence), notificationId, sequence, status },
    ...{ terminal: isDelivered, corrects: null, reason: null, detail: null, purpose: 'payment-due', route: 'payment-due' },
    ...{ channel: 'main', endpoint: 'flexible', customerId: `C-${n}`, recipientRef: null, subject: null },
    ...{ position: { topic: 'bills', partition: 0, offset: n, index: 0 }, duplicateOf: null, attempts: 1, deliveryTag: null },
    ...{ event: { source: null, id: null, type: null, time: null }, lineRequestId: null, httpStatus: null, property: null },
    ...{ receivedAt: NOON, releaseAt: NOON, sentAt: NOON, deliveredAt: isDelivered ? NOON : null, decidedAt: NOON },
    ...{ cost: isDelivered ? { tenThousandths: 120_000, currency: 'JPY' } : null, fallback: null, traceparent: null },
    ...changes,
  }
}

const reconcile = async (...args: string[]) => {
  const { stdout, stderr, code } = await tsuchi(at, ['reconcile', '--date', DATE, ...args])
  expect(stdout + stderr).not.toContain(at.env.LINE_CHANNEL_SECRET)
  return { text: stdout, stderr, code }
}

test('LINE has not counted yet: 2, and when to ask again', async () => {
  await ready(false)
  const { text, code } = await reconcile()
  const again = Temporal.PlainDate.from(DATE).add({ days: 2 })
  expect(code).toBe(2)
  expect(text).toContain(
    `main/flexible: LINE has not counted ${DATE} yet: it usually has within the next day, so ask again on ${again}`,
  )
  await ready(true)
})

test('LINE counts one more than was committed: 1, and what may lie behind it', async () => {
  const { text, code, stderr } = await reconcile()
  expect([code, stderr]).toEqual([1, ''])
  expect(text).toContain(`${DATE}, by LINE's calendar (UTC+9); 6 results read

channel  kind      LINE  results  difference  LINE, cost  results, cost
main     template     0        0           0       0 JPY              -
main     flexible     3        2          +1      36 JPY         24 JPY

main/flexible, sent on that day: 1 delivered on another day, on which LINE counts them as well

main/flexible: LINE counts 1 more than results.
  - another system may send with the same account, another installation of tsuchi, or another channel of this one`)
  expect((await reconcile('--tolerance', '1')).code).toBe(0)
})

test('a correction that came late makes the bill agree, for a person and for a program', async () => {
  await publish('commit', said(3, 'unconfirmed', { terminal: true }))
  expect((await reconcile()).text).toContain('  - 1 sent on that day have no answer of LINE')
  await publish('commit', said(3, 'delivered', { sequence: 3, terminal: false, corrects: resultIdOf('x', 2) }))
  const { text, code, stderr } = await reconcile('--channel', 'main', '--json')
  expect([code, stderr]).toEqual([0, ''])
  expect(JSON.parse(text)).toMatchObject({
    date: DATE,
    verdict: 'agrees',
    comparisons: [
      { kind: 'template', difference: 0 },
      { kind: 'flexible', line: { status: 'ready', delivered: 3 }, results: { delivered: 3, unconfirmed: 0 }, difference: 0 },
    ],
  })
})

test('a day that is none, or a channel that is none, is told before anybody is asked', async () => {
  const { code, stderr } = await tsuchi(at, ['reconcile', '--date', '2999-01-01'])
  expect([code, stderr]).toEqual([1, expect.stringContaining('--date is not a day such as 2026-10-31, or has not begun (UTC+9)')])
  expect((await reconcile('--channel', 'other')).stderr).toContain('--channel: the configuration has main')
})

test('results that were deleted by age are missed, and it says so', async () => {
  const admin = at.kafka.admin()
  await admin.connect()
  const partitions = await admin.fetchTopicOffsets(at.topics.results)
  await admin.deleteTopicRecords({
    topic: at.topics.results,
    partitions: partitions.map(({ partition, high }) => ({ partition, offset: high })),
  })
  await admin.disconnect()
  const { text, code } = await reconcile()
  expect(code).toBe(1)
  expect(text).toContain(
    'main/flexible: LINE counts 3 more than results.\n  - results of that day are deleted by age: none is left.',
  )
})

const ready = (isReady: boolean) =>
  fetch(`${at.simulator.url}/_simulator/statistics/ready`, {
    method: 'POST',
    body: JSON.stringify({ date: DATE.replaceAll('-', ''), ready: isReady }),
  })
