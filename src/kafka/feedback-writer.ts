import type { Kafka } from 'kafkajs'
import type { Feedback } from '../domain/input.ts'
import { encodeFeedback } from './internal-codec.ts'
import type { PartitionFormats } from './partition-formats.ts'
import { plainProducer } from './plain-producer.ts'

/** Writes to the feedback topic, without transactions: what is told there is true whoever commits what. */
export interface FeedbackWriter {
  write(partition: number, feedback: readonly Feedback[]): Promise<void>
  close(): Promise<void>
}

export const openFeedbackWriter = async (
  kafka: Kafka,
  topic: string,
  formats: Pick<PartitionFormats, 'of'>,
): Promise<FeedbackWriter> => {
  const producer = plainProducer(kafka, { inOrder: false, givesUp: 'late' })
  await producer.connect()
  const underWay = new Set<Promise<unknown>>()
  return {
    write: async (partition, feedback) => {
      const messages = feedback.map((each) => ({
        partition,
        key: each.kind === 'handover' ? each.report.deliveryTag : 'barrier',
        value: encodeFeedback(each, formats.of(partition)),
      }))
      const sent = producer.send({ topic, acks: -1, messages })
      underWay.add(sent)
      await sent.finally(() => underWay.delete(sent))
    },
    close: async () => {
      // The last answer may have come just now: disconnecting would tear its hand-over.
      await Promise.allSettled([...underWay])
      await producer.disconnect()
    },
  }
}
