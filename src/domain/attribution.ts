import type { Link } from './input.ts'
import type { Notification } from './request.ts'

/** A notification by which a person linked their LINE account: what joins LINE's user with the company's customer. Schema and meaning of
 *  each field: schemas/results/attribution.avsc. Times are ms since the epoch. */
export interface Attribution {
  /** The same for the same notification: it is linked once. */
  readonly notificationId: string
  readonly userId: string
  readonly customerId: string | null
  readonly recipientRef: string
  readonly channel: string
  readonly route: string
  readonly purpose: string
  readonly subject: string | null
  readonly webhookEventId: string
  readonly linkedAt: number
  readonly sentAt: number | null
  readonly decidedAt: number
}

export const attributionOf = (
  notification: Notification,
  { userId, webhookEventId, linkedAt }: Link,
  { sentAt, now }: { readonly sentAt: number | null; readonly now: number },
): Attribution => ({
  notificationId: notification.notificationId,
  userId,
  customerId: notification.customerId,
  recipientRef: notification.recipientRef,
  channel: notification.channel,
  route: notification.route,
  purpose: notification.purpose,
  subject: notification.subject,
  webhookEventId,
  linkedAt,
  sentAt,
  decidedAt: now,
})
