import { randomBytes, randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { type Admin, type IResourceConfig, Kafka, type KafkaConfig } from 'kafkajs'
import { afterAll, beforeAll, inject, type TestContext } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { FAST_RETRY } from '../../src/kafka/client.ts'
import { createTopics } from '../../src/kafka/create-topics.ts'
import { type FeedbackWriter, openFeedbackWriter } from '../../src/kafka/feedback-writer.ts'
import { decodeFeedback, encodeRequest } from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { type JournalReader, openJournalReader } from '../../src/kafka/journal-reader.ts'
import { createPartitionFormats } from '../../src/kafka/partition-formats.ts'
import { openPartitionLogs, type PartitionLogs } from '../../src/kafka/partition-logs.ts'
import type { PublishedCodec } from '../../src/kafka/result-codec.ts'
import { openTaskJournal } from '../../src/kafka/task-journal.ts'
import { topicNames } from '../../src/kafka/topics.ts'
import { positionOnly } from '../contract/commits.ts'
import type { LogWorld } from '../contract/log-world.ts'
import { taskJournalContract } from '../contract/task-journal-contract.ts'
import { poison } from '../unit/notification-builder.ts'
import { openCommitCutter } from './commit-cutter.ts'
import { deleteTopics } from './domain-topics.ts'
import { PATIENCE_MS } from './patience.ts'

/** A test has one for itself: more than there are tests. */
const PARTITIONS = 64

const name = `it-${randomUUID().slice(0, 8)}`
const names = topicNames(name)
const group = `${name}-dispatch`
const closing = new AsyncDisposableStack()
let shared: Shared | undefined

interface Shared {
  readonly admin: Admin
  readonly logs: PartitionLogs
  readonly reader: JournalReader
  readonly feedback: FeedbackWriter
}

const kafkaWith = (changes: Partial<KafkaConfig> = {}): Kafka =>
  new Kafka({ brokers: inject('brokers'), clientId: 'contract', logCreator: () => () => {}, retry: FAST_RETRY, ...changes })

beforeAll(async () => {
  const kafka = kafkaWith()
  const pepper = randomBytes(32)
  await createTopics({ kafka, names, partitions: PARTITIONS, replication: 1, pepper, group: name, onProgress: () => {} })
  closing.defer(() => deleteTopics(kafka, Object.values(names)))
  const admin = kafka.admin()
  await admin.connect()
  closing.defer(() => admin.disconnect())
  const logs = await openPartitionLogs(kafka)
  for (const topic of Object.values(names)) await logs.partitionsOf(topic)
  closing.defer(() => logs.close())
  const reader = await openJournalReader({
    kafka,
    topic: names.journal,
    group,
    monotonic: systemClock.monotonic,
    onFatal: (error) => {
      throw error
    },
  })
  closing.defer(() => reader.close())
  const feedback = await openFeedbackWriter(kafka, names.feedback, formats)
  closing.defer(() => feedback.close())
  shared = { admin, logs, reader, feedback }
})

afterAll(() => closing.disposeAsync())

/** The journal is told of what is published; what it looks like is nothing to it. */
const encode: PublishedCodec = {
  result: ({ resultId }) => Buffer.from(resultId),
  attribution: ({ notificationId }) => Buffer.from(notificationId),
}
const counts = { results: PARTITIONS, attributions: PARTITIONS, deadLetters: PARTITIONS }
const formats = createPartitionFormats(Array(PARTITIONS).fill(NEWEST_FORMAT))

let taken = 0

const makeWorld = async ({ expect, onTestFinished }: TestContext): Promise<LogWorld> => {
  if (!shared) throw new Error('there is no stack')
  const { admin, logs, reader, feedback } = shared
  const partition = taken++
  if (partition >= PARTITIONS) throw new Error(`${PARTITIONS} partitions are too few for these tests`)

  const recordsOf = async (topic: string) => {
    const records = []
    for (let next = 0; ; ) {
      const fetched = await logs.fetch(topic, partition, next)
      records.push(...fetched.records)
      if (fetched.empty || fetched.next >= fetched.lastStable) return records
      next = fetched.next
    }
  }
  const keysOf = async (topic: string) => (await recordsOf(topic)).map(({ key }) => key?.toString() ?? '')
  const journal = async () =>
    (await recordsOf(names.journal)).map(({ offset, key, value }) => ({
      offset: Number(offset),
      key: key?.toString() ?? '',
      tombstone: value === null,
    }))
  const ends = async () => {
    const end = (await logs.offsets(names.journal, [partition], 'end')).get(partition) ?? 0
    const { lastStable } = await logs.fetch(names.journal, partition, 0)
    return { stable: lastStable, end }
  }

  return {
    open: async () => {
      const [broker = ''] = inject('brokers')
      const [host = '', port] = broker.split(':')
      const cutter = await openCommitCutter({ host, port: Number(port) })
      // Wherever brokers say that they are.
      const kafka = kafkaWith({ socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port: cutter.port }, onConnect) })
      const opened = await openTaskJournal({ kafka, admin, reader, names, group, partition, counts, encode, formats })
      onTestFinished(async () => {
        await opened.close()
        await cutter.close()
      })
      return { ...opened, breakAtCommit: cutter.breakAtCommit }
    },
    appendRequests: async (count) => {
      const producer = kafkaWith().producer()
      await producer.connect()
      await producer.send({
        topic: names.requests,
        acks: -1,
        messages: Array.from({ length: count }, (_, n) => ({
          partition,
          key: 'input',
          value: encodeRequest(poison(n), NEWEST_FORMAT),
        })),
      })
      await producer.disconnect()
    },
    writeFeedback: (each) => feedback.write(partition, each),
    feedback: async () => (await recordsOf(names.feedback)).map(({ value }) => decodeFeedback(value)),
    deleteInputs: async (topic, before) => {
      await admin.fetchTopicOffsets(names[topic]) // kafkajs deletes only in topics that it has heard of
      await admin.deleteTopicRecords({ topic: names[topic], partitions: [{ partition, offset: String(before) }] })
    },
    commitGroupOffsets: async ({ requests, feedback: read }) => {
      // Whoever is no member may say so too, in a transaction.
      const producer = kafkaWith().producer({ transactionalId: `${group}-offsets-${partition}`, maxInFlightRequests: 1 })
      await producer.connect()
      const transaction = await producer.transaction()
      const topics = [
        { topic: names.requests, partitions: [{ partition, offset: String(requests) }] },
        { topic: names.feedback, partitions: [{ partition, offset: String(read) }] },
      ]
      await transaction.sendOffsets({ consumerGroupId: group, topics })
      await transaction.commit()
      await producer.disconnect()
      // A commit is answered before its markers are written; an owner waits for its own in fence(), not for this one's.
      const said = async () => {
        const each = await admin.fetchOffsets({ groupId: group, topics: [names.requests, names.feedback] })
        return each.map(({ partitions }) => partitions.find((one) => one.partition === partition)?.offset)
      }
      await expect.poll(said, { timeout: PATIENCE_MS }).toEqual([String(requests), String(read)])
    },
    journal,
    published: async () => ({
      results: await keysOf(names.results),
      attributions: await keysOf(names.attributions),
      deadLetters: (await keysOf(names.deadLetters)).map(setAside),
    }),
    ends,
    compact: async (owner) => {
      await hasten(admin)
      const { end } = await ends()
      // Whatever lies in the last segment stays: a further one must begin, and only a record makes it.
      await expect
        .poll(
          async () => {
            await owner.commit(positionOnly(99))
            const before = (await journal()).filter(({ offset }) => offset < end).map(({ key }) => key)
            return before.length - new Set(before).size
          },
          { timeout: PATIENCE_MS, interval: 200 },
        )
        .toBe(0)
    },
    transactionTimeout: async () => {
      await expect
        .poll(
          async () => {
            const { stable, end } = await ends()
            return end - stable
          },
          { timeout: PATIENCE_MS, interval: 500 },
        )
        .toBe(0)
    },
  }
}

/** `<prefix>.requests/<partition>/<offset>/0` */
const setAside = (key: string): string => {
  const [topic = '', , offset] = key.slice(name.length + 1).split('/')
  return `${topic}/${offset}`
}

/** Compaction begins at once. Whoever reads from the start does not see the difference. */
const hasten = async (admin: Admin): Promise<void> => {
  const settings = { 'cleanup.policy': 'compact', 'segment.ms': 100, 'min.cleanable.dirty.ratio': 0, 'max.compaction.lag.ms': 1 }
  const resource: IResourceConfig = {
    type: 2, // a topic
    name: names.journal,
    configEntries: Object.entries(settings).map(([name, value]) => ({ name, value: String(value) })),
  }
  await admin.alterConfigs({ validateOnly: false, resources: [resource] })
}

taskJournalContract('the journal on real brokers', makeWorld, PATIENCE_MS)
