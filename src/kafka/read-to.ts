import type { Kafka } from 'kafkajs'
import { FAST_RETRY } from './client.ts'
import { openPartitionLogs, type PartitionLogs } from './partition-logs.ts'

/** How far a group has come with a topic, in time, whoever of its members reads what. */
export interface ReadTo {
  /** Every record that lay in the topic then has been read by the group and its offset committed: `now`, if none is left; otherwise the
   *  time of the oldest that is. Null if it cannot be told: a partition without an offset, or a transaction that has not ended. */
  until(now: number): Promise<number | null>
  close(): Promise<void>
}

/** `now` must have been read from the clock before `until` is called. Times of records are those of the topic: its producers' clocks,
 *  unless the brokers stamp them. */
export const openReadTo = async (options: {
  readonly kafka: Kafka
  readonly topic: string
  readonly groupId: string
}): Promise<ReadTo> => {
  const { kafka, topic, groupId } = options
  const admin = kafka.admin({ retry: FAST_RETRY })
  await admin.connect()
  const logs = await openPartitionLogs(kafka)

  const look = async (now: number): Promise<number | null> => {
    const partitions = await logs.partitionsOf(topic)
    const ends = await logs.offsets(topic, partitions, 'end')
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
    const committed = new Map(found?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
    let until = now
    for (const partition of partitions) {
      const [from, end] = [committed.get(partition) ?? -1, ends.get(partition)]
      if (from < 0 || end === undefined) return null
      const oldest = await oldestUnread(logs, { topic, partition, from, end })
      if (oldest === null) return null
      until = Math.min(until, oldest)
    }
    return until
  }

  return {
    until: async (now) => {
      try {
        return await look(now)
      } catch (error) {
        await logs.lookAround().catch(() => {}) // whoever asked hears of the first error
        throw error
      }
    },
    close: async () => {
      await logs.close()
      await admin.disconnect()
    },
  }
}

/** Infinity if there is none: what lies there are the ends of transactions, and what they took back, and no consumer commits an offset
 *  behind those. */
const oldestUnread = async (
  logs: PartitionLogs,
  place: { readonly topic: string; readonly partition: number; readonly from: number; readonly end: number },
): Promise<number | null> => {
  for (let from = place.from; from < place.end; ) {
    const { records, next, lastStable, empty } = await logs.fetch(place.topic, place.partition, from)
    // Producers' clocks differ, and what is replayed keeps its time: so not the first alone.
    if (records.length > 0) return records.reduce((oldest, { timestamp }) => Math.min(oldest, Number(timestamp)), Infinity)
    if (empty || next <= from) return lastStable < place.end ? null : Number.POSITIVE_INFINITY
    from = next
  }
  return Number.POSITIVE_INFINITY
}
