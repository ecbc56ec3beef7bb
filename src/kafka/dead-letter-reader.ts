import type { Kafka } from 'kafkajs'
import type { Letter } from '../dead-letters/letter.ts'
import { createLetterIndex } from '../dead-letters/letter-index.ts'
import { openRecord, type WholeRecord } from '../dead-letters/sealed-record.ts'
import type { Open } from '../domain/seal.ts'
import { type ScannedRecord, scanTopics } from './topic-scan.ts'

/** Everything is read for it, however few are asked for: that a letter was replayed may be said anywhere behind it. `history`: all records
 *  under the key of the letter that is asked for. */
export const readLetters = async (options: {
  readonly kafka: Kafka
  readonly topic: string
  readonly open: Open
  readonly about?: string | undefined
  readonly onProgress?: (done: number, total: number) => void
}): Promise<ReadLetters> => {
  const { topic, open, about, ...scan } = options
  const index = createLetterIndex(open)
  const history: ScannedRecord[] = []
  await scanTopics({
    ...scan,
    scans: [{ topic }],
    onRecord: (record) => {
      index.add(record)
      if (about !== undefined && record.key?.toString() === about) history.push(record)
      return 'go-on'
    },
  })
  return { letters: index.letters(), strangers: index.strangers(), history }
}

export interface ReadLetters {
  /** Oldest first. */
  readonly letters: readonly Letter[]
  /** Records that are neither letters nor tsuchi's. */
  readonly strangers: number
  readonly history: readonly ScannedRecord[]
}

/** The records of some letters, by the letters' keys. One that has been deleted by age since is missing. */
export const readRecordsOf = async (
  letters: readonly Letter[],
  { kafka, topic, open }: { readonly kafka: Kafka; readonly topic: string; readonly open: Open },
): Promise<ReadonlyMap<string, WholeRecord>> => {
  const records = new Map<string, WholeRecord>()
  if (letters.length === 0) return records
  const wanted = new Map(letters.map(({ key, place }) => [`${place.partition}/${place.offset}`, key]))
  // By time and not by offset: that of a letter deleted since would not be in the log.
  const scans = Array.from(
    Map.groupBy(letters, ({ place }) => place.partition),
    ([partition, each]) => ({
      topic,
      partitions: [partition],
      from: { timestamp: each.reduce((first, { diedAt }) => Math.min(first, diedAt), Number.POSITIVE_INFINITY) },
    }),
  )
  await scanTopics({
    kafka,
    scans,
    onRecord: ({ partition, offset, value }) => {
      const key = wanted.get(`${partition}/${offset}`)
      if (key !== undefined && value) records.set(key, openRecord(value, key, open))
      return records.size === wanted.size ? 'stop' : 'go-on'
    },
  })
  return records
}
