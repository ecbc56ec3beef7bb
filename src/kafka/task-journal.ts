import { randomUUID } from 'node:crypto'
import type { Admin, Kafka } from 'kafkajs'
import type { InputBounds, TaskJournal } from '../dispatch/task-journal.ts'
import { partitionOf } from '../domain/partition.ts'
import { formatPosition } from '../domain/position.ts'
import type { Result } from '../domain/result.ts'
import { decodeJournal, encodeJournal } from './internal-codec.ts'
import type { JournalReader } from './journal-reader.ts'
import type { EncodeResult } from './result-codec.ts'
import type { TopicNames } from './topics.ts'
import { openTransactionalProducer, type PartitionedMessage, type TopicMessages } from './transactional-producer.ts'

/** A newer owner has fenced this one. */
export class FencedError extends Error {}

export const openTaskJournal = async (options: {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly reader: JournalReader
  readonly names: TopicNames
  readonly group: string
  readonly partition: number
  readonly resultPartitions: number
  readonly encodeResult: EncodeResult
}): Promise<TaskJournal> => {
  const { names, partition, reader, admin, group } = options
  const producer = await openTransactionalProducer(options.kafka, `${group}-${partition}`)
  const nonce = randomUUID()
  let epoch: number | undefined

  return {
    fence: async () => {
      const value = encodeJournal({ kind: 'epoch', nonce })
      const [written] = await producer.commit([{ topic: names.journal, messages: [{ key: 'epoch', value, partition }] }])
      if (written?.baseOffset === undefined)
        throw new Error(`the brokers did not say where the epoch marker of partition ${partition} lies`)
      epoch = Number(written.baseOffset)
      return epoch
    },
    restore: async (onRecord) => {
      await reader.read(partition, 0, ({ offset, key, value }) => {
        if (epoch !== undefined && offset > epoch)
          throw new FencedError(`the journal of partition ${partition} goes on at ${offset}, after the own marker at ${epoch}`)
        if (value === null)
          throw new Error(
            `the journal of partition ${partition} has a tombstone for ${key} at ${offset}, which this version does not write`,
          )
        const record = decodeJournal(value)
        if (record.kind === 'entry') onRecord({ entry: record.entry })
        else if (record.kind === 'task-position') onRecord({ position: record.position })
        return record.kind === 'epoch' && record.nonce === nonce
      })
    },
    inputs: async () => boundsOf(admin, names, group, partition),
    commit: async ({ entries, results, position, unreadable }) => {
      const journal: PartitionedMessage[] = entries.map((entry) => ({
        key: `entry/${entry.notificationId}`,
        value: encodeJournal({ kind: 'entry', entry }),
        partition,
      }))
      journal.push({ key: 'position', value: encodeJournal({ kind: 'task-position', position }), partition })
      const batch: TopicMessages[] = [{ topic: names.journal, messages: journal }]
      if (results.length > 0)
        batch.push({ topic: names.results, messages: results.map((result) => resultMessage(result, options)) })
      if (unreadable.length > 0)
        batch.push({
          topic: names.deadLetters,
          messages: unreadable.map(({ topic, offset }) => unreadableMessage(names[topic], partition, offset)),
        })
      await producer.commit(batch)
    },
    close: () => producer.close(),
  }
}

const resultMessage = (
  result: Result,
  { resultPartitions, encodeResult }: { readonly resultPartitions: number; readonly encodeResult: EncodeResult },
): PartitionedMessage => ({
  key: result.notificationId,
  partition: partitionOf(result.notificationId, resultPartitions),
  value: encodeResult(result),
  headers: {
    ce_specversion: '1.0',
    ce_id: result.resultId,
    ce_source: 'tsuchi',
    ce_type: `dev.tsuchi.notification.${result.status}`,
    ...(result.traceparent !== null && { traceparent: result.traceparent }),
  },
})

/** The bytes stay where they are: in our own topic, at this offset, for its retention. */
const unreadableMessage = (topic: string, partition: number, offset: number): PartitionedMessage => ({
  key: formatPosition({ topic, partition, offset, index: 0 }),
  partition: 0,
  value: null,
  headers: {
    '__connect.errors.topic': topic,
    '__connect.errors.partition': String(partition),
    '__connect.errors.offset': String(offset),
    '__connect.errors.stage': 'VALUE_CONVERTER',
    '__connect.errors.exception.class.name': 'UnreadableRecordError',
    '__connect.errors.exception.message': 'an internal record that this version cannot read',
  },
})

const boundsOf = async (admin: Admin, names: TopicNames, group: string, partition: number): Promise<InputBounds> => {
  const [requests, feedback, committed] = await Promise.all([
    admin.fetchTopicOffsets(names.requests),
    admin.fetchTopicOffsets(names.feedback),
    admin.fetchOffsets({ groupId: group, topics: [names.requests, names.feedback] }),
  ])
  const bounds = (topic: string, ends: typeof requests) => {
    const end = ends.find((each) => each.partition === partition)
    if (!end) throw new Error(`${topic} has no partition ${partition}`)
    return { low: Number(end.low), high: Number(end.high) }
  }
  return {
    requests: bounds(names.requests, requests),
    feedback: bounds(names.feedback, feedback),
    groupHasRead: committed.some(({ partitions }) =>
      partitions.some((each) => each.partition === partition && Number(each.offset) > 0),
    ),
  }
}
