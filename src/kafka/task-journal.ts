import { randomUUID } from 'node:crypto'
import type { Admin, Kafka, Message } from 'kafkajs'
import type { InputBounds, TaskJournal } from '../dispatch/task-journal.ts'
import { formatPosition } from '../domain/position.ts'
import type { Result } from '../domain/result.ts'
import { decodeJournal, encodeJournal } from './internal-codec.ts'
import type { JournalReader } from './journal-reader.ts'
import type { EncodeResult } from './result-codec.ts'
import type { TopicNames } from './topics.ts'
import { openTransactionalProducer } from './transactional-producer.ts'

/** A newer owner has fenced this one. */
export class FencedError extends Error {
  override readonly name = 'FencedError'
}

export const openTaskJournal = async (options: {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly reader: JournalReader
  readonly names: TopicNames
  readonly group: string
  readonly partition: number
  readonly resultPartitions: number
  readonly deadLetterPartitions: number
  readonly encodeResult: EncodeResult
}): Promise<TaskJournal> => {
  const { names, partition, reader, admin, group, resultPartitions, deadLetterPartitions, encodeResult } = options
  const producer = await openTransactionalProducer(options.kafka, `${group}-${partition}`)
  const nonce = randomUUID()
  let epoch: number | undefined

  return {
    fence: async () => {
      const value = encodeJournal({ kind: 'epoch', nonce })
      const [written] = await producer.commit([{ topic: names.journal, partition, messages: [{ key: 'epoch', value }] }])
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
      const journal: Message[] = entries.map((entry) => ({
        key: `entry/${entry.notificationId}`,
        value: encodeJournal({ kind: 'entry', entry }),
      }))
      journal.push({ key: 'position', value: encodeJournal({ kind: 'task-position', position }) })
      await producer.commit([
        { topic: names.journal, partition, messages: journal },
        {
          topic: names.results,
          partition: partition % resultPartitions,
          messages: results.map((result) => resultMessage(result, encodeResult)),
        },
        {
          topic: names.deadLetters,
          partition: partition % deadLetterPartitions,
          messages: unreadable.map(({ topic, offset }) => unreadableMessage(names[topic], partition, offset)),
        },
      ])
    },
    close: () => producer.close(),
  }
}

const resultMessage = (result: Result, encodeResult: EncodeResult): Message => ({
  key: result.notificationId,
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
const unreadableMessage = (topic: string, partition: number, offset: number): Message => ({
  key: formatPosition({ topic, partition, offset, index: 0 }),
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
