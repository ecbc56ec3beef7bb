import type { Draft } from './draft.ts'
import type { Entry } from './entry.ts'
import { barredBy } from './mark.ts'
import type { Moment, Policy } from './moment.ts'
import type { Notification } from './request.ts'
import type { Say } from './say.ts'

/** What bars an entry by its subject, in the words of its result. */
export const barOf = (draft: Pick<Draft, 'mark'>, { notification }: Entry): Say | null => {
  if (!notification || notification.subject === null) return null
  const bar = barredBy(draft.mark(notification.subject), notification)
  return bar && { status: bar, reason: bar === 'cancelled' ? 'cancellation' : 'newer-revision' }
}

export const isOptedOut = ({ customerId }: Notification, policy: Pick<Policy, 'isOptedOut'>): boolean =>
  customerId !== null && policy.isOptedOut(customerId)

/** Whether nobody wants it any more: then no other channel is to tell it either. */
export const isUnwanted = (draft: Pick<Draft, 'mark'>, entry: Entry, { policy }: Pick<Moment, 'policy'>): boolean =>
  barOf(draft, entry) !== null || (entry.notification !== null && isOptedOut(entry.notification, policy))
