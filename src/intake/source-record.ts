import type { Position } from '../domain/position.ts'

/** What intake knows of a record of a domain topic beside its value. */
export interface SourceRecord {
  readonly position: Omit<Position, 'index'>
  /** Names as written, values as UTF-8. */
  readonly headers: ReadonlyMap<string, string>
  /** The record's own timestamp, ms since the epoch. */
  readonly timestamp: number
}

/** The W3C trace context, or null: the standard says to ignore one that is malformed. */
export const traceparentOf = ({ headers }: SourceRecord): string | null => {
  const value = headers.get('traceparent')
  return value !== undefined && TRACEPARENT.test(value) ? value : null
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x20-\x7e]{0,200})?$/
