import { randomUUID } from 'node:crypto'
import type { Kafka, Message } from 'kafkajs'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createKafka } from '../../src/kafka/client.ts'
import { type OptOuts, openOptOuts } from '../../src/kafka/opt-outs.ts'
import { deleteTopics } from './domain-topics.ts'
import { PATIENCE_MS } from './patience.ts'
import { openTopicReader } from './topic-records.ts'

const QUIET = { routine: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A fresh topic, whoever keeps the list (a producer like any other), and what reads it. */
const listOf = async (topicConfig: Readonly<Record<string, string>> = {}, partitions = 3) => {
  const name = `it-opt-outs-${randomUUID().slice(0, 8)}`
  const brokers = inject('brokers')
  const kafka = createKafka({ brokers, clientId: 'crm' }, QUIET)
  const admin = kafka.admin()
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await Promise.all([admin.connect(), producer.connect()])
  onTestFinished(async () => {
    await Promise.all([admin.disconnect(), producer.disconnect()])
    await deleteTopics(kafka, [name])
  })
  const configEntries = Object.entries({ 'cleanup.policy': 'compact', ...topicConfig }).map(([key, value]) => ({
    name: key,
    value,
  }))
  const create = async () => {
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic: name, numPartitions: partitions, configEntries }] })
    await vi.waitUntil(async () => (await admin.fetchTopicOffsets(name).catch(() => [])).length === partitions, {
      timeout: PATIENCE_MS,
      interval: 50,
    })
  }
  await create()
  return {
    name,
    kafka,
    admin,
    create,
    write: (...messages: Message[]) => producer.send({ topic: name, acks: -1, messages }),
    open: async (): Promise<OptOuts> => {
      const optOuts = await openOptOuts({
        kafka,
        topic: name,
        group: name,
        monotonic: systemClock.monotonic,
        onFatal: (error) => {
          throw error
        },
      })
      onTestFinished(() => optOuts.close())
      return optOuts
    },
  }
}

const out = (customerId: string): Message => ({ key: customerId, value: '{"since":"2026-01-05"}' })
const inAgain = (customerId: string): Message => ({ key: customerId, value: null })
const heardOf = (fact: () => boolean | Promise<boolean>) => vi.waitUntil(fact, { timeout: PATIENCE_MS, interval: 20 })

test('everything that was written before it was opened is known when it is, whatever partition it went to', async () => {
  const list = await listOf()
  const customers = Array.from({ length: 500 }, (_, n) => `C-${n}`)
  await list.write(...customers.map(out))
  await list.write(...customers.filter((_, n) => n % 5 === 0).map(inAgain))
  const optOuts = await list.open()
  expect(customers.filter((id) => optOuts.has(id))).toEqual(customers.filter((_, n) => n % 5 !== 0))
  expect(optOuts.size()).toBe(400)
})

test('an empty list is open at once, and does not take its own markers for customers', async () => {
  const list = await listOf()
  const optOuts = await list.open()
  const another = await list.open()
  expect([optOuts.size(), another.size(), another.keyless()]).toEqual([0, 0, 0])
})

test('who opts out, or in again, while it is open is heard of', async () => {
  const list = await listOf()
  await list.write(out('C-1'))
  const optOuts = await list.open()
  await list.write(out('C-2'))
  await heardOf(() => optOuts.has('C-2'))
  expect(optOuts.has('C-1')).toBe(true)
  await list.write(inAgain('C-1'))
  await heardOf(() => !optOuts.has('C-1'))
  await list.write({ key: 'C-3', value: '' })
  await heardOf(() => optOuts.has('C-3'))
  expect(optOuts.size()).toBe(2)
})

test('a record without a key says nothing of anybody, and is counted', async () => {
  const list = await listOf({ 'cleanup.policy': 'delete' }) // a compacted topic takes none
  await list.write({ key: null, value: 'C-1' }, out('C-2'))
  const optOuts = await list.open()
  expect([optOuts.size(), optOuts.keyless()]).toEqual([1, 1])
})

test('what is written while its partitions are with another is not missed', async () => {
  const list = await listOf()
  await list.write(...Array.from({ length: 30 }, (_, n) => out(`C-${n}`)))
  const optOuts = await list.open()

  const { groups } = await list.admin.listGroups()
  const groupId = groups.map((group) => group.groupId).find((id) => id.startsWith(`${list.name}-opt-outs-`)) ?? ''
  const intruder = list.kafka.consumer({ groupId })
  const joined = new Promise<number>((resolve) =>
    intruder.on('consumer.group_join', ({ payload }) => {
      const assigned = payload.memberAssignment[list.name]?.length ?? 0
      if (assigned > 0) resolve(assigned)
    }),
  )
  await intruder.connect()
  await intruder.subscribe({ topics: [list.name] })
  await intruder.run({ autoCommit: false, eachMessage: async () => {} })
  expect(await joined).toBeGreaterThan(0)
  await list.write(...Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? inAgain(`C-${n}`) : out(`D-${n}`))))
  await intruder.disconnect()

  await heardOf(() => optOuts.size() === 30)
  expect(['C-0', 'C-1', 'D-0', 'D-1'].map((id) => optOuts.has(id))).toEqual([false, true, false, true])
})

test('a list that is made anew is followed, and spares those it named before', async () => {
  const list = await listOf()
  await list.write(...Array.from({ length: 30 }, (_, n) => out(`C-${n}`)))
  const optOuts = await list.open()
  await list.admin.deleteTopics({ topics: [list.name] })
  await heardOf(async () => !(await list.admin.listTopics()).includes(list.name))
  await list.create()
  await list.write(out('D-1'), out('D-2'), out('D-3'))
  await heardOf(() => ['D-1', 'D-2', 'D-3'].every((id) => optOuts.has(id)))
  expect(optOuts.has('C-1')).toBe(true)
})

test('a list in which compaction has left batches without records is read to its end', async () => {
  const list = await listOf(
    {
      'segment.ms': '1',
      'segment.bytes': String(1 << 20),
      'min.cleanable.dirty.ratio': '0.01',
      'delete.retention.ms': '0',
      'max.compaction.lag.ms': '1',
    },
    1,
  )
  // Of an idempotent producer the last batch is kept for its sequence, though it has no records any more. The cleaner puts segments
  // together up to 1 MiB: 600 and 300 kB, of which the second is emptied, and 600 kB for themselves. So a segment ends in such a batch.
  const idempotent = list.kafka.producer({ idempotent: true, allowAutoTopicCreation: false })
  await idempotent.connect()
  onTestFinished(() => idempotent.disconnect())
  await list.write({ key: 'C-1', value: 'x'.repeat(600_000) })
  await idempotent.send({ topic: list.name, acks: -1, messages: [{ key: 'C-2', value: 'x'.repeat(300_000) }] })
  await list.write(inAgain('C-2'), { key: 'C-3', value: 'x'.repeat(600_000) })

  await vi.waitFor(
    async () => {
      await list.write(out('C-4')) // the cleaner leaves the last segment alone
      expect(await offsetsIn(list.kafka, list.name, 'C-2')).toEqual([])
    },
    { timeout: PATIENCE_MS, interval: 500 },
  )
  const optOuts = await list.open()
  expect(['C-1', 'C-2', 'C-3', 'C-4'].map((id) => optOuts.has(id))).toEqual([true, false, true, true])
})

const offsetsIn = async (kafka: Kafka, topic: string, customerId: string): Promise<number[]> => {
  const offsets: number[] = []
  const reader = await openTopicReader({
    kafka,
    topics: [topic],
    isolation: 'committed',
    onRecord: ({ key, offset }) => {
      if (key?.toString() === customerId) offsets.push(offset)
    },
  })
  try {
    await reader.caughtUp()
    return offsets
  } finally {
    await reader.close()
  }
}
