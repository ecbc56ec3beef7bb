import { barOf, barredBy, type RefusalPolicy, refusalOf } from './bar.ts'
import { type Intention, SEND_BY_MS } from './changes.ts'
import { formatDeliveryTag } from './delivery-tag.ts'
import type { Draft } from './draft.ts'
import type { Entry, Lane } from './entry.ts'
import { channelOf, lastSentAt } from './entry.ts'
import type { Moment } from './moment.ts'
import { endUnsent, isQuiet, notificationOf, queue, refuse, tell } from './moves.ts'
import { isPausedFor, probeIsDue } from './pause.ts'
import { nextQuietStart } from './quiet-hours.ts'
import type { Notification } from './request.ts'
import type { State } from './state.ts'
import { any, take } from './take.ts'

const DAY_MS = 86_400_000

/** The most entries that are looked at beyond those that get a permit: parked, ended, or behind another. */
const MOST_LOOKED_AT = 500

/** Turns what waits into intentions, as far as the permits go. Everything is checked again: hours may have changed since it was queued. */
export const release = (draft: Draft, moment: Moment): readonly Intention[] => {
  const intentions: Intention[] = []
  for (const [lane, permits] of moment.permits) {
    let left = permitsOn(draft, lane, permits, moment.now)
    if (left <= 0) continue
    for (const entry of take(draft.waiting(lane, moment.now), left + MOST_LOOKED_AT)) {
      if (left <= 0) break
      if (!mayGo(draft, entry, moment)) continue
      left--
      intentions.push(send(draft, entry, lane, moment, intentions.length))
    }
  }
  return intentions
}

/** Whether a lane has something that would leave now, had it a permit. */
export const waitsForPermit = (state: State, lane: Lane, now: number): boolean =>
  permitsOn(state, lane, 1, now) > 0 && any(state.waiting(lane, now))

/** Whether what was committed to be sent is still to be: not settled, called off, paused or refused since. */
export const isStillWanted = (state: State, { notificationId, deliveryTag }: Intention, policy: RefusalPolicy): boolean => {
  const entry = state.get(notificationId)
  if (entry?.state !== 'sending' || entry.deliveryTag !== deliveryTag || !entry.notification) return false
  const { channel, subject } = entry.notification
  if (isPausedFor(state.pause(channel), deliveryTag) || refusalOf(entry.notification, policy)) return false
  return subject === null || barredBy(state.mark(subject), entry.notification) === null
}

/** None on a paused channel, save one for the probe when it is due. */
const permitsOn = (state: Pick<State, 'pause'>, lane: Lane, permits: number, now: number): number => {
  const pause = state.pause(channelOf(lane))
  if (!pause) return permits
  return probeIsDue(pause, now) ? Math.min(permits, 1) : 0
}

/** Whether it is to be sent now. If not, it is ended, deferred, or left where it is until it is its turn. */
const mayGo = (draft: Draft, entry: Entry, moment: Moment): boolean => {
  const notification = notificationOf(entry)
  const { expiresAt } = notification
  if ((expiresAt !== null && expiresAt <= moment.now) || isQuiet(notification, moment.now)) {
    queue(draft, entry, moment)
    return false
  }
  const refusal = refusalOf(notification, moment.policy)
  if (refusal) {
    refuse(draft, entry, refusal, moment)
    return false
  }
  const bar = barOf(draft, entry)
  if (bar) {
    endUnsent(draft, entry, bar, moment)
    return false
  }
  if (any(draft.sendingTo(notification.recipientRef)) || draft.ahead(entry)) return false
  if (notification.onlyIfNotified && !wasTold(draft, entry, moment)) {
    endUnsent(draft, entry, { status: 'cancelled', reason: 'not-notified' }, moment)
    return false
  }
  return !park(draft, entry, moment)
}

/** The person got, or may have got, something else about the subject. */
const wasTold = (draft: Draft, { notificationId, notification }: Entry, { policy }: Moment): boolean => {
  if (!notification) return false
  for (const other of reachedBy(draft.reached(notification.recipientRef, 0), notification.channel, policy))
    if (other.notificationId !== notificationId && other.notification?.subject === notification.subject) return true
  return false
}

/** What a shadow would have sent counts for it as if it had been; on a channel that sends, nobody has heard of it. */
const reachedBy = function* (entries: Iterable<Entry>, channel: string, policy: Moment['policy']) {
  for (const entry of entries) if (entry.status !== 'refused' || policy.isShadow(channel)) yield entry
}

/** Lets it wait if the person has had enough for now. Urgent ones do not wait, but count. */
const park = (draft: Draft, entry: Entry, moment: Moment): boolean => {
  const { urgent, recipientRef, channel } = notificationOf(entry)
  const { spacingMs, perDay } = moment.policy
  if (urgent || (spacingMs === 0 && perDay === Number.POSITIVE_INFINITY)) return false
  const sent = [...reachedBy(draft.reached(recipientRef, moment.now - Math.max(DAY_MS, spacingMs)), channel, moment.policy)]
    .map((other) => lastSentAt(other) ?? 0)
    .sort((a, b) => a - b)
  const spaced = (sent.at(-1) ?? Number.NEGATIVE_INFINITY) + spacingMs
  const capped = (sent.at(-perDay) ?? Number.NEGATIVE_INFINITY) + DAY_MS
  const notBefore = Math.max(spaced, sent.length >= perDay ? capped : 0)
  if (notBefore <= moment.now) return false
  const reason = notBefore === spaced ? 'spacing' : 'daily-cap'
  draft.put(tell(draft, { ...entry, notBefore }, { status: 'queued', reason }, moment))
  return true
}

const send = (draft: Draft, entry: Entry, lane: Lane, moment: Moment, place: number): Intention => {
  const { owner, now } = moment
  const notification = notificationOf(entry)
  const { sealed } = entry
  if (!sealed) throw new Error(`notification ${entry.notificationId} is queued without a message`)
  const deliveryTag = formatDeliveryTag({ ...owner, counter: moment.counter + place })
  const pastTags = entry.deliveryTag ? [...entry.pastTags, entry.deliveryTag] : entry.pastTags
  draft.put(tell(draft, { ...entry, state: 'sending', deliveryTag, pastTags, sentAt: now }, { status: 'sending' }, moment))
  const pause = draft.pause(notification.channel)
  if (pause) draft.putPause({ ...pause, probe: deliveryTag, probeAt: now + moment.policy.probeEveryMs(notification.channel) })
  return {
    deliveryTag,
    notificationId: entry.notificationId,
    lane,
    purpose: notification.purpose,
    sealed,
    startFrom: now,
    startBy: startBy(notification, now),
    traceparent: notification.traceparent,
  }
}

/** Until when an intention made now may be started: send-by, and no later than what would forbid it. */
const startBy = ({ expiresAt, quietHours, zone }: Notification, now: number): number =>
  Math.min(
    now + SEND_BY_MS,
    expiresAt ?? Number.POSITIVE_INFINITY,
    quietHours ? nextQuietStart(now, zone, quietHours) : Number.POSITIVE_INFINITY,
  )
