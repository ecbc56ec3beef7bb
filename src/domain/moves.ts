import { isUnwanted } from './bar.ts'
import type { Draft } from './draft.ts'
import { awaitsWord, type Entry, LATE_RECEIPT_MS, RECEIPT_MS } from './entry.ts'
import type { Moment } from './moment.ts'
import type { DefiniteOutcome, Outcome } from './outcome.ts'
import { quietUntil, spreadAt } from './quiet-hours.ts'
import type { Notification } from './request.ts'
import { type Say, say } from './say.ts'

/** Puts an entry in the queue: for now, or for the end of quiet hours; or ends it, if that is too late. */
export const queue = (draft: Draft, entry: Entry, moment: Moment): void => {
  const notification = notificationOf(entry)
  const { expiresAt, quietHours, recipientRef } = notification
  if (expiresAt !== null && expiresAt <= moment.now)
    return endUnsent(draft, entry, { status: 'expired', reason: 'expires-at' }, moment)
  const quietEnd = quietHours && quietUntil(moment.now, notification.zone, quietHours)
  if (quietHours === null || quietEnd === null)
    return draft.put(releasedAt({ ...entry, state: 'queued' }, Math.min(entry.releaseAt, moment.now)))
  if (expiresAt !== null && expiresAt <= quietEnd)
    return endUnsent(draft, entry, { status: 'expired', reason: 'quiet-hours' }, moment)
  const deferred = releasedAt({ ...entry, state: 'queued' }, spreadAt(quietEnd, expiresAt, recipientRef, quietHours))
  draft.put(tell(draft, deferred, { status: 'queued', reason: 'quiet-hours' }, moment))
}

/** Another channel is due so long after it might have gone: what waits for the morning does not ring by SMS at night. */
const releasedAt = (entry: Entry, releaseAt: number): Entry => {
  const { fallbackAfterMs } = notificationOf(entry)
  const counted = entry.fallbackAt !== null && releaseAt <= entry.releaseAt
  const fallbackAt = counted || entry.fallbackSaid || fallbackAfterMs === null ? entry.fallbackAt : releaseAt + fallbackAfterMs
  return { ...entry, releaseAt, fallbackAt }
}

/** Says once that another channel is due, though this one goes on; in quiet hours it waits for their end, as whoever reads it will
 *  ring at once. */
export const sayFallback = (draft: Draft, entry: Entry, moment: Moment): void => {
  const { quietHours, zone, fallback, channel } = notificationOf(entry)
  if (isUnwanted(draft, entry, moment) || moment.policy.isShadow(channel))
    return draft.put({ ...entry, fallbackAt: null, fallbackSaid: true })
  const quietEnd = quietHours && quietUntil(moment.now, zone, quietHours)
  if (quietEnd !== null) return draft.put({ ...entry, fallbackAt: quietEnd })
  const { entry: said, result } = say(entry, { status: 'fallback_due', reason: 'fallback-after', fallback }, moment.now)
  draft.publish(result)
  draft.put({ ...said, status: entry.status, fallbackAt: null, fallbackSaid: true })
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

/** LINE took it, and will say when the person can see it. Nothing of it is sent any more. */
export const awaitReceipt = (
  draft: Draft,
  entry: Entry,
  { requestId: lineRequestId, at }: { readonly requestId: string | null; readonly at: number },
  moment: Moment,
): void => {
  const awaiting: Entry = { ...entry, state: 'accepted', sealed: null, lineRequestId, settleAt: at + RECEIPT_MS }
  draft.put(tell(draft, awaiting, { status: 'accepted' }, moment))
}

/** It can be seen, and is charged for. */
export const delivered = (
  entry: Entry,
  { deliveryTag, deliveredAt }: { readonly deliveryTag: string; readonly deliveredAt: number },
  moment: Moment,
): Say => {
  const { channel, endpoint } = notificationOf(entry)
  return { status: 'delivered', deliveryTag, deliveredAt, cost: moment.policy.cost(channel, endpoint) }
}

/** A day has passed: LINE has deleted it, or the person has blocked the account, and never sees it. It costs nothing. */
export const undelivered = (entry: Entry): Say => ({
  status: 'undelivered',
  reason: 'no-receipt',
  fallback: notificationOf(entry).fallback,
})

export const isQuiet = ({ quietHours, zone }: Notification, now: number): boolean =>
  quietHours !== null && quietUntil(now, zone, quietHours) !== null

export const isDefinite = (outcome: Outcome): outcome is DefiniteOutcome =>
  outcome.kind !== 'unknown' && outcome.kind !== 'not-sent'

export const endOf = (entry: Entry, outcome: DefiniteOutcome, moment: Moment): Say => {
  const { requestId: lineRequestId } = outcome
  const { channel, endpoint } = notificationOf(entry)
  switch (outcome.kind) {
    case 'accepted':
      return { status: 'accepted', lineRequestId, cost: moment.policy.cost(channel, endpoint) }
    case 'withheld':
      return { status: 'refused', reason: 'shadow' }
    case 'unreachable':
      return { status: 'unreachable', lineRequestId, httpStatus: 422, fallback: notificationOf(entry).fallback }
    case 'rejected':
      return {
        status: 'rejected',
        lineRequestId,
        httpStatus: outcome.status || null,
        property: outcome.property,
        fallback: notificationOf(entry).fallback,
      }
  }
}

/** Ends what is not to be sent (any more). If an earlier attempt may have been delivered, nobody can say that it was not sent. */
export const endUnsent = (draft: Draft, entry: Entry, words: Say, moment: Moment): void => {
  if (entry.reachedAt !== null) finish(draft, entry, unconfirmed(entry, moment), moment)
  else finish(draft, entry, words, moment)
}

/** Ends what we refuse to send. It does not claim its identity: the event may be produced anew. */
export const refuse = (draft: Draft, entry: Entry, reason: string, moment: Moment): void => {
  if (entry.reachedAt !== null) return finish(draft, entry, unconfirmed(entry, moment), moment)
  finish(draft, entry, { status: 'refused', reason }, moment)
  draft.put({ ...(draft.get(entry.notificationId) ?? entry), notification: null })
}

/** Never learned: it may have been delivered, and may be charged for. */
export const unconfirmed = (entry: Entry, moment: Moment, reason = entry.unknownCause): Say => {
  const { channel, endpoint } = notificationOf(entry)
  return {
    status: 'unconfirmed',
    reason,
    cost: moment.policy.cost(channel, endpoint),
    fallback: notificationOf(entry).fallback,
  }
}

/** Ends a notification: the terminal result, and address and message forgotten. */
export const finish = (draft: Draft, entry: Entry, words: Say, moment: Moment): void => {
  const { entry: said, result } = say(entry, { ...words, terminal: true }, moment.now)
  const reached =
    words.status === 'accepted' ||
    words.status === 'delivered' ||
    words.reason === 'shadow' ||
    (words.status === 'unconfirmed' && awaitsWord(entry))
  draft.publish(result)
  draft.put({
    ...said,
    state: 'done',
    terminalSequence: result.sequence,
    sealed: null,
    settleAt: null,
    fallbackAt: null,
    reachedAt: reached ? entry.sentAt : entry.reachedAt,
    keepUntil: entry.sentAt === null ? entry.keepUntil : Math.max(entry.keepUntil, moment.now + LATE_RECEIPT_MS),
  })
}

/** The truth came late. */
export const correct = (draft: Draft, entry: Entry, words: Say, moment: Moment): void => {
  const { entry: said, result } = say(entry, { ...words, correction: true }, moment.now)
  draft.publish(result)
  draft.put({ ...said, corrected: true, reachedAt: reachedAfter(entry, words) })
}

/** Of one that was sent again, an earlier attempt may still have reached the person. */
const reachedAfter = ({ sentAt, reachedAt, resend }: Entry, { status, reason }: Say): number | null => {
  if (status === 'accepted' || status === 'delivered' || reason === 'shadow') return sentAt
  return resend ? reachedAt : null
}

/** A result of something still on its way, unless those are switched off. */
export const tell = (draft: Draft, entry: Entry, words: Say, moment: Moment): Entry => {
  if (!moment.policy.progress) return { ...entry, status: words.status }
  const { entry: said, result } = say(entry, words, moment.now)
  draft.publish(result)
  return said
}

export const attempted = (entry: Entry): Entry => ({ ...entry, attempts: entry.attempts + 1 })

export const notificationOf = (entry: Entry): Notification => {
  if (!entry.notification) throw new Error(`notification ${entry.notificationId} has nothing to send`)
  return entry.notification
}
