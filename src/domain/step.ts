import { retryDelayMs } from './back-off.ts'
import type { Changes, Intention } from './changes.ts'
import { formatDeliveryTag, tagPrefix } from './delivery-tag.ts'
import type { Draft } from './draft.ts'
import { draftOver } from './draft.ts'
import type { Entry } from './entry.ts'
import type { Input, OutcomeReport } from './input.ts'
import type { Moment, Owner } from './moment.ts'
import { attempted, becomeUnknown, correct, endOf, finish, isDefinite, isQuiet, queue, tell, unconfirmed } from './moves.ts'
import type { Outcome } from './outcome.ts'
import { nextQuietStart } from './quiet-hours.ts'
import type { Notification, ReadyRequest, Request } from './request.ts'
import { type Say, say, sayOfUnsent } from './say.ts'
import type { State } from './state.ts'

/** How long a committed intention may wait to be started. A process stopped for longer starts nothing when it wakes, and so never
 *  sends what a new owner may meanwhile have settled. */
export const SEND_BY_MS = 2_000

/** The most entries one step changes by itself, for time alone: a journal write each, and the loop should stay under some tens of ms. */
const MOST_BY_TIME = 500

/** The policy of the product: what becomes of every notification, given what is known. Pure: the same arguments, the same changes. */
export const step = (state: State, inputs: readonly Input[], moment: Moment): Changes => {
  const draft = draftOver(state)
  const unreadable: { topic: 'requests' | 'feedback'; offset: number }[] = []
  const position = { ...(state.position() ?? { requests: 0, feedback: 0 }) }
  let silentTo = moment.silentTo
  let strays = 0

  for (const input of inputs) {
    switch (input.kind) {
      case 'request':
        position.requests = input.offset + 1
        receive(draft, input.request, input.offset, moment)
        break
      case 'feedback':
        position.feedback = input.offset + 1
        if (input.feedback.kind === 'handover') strays += settle(draft, input.feedback.report, moment) ? 0 : 1
        else if (input.feedback.epoch === moment.owner.epoch) silentTo = Math.max(silentTo, input.feedback.at)
        break
      case 'unreadable':
        position[input.topic] = input.offset + 1
        unreadable.push({ topic: input.topic, offset: input.offset })
        break
      case 'outcome':
        strays += settle(draft, input.report, moment) ? 0 : 1
        break
    }
  }

  expire(draft, moment)
  judgeSilence(draft, silentTo, moment)
  const intentions = release(draft, moment)

  return {
    entries: [...draft.entries.values()],
    results: draft.results,
    intentions,
    position,
    counter: moment.counter + intentions.length,
    silentTo,
    more:
      any(draft.expired(moment.now)) ||
      any(draft.unsettled(silentTo)) ||
      (moment.owner.orphansFrom <= silentTo && hasOrphans(draft.inFlight(), moment.owner)),
    barrierWanted: silenceIsDue(draft, silentTo, moment),
    unreadable,
    strays,
  }
}

/** When a step without inputs would next change something; `undefined`: never, as things stand. What waits for nothing but a permit
 *  is not counted: the lane knows when it has one. */
export const nextStepAt = (state: State, moment: Pick<Moment, 'now' | 'owner'>): number | undefined => {
  const wakes = [state.nextWake(moment.now)]
  const { orphansFrom } = moment.owner
  if (orphansFrom > moment.now && hasOrphans(state.inFlight(), moment.owner)) wakes.push(orphansFrom)
  const known = wakes.filter((at) => at !== undefined)
  return known.length > 0 ? Math.min(...known) : undefined
}

const receive = (draft: Draft, request: Request, offset: number, moment: Moment): void => {
  const id = request.kind === 'ready' ? request.notification.notificationId : request.notificationId
  if (draft.get(id)) return // intake redelivers what it could not commit: the same position and identity is the same notification
  const fresh = freshEntry(id, request, offset, moment.now)
  switch (request.kind) {
    case 'ready':
      return receiveReady(draft, fresh, request, moment)
    case 'refused':
    case 'poison':
      draft.put(sayOfUnsent(draft, fresh, request, moment.now))
  }
}

const receiveReady = (draft: Draft, fresh: Entry, request: ReadyRequest, moment: Moment): void => {
  const { notification, sealed } = request
  const known = draft.byIdentity(notification.identityKey)
  if (known) {
    const words: Say = { status: 'duplicate', terminal: true, duplicateOf: known.notificationId }
    const { entry, result } = say({ ...fresh, notification }, words, moment.now)
    draft.publish(result)
    draft.put({ ...entry, state: 'done', terminalSequence: 0, notification: null }) // the identity stays with the first
    return
  }
  const entry: Entry = { ...fresh, notification, sealed }
  if (notification.staleAt !== null && notification.receivedAt >= notification.staleAt)
    return finish(draft, entry, { status: 'expired', reason: 'max-age' }, moment)
  queue(draft, entry, moment)
}

/** Applies what came of an intention. False if no entry holds it. */
const settle = (draft: Draft, report: OutcomeReport, moment: Moment): boolean => {
  const entry = draft.byTag(report.deliveryTag)
  if (!entry?.notification) return false
  const { outcome } = report
  const inForce = entry.deliveryTag === report.deliveryTag
  if (entry.state === 'done') {
    if (correctsEnd(entry, outcome, inForce)) correct(draft, entry, outcome, moment)
    return true
  }
  // Told before; or of an attempt that is no longer in force: then only that LINE took it is news.
  if ((!inForce || entry.state === 'queued') && outcome.kind !== 'accepted') return true
  // Whoever became unknown was counted as an attempt then.
  const heard = inForce && entry.state === 'sending' ? attempted(entry) : entry
  switch (outcome.kind) {
    case 'accepted':
    case 'unreachable':
    case 'rejected':
      finish(draft, heard, endOf(outcome, entry.notification, moment), moment)
      break
    case 'not-sent':
      queue(draft, setBack(neverStarted(outcome) ? entry : heard, outcome, Math.min(report.at, moment.now)), moment)
      break
    case 'unknown':
      if (entry.state === 'sending') becomeUnknown(draft, heard, outcome.cause, outcome.requestId, moment)
      break
  }
  return true
}

/** `unconfirmed` is corrected by whatever is learned of the intention in force; any end that claims LINE did not take it, by LINE having
 *  taken an earlier one after all. */
const correctsEnd = (entry: Entry, outcome: Outcome, inForce: boolean): boolean =>
  !entry.corrected &&
  (outcome.kind === 'accepted' ? entry.status !== 'accepted' : inForce && entry.status === 'unconfirmed' && isDefinite(outcome))

type NotSent = Extract<Outcome, { kind: 'not-sent' }>

/** No byte of it was written. */
const neverStarted = ({ cause }: NotSent): boolean =>
  cause === 'send-by' || cause === 'connect' || cause === 'no-token' || cause === 'no-key'

/** Counted from when it was known (by a clock that may be another worker's, so not later than now), as the lane's own pause is: when that ends, whoever was set back is not behind the next. */
const setBack = (entry: Entry, outcome: NotSent, at: number): Entry => ({
  ...entry,
  setbacks: outcome.cause === 'send-by' ? entry.setbacks : entry.setbacks + 1,
  notBefore: at + retryDelayMs(outcome, entry.setbacks),
  settleAt: null,
  unknownCause: null,
})

const expire = (draft: Draft, moment: Moment): void => {
  for (const entry of take(draft.expired(moment.now), MOST_BY_TIME))
    finish(draft, entry, { status: 'expired', reason: 'expires-at' }, moment)
}

/** What was not heard of by now will not be heard of: intentions of earlier owners become unknown, and unknown ones end. */
const judgeSilence = (draft: Draft, silentTo: number, moment: Moment): void => {
  if (moment.owner.orphansFrom <= silentTo)
    for (const entry of take(orphans(draft.inFlight(), moment.owner), MOST_BY_TIME))
      becomeUnknown(draft, attempted(entry), 'crash', null, moment)
  for (const entry of take(draft.unsettled(silentTo), MOST_BY_TIME)) {
    const expiresAt = entry.notification?.expiresAt ?? Number.POSITIVE_INFINITY
    if (entry.notification?.unknownPolicy === 'resend' && expiresAt > moment.now)
      queue(draft, { ...entry, settleAt: null, setbacks: 0 }, moment)
    else finish(draft, entry, unconfirmed(entry, moment), moment)
  }
}

const silenceIsDue = (draft: Draft, silentTo: number, moment: Moment): boolean => {
  const orphaned =
    moment.owner.orphansFrom > silentTo && moment.owner.orphansFrom <= moment.now && hasOrphans(draft.inFlight(), moment.owner)
  return orphaned || any(draft.unsettled(moment.now))
}

const hasOrphans = (inFlight: Iterable<Entry>, owner: Owner): boolean => any(orphans(inFlight, owner))

const orphans = function* (inFlight: Iterable<Entry>, owner: Owner) {
  const own = tagPrefix(owner)
  for (const entry of inFlight) if (!entry.deliveryTag?.startsWith(own)) yield entry
}

/** Turns what waits into intentions, as far as the permits go. Everything is checked again: hours may have changed since it was queued. */
const release = (draft: Draft, moment: Moment): readonly Intention[] => {
  const intentions: Intention[] = []
  const { owner, now } = moment
  for (const [lane, permits] of moment.permits) {
    let left = permits
    if (left <= 0) continue
    for (const entry of take(draft.waiting(lane, now), permits + MOST_BY_TIME)) {
      if (left <= 0) break
      const { notification, sealed } = entry
      if (!notification || !sealed) throw new Error(`notification ${entry.notificationId} is queued without a message`)
      const expired = notification.expiresAt !== null && notification.expiresAt <= now
      if (expired || isQuiet(notification, now)) {
        queue(draft, entry, moment)
        continue
      }
      left--
      const deliveryTag = formatDeliveryTag({ ...owner, counter: moment.counter + intentions.length })
      intentions.push({
        deliveryTag,
        notificationId: entry.notificationId,
        lane,
        sealed,
        startBy: startBy(notification, now),
        traceparent: notification.traceparent,
      })
      const pastTags = entry.deliveryTag ? [...entry.pastTags, entry.deliveryTag] : entry.pastTags
      draft.put(tell(draft, { ...entry, state: 'sending', deliveryTag, pastTags, sentAt: now }, { status: 'sending' }, moment))
    }
  }
  return intentions
}

/** Until when an intention made now may be started: send-by, and no later than what would forbid it. */
const startBy = ({ expiresAt, quietHours, zone }: Notification, now: number): number =>
  Math.min(
    now + SEND_BY_MS,
    expiresAt ?? Number.POSITIVE_INFINITY,
    quietHours ? nextQuietStart(now, zone, quietHours) : Number.POSITIVE_INFINITY,
  )

const freshEntry = (notificationId: string, request: Request, offset: number, now: number): Entry => ({
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
})

const any = (items: Iterable<unknown>): boolean => [...take(items, 1)].length > 0

function* take<T>(items: Iterable<T>, most: number): Iterable<T> {
  let left = most
  for (const item of items) {
    if (left-- <= 0) return
    yield item
  }
}
