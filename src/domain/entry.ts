import type { Endpoint } from './message.ts'
import type { Position } from './position.ts'
import type { Notification } from './request.ts'
import type { Status } from './result.ts'

/** One notification's state in the journal. Replaced as a whole at every change; the last one written is the truth. */
export interface Entry {
  readonly notificationId: string
  readonly position: Position
  /** Offset of its request in `requests`: the order of arrival within the partition. */
  readonly arrival: number
  readonly arrivedAt: number
  readonly state: EntryState
  /** What was last said of it in `results`; `received` if nothing was. */
  readonly status: Status
  /** How many results were published. The next one's sequence. */
  readonly sequence: number
  /** Sequence of the terminal result, once there is one. */
  readonly terminalSequence: number | null
  readonly corrected: boolean
  /** Absent for what never could be sent: duplicates, refused and poison. */
  readonly notification: Notification | null
  /** Address and message, encrypted. Gone as soon as no send is possible any more. */
  readonly sealed: Uint8Array | null
  /** When it may go: arrival, or the end of quiet hours. Decides the order. */
  readonly releaseAt: number
  /** Back-off. Never changes the order. */
  readonly notBefore: number
  /** Delivery tag of the intention that is in force, or was last; and of those before it. */
  readonly deliveryTag: string | null
  readonly pastTags: readonly string[]
  /** HTTP calls that were, or may have been, made. */
  readonly attempts: number
  /** Times it was certainly not sent since it was last queued afresh: the exponent of the back-off. */
  readonly setbacks: number
  /** When the intention in force was committed. */
  readonly sentAt: number | null
  /** In state `unknown`: until when an answer is waited for. */
  readonly settleAt: number | null
  /** Why it last became unknown. */
  readonly unknownCause: string | null
}

export type EntryState = 'queued' | 'sending' | 'unknown' | 'done'

/** A queue with a rate limit of its own: one for each channel and endpoint. */
export type Lane = string & { readonly __brand: 'Lane' }

export const laneOf = (to: { readonly channel: string; readonly endpoint: Endpoint }): Lane =>
  `${to.channel}/${to.endpoint}` as Lane

/** Order of departure within a lane: urgent first, then by release, then by arrival. Arrivals are unique in a partition, so no two tie. */
export const compareDeparture = (a: Departure, b: Departure): number =>
  Number(b.urgent) - Number(a.urgent) || a.releaseAt - b.releaseAt || a.arrival - b.arrival

export interface Departure {
  readonly urgent: boolean
  readonly releaseAt: number
  readonly arrival: number
}
