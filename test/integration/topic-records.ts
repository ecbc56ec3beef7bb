import { randomUUID } from 'node:crypto'
import type { Consumer, IHeaders, Kafka } from 'kafkajs'

export interface TopicRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** ms since the epoch. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: IHeaders
}

/** Reads topics from their beginnings, on and on. */
export interface TopicReader {
  /** Resolves when everything is read that lay in the topics when this was called, in every partition. */
  caughtUp(): Promise<void>
  close(): Promise<void>
}

const MARKER = 'marker-of-the-test'

/** `onRecord` sees every record but the markers, in order within a partition. A read-committed reader is behind open transactions, and
 *  passes over aborted ones; the other sees what was never committed, too. How far a consumer has come, kafkajs does not say: so
 *  `caughtUp` writes a marker of its own behind what there is, and waits until it has come by. */
export const openTopicReader = async (options: {
  readonly kafka: Kafka
  readonly topics: readonly string[]
  readonly isolation: 'committed' | 'uncommitted'
  readonly onRecord: (record: TopicRecord) => void
}): Promise<TopicReader> => {
  const { kafka, topics } = options
  const awaited = new Map<string, () => void>()
  const consumer = kafka.consumer({
    groupId: `test-reader-${randomUUID()}`,
    readUncommitted: options.isolation === 'uncommitted',
    maxWaitTimeInMs: 50,
  })
  const crashed = crashOf(consumer)
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message: { offset, timestamp, key, value, headers } }) => {
      const marker = headers?.[MARKER]?.toString()
      if (marker === undefined)
        return options.onRecord({
          topic,
          partition,
          offset: Number(offset),
          timestamp: Number(timestamp),
          key,
          value,
          headers: headers ?? {},
        })
      awaited.get(`${marker} ${topic} ${partition}`)?.()
    },
  })

  return {
    caughtUp: async () => {
      const marker = randomUUID()
      const producer = kafka.producer({
        allowAutoTopicCreation: false,
        createPartitioner: () => (chosen) => chosen.message.partition ?? 0,
      })
      const admin = kafka.admin()
      await Promise.all([producer.connect(), admin.connect()])
      try {
        const metadata = await admin.fetchTopicMetadata({ topics: [...topics] })
        const places = metadata.topics.flatMap(({ name, partitions }) =>
          partitions.map(({ partitionId }) => ({ topic: name, partition: partitionId })),
        )
        const seen = places.map(
          ({ topic, partition }) => new Promise<void>((resolve) => awaited.set(`${marker} ${topic} ${partition}`, resolve)),
        )
        await producer.sendBatch({
          topicMessages: places.map(({ topic, partition }) => ({
            topic,
            messages: [{ partition, key: MARKER, value: MARKER, headers: { [MARKER]: marker } }],
          })),
        })
        await Promise.race([Promise.all(seen), crashed])
      } finally {
        await Promise.all([producer.disconnect(), admin.disconnect()])
      }
    },
    close: () => consumer.disconnect(),
  }
}

/** Rejects if the consumer dies for good. */
const crashOf = (consumer: Consumer): Promise<never> => {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {}) // whoever waits hears of it
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) reject(payload.error)
  })
  return promise
}
