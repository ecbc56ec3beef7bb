import { join } from 'node:path'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openCrm } from '../../examples/consumers/crm.ts'
import { type Result, type ResultsSource, readResults } from '../../examples/consumers/read-results.ts'
import { openSmsOutbox, type Sms } from '../../examples/consumers/sms-fallback.ts'
import { CHUNK, type Customer, chunksOf, type Outage, produceOutage } from '../../examples/producers/outage-in-chunks.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { paymentDue, reservationReminder } from './events.ts'
import { type Installation, install, installRunning } from './installation.ts'
import { metricOf, untilMetric } from './metrics.ts'
import { PATIENCE_MS } from './patience.ts'
import type { ObservedResult, Place } from './results.ts'

const HERE = 'C-1'
const NOT_ON_LINE = 'C-2'
const LOST = 'C-3'
const LATE = 'C-4'
const UNDECIDED = phoneOf('consent-pending', 1)
const HOUR_MS = 3_600_000

test('the CRM keeps the last word on each notification, however often it reads, and corrections count instead', async () => {
  const at = await withResults()
  const file = join(at.directory, 'crm.sqlite')
  const crm = openCrm(file)
  onTestFinished(crm.close)
  const wanted = [
    { status: 'accepted', notifications: 1, tenThousandths: 35_000 },
    { status: 'duplicate', notifications: 1, tenThousandths: 0 },
    { status: 'unconfirmed', notifications: 1, tenThousandths: 35_000 },
    { status: 'unreachable', notifications: 1, tenThousandths: 0 },
  ]
  await readWith(at, 'first', crm.keep, () => expect(crm.summary()).toEqual(wanted))

  await correct(at, LOST, { status: 'unreachable', cost: null, fallback: 'sms' })
  const corrected = [wanted[0], wanted[1], { status: 'unreachable', notifications: 2, tenThousandths: 0 }]
  await readWith(at, 'first', crm.keep, () => expect(crm.summary()).toEqual(corrected))
  // Another group reads everything once more, the corrected statement among it.
  let read = 0
  await readWith(
    at,
    'second',
    (result) => {
      crm.keep(result)
      read++
    },
    () => expect(read).toBe(at.results.all().length),
  )
  expect(crm.summary()).toEqual(corrected)
})

test('an SMS goes to whom LINE did not reach, once, and a correction is noted', async () => {
  const at = await withResults()
  const outbox = openSmsOutbox(join(at.directory, 'sms.sqlite'))
  onTestFinished(outbox.close)
  const sent: Sms[] = []
  const send = async (sms: Sms) => void sent.push(sms)
  await readWith(at, 'sms', outbox.learn, () => expect(outbox.all()).toHaveLength(2))
  await outbox.sendDue(send)
  expect(sent.map(({ customerId, purpose, because }) => [customerId, purpose, because])).toEqual(
    expect.arrayContaining([
      [NOT_ON_LINE, 'payment-due', 'unreachable'],
      [LOST, 'payment-due', 'unconfirmed'],
    ]),
  )

  // It had reached them after all; and everything is read once more.
  await correct(at, LOST, { status: 'accepted', fallback: null })
  await readWith(at, 'sms-again', outbox.learn, () =>
    expect(Object.fromEntries(outbox.all().map(({ customerId, state }) => [customerId, state]))).toEqual({
      [NOT_ON_LINE]: 'sent',
      [LOST]: 'in-vain',
    }),
  )
  await outbox.sendDue(send)
  expect(sent).toHaveLength(2)
})

test('what LINE takes after its time for SMS, but before the SMS has left, needs none; one whose sending failed is not tried again', async () => {
  const at = await withResults()
  const [unreachable] = at.results.all().filter(({ status }) => status === 'unreachable')
  if (!unreachable) throw new Error('nobody was unreachable')
  const of = (changes: Partial<Result>): Result => ({ ...unreachable, ...changes })
  const outbox = openSmsOutbox(join(at.directory, 'sms.sqlite'))
  onTestFinished(outbox.close)

  outbox.learn(of({ status: 'fallback_due', terminal: false }))
  expect(outbox.all()).toMatchObject([{ state: 'waiting', because: 'fallback_due' }])
  outbox.learn(of({ notificationId: 'another', status: 'duplicate', fallback: null }))
  expect(outbox.all()).toMatchObject([{ state: 'waiting' }])
  outbox.learn(of({ status: 'accepted', fallback: null }))
  expect(outbox.all()).toMatchObject([{ state: 'not-needed' }])

  outbox.learn(of({ source: { ...unreachable.source, eventId: 'another' } }))
  await outbox.sendDue(() => Promise.reject(new Error('time-out')))
  const sent: Sms[] = []
  await outbox.sendDue(async (sms) => void sent.push(sms))
  expect(sent).toEqual([])
  expect(outbox.all().map(({ state }) => state)).toEqual(['not-needed', 'sending'])
})

test('who has an SMS because LINE accepted and never showed it is noted when LINE tells of it late, and the CRM has the last word', async () => {
  const { at, aDayPasses } = await withReceipts()
  await at.produce('payment-due', paymentDue({ id: HERE, phone: phoneOf('blocked', 1) }))
  await at.produce('payment-due', paymentDue({ id: LATE, phone: UNDECIDED }))
  await at.results.until('LINE to take both', (read) => read.filter(({ status }) => status === 'accepted').length === 2)
  await aDayPasses()
  const ends = await at.results.untilTerminal(2)
  expect(ends.map(({ status, fallback, cost }) => [status, fallback, cost])).toEqual([
    ['undelivered', 'sms', null],
    ['undelivered', 'sms', null],
  ])
  const crm = openCrm(join(at.directory, 'crm.sqlite'))
  onTestFinished(crm.close)
  await readWith(at, 'crm', crm.keep, () =>
    expect(crm.summary()).toEqual([{ status: 'undelivered', notifications: 2, tenThousandths: 0 }]),
  )
  const outbox = openSmsOutbox(join(at.directory, 'sms.sqlite'))
  onTestFinished(outbox.close)
  const sent: Sms[] = []
  const send = async (sms: Sms) => void sent.push(sms)
  await readWith(at, 'sms', outbox.learn, () => expect(outbox.all()).toHaveLength(2))
  await outbox.sendDue(send)
  expect(sent.map(({ customerId }) => customerId).toSorted()).toEqual([HERE, LATE])

  // They agree at last, and LINE shows it; whether LINE would so late is not for us to say.
  await fetch(`${at.simulator.url}/_simulator/people/consent`, { method: 'POST', body: JSON.stringify({ phone: UNDECIDED }) })
  await at.results.until('the correction', (read) => read.some(({ corrects }) => corrects !== null))
  await readWith(at, 'crm', crm.keep, () =>
    expect(crm.summary()).toEqual([
      { status: 'delivered', notifications: 1, tenThousandths: 35_000 },
      { status: 'undelivered', notifications: 1, tenThousandths: 0 },
    ]),
  )
  await readWith(at, 'sms', outbox.learn, () =>
    expect(Object.fromEntries(outbox.all().map(({ customerId, state }) => [customerId, state]))).toEqual({
      [HERE]: 'sent',
      [LATE]: 'in-vain',
    }),
  )
  await outbox.sendDue(send)
  expect(sent).toHaveLength(2)
})

test('an outage in chunks reaches everybody once, produced twice and all', async () => {
  const at = await installRunning()
  onTestFinished(at.close)
  const outage = { ...OUTAGE, occurredAt: Date.now(), startedAt: Date.now() }
  const place = { kafka: at.kafka, registryUrl: at.config.registry.url, topic: at.events['outage-notice'] }
  const people = customers(100)
  expect(await produceOutage(place, outage, people, 8)).toBe(13)
  const ends = await at.results.untilTerminal(100)
  expect(new Set(ends.map(({ status, subject }) => `${status} ${subject}`))).toEqual(
    new Set(['accepted incident/INC-20260810-07']),
  )

  await produceOutage(place, outage, people.toReversed(), 8)
  const all = await at.results.untilTerminal(200)
  expect(all.filter(({ status }) => status === 'duplicate')).toHaveLength(100)
  expect(at.sends()).toHaveLength(100)
})

test('200,000 people are 67 records, each far below 1 MB, as the page says', async () => {
  const at = await installRunning()
  onTestFinished(at.close)
  const chunks = chunksOf(OUTAGE, customers(200_000))
  const sizes = await Promise.all(chunks.map(async (chunk) => (await at.encode('outage-notice', chunk)).length))
  expect(CHUNK).toBe(3_000)
  expect(chunks).toHaveLength(67)
  expect(Math.max(...sizes)).toBeGreaterThan(115_000)
  expect(Math.max(...sizes)).toBeLessThan(125_000)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(7_900_000)
  expect(new Set(chunks.map(({ incidentId, revision }) => `${incidentId} ${revision}`)).size).toBe(1)
  expect(new Set(chunks.map(({ eventId }) => eventId)).size).toBe(67)
})

const OUTAGE: Outage = {
  incidentId: 'INC-20260810-07',
  revision: 1,
  occurredAt: Date.parse('2026-08-10T03:00:00+09:00'),
  area: '川崎市中原区',
  service: '光インターネット',
  startedAt: Date.parse('2026-08-10T02:45:00+09:00'),
  expectedRestorationAt: null,
  statusUrl: 'https://status.example.jp/incidents/INC-20260810-07',
}

const customers = (count: number): Customer[] =>
  Array.from({ length: count }, (_, n) => ({
    id: `C-${String(n).padStart(7, '0')}`,
    phone: phoneOf('reachable', n),
    timeZone: null,
    name: '佐藤 太郎',
  }))

/** With a worker whose webhook LINE knows. */
const withReceipts = async (): Promise<{ readonly at: Installation; readonly aDayPasses: () => Promise<void> }> => {
  const { clock, forward } = adjustableClock()
  const destination = `U${'7'.repeat(32)}`
  const at = await install({
    partitions: 1,
    config: {
      channels: {
        main: {
          receipts: 'webhook',
          webhook: { destination, secrets: ['${LINE_CHANNEL_SECRET}'] },
          price: { currency: 'JPY', template: 3.5, flexible: 3.5 },
        },
      },
      webhook: { host: '127.0.0.1', port: 0, heartbeatEvery: 'PT0.2S' },
    },
  })
  onTestFinished(at.close)
  const worker = await at.startWorker({ clock, stages: ['intake', 'dispatch', 'webhook'] })
  const channel = '2001234567'
  const webhook = { channel, url: worker.webhookUrl, secret: at.env.LINE_CHANNEL_SECRET, destination }
  const ask = (path: string, body: object) =>
    fetch(`${at.simulator.url}/_simulator/${path}`, { method: 'POST', body: JSON.stringify(body) })
  await ask('webhooks', webhook)
  await ask('webhooks/check', { channel })
  const aDayPasses = async () => {
    for (const hours of [8, 8, 8]) {
      const checks = await metricOf(worker, 'tsuchi_webhook_checks_total')
      forward(hours * HOUR_MS)
      // After so long a silence the worker has LINE show that it still reaches the webhook.
      await untilMetric(worker, 'tsuchi_webhook_checks_total', {}, (value) => value > checks)
    }
  }
  return { at, aDayPasses }
}

/** One accepted, told twice; one unreachable; one unconfirmed. */
const withResults = async (): Promise<Installation> => {
  const at = await installRunning({
    config: { channels: { main: { price: { currency: 'JPY', template: 3.5, flexible: 3.5 } } } },
    routes: { 'payment-due': { unknown: { wait: 'PT0.1S' } } },
  })
  onTestFinished(at.close)
  const reminder = reservationReminder({ id: HERE, phone: phoneOf('reachable', 1) })
  const first = await at.produce('reservation-reminder', reminder)
  const places = [
    ...first,
    ...(await at.produce('payment-due', paymentDue({ id: NOT_ON_LINE, phone: phoneOf('not-on-line', 2) }))),
  ]
  await endsOf(at, places)
  await endsOf(at, await at.produce('reservation-reminder', reminder))
  await fetch(`${at.simulator.url}/_simulator/faults`, { method: 'POST', body: '{"kind":"reset"}' })
  await endsOf(at, await at.produce('payment-due', paymentDue({ id: LOST, phone: phoneOf('reachable', 3) })))
  return at
}

const endsOf = async (at: Installation, places: readonly Place[]): Promise<void> => {
  await Promise.all(places.map((place) => at.results.endOf(place)))
}

/** As dispatch says it when the truth comes late. */
const correct = async (at: Installation, customerId: string, changes: Partial<ObservedResult>): Promise<void> => {
  const wrong = at.results.all().find((result) => result.customerId === customerId && result.terminal)
  if (!wrong) throw new Error(`${customerId} has no end`)
  const { record, ...result } = wrong
  const registry = new SchemaRegistry({ host: at.config.registry.url })
  const value = await registry.encode(await registry.getLatestSchemaId(`${at.topics.results}-value`), {
    ...result,
    ...changes,
    resultId: `${result.resultId.slice(1)}0`,
    sequence: result.sequence + 1,
    terminal: false,
    corrects: result.resultId,
  })
  await at.produceRaw(at.topics.results, { key: record.key, value })
  await at.results.until('the correction', (read) => read.some(({ corrects }) => corrects === result.resultId))
}

const readWith = async (
  at: Installation,
  group: string,
  onResult: (result: Result) => void,
  holds: () => void,
): Promise<void> => {
  const source: ResultsSource = {
    brokers: at.config.kafka.brokers,
    registryUrl: at.config.registry.url,
    topic: at.topics.results,
    group: `${at.name}-${group}`,
  }
  const reader = await readResults(source, onResult)
  try {
    await vi.waitFor(holds, { timeout: PATIENCE_MS, interval: 50 })
  } finally {
    await reader.stop()
  }
}
