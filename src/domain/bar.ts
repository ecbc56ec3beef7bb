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

export type RefusalPolicy = Pick<Policy, 'isOptedOut' | 'mayReach' | 'wantsReview'>

/** Why it is not sent now, though nobody called it off: by whom it is for, or by what it is. */
export const refusalOf = (
  { customerId, channel, recipientRef, reviewed }: Notification,
  policy: RefusalPolicy,
): 'opted-out' | 'not-on-allow-list' | 'not-reviewed' | null => {
  if (customerId !== null && policy.isOptedOut(customerId)) return 'opted-out'
  if (!policy.mayReach(channel, recipientRef)) return 'not-on-allow-list'
  return reviewed || !policy.wantsReview(channel) ? null : 'not-reviewed'
}

/** Whether nobody wants it any more, or it is too late: then no other channel is to tell it either. */
export const isUnwanted = (
  draft: Pick<Draft, 'mark'>,
  entry: Entry,
  { policy, now }: Pick<Moment, 'policy' | 'now'>,
): boolean => {
  const { notification } = entry
  if (notification === null) return false
  const tooLate = notification.expiresAt !== null && notification.expiresAt <= now
  return tooLate || barOf(draft, entry) !== null || refusalOf(notification, policy) !== null
}

/** Whether, and how, a mark bars a notification. Equal revisions are chunks of one report, and leave each other alone. */
export const barredBy = (mark: Mark | undefined, notification: Notification): 'cancelled' | 'superseded' | null => {
  if (!mark) return null
  if (mark.cancelledAt !== null && happenedAt(notification) <= mark.cancelledAt) return 'cancelled'
  const { revision } = notification
  return revision !== null && mark.revision !== null && revision < mark.revision ? 'superseded' : null
}

/** When the event happened, ms since the epoch. */
export const happenedAt = ({ event, receivedAt }: Notification): number => event.time ?? receivedAt
