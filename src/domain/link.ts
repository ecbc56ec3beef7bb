import { attributionOf } from './attribution.ts'
import type { Draft } from './draft.ts'
import type { Link } from './input.ts'
import type { Moment } from './moment.ts'

/** Joins LINE's user with the customer by the notification that led there. Once: whoever follows the same link later may be somebody
 *  else. False if the notification is not known, or no longer. */
export const attribute = (draft: Draft, link: Link, { now }: Pick<Moment, 'now'>): boolean => {
  const entry = draft.get(link.notificationId)
  if (!entry?.notification) return false
  if (entry.linkedAt !== null) return true
  draft.attribute(attributionOf(entry.notification, link, { sentAt: entry.sentAt, now }))
  draft.put({ ...entry, linkedAt: link.linkedAt })
  return true
}
