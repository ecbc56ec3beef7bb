import type { Endpoint } from '../domain/message.ts'
import type { ServedCountry } from '../domain/phone.ts'
import type { Purpose } from '../domain/purpose.ts'
import type { Fallback } from '../domain/request.ts'
import type { AdvertisementsIn } from './advertising.ts'
import type { ChannelRules } from './channel-rules.ts'
import type { EventSchema } from './event-schema.ts'
import type { FieldPath } from './field-path.ts'
import type { MessageTemplate } from './message-template.ts'
import type { RouteQuietHours } from './route-quiet-hours.ts'
import type { SubjectNaming } from './subject.ts'

/** What to do with an event, ready for use: paths checked, texts parsed, what was left out filled in. */
export type Route = NotifyingRoute | CancellingRoute

/** Which events are meant, and how to read them. */
interface EventRoute {
  readonly id: string
  /** The file it was read from. */
  readonly file: string
  readonly topic: string
  /** The Avro full name of the record, or the CloudEvents type. */
  readonly event: string
  readonly schema: EventSchema
  /** Stands in for absent CloudEvents headers. */
  readonly identity: { readonly source: string; readonly id: FieldPath } | null
  readonly time: FieldPath | null
  /** For event times written without an offset. */
  readonly eventZone: string
  /** An array: one notification, or one subject called off, for each element. Null: the event has one. */
  readonly recipients: FieldPath | null
  readonly dedupeWindowMs: number
}

/** Makes an event notifications. */
export interface NotifyingRoute extends EventRoute {
  readonly kind: 'notify'
  readonly purpose: Purpose
  readonly channel: string
  readonly endpoint: Endpoint
  readonly urgent: boolean
  readonly recipient: {
    readonly phone: FieldPath
    readonly country: ServedCountry
    readonly customer: FieldPath | null
    readonly timeZone: FieldPath | null
  }
  readonly quietHours: RouteQuietHours | null
  readonly expires: Expiry | null
  readonly maxAgeMs: number
  readonly unknownPolicy: 'give-up' | 'resend'
  readonly unknownWaitMs: number
  readonly fallback: Fallback | null
  readonly fallbackAfterMs: number | null
  readonly subject: SubjectNaming | null
  /** A constant, or a field with a whole number. */
  readonly revision: number | FieldPath | null
  readonly onlyIfNotified: boolean
  /** A template, or a flexible message with the record of LINE's review of it. */
  readonly reviewed: boolean
  readonly business: { readonly key: readonly FieldPath[]; readonly windowMs: number } | null
  readonly message: MessageTemplate
  /** Names the message as LINE reviews it; null for templates. */
  readonly fingerprint: string | null
  /** Of its channel: what may be sent there. */
  readonly rules: ChannelRules
  /** Texts that look like advertising, and are none here. */
  readonly advertisingExcept: readonly string[]
  readonly advertisementsIn: AdvertisementsIn
}

/** Notifies nobody: calls off what waits. */
export interface CancellingRoute extends EventRoute {
  readonly kind: 'cancel'
  readonly subject: SubjectNaming
}

export type Expiry =
  | { readonly kind: 'field'; readonly path: FieldPath }
  /** Counted from the time of the event. */
  | { readonly kind: 'after'; readonly ms: number }
