import type { Draft } from './draft.ts'
import type { Entry } from './entry.ts'
import type { Mark } from './mark.ts'
import type { Moment, Policy } from './moment.ts'
import type { Notification } from './request.ts'
import type { Say } from './say.ts'

/** What bars an entry by its subject, in the words of its result. */
export const barOf = (draft: Pick<Draft, 'mark'>, { notification }: Entry): Say | null => {
  if (!notification || notification.subject === null) return null
  const bar = barredBy(draft.mark(notification.subject), notification)
  return bar && { status: bar, reason: bar === 'cancelled' ? 'cancellation' : 'newer-revision' }
}

export type WhomPolicy = Pick<Policy, 'isOptedOut' | 'mayReach'>

/** Why this person is not written to, whatever it is about. */
export const refusalOf = (
  { customerId, channel, recipientRef }: Notification,
  policy: WhomPolicy,
): 'opted-out' | 'not-on-allow-list' | null => {
  if (customerId !== null && policy.isOptedOut(customerId)) return 'opted-out'
  return policy.mayReach(channel, recipientRef) ? null : 'not-on-allow-list'
}

/** Whether nobody wants it any more: then no other channel is to tell it either. */
export const isUnwanted = (draft: Pick<Draft, 'mark'>, entry: Entry, { policy }: Pick<Moment, 'policy'>): boolean =>
  barOf(draft, entry) !== null || (entry.notification !== null && refusalOf(entry.notification, policy) !== null)

/** Whether, and how, a mark bars a notification. Equal revisions are chunks of one report, and leave each other alone. */
export const barredBy = (mark: Mark | undefined, notification: Notification): 'cancelled' | 'superseded' | null => {
  if (!mark) return null
  if (mark.cancelledAt !== null && happenedAt(notification) <= mark.cancelledAt) return 'cancelled'
  const { revision } = notification
  return revision !== null && mark.revision !== null && revision < mark.revision ? 'superseded' : null
}

/** When the event happened, ms since the epoch. */
export const happenedAt = ({ event, receivedAt }: Notification): number => event.time ?? receivedAt
