import { isObject } from './json.ts'

/** An event as LINE sends it, in the order in which LINE's documents print its properties. */
export interface WebhookEvent {
  readonly type: string
  readonly webhookEventId: string
  readonly deliveryContext: { readonly isRedelivery: boolean }
  /** When it happened, ms: redelivery does not change it. */
  readonly timestamp: number
  readonly [property: string]: unknown
}

export const EVENT_TYPES = ['delivery', 'follow', 'unfollow', 'accountLink'] as const

/** `standby` while a chat tool has the conversation: then there is nothing to reply to. */
export type Mode = 'active' | 'standby'

export interface Occurred {
  readonly id: string
  readonly at: number
  readonly mode: Mode
}

/** A notification message can be seen by its recipient. `data` is the delivery tag, or without one the digest of the number. It has
 *  no `source` since 2025-01-28: nothing in it says which LINE user has the number. */
export const deliveryEvent = ({ id, at, mode }: Occurred, data: string): WebhookEvent => ({
  type: 'delivery',
  delivery: { data },
  webhookEventId: id,
  deliveryContext: { isRedelivery: false },
  timestamp: at,
  mode,
})

export const followEvent = (
  { id, at, mode }: Occurred,
  { userId, isUnblocked, replyToken }: { userId: string; isUnblocked: boolean; replyToken: string },
): WebhookEvent => ({
  ...(mode === 'active' ? { replyToken } : {}),
  type: 'follow',
  mode,
  timestamp: at,
  source: { type: 'user', userId },
  webhookEventId: id,
  deliveryContext: { isRedelivery: false },
  follow: { isUnblocked },
})

export const unfollowEvent = ({ id, at, mode }: Occurred, userId: string): WebhookEvent => ({
  type: 'unfollow',
  mode,
  timestamp: at,
  source: { type: 'user', userId },
  webhookEventId: id,
  deliveryContext: { isRedelivery: false },
})

/** When it failed LINE does not say whose it was. */
export const accountLinkEvent = (
  { id, at, mode }: Occurred,
  link: { readonly result: 'ok' | 'failed'; readonly nonce: string; readonly userId: string; readonly replyToken: string },
): WebhookEvent => ({
  type: 'accountLink',
  ...(link.result === 'ok' && mode === 'active' ? { replyToken: link.replyToken } : {}),
  mode,
  ...(link.result === 'ok' ? { source: { type: 'user', userId: link.userId } } : {}),
  timestamp: at,
  webhookEventId: id,
  deliveryContext: { isRedelivery: false },
  link: { result: link.result, nonce: link.nonce },
})

/** A type that no document names: receivers have to ignore it. */
export const unknownEvent = ({ id, at, mode }: Occurred): WebhookEvent => ({
  type: 'somethingNew',
  somethingNew: { data: 'of a type that LINE may add without notice', to: null },
  webhookEventId: id,
  deliveryContext: { isRedelivery: false },
  timestamp: at,
  mode,
})

/** With what LINE has added before or may add: the `source` that delivery events had until 2025, and properties nobody knows. */
export const withExtras = ({ mode, ...event }: WebhookEvent, userId: string): WebhookEvent => {
  const more = isObject(event.delivery) ? { delivery: { ...event.delivery, somethingNew: [1, { two: 2 }] } } : {}
  return { ...event, ...more, source: event.source ?? { type: 'user', userId }, mode, somethingNew: { since: 'today' } }
}

export const asRedelivery = (event: WebhookEvent): WebhookEvent => ({ ...event, deliveryContext: { isRedelivery: true } })
