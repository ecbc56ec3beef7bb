import { setTimeout } from 'node:timers/promises'
import type { Kafka } from 'kafkajs'
import { systemClock } from '../clock.ts'
import type { SourceHeaders } from '../intake/source-batch.ts'
import type { LogRecord } from './inner-cluster.ts'
import { type Fetched, openPartitionLogs, type PartitionLogs } from './partition-logs.ts'
import { TopicsError, withAdmin } from './topics.ts'

/** One record as it lies in a topic. */
export interface ScannedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** ms since the epoch. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: SourceHeaders
}

export interface ScanOptions {
  readonly kafka: Kafka
  readonly scans: readonly TopicRange[]
  /** `stop`: what was looked for is found. Not called again after that. */
  readonly onRecord: (record: ScannedRecord) => 'go-on' | 'stop'
  /** Offsets passed so far, of those there are to pass. */
  readonly onProgress?: (done: number, total: number) => void
  /** How long a partition may stand still, because of its brokers or of a transaction that does not end, ms. Default: 30 s. */
  readonly patienceMs?: number
}

export interface TopicRange {
  readonly topic: string
  /** Left out: all. */
  readonly partitions?: readonly number[]
  /** From the first record at or after this time (ms), or this offset (of one partition), which must be within the log; left out: from the
   *  start of the log. */
  readonly from?: { readonly timestamp: number } | { readonly offset: number }
}

/** The brokers, or a transaction, do not let it end; or an offset is asked for that is not there. */
export class ScanError extends Error {
  override readonly name = 'ScanError'
}

/** Reads, once, the committed records that lie in topics when it begins, and leaves no trace: no group, no offsets. Within a partition in
 *  order. What is deleted by age while it reads is passed over. A transaction that is open when it begins is waited for. Throws
 *  TopicsError for a topic or partition that does not exist, and ScanError when the brokers stop answering, a transaction stays open, or
 *  the offset asked for is not in the log: it never ends early in silence. */
export const scanTopics = async (options: ScanOptions): Promise<void> => {
  const { kafka, scans, patienceMs = 30_000 } = options
  await verifyExistence(kafka, scans)
  const logs = await openPartitionLogs(kafka)
  try {
    const ranges = (await Promise.all(scans.map((scan) => rangesOf(logs, scan, patienceMs)))).flat()
    await readAll(logs, ranges, options, patienceMs)
  } finally {
    await logs.close()
  }
}

/** One partition, to its end as it was at the beginning. */
interface Range {
  readonly topic: string
  readonly partition: number
  readonly start: number
  readonly end: number
  next: number
}

/** The logs are asked one question at a time: more partitions at once only keep one that waits from holding up the others. */
const AT_ONCE = 4

const readAll = async (
  logs: PartitionLogs,
  ranges: readonly Range[],
  options: ScanOptions,
  patienceMs: number,
): Promise<void> => {
  const { onRecord, onProgress } = options
  const total = ranges.reduce((sum, { start, end }) => sum + end - start, 0)
  const waiting = [...ranges]
  let over = false
  const deliver = (range: Range, { records }: Fetched): void => {
    for (const record of records) {
      if (over || Number(record.offset) >= range.end) return
      over = onRecord(scannedRecord(range, record)) === 'stop'
    }
  }
  const readInTurn = async (): Promise<void> => {
    try {
      for (let range = waiting.shift(); range && !over; range = waiting.shift())
        for await (const fetched of fetchesOf(logs, range, patienceMs)) {
          if (over) return
          deliver(range, fetched)
          onProgress?.(
            ranges.reduce((sum, { next, start }) => sum + next - start, 0),
            total,
          )
        }
    } catch (error) {
      over = true
      throw error
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, readInTurn))
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed) throw failed.reason
}

const scannedRecord = ({ topic, partition }: Range, { offset, timestamp, key, value, headers }: LogRecord): ScannedRecord => ({
  topic,
  partition,
  offset: Number(offset),
  timestamp: Number(timestamp),
  key,
  value,
  headers,
})

/** Answers of the broker, up to the range's end; also those in which nothing was, while a transaction is open. Whether the end is reached
 *  is not told by the last record, as compaction and transactions leave gaps before it: but what a broker has nothing of, up to the last
 *  stable offset, is passed. */
async function* fetchesOf(logs: PartitionLogs, range: Range, patienceMs: number): AsyncGenerator<Fetched> {
  const { topic, partition, end } = range
  let movedAt = systemClock.monotonic()
  while (range.next < end) {
    const fetched = await patiently(logs, `${topic}/${partition}`, patienceMs, () => fetchOrPass(logs, range))
    const next = fetched.empty ? Math.max(range.next, Math.min(fetched.lastStable, end)) : Math.min(fetched.next, end)
    if (next > range.next) movedAt = systemClock.monotonic()
    range.next = next
    yield fetched
    if (!fetched.empty) continue
    if (next < end && systemClock.monotonic() - movedAt > patienceMs)
      throw new ScanError(
        `${topic}/${partition} cannot be read from offset ${next} on: a transaction that began there has not ended for ${patienceMs / 1000} s. Its producer is stuck, or was killed: the brokers end it after its transaction.timeout.ms, then try again`,
      )
    if (next < end) await setTimeout(PAUSE_MS)
  }
}

const PAUSE_MS = 100

/** What was deleted by age while it was being read is passed over. */
const fetchOrPass = async (logs: PartitionLogs, { topic, partition, next }: Range): Promise<Fetched> => {
  try {
    return await logs.fetch(topic, partition, next)
  } catch (error) {
    if (!(error instanceof Error && error.name === 'KafkaJSOffsetOutOfRange')) throw error
    const start = (await logs.offsets(topic, [partition], 'start')).get(partition) ?? 0
    // Below its own end a log is out of range only when it was made anew, or lost.
    if (start <= next) throw new ScanError(`${topic}/${partition} has lost its end while it was read: was the topic made anew?`)
    return { records: [], next: start, lastStable: start, empty: false }
  }
}

const rangesOf = async (logs: PartitionLogs, scan: TopicRange, patienceMs: number): Promise<Range[]> => {
  const { topic, from } = scan
  const ask = <T>(question: () => Promise<T>) => patiently(logs, topic, patienceMs, question)
  const existing = await ask(() => logs.partitionsOf(topic))
  const partitions = scan.partitions ?? existing
  const missing = partitions.filter((partition) => !existing.includes(partition))
  if (missing.length > 0)
    throw new TopicsError([`${topic} has ${existing.length} partitions, from 0 on, and no partition ${missing.join(', ')}`])
  // The end first: a log may only grow in between.
  const ends = await ask(() => logs.offsets(topic, partitions, 'end'))
  const starts = await ask(() => logs.offsets(topic, partitions, from && 'timestamp' in from ? from : 'start'))
  return partitions.map((partition) => {
    const end = ends.get(partition)
    if (end === undefined) throw new ScanError(`the brokers do not say where ${topic}/${partition} ends`)
    const start = Math.min(starts.get(partition) ?? end, end)
    if (!from || 'timestamp' in from) return { topic, partition, start, end, next: start }
    if (from.offset < start || from.offset > end)
      throw new ScanError(
        `${topic}/${partition} has no offset ${from.offset}: it ${start < end ? `has ${start} to ${end - 1}` : `is empty, and goes on at ${end}`}${from.offset < start ? '. What was before is deleted by age' : ''}`,
      )
    return { topic, partition, start: from.offset, end, next: from.offset }
  })
}

const verifyExistence = async (kafka: Kafka, scans: readonly TopicRange[]): Promise<void> => {
  const existing = new Set(await withAdmin(kafka, (admin) => admin.listTopics()))
  const missing = [...new Set(scans.map(({ topic }) => topic))].filter((topic) => !existing.has(topic))
  if (missing.length > 0) throw new TopicsError(missing.map((topic) => `${topic} does not exist, or may not be described`))
}

/** Again and again while the brokers do not answer, or lead somewhere else. */
export const patiently = async <T>(logs: PartitionLogs, place: string, patienceMs: number, ask: () => Promise<T>): Promise<T> => {
  const since = systemClock.monotonic()
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!passes(error)) throw error
      if (systemClock.monotonic() - since > patienceMs)
        throw new ScanError(`${place} could not be read for ${patienceMs / 1000} s: ${error.message}. Are the brokers up?`)
      await setTimeout(PAUSE_MS)
      await logs.lookAround().catch(() => {}) // the next question tells
    }
  }
}

/** kafkajs says so of its errors; that its own retries were in vain says nothing of their cause. */
const passes = (error: unknown): error is Error => {
  if (!(error instanceof Error)) return false
  if (error.name === 'KafkaJSNumberOfRetriesExceeded') return error.cause === undefined || passes(error.cause)
  return 'retriable' in error && error.retriable === true
}
