import type { Kafka } from 'kafkajs'
import { scanTopics } from '../kafka/topic-scan.ts'
import { withAdmin } from '../kafka/topics.ts'
import type { ResultReader } from '../trace/result-reader.ts'
import { countUnreadable, type Unreadable } from '../trace/unreadable.ts'
import type { Day } from './day.ts'
import { createTally, type TalliedLane } from './tally.ts'

/** What the results topic has to say of one day. */
export interface Told {
  readonly lanes: readonly TalliedLane[]
  readonly records: number
  readonly unreadable: Unreadable
  /** Results that may have told of the day are deleted by age. */
  readonly deleted: Deleted | null
}

export interface Deleted {
  /** Of the oldest record that was read, ms; null: nothing is left. */
  readonly oldest: number | null
}

export interface ResultsOptions {
  readonly kafka: Kafka
  readonly topic: string
  readonly day: Day
  readonly reader: ResultReader
  readonly onProgress: (done: number, total: number) => void
}

/** Reads the committed results from that day to now: corrections come late. */
export const readResults = async (options: ResultsOptions): Promise<Told> => {
  const { kafka, topic, day, reader, onProgress } = options
  const from = { timestamp: day.from - CLOCKS_MS }
  for (;;) {
    const tally = createTally(day)
    const unreadable = countUnreadable()
    let records = 0
    let oldest: number | null = null
    await scanTopics({
      kafka,
      scans: [{ topic, from }],
      onProgress,
      onRecord: (record) => {
        records++
        oldest = Math.min(oldest ?? record.timestamp, record.timestamp)
        unreadable.attempt(record, () => tally.add(reader.read(record.value)))
        return 'go-on'
      },
    })
    if (await reader.learn()) continue // then what was unreadable can be read
    const deleted = (await beginsLater(kafka, topic, from.timestamp)) ? { oldest } : null
    return { lanes: tally.figures(), records, unreadable: unreadable.found(), deleted }
  }
}

/** A record is as old as the clock of the worker that wrote it says. */
const CLOCKS_MS = 3_600_000

/** Whether a partition has lost its beginning, and what is left of it is all younger. */
const beginsLater = (kafka: Kafka, topic: string, timestamp: number): Promise<boolean> =>
  withAdmin(kafka, async (admin) => {
    const kept = await admin.fetchTopicOffsets(topic)
    const since = new Map(
      (await admin.fetchTopicOffsetsByTimestamp(topic, timestamp)).map(({ partition, offset }) => [partition, offset]),
    )
    return kept.some(({ partition, low }) => Number(low) > 0 && Number(since.get(partition)) <= Number(low))
  })
