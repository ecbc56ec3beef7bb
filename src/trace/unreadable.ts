import { UnreadableRecordError } from '../kafka/internal-codec.ts'
import type { ScannedRecord } from '../kafka/topic-scan.ts'

/** Records that could not be read: how many, and what the first of them is. */
export interface Unreadable {
  readonly count: number
  readonly first: string | null
}

/** Reads on past what cannot be read, and counts it. */
export const countUnreadable = () => {
  let found: Unreadable = { count: 0, first: null }
  return {
    /** `undefined` if it cannot be read. */
    attempt: <T>(
      { topic, partition, offset }: Pick<ScannedRecord, 'topic' | 'partition' | 'offset'>,
      read: () => T,
    ): T | undefined => {
      try {
        return read()
      } catch (error) {
        if (!(error instanceof UnreadableRecordError)) throw error
        found = { count: found.count + 1, first: found.first ?? `${topic}/${partition}/${offset}: ${error.message}` }
        return undefined
      }
    },
    found: (): Unreadable => found,
  }
}
