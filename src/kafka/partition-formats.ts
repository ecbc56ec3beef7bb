import type { Kafka } from 'kafkajs'
import { StateLostError } from '../dispatch/task-journal.ts'
import type { LogRecord } from './inner-cluster.ts'
import { decodeJournal, UnreadableRecordError } from './internal-codec.ts'
import { mayBeFormat, NEWEST_FORMAT } from './internal-records.ts'
import { openPartitionLogs, type PartitionLogs } from './partition-logs.ts'
import { patiently } from './topic-scan.ts'
import { TopicsError } from './topics.ts'

/** In which format each partition is written: a fact of the topics, which `tsuchi topics upgrade` raises. A record in the journal says so,
 *  written under the transactional id of the partition's owner: whoever owned it before, in whatever version, can commit nothing more, and
 *  reads that record when it opens the partition again. So what a worker cannot read for being newer it never passes. */
export interface PartitionFormats {
  of(partition: number): number
  /** The partition's journal says so. Throws NewerFormatError. */
  learn(partition: number, format: number): void
}

/** The topics are in a format that this version does not know. Nothing is lost: a newer version can go on. */
export class NewerFormatError extends StateLostError {
  override readonly name = 'NewerFormatError'

  constructor(place: string, format: number) {
    super(
      `${place} is in format ${format} of internal records, and this version of tsuchi knows formats up to ${NEWEST_FORMAT}. It was raised by \`tsuchi topics upgrade\`, and there is no way back: run the version that did that, or a newer one. Nothing is lost meanwhile; what waits, waits`,
    )
  }
}

export const createPartitionFormats = (found: readonly number[]): PartitionFormats => {
  const formats = new Map(found.entries())
  return {
    of: (partition) => formats.get(partition) ?? writtenFormat(found),
    learn: (partition, format) => {
      if (format > NEWEST_FORMAT) throw new NewerFormatError(`the journal of partition ${partition}`, format)
      formats.set(partition, Math.max(format, formats.get(partition) ?? 1))
    },
  }
}

/** In which whoever owns no partition writes to all: what every one of them is at. One that is not has an owner who may not know more. */
export const writtenFormat = (formats: readonly number[]): number => Math.min(...formats)

/** The formats of the journal's partitions, if this version knows them all. Throws NewerFormatError. */
export const verifyFormats = async (kafka: Kafka, journal: string, partitions: number): Promise<readonly number[]> => {
  const formats = await readFormats(kafka, journal, partitions)
  const highest = Math.max(...formats)
  if (highest > NEWEST_FORMAT) throw new NewerFormatError(journal, highest)
  return formats
}

/** By partition. Looks at the last that was committed, and waits for no transaction. */
export const readFormats = async (kafka: Kafka, journal: string, partitions: number): Promise<readonly number[]> => {
  const logs = await openPartitionLogs(kafka)
  try {
    const all = Array.from({ length: partitions }, (_, partition) => partition)
    const ask = <T>(question: () => Promise<T>) => patiently(logs, journal, PATIENCE_MS, question)
    await ask(() => logs.partitionsOf(journal))
    const starts = await ask(() => logs.offsets(journal, all, 'start'))
    const ends = await ask(() => logs.offsets(journal, all, 'end'))
    const formats: number[] = []
    for (const partition of all) {
      const log = { topic: journal, partition, start: starts.get(partition) ?? 0, end: ends.get(partition) ?? 0 }
      formats.push(await ask(() => formatOf(logs, log)))
    }
    return formats
  } finally {
    await logs.close()
  }
}

const PATIENCE_MS = 10_000

interface Log {
  readonly topic: string
  readonly partition: number
  readonly start: number
  readonly end: number
}

/** How far back to look, at first and then. Every commit ends with a position; after it there may be markers, and what was aborted. */
const LOOK_BACK = [100, 10_000, Number.POSITIVE_INFINITY]

/** Topics from before there were formats do not say: they are in the first. */
const formatOf = async (logs: PartitionLogs, log: Log): Promise<number> => {
  for (const back of LOOK_BACK) {
    const from = Math.max(log.start, log.end - back)
    const told = await lastTold(logs, log, from)
    if (told !== undefined) return told
    if (from === log.start) break
  }
  return 1
}

const lastTold = async (logs: PartitionLogs, { topic, partition, end }: Log, from: number): Promise<number | undefined> => {
  let told: number | undefined
  for (let next = from; next < end; ) {
    const fetched = await logs.fetch(topic, partition, next)
    if (fetched.empty) break
    for (const record of fetched.records) told = toldBy(record, `${topic}/${partition}/${record.offset}`) ?? told
    next = fetched.next
  }
  return told
}

/** The record that raises it, or a position, which every owner writes in the format of its partition. */
const toldBy = ({ key, value }: LogRecord, place: string): number | undefined => {
  const name = key?.toString()
  // Of somebody else's, whoever restores the partition says where it lies.
  const [firstByte = 0] = value ?? []
  if (name === 'position') return mayBeFormat(firstByte) ? firstByte : undefined
  if (name !== 'format') return undefined
  try {
    const record = decodeJournal(value)
    return record.kind === 'format' ? record.format : undefined
  } catch (error) {
    if (!(error instanceof UnreadableRecordError)) throw error
    throw new TopicsError([`${place} should say the format of internal records, but ${error.message}: who else may write there?`])
  }
}
