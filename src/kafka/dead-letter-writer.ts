import type { Kafka } from 'kafkajs'
import type { Seal } from '../domain/seal.ts'
import { type DeadRecord, letterMessage } from './letter-message.ts'
import { explicitPartition, portionsOf } from './transactional-producer.ts'

/** Where records go that cannot be processed, of whoever has nothing else to write. */
export interface DeadLetterWriter {
  /** Resolves when the brokers have them. What is written twice after a retry is told apart by its position. */
  bury(letters: readonly DeadRecord[]): Promise<void>
  close(): Promise<void>
}

export const openDeadLetterWriter = async (options: {
  readonly kafka: Kafka
  readonly topic: string
  readonly partitions: number
  /** Null: the records' bytes are left out. */
  readonly seal: Seal | null
}): Promise<DeadLetterWriter> => {
  const { topic } = options
  const producer = options.kafka.producer({
    idempotent: false,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: () => explicitPartition,
    retry: { initialRetryTime: 20, multiplier: 2, retries: 8, maxRetryTime: 1_000 },
  })
  await producer.connect()
  return {
    bury: async (letters) => {
      const messages = letters.map((letter) => letterMessage(letter, options))
      for (const portion of portionsOf(messages)) await producer.send({ topic, acks: -1, messages: portion })
    },
    close: () => producer.disconnect(),
  }
}
