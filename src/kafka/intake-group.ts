import type { Admin, Consumer, Kafka } from 'kafkajs'
import type { SourceBatch } from '../intake/source-batch.ts'
import { FAST_RETRY, whileRunning } from './client.ts'

/** Where a topic is read from that this group never read before. */
export type StartFrom = 'latest' | 'earliest' | { readonly timestamp: number }

/** Offsets that make it impossible to say what was read and what was not. Says what to do. */
export class LostOffsetsError extends Error {
  override readonly name = 'LostOffsetsError'
}

/** Reads the domain topics as a consumer group. kafkajs would resolve a missing offset in memory only, and an out-of-range one by
 *  silently starting over; here every partition stays paused until its offset is known, sound, and committed. */
export const joinIntakeGroup = async (options: {
  readonly kafka: Kafka
  readonly groupId: string
  readonly topics: readonly string[]
  readonly requestsTopic: string
  readonly from: StartFrom | undefined
  readonly onBatch: (batch: SourceBatch) => Promise<void>
  readonly onReady: (partitions: number) => void
  /** Where to begin is not known yet, and why; it is tried again. */
  readonly onWaiting: (why: string) => void
  /** The group reads this topic for the first time, and from where: what lies before is left unread. */
  readonly onBegins: (topic: string, from: StartFrom) => void
  readonly onFatal: (error: Error) => void
}): Promise<{ leave(): Promise<void> }> => {
  const { kafka, topics, onFatal } = options
  const admin = kafka.admin({ retry: FAST_RETRY })
  const consumer = kafka.consumer({
    groupId: options.groupId,
    // Longer than one record can take: the registry is asked for up to 8 s, thousands of recipients are rendered in some 2 s.
    sessionTimeout: 15_000,
    rebalanceTimeout: 30_000,
    heartbeatInterval: 2_000,
    maxWaitTimeInMs: 100,
    maxBytesPerPartition: 1 << 20,
    retry: { initialRetryTime: 50, multiplier: 1.5, retries: 100, maxRetryTime: 1_000 },
  })
  let generation = 0

  consumer.on('consumer.group_join', ({ payload }) => {
    const assigned = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    )
    if (!whileRunning(() => consumer.pause(assigned.map(({ topic, partition }) => ({ topic, partitions: [partition] }))))) return
    const mine = ++generation
    const current = () => generation === mine
    untilPrepared({ ...options, admin, consumer, assigned, current }).then(
      () => current() && options.onReady(assigned.length),
      (error: Error) => current() && onFatal(error),
    )
  })
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) onFatal(payload.error)
  })

  await admin.connect()
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: 1,
    eachBatch: async ({ batch, resolveOffset, heartbeat, commitOffsetsIfNecessary, isRunning, isStale }) => {
      const { topic, partition } = batch
      await options.onBatch({
        topic,
        partition,
        records: batch.messages.map(({ offset, key, value, headers, timestamp }) => ({
          offset: Number(offset),
          key,
          value,
          headers,
          timestamp: Number(timestamp),
        })),
        mine: () => isRunning() && !isStale(),
        heartbeat,
        done: async (offset) => {
          // The last record's offset, or that of the control records behind it: they are never delivered, and would be left unread.
          const last = String(offset) === batch.messages.at(-1)?.offset ? Number(batch.lastOffset()) : offset
          // Not consumer.commitOffsets: that hides from kafkajs that the group is rebalancing.
          await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset: String(last + 1) }] }] })
          resolveOffset(String(offset))
        },
      })
    },
  })

  return {
    leave: async () => {
      generation++
      await consumer.disconnect()
      await admin.disconnect()
    },
  }
}

interface Preparation {
  readonly admin: Admin
  readonly consumer: Consumer
  readonly groupId: string
  readonly requestsTopic: string
  readonly from: StartFrom | undefined
  readonly assigned: readonly { readonly topic: string; readonly partition: number }[]
  readonly current: () => boolean
  readonly onWaiting: (why: string) => void
  readonly onBegins: (topic: string, from: StartFrom) => void
}

/** Everything but lost offsets passes: brokers fail over, and somebody else may have to decide first. */
const untilPrepared = async (preparation: Preparation): Promise<void> => {
  while (preparation.current()) {
    try {
      return await prepare(preparation)
    } catch (error) {
      if (error instanceof LostOffsetsError) throw error
      if (preparation.current()) preparation.onWaiting(error instanceof Error ? error.message : String(error))
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }
}

/** Finds, or decides and commits, where each assigned partition begins; then lets it be read. Whoever has partition 0 of a topic
 *  decides for the whole topic, so that two workers that start together do not take each other's commit for an old one. */
const prepare = async (preparation: Preparation): Promise<void> => {
  const { admin, consumer, assigned, current } = preparation
  for (const topic of new Set(assigned.map((each) => each.topic))) {
    const partitions = assigned.filter((each) => each.topic === topic).map(({ partition }) => partition)
    if (partitions.includes(0)) await decide(preparation, topic)
    const committed = await committedOf(preparation, topic, partitions)
    const ends = await admin.fetchTopicOffsets(topic)
    if (!current()) return
    for (const partition of partitions) {
      const offset = committed.get(partition) ?? 0
      const { low = '0', high = '0' } = ends.find((end) => end.partition === partition) ?? {}
      if (offset < Number(low) || offset > Number(high))
        throw new LostOffsetsError(
          `group ${preparation.groupId} would go on at offset ${offset} of ${topic}/${partition}, but the topic holds ${low} to ${high}: ${offset > Number(high) ? 'the topic was made anew' : 'records were deleted before they were read'}. Reset the group's offset for it (kafka-consumer-groups --reset-offsets) to say where to go on`,
        )
      consumer.seek({ topic, partition, offset: String(offset) })
    }
    consumer.resume([{ topic, partitions }])
  }
}

const decide = async (
  { admin, consumer, groupId, requestsTopic, from, current, onBegins }: Preparation,
  topic: string,
): Promise<void> => {
  // In this order: whoever has produced a request had committed offsets before.
  const hasProduced = (await admin.fetchTopicOffsets(requestsTopic)).some(({ high }) => high !== '0')
  const groupOffsets = await admin.fetchOffsets({ groupId })
  const known = committedIn(groupOffsets.find((each) => each.topic === topic)?.partitions ?? [])
  const ends = await admin.fetchTopicOffsets(topic)
  const missing = ends.filter(({ partition }) => !known.has(partition))
  if (missing.length === 0 || !current()) return

  if (known.size === 0) {
    const started = groupOffsets.some(({ partitions }) => committedIn(partitions).size > 0)
    if (!started && hasProduced && from === undefined)
      throw new LostOffsetsError(
        `group ${groupId} has no offsets, but has read before (${requestsTopic} is not empty): they were deleted, or expired after a week without a worker. Say where to go on with --from latest, earliest or a time; what was read before is not sent twice`,
      )
    const starts = await resolveStart(admin, topic, from ?? 'latest')
    await consumer.commitOffsets(starts.map(({ partition, offset }) => ({ topic, partition, offset })))
    return onBegins(topic, from ?? 'latest')
  }

  const last = Math.max(...known.keys())
  const lost = missing.filter(({ partition }) => partition < last)
  if (lost.length > 0)
    throw new LostOffsetsError(
      `group ${groupId} has lost its offsets of ${topic}, partitions ${lost.map(({ partition }) => partition).join(', ')}: set them (kafka-consumer-groups --reset-offsets) to say where to go on`,
    )
  return consumer.commitOffsets(missing.map(({ partition, low }) => ({ topic, partition, offset: low })))
}

const committedOf = async (
  { admin, groupId }: Preparation,
  topic: string,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, number>> => {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const committed = committedIn(found?.partitions ?? [])
  if (partitions.every((partition) => committed.has(partition))) return committed
  throw new Error(`whoever has partition 0 of ${topic} has not decided yet where group ${groupId} begins in it`)
}

const committedIn = (partitions: readonly { partition: number; offset: string }[]): ReadonlyMap<number, number> =>
  new Map(partitions.filter(({ offset }) => Number(offset) >= 0).map(({ partition, offset }) => [partition, Number(offset)]))

const resolveStart = async (admin: Admin, topic: string, from: StartFrom): Promise<{ partition: number; offset: string }[]> => {
  if (typeof from === 'object') return admin.fetchTopicOffsetsByTimestamp(topic, from.timestamp)
  const ends = await admin.fetchTopicOffsets(topic)
  return ends.map(({ partition, low, high }) => ({ partition, offset: from === 'latest' ? high : low }))
}
