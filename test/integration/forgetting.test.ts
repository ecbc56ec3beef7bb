import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import kafkajs, { type Admin } from 'kafkajs'
import { beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import type { Worker } from '../../src/app.ts'
import { systemClock } from '../../src/clock.ts'
import { createKafka } from '../../src/kafka/client.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { expectSound } from './audit.ts'
import { paymentDue, reservationCancelled } from './events.ts'
import { type Installation, install } from './installation.ts'
import { metricOf, untilMetric } from './metrics.ts'
import { PATIENCE_MS } from './patience.ts'
import { openTopicReader, type TopicRecord } from './topic-records.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const QUIET = { routine: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const SOON_FORGOTTEN = { dedupeWindow: 'PT1H', maxAge: 'PT1H', dedupe: { window: 'PT1H' }, expires: 'P1D' }

describe('a partition that forgets what happened more than a day ago', () => {
  const { clock, forward } = adjustableClock()
  let at: Installation
  let worker: Worker
  let admin: Admin
  const bill = (n: number, kind: 'reachable' | 'not-on-line' = 'reachable') =>
    paymentDue({ id: `C-${n}`, phone: phoneOf(kind, n) }, { occurredAt: clock.now() })
  const remembered = () => metricOf(worker, 'tsuchi_notifications', { state: 'done' })

  beforeAll(async () => {
    at = await install({
      partitions: 1,
      furtherRoutes: ['reservation-cancelled'],
      routes: { 'payment-due': SOON_FORGOTTEN },
    })
    admin = at.kafka.admin()
    await admin.connect()
    worker = await at.startWorker({ clock, state: 'kept' })
    return async () => {
      await admin.disconnect()
      await at.close()
    }
  })

  test('what has ended is forgotten when its window is over: a tombstone in the journal, and gone from the store', async () => {
    const event = bill(1)
    await at.produce('payment-due', event, bill(2), bill(3), bill(4, 'not-on-line'), event)
    await at.produceOne('reservation-cancelled', reservationCancelled('R-1'))
    const ends = await at.results.untilTerminal(5)
    const ids = ends.map(({ notificationId }) => notificationId)
    await untilMetric(worker, 'tsuchi_notifications', { state: 'done' }, (count) => count === 5)
    await vi.waitUntil(async () => (await latest(at, admin)).has('mark/reservation/R-1'), { timeout: PATIENCE_MS, interval: 50 })

    forward(2.5 * HOUR_MS) // the duplicate; what was sent is remembered for two days, as a delivery event may be late
    await at.results.endOf(await at.produceOne('payment-due', bill(5)))
    await untilMetric(worker, 'tsuchi_notifications', { state: 'done' }, (count) => count === 5)
    forward(2 * DAY_MS - 2 * HOUR_MS)
    await at.results.endOf(await at.produceOne('payment-due', bill(6)))
    await untilMetric(worker, 'tsuchi_notifications', { state: 'done' }, (count) => count === 2)
    const journal = await latest(at, admin)
    expect(ids.map((id) => journal.get(`entry/${id}`))).toEqual(Array(5).fill('tombstone'))
    expect(journal.get('mark/reservation/R-1'), 'it is remembered for a week and a day').toBe('value')

    forward(7 * DAY_MS)
    await at.results.endOf(await at.produceOne('payment-due', bill(7)))
    await untilMetric(worker, 'tsuchi_notifications', { state: 'done' }, (count) => count === 1)
    expect((await latest(at, admin)).get('mark/reservation/R-1')).toBe('tombstone')
  })

  test('a store that forgot and one that is built anew from the journal hold the same', async () => {
    await at.produce('payment-due', bill(8), bill(9, 'not-on-line'))
    await untilMetric(worker, 'tsuchi_notifications', { state: 'done' }, (count) => count === 3)
    await worker.stop()
    worker = await at.startWorker({ clock, state: 'built-anew' })
    expect(await remembered()).toBe(3)
    await worker.stop()
    const kept = contentOf(at, 'kept')
    expect(kept.size).toBeGreaterThan(0)
    expect(contentOf(at, 'built-anew')).toEqual(kept)
  })

  test('a worker forgets also when nothing else happens', async () => {
    forward(3 * DAY_MS)
    worker = await at.startWorker({ clock, state: 'kept' })
    await untilMetric(worker, 'tsuchi_notifications', { state: 'done' }, (count) => count === 0)
    await worker.stop()
  })

  test('a record that is read again after its window gets no second result: it is a dead letter, and counted', async () => {
    const before = at.results.all().length
    const topic = at.events['payment-due']
    await admin.setOffsets({ groupId: `${at.name}-intake`, topic, partitions: [{ partition: 0, offset: '0' }] })
    worker = await at.startWorker({ clock, state: 'kept' })
    await untilMetric(worker, 'tsuchi_too_old_records_total', { topic }, (count) => count === 10)
    const letters = await deadLettersOf(at)
    expect(
      letters.map(({ headers }) => [
        text(headers['__connect.errors.exception.class.name']),
        text(headers['__connect.errors.offset']),
      ]),
    ).toEqual(Array.from({ length: 10 }, (_, offset) => ['older-than-window', String(offset)]))
    await at.results.caughtUp()
    expect(at.results.all()).toHaveLength(before)
    expect(at.sends()).toHaveLength(new Set(at.sends().map(({ deliveryTag }) => deliveryTag)).size)
  })

  test('a request that dispatch comes to after its window has no result either: it is a dead letter', async () => {
    await worker.stop()
    const before = at.results.all().length
    const sent = at.sends().length
    const intake = await at.startWorker({ stages: ['intake'], clock: systemClock })
    await at.produceOne('payment-due', { ...bill(10), occurredAt: Date.now() })
    await untilMetric(intake, 'tsuchi_intake_requests_total', { kind: 'ready' }, (count) => count === 1)
    await intake.stop()
    worker = await at.startWorker({ clock, state: 'kept' })
    await untilMetric(worker, 'tsuchi_too_old_records_total', { topic: 'requests' }, (count) => count === 1)
    expect((await deadLettersOf(at)).at(-1)?.headers).toMatchObject({
      '__connect.errors.topic': Buffer.from(at.topics.requests),
      '__connect.errors.exception.class.name': Buffer.from('older-than-window'),
    })
    await at.results.caughtUp()
    expect([at.results.all().length, at.sends().length]).toEqual([before, sent])
  })

  test('compaction takes what was forgotten off the disk, and a worker without a store begins from what is left', async () => {
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: at.topics.journal,
          configEntries: Object.entries({
            'cleanup.policy': 'compact',
            'segment.ms': '1',
            'min.cleanable.dirty.ratio': '0.01',
            'max.compaction.lag.ms': '1',
            'delete.retention.ms': '500',
          }).map(([name, value]) => ({ name, value })),
        },
      ],
    })
    let person = 100
    await vi.waitFor(
      async () => {
        // Only what is appended rolls a segment, and the last one is left alone.
        await at.results.endOf(await at.produceOne('payment-due', bill(person++)))
        const values = [...(await latest(at, admin)).values()]
        expect(values.filter((value) => value === 'tombstone')).toEqual([])
      },
      { timeout: 2 * PATIENCE_MS, interval: 300 },
    )
    const known = await remembered()
    await worker.stop()
    worker = await at.startWorker({ clock, state: 'after compaction' })
    expect(await remembered()).toBe(known)
    const again = await at.produceOne('payment-due', bill(person))
    expect(await at.results.endOf(again)).toMatchObject({ status: 'accepted' })
    await expectSound(at)
  }, 300_000)
})

/** What the journal says last under each key. Behind the last record lies only the end of its transaction. */
const latest = async (at: Installation, admin: Admin): Promise<ReadonlyMap<string, 'value' | 'tombstone'>> => {
  const [end] = await admin.fetchTopicOffsets(at.topics.journal)
  const last = Number(end?.high) - 2
  const kafka = createKafka({ brokers: inject('brokers'), clientId: 'test' }, QUIET)
  const consumer = kafka.consumer({ groupId: `test-journal-${randomUUID()}`, maxWaitTimeInMs: 20 })
  const keys = new Map<string, 'value' | 'tombstone'>()
  const atEnd = Promise.withResolvers<void>()
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [at.topics.journal], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message: { offset, key, value } }) => {
        keys.set(key?.toString() ?? '', value === null ? 'tombstone' : 'value')
        if (Number(offset) >= last) atEnd.resolve()
      },
    })
    await atEnd.promise
    return keys
  } finally {
    await consumer.disconnect()
  }
}

const deadLettersOf = async (at: Installation): Promise<readonly TopicRecord[]> => {
  const letters: TopicRecord[] = []
  const reader = await openTopicReader({
    kafka: at.kafka,
    topics: [at.topics.deadLetters],
    isolation: 'committed',
    onRecord: (record) => letters.push(record),
  })
  onTestFinished(() => reader.close())
  await reader.caughtUp()
  return letters
}

/** Every row of a store but what the file says of itself. */
const contentOf = (at: Installation, state: string): ReadonlySet<string> => {
  const database = new DatabaseSync(join(at.directory, state, `partition-0.sqlite`))
  try {
    const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'meta'`).all()
    return new Set(
      tables.flatMap(({ name }) =>
        database
          .prepare(`SELECT * FROM "${name}"`)
          .all()
          .map((row) => `${name} ${JSON.stringify(row)}`),
      ),
    )
  } finally {
    database.close()
  }
}

const text = (header: unknown): string => (Buffer.isBuffer(header) ? header.toString() : '')
