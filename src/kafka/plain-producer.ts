import type { Kafka, Message, Producer } from 'kafkajs'
import { explicitPartition, portionsOf } from './transactional-producer.ts'

/** A producer without transactions, for what is as good said twice as said once: an idempotent one that loses its broker for long cannot
 *  go on. Every message names its partition.
 *  `inOrder`: what is sent later never lies before what was sent earlier. `givesUp: 'soon'` is for those who try again themselves. */
export const plainProducer = (
  kafka: Kafka,
  { inOrder, givesUp }: { readonly inOrder: boolean; readonly givesUp: 'soon' | 'late' },
): Producer =>
  kafka.producer({
    idempotent: false,
    ...(inOrder && { maxInFlightRequests: 1 }),
    allowAutoTopicCreation: false,
    createPartitioner: () => explicitPartition,
    retry: { initialRetryTime: 20, multiplier: 2, ...RETRY[givesUp] },
  })

const RETRY = { soon: { retries: 8, maxRetryTime: 1_000 }, late: { retries: 12, maxRetryTime: 2_000 } } as const

/** However many they are. Resolves when all replicas that are in sync have them. */
export const sendAll = async (producer: Producer, topic: string, messages: readonly Message[]): Promise<void> => {
  for (const portion of portionsOf(messages)) await producer.send({ topic, acks: -1, messages: portion })
}
