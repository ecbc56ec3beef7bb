import type { Endpoint } from './endpoint.ts'
import type { Came } from './people.ts'
import { openRing, type Ring } from './ring.ts'

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

export type RequestLog = Ring<Omit<LogEntry, 'sequence'>>

export const openRequestLog = (capacity: number): RequestLog => openRing(capacity)

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
