import type { Kafka } from 'kafkajs'

/** One record as it lies in a topic. */
export interface ScannedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** ms since the epoch. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>
}

export interface ScanOptions {
  readonly kafka: Kafka
  readonly scans: readonly TopicRange[]
  /** `stop`: what was looked for is found. Not called again after that. */
  readonly onRecord: (record: ScannedRecord) => 'go-on' | 'stop'
  /** Offsets passed so far, of those there are to pass. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface TopicRange {
  readonly topic: string
  /** Left out: all. */
  readonly partitions?: readonly number[]
  /** From the first record at or after this time (ms), or this offset (of one partition); left out: from the start of the log. */
  readonly from?: { readonly timestamp: number } | { readonly offset: number }
}

/** Reads, once, the committed records that lie in topics when it begins, and leaves no trace: no offsets, no lasting group. Within a
 *  partition in order. Throws TopicsError for a topic or partition that does not exist, and a plain error when the brokers stop
 *  answering: it never ends early in silence. */
export declare const scanTopics: (options: ScanOptions) => Promise<void>
