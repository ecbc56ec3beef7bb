import { randomUUID } from 'node:crypto'
import type { Consumer, Kafka } from 'kafkajs'
import { whileRunning } from './client.ts'
import { plainProducer } from './plain-producer.ts'

/** How long the first reading may stand still before it is given up, ms. */
const NO_PROGRESS_MS = 30_000

/** The list is read every half second. If it was not for this long, it may be an old one, ms. */
const CURRENT_MS = 5_000

/** Keys of our own markers, which never were customers. */
const MARKER_PREFIX = 'tsuchi/read-to/'

/** Those who want nothing, by customer id: whoever keeps such a list writes a record under the id, and a tombstone takes it back. */
export interface OptOuts {
  has(customerId: string): boolean
  size(): number
  /** The list was read a moment ago. If not, somebody may have opted out whom it does not have. */
  isCurrent(): boolean
  /** Records without a key so far, which say nothing of anybody. */
  keyless(): number
  close(): Promise<void>
}

/** Resolves once everything is read that lay in the topic by then, and follows it from there. A standing consumer of all partitions, the
 *  only member of a group of its own: producers may partition as they like. Whether the end was reached is told by a marker of our
 *  own in each partition, as compaction and transactions leave gaps before the high watermark. */
export const openOptOuts = async (options: {
  readonly kafka: Kafka
  readonly topic: string
  readonly group: string
  readonly monotonic: () => number
  /** It has died for good: from then on it would not hear of those who opt out. */
  readonly onFatal: (error: Error) => void
}): Promise<OptOuts> => {
  const { kafka, topic, monotonic } = options
  const members = new Set<string>()
  const next = new Map<number, number>()
  let keyless = 0
  const marker = `${MARKER_PREFIX}${randomUUID()}`
  /** Partitions whose marker has not come by. */
  const unread = new Set<number>()
  let seenAt = monotonic()
  const joined = Promise.withResolvers<readonly number[]>()
  const read = Promise.withResolvers<void>()
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {}) // the opening hears of it, and later on `onFatal`

  const learn = (key: Buffer | null, value: Buffer | null, partition: number): void => {
    const id = key?.toString() ?? ''
    if (id === '') keyless++
    else if (id === marker) {
      if (unread.delete(partition) && unread.size === 0) read.resolve()
    } else if (id.startsWith(MARKER_PREFIX)) return
    else if (value === null) members.delete(id)
    else members.add(id)
  }

  const consumer = kafka.consumer({
    groupId: `${options.group}-opt-outs-${randomUUID()}`,
    maxWaitTimeInMs: 500,
    sessionTimeout: 10_000,
    // Its only member may find itself, dead, in the group: it waits for that one no longer than this.
    rebalanceTimeout: 3_000,
    heartbeatInterval: 1_000,
    retry: { initialRetryTime: 50, multiplier: 1.5, retries: 100, maxRetryTime: 1_000 },
  })
  consumer.on('consumer.group_join', ({ payload }) => {
    const assigned = payload.memberAssignment[topic] ?? []
    continueFrom(consumer, topic, assigned, next)
    joined.resolve(assigned)
  })
  let fetchedAt = Number.NEGATIVE_INFINITY
  consumer.on('consumer.fetch', () => {
    fetchedAt = monotonic()
  })
  consumer.on('consumer.crash', ({ payload }) => {
    if (payload.restart) return
    failed.reject(payload.error) // run() resolves although the join failed
    options.onFatal(payload.error)
  })

  let watch: NodeJS.Timeout | undefined
  const readWhole = async (): Promise<void> => {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch: { partition, messages, highWatermark } }) => {
        // The topic was made anew, and kafkajs has begun at its beginning without a word: what is under old offsets is news. Whom the
        // old one named is still spared.
        if (Number(highWatermark) < (next.get(partition) ?? 0)) next.delete(partition)
        for (const { offset, key, value } of messages) {
          if (Number(offset) < (next.get(partition) ?? 0)) continue
          next.set(partition, Number(offset) + 1)
          learn(key, value, partition)
        }
        seenAt = monotonic()
      },
    })
    for (const partition of await Promise.race([joined.promise, failed.promise])) unread.add(partition)
    await writeMarkers(kafka, topic, [...unread], marker)
    seenAt = monotonic()
    watch = setInterval(() => {
      if (monotonic() - seenAt <= NO_PROGRESS_MS) return
      const behind = [...unread].join(', ')
      failed.reject(new Error(`the ends of ${topic}/${behind} were not reached: no record came for ${NO_PROGRESS_MS} ms`))
    }, 1_000)
    await Promise.race([read.promise, failed.promise])
  }

  try {
    await readWhole()
  } catch (error) {
    await consumer.disconnect()
    throw error
  } finally {
    clearInterval(watch)
  }
  return {
    has: (customerId) => members.has(customerId),
    size: () => members.size,
    isCurrent: () => monotonic() - fetchedAt < CURRENT_MS,
    keyless: () => keyless,
    close: () => consumer.disconnect(),
  }
}

/** Any leader change makes the group rejoin, and a rejoin forgets positions. Where nothing was read yet, it begins at the beginning. */
const continueFrom = (
  consumer: Consumer,
  topic: string,
  assigned: readonly number[],
  next: ReadonlyMap<number, number>,
): void => {
  for (const partition of assigned) {
    const offset = next.get(partition)
    if (offset !== undefined) whileRunning(() => consumer.seek({ topic, partition, offset: String(offset) }))
  }
}

/** A tombstone under a key of its own, behind everything there is in each partition: compaction takes it away. */
const writeMarkers = async (kafka: Kafka, topic: string, partitions: readonly number[], key: string): Promise<void> => {
  const producer = plainProducer(kafka, { inOrder: false, givesUp: 'late' })
  await producer.connect()
  try {
    await producer.send({ topic, acks: -1, messages: partitions.map((partition) => ({ partition, key, value: null })) })
  } finally {
    await producer.disconnect()
  }
}
