import type { Endpoint } from './message.ts'
import type { Position } from './position.ts'
import type { EventFacts, Fallback } from './request.ts'

/** Everything that can be said of a notification. Terminal ones end it: exactly one for each notification. */
export type Status =
  // on the way
  | 'received'
  | 'queued'
  | 'sending'
  | 'unknown'
  | 'fallback_due'
  // the end, unless a receipt is awaited
  | 'accepted'
  // the end
  | 'delivered'
  | 'undelivered'
  | 'unconfirmed'
  | 'unreachable'
  | 'rejected'
  | 'cancelled'
  | 'superseded'
  | 'expired'
  | 'duplicate'
  | 'refused'
  | 'poison'

/** What is published about a notification. Schema and meaning of each field: schemas/results/notification-result.avsc. */
export interface Result {
  readonly resultId: string
  readonly notificationId: string
  readonly sequence: number
  readonly status: Status
  readonly terminal: boolean
  readonly corrects: string | null
  readonly reason: string | null
  readonly detail: string | null
  readonly purpose: string | null
  readonly route: string | null
  readonly channel: string | null
  readonly endpoint: Endpoint | null
  readonly customerId: string | null
  readonly recipientRef: string | null
  readonly subject: string | null
  readonly position: Position
  readonly event: EventFacts
  readonly duplicateOf: string | null
  readonly attempts: number
  readonly deliveryTag: string | null
  readonly lineRequestId: string | null
  readonly httpStatus: number | null
  readonly property: string | null
  readonly receivedAt: number
  readonly releaseAt: number | null
  readonly sentAt: number | null
  /** By LINE's clock: when the person could first see it. */
  readonly deliveredAt: number | null
  readonly decidedAt: number
  readonly cost: Cost | null
  readonly fallback: Fallback | null
  readonly traceparent: string | null
}

/** Ten-thousandths of the currency's unit (¥3.5 is 35000), so that sums are exact. */
export interface Cost {
  readonly tenThousandths: number
  readonly currency: string
}
