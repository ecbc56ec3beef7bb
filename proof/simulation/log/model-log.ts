import type { Clock } from '../../../src/clock.ts'
import type { TaskJournal } from '../../../src/dispatch/task-journal.ts'
import type { Attribution } from '../../../src/domain/attribution.ts'
import type { Feedback } from '../../../src/domain/input.ts'
import type { Request } from '../../../src/domain/request.ts'
import type { Result } from '../../../src/domain/result.ts'
import type { TaskPosition } from '../../../src/domain/state.ts'
import type { InputTopic } from '../../../src/kafka/dispatch-group.ts'
import {
  decodeFeedback,
  decodeJournal,
  decodeRequest,
  encodeFeedback,
  encodeJournal,
  encodeRequest,
  type JournalValue,
} from '../../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../../src/kafka/internal-records.ts'
import { createPartitionFormats } from '../../../src/kafka/partition-formats.ts'
import { type JournalOptions, taskJournalOver } from '../../../src/kafka/task-journal.ts'
import { topicNames } from '../../../src/kafka/topics.ts'
import { transactionsOf } from '../../../src/kafka/transactional-producer.ts'
import { type Coordinator, createCoordinator } from './coordinator.ts'
import { type JournalFaults, NO_FAULTS } from './journal-faults.ts'
import { createPartitionLog, type Kept, type PartitionLog, type Written } from './partition-log.ts'
import { createTransactor } from './transactor.ts'

/** Kafka, as far as tsuchi's dispatch uses it: a model in memory, under the product's own journal and codecs. test/contract/ holds it to what
 *  the brokers do. */
export interface ModelLog {
  /** A journal for one owner's attempt at one partition. */
  openJournal(partition: number, owner: string, faults?: JournalFaults): TaskJournal
  /** Without a transaction, as all who write inputs do. Returns the offset. */
  append<T extends InputTopic>(topic: T, partition: number, value: InputValues[T]): number
  /** What a consumer that stands at `from` is given next. */
  read<T extends InputTopic>(topic: T, partition: number, from: number, most?: number): readonly InputRead<InputValues[T]>[]
  /** What a reader of the journal finds now; and up to where it can be read, and where it ends. */
  readJournal(partition: number): readonly JournalKept[]
  journalEnds(partition: number): { readonly stable: number; readonly end: number }
  /** All that was ever committed, in order, whatever was compacted or deleted since. */
  journalOf(partition: number): readonly JournalKept[]
  inputsOf<T extends InputTopic>(topic: T, partition: number): readonly InputRead<InputValues[T]>[]
  resultsOf(partition: number): readonly { readonly offset: number; readonly result: Result; readonly committedAt: number }[]
  attributionsOf(partition: number): readonly Attribution[]
  /** What was set aside: `<requests|feedback>/<partition>/<offset>`. */
  deadLettersOf(partition: number): readonly string[]
  /** The journal keeps the last record of each key below an offset, or of all that is stable. */
  compact(partition: number, below?: number): void
  /** Retention, or an operator. */
  deleteInputs(topic: InputTopic, partition: number, before: number): void
  /** The topic is made anew, as `tsuchi topics create` does. */
  recreateJournal(partition: number): void
  recreateInputs(topic: InputTopic, partition: number): void
  setGroupOffsets(partition: number, position: TaskPosition): void
  /** They expire, some days after the last member has gone. */
  deleteGroupOffsets(): void
}

export interface InputValues {
  readonly requests: Request
  readonly feedback: Feedback
}

export interface InputRead<V> {
  readonly offset: number
  readonly value: V
  readonly committedAt: number
}

export interface JournalKept {
  readonly offset: number
  readonly key: string
  /** Null: a tombstone. */
  readonly value: JournalValue | null
  readonly committedAt: number
}

/** Records in one answer to a fetch. */
const FETCH = 500

const GROUP = 'model-dispatch'

/** `coordinator`: another one, where it is to be seen what becomes of it. */
export const createModelLog = ({
  partitions,
  clock,
  coordinator = createCoordinator(clock.now),
}: {
  readonly partitions: number
  readonly clock: Clock
  readonly coordinator?: Coordinator
}): ModelLog => {
  const names = topicNames('model')
  const counts = { results: partitions, attributions: partitions, deadLetters: partitions }
  const formats = createPartitionFormats(Array<number>(partitions).fill(NEWEST_FORMAT))
  const logs = new Map<string, PartitionLog>()
  const groupOffsets = new Map<number, TaskPosition>()
  const published = new WeakMap<Buffer, Result | Attribution>()

  const create = (topic: string, partition: number): PartitionLog => {
    const log = createPartitionLog()
    logs.set(`${topic}/${partition}`, log)
    if (topic === names.journal) for (const record of firstRecords(partitions)) log.append(record, clock.now())
    return log
  }
  const logOf = (topic: string, partition: number): PartitionLog => {
    const log = logs.get(`${topic}/${partition}`)
    if (!log) throw new Error(`the model has no ${topic}/${partition}`)
    coordinator.expire()
    return log
  }
  for (const topic of [names.requests, names.feedback, names.journal, names.results, names.attributions, names.deadLetters])
    for (let partition = 0; partition < partitions; partition++) create(topic, partition)

  /** What is published goes by other bytes with each registry: here the bytes only stand for it. */
  const asBytes = (value: Result | Attribution): Buffer => {
    const bytes = Buffer.from(value.notificationId)
    published.set(bytes, value)
    return bytes
  }
  const publishedIn = <V extends Result | Attribution>({ value }: Kept): V => published.get(value ?? Buffer.of()) as V

  const readerWith = (faults: JournalFaults): JournalOptions['reader'] => ({
    read: async (partition, from, onRecord) => {
      await faults.at('restore')
      for (let next = from; ; ) {
        await faults.at('portion')
        const portion = logOf(names.journal, partition).read(next, FETCH)
        if (portion.length === 0)
          throw new Error(`no record of ${names.journal}/${partition} at or after ${next} came for 30000 ms`)
        for (const record of portion) if (onRecord(record)) return
        next = (portion.at(-1)?.offset ?? next) + 1
      }
    },
    close: async () => {},
  })

  const admin: JournalOptions['admin'] = {
    fetchTopicOffsets: async (topic) =>
      Array.from({ length: partitions }, (_, partition) => {
        const log = logOf(topic, partition)
        const high = String(log.lastStable())
        return { partition, low: String(log.low()), high, offset: high }
      }),
    fetchOffsets: async ({ topics = [] }) =>
      topics.map((topic) => ({
        topic,
        partitions: Array.from({ length: partitions }, (_, partition) => {
          const offset = groupOffsets.get(partition)?.[topic === names.requests ? 'requests' : 'feedback']
          return { partition, offset: String(offset ?? -1), metadata: null }
        }),
      })),
  }

  return {
    openJournal: (partition, owner, faults = NO_FAULTS) => {
      const transactor = createTransactor({ coordinator, id: `${GROUP}-${partition}`, owner, faults, logOf })
      const encode = { result: asBytes, attribution: asBytes }
      const reader = readerWith(faults)
      const journal = taskJournalOver(transactionsOf(transactor), {
        admin,
        reader,
        names,
        group: GROUP,
        partition,
        counts,
        encode,
        formats,
      })
      return {
        ...journal,
        inputs: async () => {
          await faults.at('inputs')
          return journal.inputs()
        },
      }
    },
    append: (topic, partition, value) =>
      logOf(names[topic], partition).append({ key: 'input', value: CODECS[topic].encode(value) }, clock.now()),
    read: (topic, partition, from, most = Number.POSITIVE_INFINITY) =>
      logOf(names[topic], partition)
        .read(from, most)
        .map((record) => inputIn(topic, record)),
    inputsOf: (topic, partition) =>
      logOf(names[topic], partition)
        .everCommitted()
        .map((record) => inputIn(topic, record)),
    readJournal: (partition) => logOf(names.journal, partition).read(0, Number.POSITIVE_INFINITY).map(journalIn),
    journalEnds: (partition) => {
      const log = logOf(names.journal, partition)
      return { stable: log.lastStable(), end: log.high() }
    },
    journalOf: (partition) => logOf(names.journal, partition).everCommitted().map(journalIn),
    resultsOf: (partition) =>
      logOf(names.results, partition)
        .everCommitted()
        .map((record) => ({ offset: record.offset, result: publishedIn<Result>(record), committedAt: record.committedAt })),
    attributionsOf: (partition) =>
      logOf(names.attributions, partition)
        .everCommitted()
        .map(publishedIn<Attribution>),
    deadLettersOf: (partition) =>
      logOf(names.deadLetters, partition)
        .everCommitted()
        .map(({ key }) => key.slice('model.'.length).split('/').slice(0, 3).join('/')),
    compact: (partition, below = Number.POSITIVE_INFINITY) => logOf(names.journal, partition).compact(below, clock.now()),
    deleteInputs: (topic, partition, before) => logOf(names[topic], partition).deleteBefore(before),
    recreateJournal: (partition) => void create(names.journal, partition),
    recreateInputs: (topic, partition) => void create(names[topic], partition),
    setGroupOffsets: (partition, position) => void groupOffsets.set(partition, position),
    deleteGroupOffsets: () => groupOffsets.clear(),
  }
}

const inputIn = <T extends InputTopic>(topic: T, { offset, value, committedAt }: Kept): InputRead<InputValues[T]> => ({
  offset,
  value: CODECS[topic].decode(value),
  committedAt,
})

const journalIn = ({ offset, key, value, committedAt }: Kept): JournalKept => ({
  offset,
  key,
  value: value && decodeJournal(value),
  committedAt,
})

const CODECS: {
  readonly [T in InputTopic]: {
    readonly encode: (value: InputValues[T]) => Buffer
    readonly decode: (value: Buffer | null) => InputValues[T]
  }
} = {
  requests: { encode: (request) => encodeRequest(request, NEWEST_FORMAT), decode: decodeRequest },
  feedback: { encode: (feedback) => encodeFeedback(feedback, NEWEST_FORMAT), decode: decodeFeedback },
}

/** As `tsuchi topics create` writes them. */
const firstRecords = (partitions: number): readonly Written[] => {
  const immutables = { partitions, incarnation: '0123456789ab', pepperCheck: '0123456789abcdef', group: GROUP }
  return [
    { key: 'immutables', value: encodeJournal({ kind: 'immutables', immutables }, NEWEST_FORMAT) },
    { key: 'format', value: encodeJournal({ kind: 'format', format: NEWEST_FORMAT }, NEWEST_FORMAT) },
  ]
}
