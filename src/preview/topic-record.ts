import type { Kafka } from 'kafkajs'
import { type ScannedRecord, scanTopics } from '../kafka/topic-scan.ts'
import { partitionCounts, withAdmin } from '../kafka/topics.ts'
import { PreviewError } from './preview-error.ts'

export interface RecordPlace {
  readonly topic: string
  /** Left out: the topic must have one alone. */
  readonly partition: number | undefined
  readonly offset: number
}

/** The very record at this place, without a trace that it was read. Throws PreviewError. */
export const recordAt = async (kafka: Kafka, wanted: RecordPlace): Promise<ScannedRecord> => {
  const { topic, offset } = wanted
  const { partition, low, high } = await withAdmin(kafka, async (admin) => {
    const partition = partitionOf(wanted, (await partitionCounts(admin, [topic])).get(topic))
    const bounds = (await admin.fetchTopicOffsets(topic)).find((each) => each.partition === partition)
    return { partition, low: Number(bounds?.low ?? 0), high: Number(bounds?.high ?? 0) }
  })
  const has = high > low ? `it has ${low} to ${high - 1}` : 'it is empty'
  const none = (more: string) => new PreviewError(`${topic}/${partition} has no record at offset ${offset}: ${more}`)
  if (offset < low || offset >= high) throw none(has)
  let first: ScannedRecord | undefined
  await scanTopics({
    kafka,
    scans: [{ topic, partitions: [partition], from: { offset } }],
    onRecord: (record) => {
      first = record
      return 'stop'
    },
  })
  if (first?.offset === offset) return first
  throw none(
    `${has}, but there lies the end of a transaction, or what was compacted away${first ? `; the next is at ${first.offset}` : ''}`,
  )
}

const partitionOf = ({ topic, partition }: RecordPlace, count: number | undefined): number => {
  if (count === undefined) throw new PreviewError(`there is no topic ${topic}, or it may not be described`)
  if (partition === undefined && count > 1)
    throw new PreviewError(`${topic} has ${count} partitions: say with --partition which one of 0 to ${count - 1}`)
  if (partition !== undefined && partition >= count)
    throw new PreviewError(`${topic} has no partition ${partition}: it has 0 to ${count - 1}`)
  return partition ?? 0
}
