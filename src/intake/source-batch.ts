/** Records of one partition of a domain topic, in order. */
export interface SourceBatch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly SourceMessage[]
  /** False once the partition is no longer this worker's, or it is stopping: give up, nothing more is committed. */
  readonly mine: () => boolean
  readonly heartbeat: () => Promise<void>
  /** Everything up to and with this offset is safe elsewhere. */
  readonly done: (offset: number) => Promise<void>
}

export interface SourceMessage {
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: SourceHeaders | undefined
  readonly timestamp: number
}

/** As Kafka has them: bytes, and a name may occur more than once. */
export type SourceHeaders = Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>
