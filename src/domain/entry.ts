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
  /** Back-off, and the limits of what one person gets. Never changes the order. */
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
  /** In state `unknown`: until when an answer is waited for. In state `accepted`: until when LINE's delivery event is. */
  readonly settleAt: number | null
  /** Why it last became unknown. */
  readonly unknownCause: string | null
  /** LINE's name of the call that it accepted. */
  readonly lineRequestId: string | null
  /** Of attempts before the one in force: when the last one left that LINE did not certainly refuse. Of an ended entry: of all. The person
   *  may have it. */
  readonly reachedAt: number | null
  /** Queued again although it may have been delivered: exempt from the order, as it would hold up everything newer for a day. */
  readonly resend: boolean
  /** When another channel is due, as long as this has not ended; null: never, or it was said. */
  readonly fallbackAt: number | null
  readonly fallbackSaid: boolean
  /** When the person linked their LINE account by it: that counts once. */
  readonly linkedAt: number | null
  /** Until when its position and identity are remembered, and longer if it has not ended. */
  readonly keepUntil: number
}

/** `accepted`: LINE took it, and tells when the person can see it. Where nobody listens for that, an accepted one is done. */
export type EntryState = 'queued' | 'sending' | 'unknown' | 'accepted' | 'done'

export const NONE_YET: Readonly<Record<EntryState, number>> = { queued: 0, sending: 0, unknown: 0, accepted: 0, done: 0 }

/** Not done, and nothing of it is to be sent as things stand: it waits to be told what became of it. */
export const awaitsWord = ({ state }: Entry): boolean => state === 'unknown' || state === 'accepted'

/** A queue with a rate limit of its own: one for each channel and endpoint. */
export type Lane = string & { readonly __brand: 'Lane' }

export const laneOf = (to: { readonly channel: string; readonly endpoint: Endpoint }): Lane =>
  `${to.channel}/${to.endpoint}` as Lane

export const channelOf = (lane: Lane): string => lane.slice(0, lane.lastIndexOf('/'))

/** What keeps order among its own: one person's notifications on a channel, urgent ones apart. */
export interface Line {
  readonly recipientRef: string
  readonly channel: string
  readonly urgent: boolean
}

/** When an entry last went, or may have gone, to its recipient. */
export const lastSentAt = (entry: Entry): number | null =>
  entry.state === 'sending' || awaitsWord(entry) ? entry.sentAt : entry.reachedAt

export const isExpired = ({ state, notification }: Entry, now: number): boolean =>
  state === 'queued' && notification !== null && notification.expiresAt !== null && notification.expiresAt <= now

export const isUnsettled = (entry: Entry, channel: string, until: number): boolean =>
  awaitsWord(entry) && entry.settleAt !== null && entry.settleAt <= until && entry.notification?.channel === channel

export const isFallbackDue = ({ fallbackAt }: Entry, now: number): boolean => fallbackAt !== null && fallbackAt <= now

/** LINE keeps a message for so long, waiting for the person to consent, and then deletes it. */
export const RECEIPT_MS = 86_400_000

/** The delivery event may come so long after the end, when LINE sends it anew, and needs the entry. */
export const LATE_RECEIPT_MS = 2 * RECEIPT_MS

/** When an entry may be forgotten; null: not before it has ended. */
export const forgetAtOf = ({ state, keepUntil }: Entry): number | null => (state === 'done' ? keepUntil : null)

/** Whether the same event, or business key, made anew is a duplicate of this one. */
export const claimsIdentity = ({ notification }: Entry): boolean => notification !== null

/** A business key is free again when nothing was sent under it. */
export const claimsBusinessKey = ({ notification, status }: Entry): boolean =>
  notification?.businessKey != null && status !== 'cancelled' && status !== 'superseded' && status !== 'expired'

/** Order of departure within a lane: urgent first, then by release, then by arrival. Arrivals are unique in a partition, so no two tie. */
export const compareDeparture = (a: Departure, b: Departure): number =>
  Number(b.urgent) - Number(a.urgent) || a.releaseAt - b.releaseAt || a.arrival - b.arrival

export interface Departure {
  readonly urgent: boolean
  readonly releaseAt: number
  readonly arrival: number
}
