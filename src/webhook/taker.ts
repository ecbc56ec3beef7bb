import { parseDeliveryTag } from '../domain/delivery-tag.ts'
import type { Feedback } from '../domain/input.ts'
import { readLinkToken } from '../domain/link-token.ts'
import type { FriendEvent } from './friend-event.ts'
import type { Dialect, EventType, Heard } from './heard.ts'

/** What becomes of one signed body, whichever way it came. Pure. */
export type Take = (body: Buffer, signature: string | undefined, receivedAt: number) => Taken | Refused

/** To be stored; nothing of it is said to LINE, or counted, before it is. */
export interface Taken {
  readonly kind: 'taken'
  readonly channel: string
  readonly feedback: readonly PlacedFeedback[]
  readonly friendEvents: readonly FriendEvent[]
  /** One for each event, for metrics: a connection check has none. */
  readonly counts: readonly EventCount[]
}

export interface Refused {
  readonly kind: 'refused'
  readonly reason: RefusedReason
  /** Whose secret signed it: only the provider has that, so something may be wrong with their settings. */
  readonly channels: readonly string[]
}

/** `unknown-account`: signed by a channel's secret, and about another account. `unreadable`: signed, and not of the provider's shape. */
export type RefusedReason = 'unsigned' | 'wrong-signature' | 'unknown-account' | 'unreadable'

export interface PlacedFeedback {
  readonly partition: number
  readonly feedback: Feedback
}

export interface EventCount {
  readonly type: EventType | 'other'
  readonly fate: EventFate
}

/** `not-ours`: a delivery tag of another system's, or of topics that are no more. `bare-digest`: sent without a tag. */
export type EventFate = 'taken' | 'not-ours' | 'bare-digest' | 'malformed' | 'ignored'

export interface AccountOptions {
  readonly channel: string
  readonly destination: string
  /** All that may sign for it: two while it is changed, and the switcher's. */
  readonly secrets: readonly string[]
}

export const createTaker = (options: {
  readonly accounts: readonly AccountOptions[]
  readonly dialect: Dialect
  /** Of the immutables. */
  readonly incarnation: string
  readonly partitions: number
  readonly linkTokenKey: Uint8Array
}): Take => {
  const { accounts, dialect, incarnation, partitions, linkTokenKey } = options

  const receiptOf = (data: string, deliveredAt: number): PlacedFeedback | undefined => {
    const id = parseDeliveryTag(data)
    if (!id || id.incarnation !== incarnation || id.partition >= partitions) return undefined
    return { partition: id.partition, feedback: { kind: 'receipt', deliveryTag: data, deliveredAt } }
  }

  return (body, signature, receivedAt) => {
    if (signature === undefined) return { kind: 'refused', reason: 'unsigned', channels: [] }
    // Every secret is tried: which of them it was shall not show in the time it takes.
    const signers = accounts.filter(
      ({ secrets }) => secrets.filter((secret) => dialect.isSignedWith(secret, body, signature)).length > 0,
    )
    const channels = signers.map(({ channel }) => channel)
    if (signers.length === 0) return { kind: 'refused', reason: 'wrong-signature', channels }
    const heard = dialect.read(body)
    if (!heard) return { kind: 'refused', reason: 'unreadable', channels }
    const account = signers.find(({ destination }) => destination === heard.destination)
    if (!account) return { kind: 'refused', reason: 'unknown-account', channels }

    const { channel } = account
    const feedback: PlacedFeedback[] = []
    const friendEvents: FriendEvent[] = []
    const take = (event: Heard): EventCount => {
      switch (event.kind) {
        case 'delivery': {
          const receipt = receiptOf(event.data, event.at)
          if (!receipt) return { type: event.kind, fate: DIGEST.test(event.data) ? 'bare-digest' : 'not-ours' }
          feedback.push(receipt)
          return { type: event.kind, fate: 'taken' }
        }
        case 'follow':
        case 'unfollow':
          friendEvents.push({
            ...happened(channel, event, receivedAt),
            kind: event.kind,
            userId: event.userId,
            unblocked: event.kind === 'follow' ? event.unblocked : null,
          })
          return { type: event.kind, fate: 'taken' }
        case 'account-link': {
          const { userId, linked, nonce, webhookEventId, at } = event
          const token = nonce === null ? undefined : readLinkToken(nonce, linkTokenKey, partitions)
          if (token && linked && userId !== null)
            feedback.push({
              partition: token.partition,
              feedback: { kind: 'link', notificationId: token.notificationId, userId, webhookEventId, linkedAt: at },
            })
          friendEvents.push({
            ...happened(channel, event, receivedAt),
            kind: 'account_link',
            userId,
            linked,
            nonce,
            notificationId: token?.notificationId ?? null,
          })
          return { type: event.kind, fate: 'taken' }
        }
        case 'malformed':
          return { type: event.type, fate: 'malformed' }
        case 'other':
          return { type: 'other', fate: 'ignored' }
      }
    }
    const counts = heard.events.map(take)
    return { kind: 'taken', channel, feedback, friendEvents, counts }
  }
}

/** A phone number's SHA-256: what a notification is called that was sent without a tag. */
const DIGEST = /^[0-9a-fA-F]{64}$/

const happened = (
  channel: string,
  { webhookEventId, at, redelivered }: Extract<Heard, { kind: 'follow' | 'unfollow' | 'account-link' }>,
  receivedAt: number,
): Omit<FriendEvent, 'kind' | 'userId'> => ({
  webhookEventId,
  channel,
  occurredAt: at,
  receivedAt,
  redelivered,
  unblocked: null,
  linked: null,
  nonce: null,
  notificationId: null,
})
