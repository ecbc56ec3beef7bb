import type { Marking } from './mark.ts'
import type { Endpoint } from './message.ts'
import type { Position } from './position.ts'
import type { Purpose } from './purpose.ts'

/** What a request says of the event it came from. `source` and `id` name the event (CloudEvents); times are ms since the epoch. */
export interface EventFacts {
  readonly source: string | null
  readonly id: string | null
  readonly type: string | null
  readonly time: number | null
}

/** Everything about a notification that stays the same through its life. It carries its policy with it, so that dispatch needs
 *  no routes, and a route edited at noon does not change what was promised at dawn. */
export interface Notification {
  /** 32 hex digits, from position and identity: the same record read again is the same notification. */
  readonly notificationId: string
  /** 32 hex digits, from source, event id, customer and recipient: the same event produced again has the same one. */
  readonly identityKey: string
  readonly position: Position
  readonly event: EventFacts
  readonly customerId: string | null
  /** HMAC of the hashed number under the pepper, hex: names a person within this installation, and nowhere else. */
  readonly recipientRef: string
  readonly route: string
  readonly purpose: Purpose
  readonly channel: string
  readonly endpoint: Endpoint
  readonly urgent: boolean
  /** IANA zone of the recipient, for quiet hours. */
  readonly zone: string
  readonly quietHours: QuietHours | null
  /** Not sent at or after this instant (ms since the epoch). */
  readonly expiresAt: number | null
  /** Arrived after this instant: too old to be worth sending (the route's `maxAge`). */
  readonly staleAt: number | null
  readonly unknownPolicy: 'give-up' | 'resend'
  /** How long an unknown outcome is waited for before the policy is applied. */
  readonly unknownWaitMs: number
  readonly fallback: Fallback | null
  /** How long after it might have gone another channel is due, if LINE has not taken it by then; where receipts are awaited, if it has not
   *  delivered it. */
  readonly fallbackAfterMs: number | null
  /** How long its identity is remembered, from the later of event time and arrival. */
  readonly dedupeWindowMs: number
  /** 32 hex digits, from route, recipient and what the route says: another event with the same key within the window says the same. */
  readonly businessKey: string | null
  readonly businessWindowMs: number
  /** What it is about, such as `reservation/R-1024`: what is called off or replaced by that name. */
  readonly subject: string | null
  /** Of all that is about the subject, only the highest is of use. */
  readonly revision: number | null
  /** Only for those who got, or may have got, something about the subject before. */
  readonly onlyIfNotified: boolean
  /** Its message is one of LINE's templates, or was the one that LINE had reviewed when it was made. */
  readonly reviewed: boolean
  /** When intake read the record. */
  readonly receivedAt: number
  /** W3C trace context of the event, if it had one. */
  readonly traceparent: string | null
}

/** When not to disturb, on the recipient's clock: the union of all windows. */
export interface QuietHours {
  readonly windows: readonly QuietWindow[]
  /** Dates `YYYY-MM-DD` that the windows on holidays mean: those near the event, so that a notification stays small. */
  readonly holidays: readonly string[]
  /** What waited leaves within this time after the end, each person at a moment of their own. */
  readonly spreadMs: number
}

/** Wall-clock times `HH:MM` or `HH:MM:SS` (and `24:00` for `until`), closed at `from`, open at `until`; wraps midnight if `until` is
 *  before `from`. */
export interface QuietWindow {
  readonly from: string
  readonly until: string
  /** On which days it opens: ISO weekdays (1 is Monday), dates, or holidays. Null: every day. */
  readonly on: readonly (number | string | 'holiday')[] | null
}

/** Where a notification that LINE cannot deliver should go instead: a hint to whoever consumes results. */
export type Fallback = 'sms' | 'email'

/** A notification that may be sent. `sealed` holds address and message, encrypted (see seal.ts). */
export interface ReadyRequest {
  readonly kind: 'ready'
  readonly notification: Notification
  readonly sealed: Uint8Array
}

/** One that intake refuses: it was understood, and must not be sent. It does not claim the identity, so that a mended event or
 *  route can be produced anew. */
export interface RefusedRequest {
  readonly kind: 'refused'
  readonly notificationId: string
  readonly position: Position
  readonly event: EventFacts
  readonly customerId: string | null
  readonly recipientRef: string | null
  readonly route: string | null
  readonly purpose: Purpose | null
  readonly channel: string | null
  readonly fallback: Fallback | null
  readonly reason: RefusalReason
  /** Names the field and the shape of its value, never the value. */
  readonly detail: string
  readonly receivedAt: number
  /** How long it is remembered, from the later of event time and arrival. */
  readonly dedupeWindowMs: number
  readonly traceparent: string | null
}

export type RefusalReason =
  | 'no-route'
  | 'no-phone'
  | 'unusable-phone'
  | 'country-not-served'
  | 'missing-field'
  | 'malformed-field'
  | 'content-rule'
  /** It advertises, on a channel that refuses that. */
  | 'advertising'
  | 'no-recipients'
  | 'opted-out'
  | 'not-on-allow-list'
  | 'not-reviewed'

/** A record that cannot be read. Its bytes lie in the dead letters; here only its position. */
export interface PoisonRequest {
  readonly kind: 'poison'
  /** From the position and the digest of the bytes. */
  readonly notificationId: string
  readonly position: Position
  readonly reason: PoisonReason
  readonly detail: string
  readonly receivedAt: number
  /** How long it is remembered, from its arrival. */
  readonly dedupeWindowMs: number
}

export type PoisonReason = 'no-value' | 'not-confluent' | 'unknown-schema' | 'undecodable' | 'internal-fault'

/** Goes to every partition: whom a subject concerns, nobody knows. */
export interface MarkRequest {
  readonly kind: 'mark'
  readonly marking: Marking
}

/** An operator's order, to every partition. */
export interface ChannelRequest {
  readonly kind: 'channel'
  readonly channel: string
  readonly order: 'pause' | 'resume'
}

/** What goes to all partitions and has no results of its own. */
export type ControlRequest = MarkRequest | ChannelRequest

export type Request = ReadyRequest | RefusedRequest | PoisonRequest | ControlRequest

/** For how long refused and poison records are remembered where no route says so. */
export const DEFAULT_WINDOW_MS = 7 * 86_400_000
