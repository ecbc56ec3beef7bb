import { barOf, happenedAt, refusalOf } from './bar.ts'
import type { Draft } from './draft.ts'
import { type Entry, isExpired } from './entry.ts'
import type { Moment } from './moment.ts'
import { finish, queue, refuse } from './moves.ts'
import type { Notification, PoisonRequest, ReadyRequest, RefusedRequest } from './request.ts'
import { type Say, say, sayOfUnsent } from './say.ts'

/** What is remembered is kept for this much longer than its window, so that the clocks of intake and dispatch need not agree. */
const KEEP_LONGER_MS = 3_600_000

type NotificationRequest = ReadyRequest | RefusedRequest | PoisonRequest

/** Takes in what intake made of an event for one recipient. `too-old`: its window is over, and so nobody can say any more whether it
 *  was seen before: it has no result. */
export const receive = (
  draft: Draft,
  request: NotificationRequest,
  offset: number,
  moment: Moment,
): 'received' | 'known' | 'too-old' => {
  const id = request.kind === 'ready' ? request.notification.notificationId : request.notificationId
  if (draft.get(id)) return 'known' // intake redelivers what it could not commit: the same position and identity is the same notification
  const happened = timeOf(request)
  const windowMs = request.kind === 'ready' ? request.notification.dedupeWindowMs : request.dedupeWindowMs
  if (happened + windowMs <= moment.now) return 'too-old'
  const keepUntil = Math.max(happened, moment.now) + windowMs + KEEP_LONGER_MS
  const fresh = freshEntry(id, request, { offset, now: moment.now, keepUntil })
  if (request.kind === 'ready') receiveReady(draft, fresh, request, moment)
  else draft.put(sayOfUnsent(draft, fresh, request, moment.now))
  return 'received'
}

const receiveReady = (draft: Draft, fresh: Entry, { notification, sealed }: ReadyRequest, moment: Moment): void => {
  const known = knownOf(draft, notification, moment.now)
  if (known) {
    const words: Say = { status: 'duplicate', terminal: true, duplicateOf: known.entry.notificationId, reason: known.reason }
    const { entry, result } = say({ ...fresh, notification }, words, moment.now)
    draft.publish(result)
    draft.put({ ...entry, state: 'done', terminalSequence: 0, notification: null }) // the identity stays with the first
    return
  }
  const entry: Entry = { ...fresh, notification, sealed }
  if (notification.staleAt !== null && notification.receivedAt >= notification.staleAt)
    return finish(draft, entry, { status: 'expired', reason: 'max-age' }, moment)
  const refusal = refusalOf(notification, moment.policy)
  if (refusal) return refuse(draft, entry, refusal, moment)
  const bar = barOf(draft, entry)
  if (bar) return finish(draft, entry, bar, moment)
  queue(draft, entry, moment)
}

/** The notification that this one repeats: the same event, or another that says the same by the route's own key. */
const knownOf = (draft: Draft, notification: Notification, now: number): { entry: Entry; reason: string | null } | undefined => {
  const same = draft.byIdentity(notification.identityKey)
  if (same) return { entry: same, reason: null }
  const { businessKey, businessWindowMs } = notification
  const alike = businessKey === null ? undefined : draft.byBusinessKey(businessKey)
  if (!alike?.notification || willNotGo(draft, alike, now)) return undefined
  const claimedUntil = Math.max(happenedAt(alike.notification), alike.arrivedAt) + businessWindowMs
  return now < claimedUntil ? { entry: alike, reason: 'business-key' } : undefined
}

/** It waits, and is only still to be told that it does so in vain. */
const willNotGo = (draft: Draft, entry: Entry, now: number): boolean =>
  entry.state === 'queued' && entry.reachedAt === null && (isExpired(entry, now) || barOf(draft, entry) !== null)

const timeOf = (request: NotificationRequest): number => {
  switch (request.kind) {
    case 'ready':
      return happenedAt(request.notification)
    case 'refused':
      return request.event.time ?? request.receivedAt
    case 'poison':
      return request.receivedAt
  }
}

const freshEntry = (
  notificationId: string,
  request: NotificationRequest,
  { offset, now, keepUntil }: { readonly offset: number; readonly now: number; readonly keepUntil: number },
): Entry => ({
  notificationId,
  position: request.kind === 'ready' ? request.notification.position : request.position,
  arrival: offset,
  arrivedAt: now,
  state: 'queued',
  status: 'received',
  sequence: 0,
  terminalSequence: null,
  corrected: false,
  notification: null,
  sealed: null,
  releaseAt: now,
  notBefore: 0,
  deliveryTag: null,
  pastTags: [],
  attempts: 0,
  setbacks: 0,
  sentAt: null,
  settleAt: null,
  unknownCause: null,
  lineRequestId: null,
  reachedAt: null,
  resend: false,
  fallbackAt: null,
  fallbackSaid: false,
  linkedAt: null,
  keepUntil,
})
