import { randomUUID } from 'node:crypto'
import { Kafka } from 'kafkajs'
import { beforeEach, expect, inject, onTestFinished, test, vi } from 'vitest'
import { openReadTo, type ReadTo } from '../../src/kafka/read-to.ts'
import { openTransactionalProducer } from '../../src/kafka/transactional-producer.ts'
import { deleteTopics, makeTopics } from './domain-topics.ts'
import { PATIENCE_MS } from './patience.ts'

/** Records that are older than the brokers keep any would be deleted in the midst of a test. */
const NOW = Date.now()
const GROUP = 'read-to'

let kafka: Kafka
let topic: string
let readTo: ReadTo

beforeEach(async () => {
  kafka = new Kafka({ brokers: inject('brokers'), clientId: 'test', logCreator: () => () => {}, retry: { initialRetryTime: 20 } })
  topic = `read-to-${randomUUID().slice(0, 8)}`
  await makeTopics(kafka, [topic], 2)
  readTo = await openReadTo({ kafka, topic, groupId: GROUP })
  // A topic that is new has leaders before they know it.
  await vi.waitFor(() => readTo.until(NOW), { timeout: PATIENCE_MS, interval: 50 })
  return async () => {
    await readTo.close()
    await deleteTopics(kafka, [topic])
  }
})

/** The group has read so far, in both partitions. */
const read = async (first: number, second: number) => {
  const admin = kafka.admin()
  await admin.connect()
  const partitions = [first, second].map((offset, partition) => ({ partition, offset: String(offset) }))
  await admin.setOffsets({ groupId: GROUP, topic, partitions })
  await admin.disconnect()
}
const produce = async (partition: number, ...ages: readonly number[]) => {
  const producer = kafka.producer({ createPartitioner: () => () => partition })
  await producer.connect()
  for (const age of ages) await producer.send({ topic, messages: [{ value: 'x', timestamp: String(NOW - age) }] })
  await producer.disconnect()
}

/** The end of a transaction is written a moment after the answer. */
const untilSaid = (time: number) => expect.poll(() => readTo.until(NOW), { timeout: PATIENCE_MS }).toBe(time)

test('a group that has not begun says nothing', async () => {
  expect(await readTo.until(NOW)).toBeNull()
})

test('an empty topic is read to its end; a record from the future leaves it at now', async () => {
  await read(0, 0)
  expect(await readTo.until(NOW)).toBe(NOW)
  await produce(0, -1_000)
  expect(await readTo.until(NOW)).toBe(NOW)
})

test('read to its end, in every partition: now; behind in one: the time of the oldest that is left', async () => {
  await produce(0, 500)
  await produce(1, 300)
  await read(1, 1)
  expect(await readTo.until(NOW)).toBe(NOW)
  await produce(1, 200, 250)
  expect(await readTo.until(NOW)).toBe(NOW - 250)
  await produce(0, 400)
  expect(await readTo.until(NOW)).toBe(NOW - 400)
})

test('the ends of transactions are nothing to be read: no consumer commits an offset behind them', async () => {
  const producer = await openTransactionalProducer(kafka, `t-${topic}`)
  onTestFinished(() => producer.close())
  await producer.commit([{ topic, partition: 0, messages: [{ value: 'x', timestamp: String(NOW - 100) }] }])
  await read(1, 0)
  await untilSaid(NOW)
  await producer.commit([{ topic, partition: 0, messages: [{ value: 'x', timestamp: String(NOW - 50) }] }])
  await untilSaid(NOW - 50)
})

test('behind a transaction that has not ended, nobody can say; once it is taken back, there is nothing left', async () => {
  const producer = kafka.producer({ transactionalId: `t-${topic}`, maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  onTestFinished(() => producer.disconnect())
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ partition: 0, value: 'x', timestamp: String(NOW - 100) }] })
  await read(0, 0)
  expect(await readTo.until(NOW)).toBeNull()
  await transaction.abort()
  await untilSaid(NOW)
})
