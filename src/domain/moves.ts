import type { Draft } from './draft.ts'
import type { Entry } from './entry.ts'
import type { Moment } from './moment.ts'
import type { DefiniteOutcome, Outcome } from './outcome.ts'
import { quietUntil } from './quiet-hours.ts'
import type { Notification } from './request.ts'
import { type Say, say } from './say.ts'

/** Puts an entry in the queue: for now, or for the end of quiet hours; or ends it, if that is too late. */
export const queue = (draft: Draft, entry: Entry, moment: Moment): void => {
  const notification = entry.notification
  if (!notification) throw new Error(`notification ${entry.notificationId} has nothing to send`)
  const { expiresAt } = notification
  const quietEnd = notification.quietHours && quietUntil(moment.now, notification.zone, notification.quietHours)
  if (expiresAt !== null && expiresAt <= moment.now)
    return finish(draft, entry, { status: 'expired', reason: 'expires-at' }, moment)
  if (quietEnd === null) return draft.put({ ...entry, state: 'queued', releaseAt: Math.min(entry.releaseAt, moment.now) })
  if (expiresAt !== null && expiresAt <= quietEnd)
    return finish(draft, entry, { status: 'expired', reason: 'quiet-hours' }, moment)
  draft.put(tell(draft, { ...entry, state: 'queued', releaseAt: quietEnd }, { status: 'queued', reason: 'quiet-hours' }, moment))
}

export const becomeUnknown = (draft: Draft, entry: Entry, reason: string, lineRequestId: string | null, moment: Moment): void => {
  const settleAt = moment.now + (entry.notification?.unknownWaitMs ?? 0)
  draft.put(
    tell(
      draft,
      { ...entry, state: 'unknown', settleAt, unknownCause: reason },
      { status: 'unknown', reason, lineRequestId },
      moment,
    ),
  )
}

export const isQuiet = ({ quietHours, zone }: Notification, now: number): boolean =>
  quietHours !== null && quietUntil(now, zone, quietHours) !== null

export const isDefinite = (outcome: Outcome): outcome is DefiniteOutcome =>
  outcome.kind !== 'unknown' && outcome.kind !== 'not-sent'

export const endOf = (outcome: DefiniteOutcome, notification: Notification, moment: Moment): Say => {
  const { requestId: lineRequestId } = outcome
  switch (outcome.kind) {
    case 'accepted':
      return { status: 'accepted', lineRequestId, cost: moment.policy.cost(notification.channel, notification.endpoint) }
    case 'unreachable':
      return { status: 'unreachable', lineRequestId, httpStatus: 422, fallback: notification.fallback }
    case 'rejected':
      return {
        status: 'rejected',
        lineRequestId,
        httpStatus: outcome.status || null,
        property: outcome.property,
        fallback: notification.fallback,
      }
  }
}

/** Never learned: it may have been delivered, and may be charged for. */
export const unconfirmed = ({ notification, unknownCause }: Entry, moment: Moment): Say => ({
  status: 'unconfirmed',
  reason: unknownCause,
  cost: notification && moment.policy.cost(notification.channel, notification.endpoint),
  fallback: notification?.fallback ?? null,
})

/** Ends a notification: the terminal result, and address and message forgotten. */
export const finish = (draft: Draft, entry: Entry, words: Say, moment: Moment): void => {
  const { entry: said, result } = say(entry, { ...words, terminal: true }, moment.now)
  draft.publish(result)
  draft.put({ ...said, state: 'done', terminalSequence: result.sequence, sealed: null, settleAt: null })
}

/** The truth came late. */
export const correct = (draft: Draft, entry: Entry, outcome: Outcome, moment: Moment): void => {
  if (!entry.notification || !isDefinite(outcome)) return
  const { entry: said, result } = say(entry, { ...endOf(outcome, entry.notification, moment), correction: true }, moment.now)
  draft.publish(result)
  draft.put({ ...said, corrected: true })
}

/** A result of something still on its way, unless those are switched off. */
export const tell = (draft: Draft, entry: Entry, words: Say, moment: Moment): Entry => {
  if (!moment.policy.progress) return { ...entry, status: words.status }
  const { entry: said, result } = say(entry, words, moment.now)
  draft.publish(result)
  return said
}

export const attempted = (entry: Entry): Entry => ({ ...entry, attempts: entry.attempts + 1 })
