import { randomUUID } from 'node:crypto'
import type { Consumer, Kafka } from 'kafkajs'
import { whileRunning } from './client.ts'

/** How long a read may stand still before it is given up, ms. */
const NO_PROGRESS_MS = 30_000

export interface JournalRecord {
  readonly offset: number
  readonly key: string
  readonly value: Buffer | null
}

/** Reads partitions of the journal from a given offset, whenever a task is opened. A standing consumer, the only member of a group of
 *  its own, with everything paused that is not being read: a new consumer for each restore would cost a group join. */
export interface JournalReader {
  /** Reads committed records of one partition until `onRecord` returns true. One read at a time for each partition. */
  read(partition: number, from: number, onRecord: (record: JournalRecord) => boolean): Promise<void>
  close(): Promise<void>
}

interface Read {
  next: number
  seenAt: number
  readonly onRecord: (record: JournalRecord) => boolean
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export const openJournalReader = async (options: {
  readonly kafka: Kafka
  readonly topic: string
  readonly group: string
  readonly monotonic: () => number
  readonly onFatal: (error: Error) => void
}): Promise<JournalReader> => {
  const { kafka, topic, monotonic } = options
  const reads = new Map<number, Read>()
  const consumer = kafka.consumer({
    groupId: `${options.group}-journal-${randomUUID()}`,
    maxWaitTimeInMs: 50,
    sessionTimeout: 10_000,
    heartbeatInterval: 1_000,
    maxBytesPerPartition: 4 << 20,
    retry: { initialRetryTime: 50, multiplier: 1.5, retries: 100, maxRetryTime: 1_000 },
  })

  const end = (partition: number, error?: Error) => {
    const read = reads.get(partition)
    if (!read) return
    reads.delete(partition)
    whileRunning(() => consumer.pause([{ topic, partitions: [partition] }]))
    if (error) read.reject(error)
    else read.resolve()
  }

  const watch = setInterval(() => {
    for (const [partition, { seenAt, next }] of reads)
      if (monotonic() - seenAt > NO_PROGRESS_MS)
        end(partition, new Error(`no record of ${topic}/${partition} at or after ${next} came for ${NO_PROGRESS_MS} ms`))
  }, 1_000)

  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const joined = Promise.withResolvers<void>()
  consumer.on('consumer.group_join', ({ payload }) => {
    // Any leader change makes the group rejoin, and a rejoin forgets positions, seeks and pauses.
    const assigned = payload.memberAssignment[topic] ?? []
    const steered = whileRunning(() => {
      consumer.pause([{ topic, partitions: assigned.filter((partition) => !reads.has(partition)) }])
      for (const [partition, { next }] of reads) consumer.seek({ topic, partition, offset: String(next) })
    })
    if (steered) joined.resolve()
  })
  consumer.on('consumer.crash', ({ payload }) => {
    if (payload.restart) return
    joined.reject(payload.error) // run() resolves although the join failed
    options.onFatal(payload.error)
  })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      const read = reads.get(batch.partition)
      if (!read) return
      for (const { offset, key, value } of batch.messages) {
        if (Number(offset) < read.next) continue
        read.next = Number(offset) + 1
        read.seenAt = monotonic()
        try {
          if (read.onRecord({ offset: Number(offset), key: key?.toString() ?? '', value })) return end(batch.partition)
        } catch (error) {
          return end(batch.partition, error instanceof Error ? error : new Error(String(error)))
        }
      }
    },
  })
  await joined.promise

  return {
    read: (partition, from, onRecord) => {
      if (reads.has(partition)) return Promise.reject(new Error(`journal partition ${partition} is being read already`))
      return new Promise((resolve, reject) => {
        reads.set(partition, { next: from, seenAt: monotonic(), onRecord, resolve, reject })
        seekAndResume(consumer, topic, partition, from)
      })
    },
    close: async () => {
      clearInterval(watch)
      for (const partition of [...reads.keys()]) end(partition, new Error('the journal reader was closed'))
      await consumer.disconnect()
    },
  }
}

const seekAndResume = (consumer: Consumer, topic: string, partition: number, offset: number): boolean =>
  whileRunning(() => {
    consumer.seek({ topic, partition, offset: String(offset) })
    consumer.resume([{ topic, partitions: [partition] }])
  })
