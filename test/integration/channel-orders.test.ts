import { randomBytes, randomUUID } from 'node:crypto'
import { expect, inject, onTestFinished, test } from 'vitest'
import { orderChannel } from '../../src/kafka/channel-orders.ts'
import { createKafka } from '../../src/kafka/client.ts'
import { createTopics } from '../../src/kafka/create-topics.ts'
import { decodeRequest } from '../../src/kafka/internal-codec.ts'
import { topicNames } from '../../src/kafka/topics.ts'
import { deleteTopics } from './domain-topics.ts'
import { openTopicReader } from './topic-records.ts'

const QUIET = { routine: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** An installation's topics, and what is read of its requests. */
const installed = async (partitions = 3) => {
  const names = topicNames(`it-${randomUUID().slice(0, 8)}`)
  const kafka = createKafka({ brokers: inject('brokers'), clientId: 'test' }, QUIET)
  onTestFinished(() => deleteTopics(kafka, Object.values(names)))
  await createTopics({ kafka, names, partitions, replication: 1, pepper: randomBytes(32), group: 'test', onProgress: () => {} })
  const orders: unknown[] = []
  const reader = await openTopicReader({
    kafka,
    topics: [names.requests],
    isolation: 'committed',
    onRecord: ({ partition, value }) => orders.push({ partition, ...decodeRequest(value) }),
  })
  onTestFinished(() => reader.close())
  const order = (channel: string, what: 'pause' | 'resume') =>
    orderChannel({ kafka, names, partitions, channels: ['main', 'bills'], channel, order: what })
  return { names, order, reader, orders }
}

test('an order goes to every partition, and the operator is told what comes of it and how to take it back', async () => {
  const { names, order, reader, orders } = await installed()
  const told = await order('bills', 'pause')
  await reader.caughtUp()
  expect(orders).toHaveLength(3)
  expect(orders).toEqual(
    expect.arrayContaining([0, 1, 2].map((partition) => ({ partition, kind: 'channel', channel: 'bills', order: 'pause' }))),
  )
  expect(told).toContain(`3 partitions of ${names.requests}`)
  expect(told).toContain('tsuchi channels resume bills')

  expect(await order('bills', 'resume')).toContain('resumes bills')
  await reader.caughtUp()
  expect(orders.slice(3)).toEqual(
    expect.arrayContaining([0, 1, 2].map((partition) => ({ partition, kind: 'channel', channel: 'bills', order: 'resume' }))),
  )
})

test('a channel that is not configured is an error that names those that are, and nothing is written', async () => {
  const { order, reader, orders } = await installed()
  await expect(order('mian', 'pause')).rejects.toThrow('no channel mian: it has main, bills')
  await reader.caughtUp()
  expect(orders).toEqual([])
})
