import type { Kafka } from 'kafkajs'
import { whileRunning } from './client.ts'
import { coPartitionAssigner } from './co-partition-assigner.ts'

export type InputTopic = 'requests' | 'feedback'

export interface InputRecord {
  readonly topic: InputTopic
  readonly partition: number
  readonly offset: number
  readonly value: Buffer | null
}

/** The membership of one worker in dispatch's consumer group: partition p of requests and of feedback always go together. */
export interface DispatchGroup {
  /** Becomes a member. The callbacks begin before it resolves. */
  join(): Promise<void>
  /** Reads both topics of a partition from these offsets on. */
  start(partition: number, from: { readonly requests: number; readonly feedback: number }): void
  /** Reads neither. What was fetched before may still arrive. */
  hold(partition: number): void
  /** Reads on where it was held. */
  resume(partition: number): void
  /** Offsets for lag tools only: nobody starts from them. */
  commit(partition: number, position: { readonly requests: number; readonly feedback: number }): Promise<void>
  leave(): Promise<void>
}

export const createDispatchGroup = (options: {
  readonly kafka: Kafka
  readonly groupId: string
  readonly topics: Readonly<Record<InputTopic, string>>
  readonly partitions: number
  readonly claims: () => ReadonlyMap<number, number>
  /** Called synchronously, before the first fetch of a new generation. Everything assigned is held until `start`. */
  readonly onAssigned: (partitions: readonly number[]) => void
  readonly onRecords: (partition: number, records: readonly InputRecord[]) => void
  /** A heartbeat has succeeded: this worker was a member of the group a moment ago. */
  readonly onHeartbeat: () => void
  readonly onFatal: (error: Error) => void
}): DispatchGroup => {
  const { topics } = options
  const consumer = options.kafka.consumer({
    groupId: options.groupId,
    partitionAssigners: [coPartitionAssigner(options)],
    sessionTimeout: 10_000,
    // A member that does not answer holds up everybody's fetching for this long. Safe, as eachBatch only fills inboxes.
    rebalanceTimeout: 3_000,
    heartbeatInterval: 1_000,
    maxWaitTimeInMs: 100,
    maxBytesPerPartition: 1 << 20,
    retry: { initialRetryTime: 50, multiplier: 1.5, retries: 100, maxRetryTime: 1_000 },
  })
  const both = (partition: number) => Object.values(topics).map((topic) => ({ topic, partitions: [partition] }))
  const inputTopicOf = (topic: string): InputTopic => (topic === topics.requests ? 'requests' : 'feedback')

  return {
    join: async () => {
      await consumer.connect()
      await consumer.subscribe({ topics: Object.values(topics), fromBeginning: true })
      consumer.on('consumer.group_join', ({ payload }) => {
        const assigned = payload.memberAssignment[topics.requests] ?? []
        // Pauses outlive rebalances, and so does their absence.
        if (!whileRunning(() => consumer.pause(assigned.flatMap(both)))) return
        try {
          options.onAssigned(assigned)
        } catch (error) {
          options.onFatal(error instanceof Error ? error : new Error(String(error)))
        }
      })
      consumer.on('consumer.heartbeat', () => options.onHeartbeat())
      consumer.on('consumer.crash', ({ payload }) => {
        if (!payload.restart) options.onFatal(payload.error)
      })
      await consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: async ({ batch }) => {
          const topic = inputTopicOf(batch.topic)
          const { partition } = batch
          options.onRecords(
            partition,
            batch.messages.map(({ offset, value }) => ({ topic, partition, offset: Number(offset), value })),
          )
        },
      })
    },
    start: (partition, from) =>
      whileRunning(() => {
        for (const topic of ['requests', 'feedback'] as const)
          consumer.seek({ topic: topics[topic], partition, offset: String(from[topic]) })
        consumer.resume(both(partition))
      }),
    hold: (partition) => whileRunning(() => consumer.pause(both(partition))),
    resume: (partition) => whileRunning(() => consumer.resume(both(partition))),
    commit: (partition, position) =>
      consumer.commitOffsets(
        (['requests', 'feedback'] as const).map((topic) => ({
          topic: topics[topic],
          partition,
          offset: String(position[topic]),
        })),
      ),
    leave: () => consumer.disconnect(),
  }
}
