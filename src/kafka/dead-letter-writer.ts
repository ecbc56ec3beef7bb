import type { Kafka } from 'kafkajs'
import type { Seal } from '../domain/seal.ts'
import { type DeadRecord, letterMessage } from './letter-message.ts'
import { plainProducer, sendAll } from './plain-producer.ts'

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
  const producer = plainProducer(options.kafka, { inOrder: true, givesUp: 'soon' })
  await producer.connect()
  return {
    bury: (letters) =>
      sendAll(
        producer,
        topic,
        letters.map((letter) => letterMessage(letter, options)),
      ),
    close: () => producer.disconnect(),
  }
}
