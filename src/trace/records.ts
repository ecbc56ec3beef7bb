import type { Kafka } from 'kafkajs'
import { type ScannedRecord, scanTopics, type TopicRange } from '../kafka/topic-scan.ts'
import { partitionCounts, type TopicNames, withAdmin } from '../kafka/topics.ts'
import { type Fact, factOf } from './fact.ts'
import type { ResultReader } from './result-reader.ts'
import { countUnreadable, type Unreadable } from './unreadable.ts'

export type TracedTopic = 'requests' | 'feedback' | 'journal' | 'results'

/** What was read, for whoever finds nothing. */
export interface Reading {
  /** Records by topic. */
  readonly records: ReadonlyMap<string, number>
  readonly unreadable: Unreadable
}

export interface Records {
  /** Reads what those topics say in those partitions (left out: in all), the journal from its beginning. */
  read(options: {
    readonly topics: readonly TracedTopic[]
    readonly partitions?: readonly number[] | undefined
    readonly onFact: (fact: Fact) => 'go-on' | 'stop'
    /** Before the topics are read once more: results of another version can be read now. */
    readonly onAnew: () => void
  }): Promise<Reading>
  /** The partitions whose results may lie in this one of the results. */
  publishersTo(resultPartition: number): readonly number[]
}

export interface RecordsOptions {
  readonly kafka: Kafka
  readonly names: TopicNames
  /** Of requests, feedback and journal. */
  readonly partitions: number
  /** Records of requests, feedback and results before it are left out. */
  readonly since: number
  readonly results: ResultReader
  readonly onProgress: (done: number, total: number) => void
}

export const openRecords = async (options: RecordsOptions): Promise<Records> => {
  const { kafka, names, since, results, onProgress } = options
  const resultPartitions = (await withAdmin(kafka, (admin) => partitionCounts(admin, [names.results]))).get(names.results) ?? 1
  const all = Array.from({ length: options.partitions }, (_, partition) => partition)
  const rangeOf = (topic: TracedTopic, partitions: readonly number[]): TopicRange => ({
    topic: names[topic],
    // A task publishes to the partition of its own number, or, if there are fewer, to this one.
    partitions: topic === 'results' ? [...new Set(partitions.map((partition) => partition % resultPartitions))] : partitions,
    ...(topic !== 'journal' && { from: { timestamp: since } }),
  })

  return {
    read: async ({ topics, partitions = all, onFact, onAnew }) => {
      for (;;) {
        const records = new Map(topics.map((topic) => [names[topic], 0]))
        const unreadable = countUnreadable()
        const onRecord = (record: ScannedRecord) => {
          records.set(record.topic, (records.get(record.topic) ?? 0) + 1)
          const fact = unreadable.attempt(record, () => factOf(record, names, results.read))
          return fact ? onFact(fact) : 'go-on'
        }
        await scanTopics({ kafka, scans: topics.map((topic) => rangeOf(topic, partitions)), onRecord, onProgress })
        if (!(await results.learn())) return { records, unreadable: unreadable.found() }
        onAnew()
      }
    },
    publishersTo: (resultPartition) => all.filter((partition) => partition % resultPartitions === resultPartition),
  }
}
