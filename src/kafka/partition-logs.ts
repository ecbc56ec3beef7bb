import type { Kafka } from 'kafkajs'
import { innerClusterOf, type LogRecord, type PartitionOffset, type RawPartition, type RawRecord } from './inner-cluster.ts'

/** The logs of partitions, read as they lie there, without a consumer group: nothing is joined, committed or written. kafkajs offers that
 *  to nobody, so this goes through its inner cluster, as `Kafka` itself does: bound to the version that kafkajs-patches.ts names. */
export interface PartitionLogs {
  /** The ids of a topic's partitions. The topic must exist. */
  partitionsOf(topic: string): Promise<readonly number[]>
  /** By partition: the first offset that is kept, that of the first record at or after a time (none: undefined), or the one after the last
   *  record, committed or not. */
  offsets(topic: string, partitions: readonly number[], at: LogPlace): Promise<ReadonlyMap<number, number>>
  /** What is readable at and after an offset, up to the last stable one; nothing only if there is nothing. */
  fetch(topic: string, partition: number, from: number): Promise<Fetched>
  /** After an error: finds out anew who leads what. */
  lookAround(): Promise<void>
  close(): Promise<void>
}

export type LogPlace = 'start' | 'end' | { readonly timestamp: number }

export interface Fetched {
  /** Committed ones. */
  readonly records: readonly LogRecord[]
  /** Where to go on: beyond transaction markers, aborted records, and what compaction has taken out of the batches that came. */
  readonly next: number
  /** Below this offset every transaction has ended. */
  readonly lastStable: number
  readonly empty: boolean
}

const FETCH_BYTES = 4 << 20

export const openPartitionLogs = async (kafka: Kafka): Promise<PartitionLogs> => {
  const cluster = innerClusterOf(kafka)
  await cluster.connect()
  // Of two requests at once that find no connection, kafkajs opens one for each, and closes one in the end: the process would never end.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(ask: () => Promise<T>): Promise<T> => {
    const turn = last.then(ask)
    last = turn.catch(() => {}) // whoever asked hears of it
    return turn
  }

  const listOffsets = async (nodeId: string, topic: string, partitions: readonly number[], timestamp: number) => {
    const broker = await cluster.findBroker({ nodeId })
    const asked = partitions.map((partition) => ({ partition, timestamp }))
    const { responses } = await broker.listOffsets({ isolationLevel: UNCOMMITTED, topics: [{ topic, partitions: asked }] })
    return responses.flatMap((response) => response.partitions)
  }

  return {
    partitionsOf: (topic) =>
      inTurn(async () => {
        await cluster.addMultipleTargetTopics([topic])
        return cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)
      }),
    offsets: (topic, partitions, at) =>
      inTurn(async () => {
        const timestamp = at === 'start' ? EARLIEST : at === 'end' ? LATEST : at.timestamp
        const leaders = Object.entries(cluster.findLeaderForPartitions(topic, partitions))
        const found: PartitionOffset[] = []
        for (const [nodeId, led] of leaders) found.push(...(await listOffsets(nodeId, topic, led, timestamp)))
        return new Map(
          found.filter(({ offset }) => Number(offset) >= 0).map(({ partition, offset }) => [partition, Number(offset)]),
        )
      }),
    fetch: (topic, partition, from) =>
      inTurn(async () => {
        const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))
        if (nodeId === undefined) throw new Error(`${topic}/${partition} is not in what the brokers tell of the topic`)
        const broker = await cluster.findBroker({ nodeId })
        const { responses } = await broker.fetch({
          isolationLevel: COMMITTED,
          maxWaitTime: 0,
          // Of a single partition brokers answer with one batch at least, however large.
          topics: [{ topic, partitions: [{ partition, fetchOffset: String(from), maxBytes: FETCH_BYTES }] }],
        })
        const answer = responses[0]?.partitions[0]
        if (!answer) throw Object.assign(new Error('the broker says nothing, as its quota is used up'), { retriable: true })
        return {
          records: committedOf(answer).filter(({ offset }) => Number(offset) >= from),
          next: Math.max(from, behind(answer.messages.at(-1))),
          lastStable: Number(answer.lastStableOffset),
          empty: answer.messages.length === 0,
        }
      }),
    lookAround: () => inTurn(() => cluster.refreshMetadata()),
    close: () => inTurn(() => cluster.disconnect()),
  }
}

const LATEST = -1
const EARLIEST = -2
const UNCOMMITTED = 0
const COMMITTED = 1

/** Compaction keeps the bounds of a batch: it may reach further than its last record. */
const behind = (last: RawRecord | undefined): number => {
  if (!last) return 0
  const { firstOffset, lastOffsetDelta } = last.batchContext ?? {}
  if (firstOffset === undefined || lastOffsetDelta === undefined) return Number(last.offset) + 1 // before Kafka 0.11
  return Number(firstOffset) + lastOffsetDelta + 1
}

/** kafkajs's own filter takes any record whose key is four zero bytes for the end of an aborted transaction. */
const committedOf = ({ messages, abortedTransactions }: RawPartition): RawRecord[] => {
  const begun = [...(abortedTransactions ?? [])].sort((a, b) => Number(a.firstOffset) - Number(b.firstOffset))
  const aborting = new Set<string>()
  return messages.filter(({ offset, key, isControlRecord, batchContext }) => {
    for (let first = begun[0]; first && Number(first.firstOffset) <= Number(offset); first = begun[0]) {
      aborting.add(first.producerId)
      begun.shift()
    }
    if (!isControlRecord) return !(batchContext?.inTransaction && aborting.has(batchContext.producerId))
    if (key?.length === 4 && key.readInt16BE(2) === ABORT) aborting.delete(batchContext?.producerId ?? '')
    return false
  })
}

/** Type of a control record: the second half of its key. */
const ABORT = 0
