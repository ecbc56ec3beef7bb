import type { Kafka, Message, RecordMetadata } from 'kafkajs'
import { FAST_RETRY } from './client.ts'

/** After a total crash, readers of committed records stall for this long, so it is short. A transaction here takes milliseconds. */
const TRANSACTION_TIMEOUT_MS = 15_000

/** Kafka refuses a batch over 1 MiB (`max.message.bytes`); a commit larger than this is sent in several, in the same transaction. */
const BATCH_BYTES = 700_000

export interface TopicMessages {
  readonly topic: string
  readonly messages: readonly PartitionedMessage[]
}

export interface PartitionedMessage extends Message {
  readonly partition: number
}

/** Writes transactions under one id. The first one fences whoever held the id before. */
export interface TransactionalProducer {
  /** Commits all of it or nothing, and returns the offsets. At least one message: an empty transaction of a fenced producer succeeds.
   *  After it has thrown, what became of it is unknown and the producer must not be used again. */
  commit(batch: readonly TopicMessages[]): Promise<RecordMetadata[]>
  close(): Promise<void>
}

export const openTransactionalProducer = async (kafka: Kafka, transactionalId: string): Promise<TransactionalProducer> => {
  const producer = kafka.producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    allowAutoTopicCreation: false,
    createPartitioner: () => explicitPartition,
    retry: FAST_RETRY,
  })
  await producer.connect()
  return {
    commit: async (batch) => {
      const portions = portionsOf(batch)
      if (portions.length === 0) throw new Error('an empty transaction proves nothing: a fenced producer could commit it')
      const transaction = await producer.transaction()
      const metadata: RecordMetadata[] = []
      for (const topicMessages of portions) metadata.push(...(await transaction.sendBatch({ topicMessages, acks: -1 })))
      await transaction.commit()
      return metadata
    },
    close: () => producer.disconnect(),
  }
}

/** Every message names its partition: the count is fixed when topics are created, and never taken from metadata. */
export const explicitPartition = ({ message }: { message: Message }): number => {
  if (message.partition === undefined || message.partition === null) throw new Error('a message without a partition')
  return message.partition
}

/** A batch in portions that fit into one request each. */
export const portionsOf = (batch: readonly TopicMessages[]): { topic: string; messages: Message[] }[][] => {
  const portions: { topic: string; messages: Message[] }[][] = []
  let open: Map<string, Message[]> | undefined
  let size = 0
  const close = () => {
    if (open) portions.push([...open].map(([topic, messages]) => ({ topic, messages })))
    open = undefined
    size = 0
  }
  for (const { topic, messages } of batch)
    for (const message of messages) {
      const bytes = (message.value?.length ?? 0) + 200
      if (size + bytes > BATCH_BYTES) close()
      open ??= new Map()
      size += bytes
      const list = open.get(topic)
      if (list) list.push(message)
      else open.set(topic, [message])
    }
  close()
  return portions
}
