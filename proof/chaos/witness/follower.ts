import { setTimeout as pause } from 'node:timers/promises'
import type { Kafka } from 'kafkajs'
import { type FetchedPartition, type InnerCluster, innerClusterOf, type RawRecord } from './inner-cluster.ts'

/** Follows topics from their beginning, by offset: nothing is lost or seen twice, whatever becomes of the brokers meanwhile. */
export interface Follower {
  /** By topic and partition: the offset to be read next. */
  next(topic: string, partition: number): number
  /** Whether all that the brokers said to be there has been read. */
  isAtEnd(): boolean
  /** Reads on until, twice in a row, there is nothing more. @throws after `withinMs`. */
  catchUp(withinMs: number): Promise<void>
  /** Of the last request, if it failed. */
  trouble(): string | null
  close(): Promise<void>
}

export interface Followed {
  readonly topic: string
  readonly partition: number
  readonly record: RawRecord
  /** False: its transaction was aborted. */
  readonly committed: boolean
}

const WAIT_MS = 200
const REST_MS = 50
const BYTES = 8 << 20
const BYTES_OF_PARTITION = 1 << 20
const COMMITTED = 1

export const openFollower = async (options: {
  readonly kafka: Kafka
  readonly topics: readonly string[]
  /** In order within a partition. The next is read when it is done. */
  readonly onRecord: (followed: Followed) => Promise<void> | void
}): Promise<Follower> => {
  const { kafka, topics, onRecord } = options
  const cluster = innerClusterOf(kafka)
  await cluster.connect()
  await cluster.addMultipleTargetTopics(topics)
  const logs = topics.flatMap((topic) =>
    cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ topic, partition: partitionId, next: 0, end: 0 })),
  )
  const byPlace = new Map(logs.map((log) => [`${log.topic}/${log.partition}`, log]))
  let rounds = 0
  let trouble: string | null = null
  let fault: unknown
  let closed = false

  const take = async (topic: string, fetched: FetchedPartition): Promise<void> => {
    const log = byPlace.get(`${topic}/${fetched.partition}`)
    if (!log) return
    const isCommitted = commitmentOf(fetched)
    for (const record of fetched.messages) {
      const committed = isCommitted(record)
      if (Number(record.offset) < log.next) continue
      if (!record.isControlRecord) await onRecord({ ...{ topic, partition: log.partition, record, committed } })
      log.next = Number(record.offset) + 1
    }
    log.next = Math.max(log.next, behind(fetched.messages.at(-1)))
    log.end = Number(fetched.highWatermark)
  }

  const round = async (): Promise<void> => {
    for (const [nodeId, led] of Map.groupBy(logs, ({ topic, partition }) => leaderOf(cluster, topic, partition))) {
      const broker = await cluster.findBroker({ nodeId: String(nodeId) })
      const asked = Map.groupBy(led, ({ topic }) => topic)
      const { responses } = await broker.fetch({
        ...{ isolationLevel: COMMITTED, maxWaitTime: WAIT_MS, minBytes: 1, maxBytes: BYTES },
        topics: Array.from(asked, ([topic, partitions]) => ({
          topic,
          partitions: partitions.map(({ partition, next }) => ({
            ...{ partition, fetchOffset: String(next), maxBytes: BYTES_OF_PARTITION },
          })),
        })),
      })
      for (const { topicName, partitions } of responses) for (const each of partitions) await take(topicName, each)
    }
  }

  const following = (async () => {
    while (!closed) {
      try {
        await round()
        trouble = null
        rounds++
      } catch (error) {
        if (!isOfKafka(error)) throw error
        trouble = error.message
        await pause(WAIT_MS)
        await cluster.refreshMetadata().catch(() => {}) // the next round tells
      }
      await pause(REST_MS)
    }
  })().catch((error: unknown) => {
    fault = error
  })

  const isAtEnd = () => logs.every(({ next, end }) => next >= end)
  const soundly = () => {
    if (fault !== undefined) throw fault
  }
  return {
    next: (topic, partition) => byPlace.get(`${topic}/${partition}`)?.next ?? 0,
    isAtEnd: () => {
      soundly()
      return isAtEnd()
    },
    trouble: () => trouble,
    catchUp: async (withinMs) => {
      const since = performance.now()
      for (let still = 0; still < 2; still = isAtEnd() ? still + 1 : 0) {
        for (const seen = rounds; rounds < seen + 1; await pause(REST_MS)) {
          soundly()
          if (performance.now() - since > withinMs)
            throw new Error(`the witness could not read to the end of ${unread(logs)}${trouble === null ? '' : `: ${trouble}`}`)
        }
      }
    },
    close: async () => {
      closed = true
      await following
      await cluster.disconnect()
      soundly()
    },
  }
}

const unread = (logs: readonly { topic: string; partition: number; next: number; end: number }[]): string =>
  logs
    .filter(({ next, end }) => next < end)
    .map(({ topic, partition, next, end }) => `${topic}/${partition} (at ${next} of ${end})`)
    .join(', ')

/** Partitions without a leader are asked of a broker that there is none of, and that is an error like any other. */
const leaderOf = (cluster: InnerCluster, topic: string, partition: number): number =>
  cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader ?? -1

/** A batch reaches as far as it says, whatever compaction has left of it. */
const behind = (last: RawRecord | undefined): number => {
  const { firstOffset, lastOffsetDelta } = last?.batchContext ?? {}
  return firstOffset === undefined || lastOffsetDelta === undefined ? 0 : Number(firstOffset) + lastOffsetDelta + 1
}

/** For the records of an answer, in their order: whether each belongs to an aborted transaction, as the broker and the markers tell. */
const commitmentOf = ({ abortedTransactions }: FetchedPartition): ((record: RawRecord) => boolean) => {
  const begun = [...(abortedTransactions ?? [])].sort((a, b) => Number(a.firstOffset) - Number(b.firstOffset))
  const aborting = new Set<string>()
  return ({ offset, key, isControlRecord, batchContext }) => {
    for (let first = begun[0]; first && Number(first.firstOffset) <= Number(offset); first = begun[0]) {
      aborting.add(first.producerId)
      begun.shift()
    }
    const producer = batchContext?.producerId ?? ''
    const aborted = batchContext?.inTransaction === true && aborting.has(producer)
    if (isControlRecord && key?.readInt16BE(2) === ABORT) aborting.delete(producer)
    return !aborted
  }
}

/** Type of a control record: the second half of its key. */
const ABORT = 0

const isOfKafka = (error: unknown): error is Error =>
  error instanceof Error && (error.name.startsWith('KafkaJS') || 'code' in error || 'retriable' in error)
