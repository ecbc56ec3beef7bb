import { randomUUID } from 'node:crypto'
import type { Admin, Kafka, Message } from 'kafkajs'
import { type Death, letterHeaders } from '../dead-letters/headers.ts'
import { type Committed, type InputBounds, StateLostError, type TaskJournal } from '../dispatch/task-journal.ts'
import type { Attribution } from '../domain/attribution.ts'
import type { Coverage } from '../domain/coverage.ts'
import type { Entry } from '../domain/entry.ts'
import { isJournalKey, type JournalKey, keyOfCoverage, keyOfEntry, keyOfMark, keyOfPause } from '../domain/journal-key.ts'
import type { Mark } from '../domain/mark.ts'
import type { Pause } from '../domain/pause.ts'
import { formatPosition } from '../domain/position.ts'
import type { Result } from '../domain/result.ts'
import type { StateChanges, TaskPosition } from '../domain/state.ts'
import { cloudEventHeaders } from './cloud-event.ts'
import { decodeJournal, encodeJournal, type JournalValue } from './internal-codec.ts'
import { NewerRecordError, UnreadableRecordError } from './internal-records.ts'
import type { JournalReader } from './journal-reader.ts'
import { NewerFormatError, type PartitionFormats } from './partition-formats.ts'
import type { PublishedCodec } from './result-codec.ts'
import type { TopicCounts, TopicNames } from './topics.ts'
import { openTransactionalProducer, type TransactionalProducer } from './transactional-producer.ts'

/** A newer owner has fenced this one. */
export class FencedError extends Error {
  override readonly name = 'FencedError'
}

export const openTaskJournal = async (options: JournalOptions & { readonly kafka: Kafka }): Promise<TaskJournal> =>
  taskJournalOver(await openTransactionalProducer(options.kafka, `${options.group}-${options.partition}`), options)

export interface JournalOptions {
  readonly admin: Offsets
  readonly reader: JournalReader
  readonly names: TopicNames
  readonly group: string
  readonly partition: number
  readonly counts: Pick<TopicCounts, 'results' | 'attributions' | 'deadLetters'>
  readonly encode: PublishedCodec
  readonly formats: PartitionFormats
}

type Offsets = Pick<Admin, 'fetchTopicOffsets' | 'fetchOffsets'>

/** Whoever wrote under the producer's transactional id before is fenced by the first commit. */
export const taskJournalOver = (producer: TransactionalProducer, options: JournalOptions): TaskJournal => {
  const { names, partition, reader, admin, group, counts, encode, formats } = options
  const nonce = randomUUID()
  let epoch: number | undefined

  return {
    fence: async () => {
      const value = encodeJournal({ kind: 'epoch', nonce }, formats.of(partition))
      const { next } = await producer.commit([{ topic: names.journal, partition, messages: [{ key: 'epoch', value }] }])
      epoch = next - 1
      return epoch
    },
    restore: async (from, onPortion) => {
      const portion = gather(onPortion)
      await reader.read(partition, from, ({ offset, key, value }) => {
        if (epoch !== undefined && offset > epoch)
          throw new FencedError(`the journal of partition ${partition} goes on at ${offset}, after the own marker at ${epoch}`)
        if (value === null) {
          portion.forget(forgottenKeyOf(key, partition, offset), offset)
          return false
        }
        const record = readable(value, partition, offset)
        if (record.kind === 'format') formats.learn(partition, record.format)
        portion.put(record, offset)
        const own = record.kind === 'epoch' && record.nonce === nonce
        if (own) portion.flush()
        return own
      })
    },
    inputs: async () => boundsOf(admin, names, group, partition),
    commit: async (committed) => {
      const { results, attributions, unreadable, tooOld } = committed
      const { next } = await producer.commit([
        { topic: names.journal, partition, messages: journalOf(committed, formats.of(partition)) },
        {
          topic: names.results,
          partition: partition % counts.results,
          messages: results.map((result) => resultMessage(result, encode.result)),
        },
        {
          topic: names.attributions,
          partition: partition % counts.attributions,
          messages: attributions.map((attribution) => attributionMessage(attribution, encode.attribution)),
        },
        {
          topic: names.deadLetters,
          partition: partition % counts.deadLetters,
          messages: [
            ...unreadable.map(({ topic, offset }) => letterAbout(names[topic], partition, offset, UNREADABLE)),
            ...tooOld.map(({ offset }) => letterAbout(names.requests, partition, offset, TOO_OLD)),
          ],
        },
      ])
      return next
    },
    close: () => producer.close(),
  }
}

const journalOf = ({ entries, marks, pauses, coverages, forgotten, position }: Committed, format: number): Message[] => {
  const encode = (value: JournalValue) => encodeJournal(value, format)
  return [
    ...entries.map((entry) => ({ key: keyOfEntry(entry.notificationId), value: encode({ kind: 'entry', entry }) })),
    ...marks.map((mark) => ({ key: keyOfMark(mark.subject), value: encode({ kind: 'mark', mark }) })),
    ...pauses.map((pause) => ({ key: keyOfPause(pause.channel), value: encode({ kind: 'pause', pause }) })),
    ...coverages.map((coverage) => ({ key: keyOfCoverage(coverage.channel), value: encode({ kind: 'coverage', coverage }) })),
    ...forgotten.map((key) => ({ key, value: null })),
    { key: 'position', value: encode({ kind: 'task-position', position }) },
  ]
}

/** Nothing moves past what cannot be read: it may be what was sent. */
const readable = (value: Buffer, partition: number, offset: number): JournalValue => {
  try {
    return decodeJournal(value)
  } catch (error) {
    if (error instanceof NewerRecordError)
      throw new NewerFormatError(`the journal of partition ${partition}, at offset ${offset},`, error.format)
    if (error instanceof UnreadableRecordError) throw damaged(partition, offset, error.message)
    throw error
  }
}

const damaged = (partition: number, offset: number, what: string): StateLostError =>
  new StateLostError(
    `the journal of partition ${partition} cannot be read at offset ${offset}: ${what}. It is damaged, or somebody else writes there: see who may, and restore the topic from a backup, or create all topics anew to begin without memory`,
  )

/** A restore reads hundreds of thousands of records, and a store takes many at once more cheaply than one by one. What is forgotten and
 *  what is put go apart, so that of one key the last one counts. */
const PORTION = 1_000

const gather = (onPortion: (changes: StateChanges, next: number) => void) => {
  const nothing = () => ({
    entries: [] as Entry[],
    marks: [] as Mark[],
    pauses: [] as Pause[],
    coverages: [] as Coverage[],
    forgotten: [] as JournalKey[],
  })
  let gathered = nothing()
  let position: TaskPosition | undefined
  let size = 0
  let next = 0
  const flush = () => {
    onPortion(position ? { ...gathered, position } : gathered, next)
    gathered = nothing()
    position = undefined
    size = 0
  }
  return {
    flush,
    forget: (key: JournalKey, offset: number) => {
      if (size > gathered.forgotten.length || size >= PORTION) flush()
      gathered.forgotten.push(key)
      size++
      next = offset + 1
    },
    put: (value: JournalValue, offset: number) => {
      if (gathered.forgotten.length > 0 || size >= PORTION) flush()
      if (value.kind === 'entry') gathered.entries.push(value.entry)
      else if (value.kind === 'mark') gathered.marks.push(value.mark)
      else if (value.kind === 'pause') gathered.pauses.push(value.pause)
      else if (value.kind === 'coverage') gathered.coverages.push(value.coverage)
      else if (value.kind === 'task-position') position = value.position
      size++
      next = offset + 1
    },
  }
}

const forgottenKeyOf = (key: string, partition: number, offset: number): JournalKey => {
  if (isJournalKey(key)) return key
  throw damaged(partition, offset, 'a tombstone of a key that this version does not write')
}

const resultMessage = (result: Result, encodeResult: PublishedCodec['result']): Message => ({
  key: result.notificationId,
  value: encodeResult(result),
  headers: {
    ...cloudEventHeaders(result.resultId, `dev.tsuchi.notification.${result.status}`),
    ...(result.traceparent !== null && { traceparent: result.traceparent }),
  },
})

const attributionMessage = (attribution: Attribution, encode: PublishedCodec['attribution']): Message => ({
  key: attribution.notificationId,
  value: encode(attribution),
  headers: cloudEventHeaders(attribution.notificationId, 'dev.tsuchi.attribution'),
})

/** The bytes stay where they are: in our own topic, at this offset, for its retention. */
const letterAbout = (
  topic: string,
  partition: number,
  offset: number,
  { reason, detail }: Pick<Death, 'reason' | 'detail'>,
): Message => {
  const position = { topic, partition, offset, index: 0 }
  return {
    key: formatPosition(position),
    value: null,
    headers: letterHeaders({ position, reason, detail }, 'omitted: left in place'),
  }
}

const UNREADABLE = { reason: 'UnreadableRecordError', detail: 'an internal record that this version cannot read' } as const

/** Its window was over before dispatch came to it: whether it was sent before, nobody can say any more. */
const TOO_OLD = {
  reason: 'older-than-window',
  detail: 'older than its dedupe window: what became of it before may have been forgotten',
} as const

const boundsOf = async (admin: Offsets, names: TopicNames, group: string, partition: number): Promise<InputBounds> => {
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
