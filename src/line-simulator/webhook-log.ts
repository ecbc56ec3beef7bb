import { isObject } from './json.ts'
import { openRing, type Ring } from './ring.ts'
import type { WebhookEvent } from './webhook-event.ts'
import type { Failure } from './webhook-post.ts'

/** One request to a webhook: what it brought, and what became of it. */
export interface WebhookLogEntry {
  /** From 1, in the order of sending; goes on after a DELETE. A gap is what the ring has dropped. */
  readonly sequence: number
  /** Wall clock, ms since the epoch. */
  readonly sentAt: number
  readonly channel: string
  readonly url: string
  /** 1, and more for redeliveries. */
  readonly attempt: number
  readonly events: readonly BroughtEvent[]
  readonly bytes: number
  /** The id of the webhook fault that befell it. */
  readonly fault: number | null
  /** `answered` is a 2xx in time. */
  outcome: 'under-way' | 'answered' | Failure
  status: number | null
}

export interface BroughtEvent {
  readonly type: string
  readonly webhookEventId: string
  readonly isRedelivery: boolean
  /** Of a delivery event: the delivery tag, or the digest of the number. */
  readonly data?: string
}

export type WebhookLog = Ring<Omit<WebhookLogEntry, 'sequence'>>

export const openWebhookLog = (capacity: number): WebhookLog => openRing(capacity)

export const brought = ({ type, webhookEventId, deliveryContext, delivery }: WebhookEvent): BroughtEvent => {
  const { isRedelivery } = deliveryContext
  const data = isObject(delivery) ? delivery.data : undefined
  return { type, webhookEventId, isRedelivery, ...(typeof data === 'string' ? { data } : {}) }
}
