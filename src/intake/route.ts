import type { Endpoint } from '../domain/message.ts'
import type { ServedCountry } from '../domain/phone.ts'
import type { Purpose } from '../domain/purpose.ts'
import type { Fallback, QuietHours } from '../domain/request.ts'
import type { EventSchema } from './event-schema.ts'
import type { FieldPath } from './field-path.ts'
import type { MessageTemplate } from './message-template.ts'

/** How an event becomes notifications, ready for use: paths checked, texts parsed, what was left out filled in. */
export interface Route {
  readonly id: string
  /** The file it was read from. */
  readonly file: string
  readonly purpose: Purpose
  readonly topic: string
  /** The Avro full name of the record, or the CloudEvents type. */
  readonly event: string
  readonly schema: EventSchema
  readonly channel: string
  readonly endpoint: Endpoint
  readonly urgent: boolean
  /** Stands in for absent CloudEvents headers. */
  readonly identity: { readonly source: string; readonly id: FieldPath } | null
  readonly time: FieldPath | null
  /** For event times written without an offset. */
  readonly eventZone: string
  /** An array: one notification for each element. Null: the event has one recipient. */
  readonly recipients: FieldPath | null
  readonly recipient: {
    readonly phone: FieldPath
    readonly country: ServedCountry
    readonly customer: FieldPath | null
    readonly timeZone: FieldPath | null
  }
  readonly quietHours: QuietHours | null
  readonly expires: Expiry | null
  readonly maxAgeMs: number
  readonly dedupeWindowMs: number
  readonly unknownPolicy: 'give-up' | 'resend'
  readonly unknownWaitMs: number
  readonly fallback: Fallback | null
  readonly message: MessageTemplate
}

export type Expiry =
  | { readonly kind: 'field'; readonly path: FieldPath }
  /** Counted from the time of the event. */
  | { readonly kind: 'after'; readonly ms: number }
