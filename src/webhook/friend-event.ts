/** A person became a friend of the account, left it, or linked their account. Schema and meaning of each field:
 *  schemas/results/friend-event.avsc. Times are ms since the epoch. */
export interface FriendEvent {
  readonly webhookEventId: string
  readonly channel: string
  readonly kind: 'follow' | 'unfollow' | 'account_link'
  readonly userId: string | null
  readonly occurredAt: number
  readonly receivedAt: number
  readonly redelivered: boolean
  readonly unblocked: boolean | null
  readonly linked: boolean | null
  readonly nonce: string | null
  readonly notificationId: string | null
}
