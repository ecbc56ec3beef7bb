import type { Kafka } from 'kafkajs'
import type { SourceBatch } from '../intake/source-batch.ts'
import { joinIntakeGroup } from './intake-group.ts'
import { hiddenAmong, hiddenFault, TopicsError, withAdmin } from './topics.ts'

/** Reads signed bodies as intake reads events: at least once, offsets last, from the first record that is kept if it never read before. That
 *  sends nothing: it is what LINE said, and may be said twice. */
export const joinSignedBodies = (options: {
  readonly kafka: Kafka
  readonly groupId: string
  readonly topic: string
  readonly onBatch: (batch: SourceBatch) => Promise<void>
  readonly onReady: (partitions: number) => void
  readonly onWaiting: (why: string) => void
  readonly onFatal: (error: Error) => void
}): Promise<{ leave(): Promise<void> }> =>
  joinIntakeGroup({
    ...options,
    topics: [options.topic],
    requestsTopic: options.topic, // from where to begin is no question
    from: 'earliest',
    onBegins: () => undefined,
  })

/** Throws TopicsError. */
export const verifySignedBodies = async (kafka: Kafka, topic: string): Promise<void> => {
  await withAdmin(kafka, async (admin) => {
    if ((await admin.listTopics()).includes(topic)) return
    const hidden = await hiddenAmong(admin, [topic])
    throw new TopicsError([
      hidden.has(topic)
        ? hiddenFault(topic)
        : `${topic}, which webhook.topic names, does not exist: whoever writes signed bodies to it creates it`,
    ])
  })
}
