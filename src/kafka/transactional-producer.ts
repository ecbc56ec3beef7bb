import type { Kafka, Message } from 'kafkajs'
import { FAST_RETRY } from './client.ts'

/** After a total crash, readers of committed records stall for this long, so it is short. A transaction here takes milliseconds. */
export const TRANSACTION_TIMEOUT_MS = 15_000

/** Kafka refuses a batch over 1 MiB (`max.message.bytes`); a commit larger than this is sent in several, in the same transaction. */
const BATCH_BYTES = 700_000

/** One partition each, and so one leader: kafkajs sends a batch for several leaders as several requests at once, and when one of them
 *  is to be tried again (routine: CONCURRENT_TRANSACTIONS), it repeats those that were still under way, with sequences of their own. */
export interface PartitionMessages {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly Message[]
}

/** Writes transactions under one id. The first one fences whoever held the id before. */
export interface TransactionalProducer {
  /** Commits all of it or nothing, and returns the offset after the messages of the first batch. At least one message: an empty transaction of a fenced
   *  producer succeeds. After it has thrown, what became of it is unknown and the producer must not be used again.
   *  `closing` is what is written last, in the same transaction: it may say where the first batch went. */
  commit(
    batch: readonly PartitionMessages[],
    closing?: (next: number) => readonly PartitionMessages[],
  ): Promise<{ readonly next: number }>
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
  return transactionsOf(producer)
}

/** Of kafkajs's transactional producer, what is used. */
export interface Transactor {
  transaction(): Promise<{
    send(batch: {
      readonly topic: string
      readonly acks: -1
      readonly messages: (Message & { readonly partition: number })[]
    }): Promise<readonly { readonly baseOffset?: string }[]>
    commit(): Promise<void>
  }>
  disconnect(): Promise<void>
}

export const transactionsOf = (producer: Transactor): TransactionalProducer => ({
  commit: async (batch, closing = () => []) => {
    const sends = batch.filter(({ messages }) => messages.length > 0)
    if (sends.length === 0) throw new Error('an empty transaction proves nothing: a fenced producer could commit it')
    const transaction = await producer.transaction()
    /** Returns the offset after what was written. */
    const write = async ({ topic, partition, messages }: PartitionMessages): Promise<number> => {
      let next: number | undefined
      for (const portion of portionsOf(messages)) {
        const named = portion.map((message) => ({ ...message, partition }))
        const [written] = await transaction.send({ topic, acks: -1, messages: named })
        if (written?.baseOffset !== undefined) next = Number(written.baseOffset) + portion.length
      }
      if (next === undefined) throw new Error(`the brokers did not say where they wrote to ${topic}/${partition}`)
      return next
    }
    const [first, ...others] = sends
    const next = first ? await write(first) : 0
    for (const send of [...others, ...closing(next)]) await write(send)
    await transaction.commit()
    return { next }
  },
  close: () => producer.disconnect(),
})

/** Every message names its partition: the count is fixed when topics are created, and never taken from metadata. */
export const explicitPartition = ({ message }: { message: Message }): number => {
  if (message.partition === undefined || message.partition === null) throw new Error('a message without a partition')
  return message.partition
}

/** Messages in portions that fit into one request each. */
export const portionsOf = <M extends Message>(messages: readonly M[]): M[][] => {
  const portions: M[][] = []
  let open: M[] = []
  let size = 0
  for (const message of messages) {
    const bytes = (message.value?.length ?? 0) + 200
    if (open.length > 0 && size + bytes > BATCH_BYTES) {
      portions.push(open)
      open = []
      size = 0
    }
    open.push(message)
    size += bytes
  }
  if (open.length > 0) portions.push(open)
  return portions
}
