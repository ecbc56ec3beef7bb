import { randomUUID } from 'node:crypto'
import type { Kafka } from 'kafkajs'

export interface TopicRecord {
  readonly partition: number
  readonly value: Buffer | null
}

const END = 'end-of-the-bench'

/** All that lies in a topic, read_committed, as any consumer reads it. How far a consumer has come, kafkajs does not say, so an end of our
 *  own is written behind what there is: only for topics of which everybody else is done. */
export const readTopic = async (
  { kafka, partitions }: { readonly kafka: Kafka; readonly partitions: number },
  topic: string,
  onRecord: (record: TopicRecord) => Promise<void> | void,
): Promise<void> => {
  const mark = randomUUID()
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: () => (chosen) => chosen.message.partition ?? 0,
  })
  await producer.connect()
  await producer.send({
    topic,
    messages: Array.from({ length: partitions }, (_, partition) => ({
      partition,
      key: END,
      value: END,
      headers: { [END]: mark },
    })),
  })
  await producer.disconnect()

  let ends = 0
  await consume({ kafka, topic }, (done) => async (record, headers) => {
    const found = headers[END]?.toString()
    if (found === undefined) return onRecord(record)
    if (found === mark) ends++
    if (ends === partitions) done()
  })
}

/** Of one that has none yet, it waits for the first. */
export const firstValueOf = async (kafka: Kafka, topic: string): Promise<Buffer> => {
  let first: Buffer = Buffer.of()
  await consume({ kafka, topic }, (done) => ({ value }) => {
    if (value && first.length === 0) first = value
    done()
  })
  return first
}

type OnRecord = (record: TopicRecord, headers: Readonly<Record<string, unknown>>) => Promise<void> | void

/** From the beginning, until `done` is called. Rejects when the consumer dies for good. */
const consume = async (
  { kafka, topic }: { readonly kafka: Kafka; readonly topic: string },
  onRecordUntil: (done: () => void) => OnRecord,
): Promise<void> => {
  const consumer = kafka.consumer({ groupId: `bench-reader-${randomUUID()}`, maxWaitTimeInMs: 100 })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) reject(payload.error)
  })
  const onRecord = onRecordUntil(resolve)
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch: { partition, messages }, heartbeat }) => {
        for (const { value, headers } of messages) await onRecord({ partition, value }, headers ?? {})
        await heartbeat()
      },
    })
    await promise
  } finally {
    await consumer.disconnect()
  }
}
