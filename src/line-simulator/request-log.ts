import type { Endpoint } from './endpoint.ts'
import type { Came } from './people.ts'

/** How a request ended: the HTTP status, `reset` or `hang` by a fault, `abandoned` when the client left before the answer was
 *  written, `incomplete` when it left before its body was whole. */
export type Answered = number | 'reset' | 'hang' | 'abandoned' | 'incomplete'

export interface LogEntry {
  /** From 1, in the order in which requests were complete; goes on after a DELETE. A gap is what the ring has dropped. */
  readonly sequence: number
  /** Wall clock, ms since the epoch. */
  readonly receivedAt: number
  /** Nanoseconds of the simulator's monotonic clock: for distances between entries. */
  readonly monotonicNs: number
  readonly method: string
  readonly path: string
  readonly endpoint: Endpoint | 'other'
  readonly channel: string | null
  readonly to: string | null
  readonly deliveryTag: string | null
  /** Written when it is decided; `abandoned` replaces it when the client did not wait. */
  status: Answered
  readonly came: Came
  readonly requestId: string
  /** The id of the fault that befell it. */
  readonly fault: number | null
  /** Names of headers that a notification message must not have. */
  readonly forbiddenHeaders: readonly string[]
  /** As received; null for token requests (they hold a secret) and when bodies are not kept. */
  readonly body: string | null
}

export interface RequestLog {
  append(entry: Omit<LogEntry, 'sequence'>): LogEntry
  /** At most `limit` of the entries kept, of those with a higher sequence than `after`, oldest first. */
  after(sequence: number, limit: number): Generator<LogEntry, void>
  /** `total` counts everything since the last clearing, also what the ring has dropped. */
  count(): { total: number; kept: number; dropped: number; firstKept: number | null; last: number }
  clear(): void
}

/** A ring of the newest entries: memory stays bounded however long a load test runs. */
export const openRequestLog = (capacity: number): RequestLog => {
  let ring: LogEntry[] = []
  let last = 0
  let clearedAt = 0
  const firstKept = (): number => Math.max(clearedAt, last - capacity) + 1

  return {
    append: (facts) => {
      last += 1
      const entry: LogEntry = { sequence: last, ...facts }
      ring[last % capacity] = entry
      return entry
    },
    *after(sequence, limit) {
      let next = Math.max(sequence + 1, firstKept())
      let given = 0
      while (given < limit && next <= last) {
        const entry = ring[next % capacity]
        // Overwritten while a slow reader was at it: go on with what is still there.
        if (!entry || entry.sequence !== next) {
          next = firstKept()
          continue
        }
        next += 1
        given += 1
        yield entry
      }
    },
    count: () => {
      const total = last - clearedAt
      const kept = last - firstKept() + 1
      return { total, kept, dropped: total - kept, firstKept: kept > 0 ? firstKept() : null, last }
    },
    clear: () => {
      ring = []
      clearedAt = last
    },
  }
}

/** One line of NDJSON. A body that is JSON is given as JSON, any other as a string. */
export const formatLogEntry = (entry: LogEntry): string => `${JSON.stringify({ ...entry, body: legible(entry.body) })}\n`

const legible = (body: string | null): unknown => {
  if (body === null) return null
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}
