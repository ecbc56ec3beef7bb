import { barOf } from './bar.ts'
import type { Changes } from './changes.ts'
import { tagPrefix } from './delivery-tag.ts'
import { type Draft, draftOver } from './draft.ts'
import type { Input } from './input.ts'
import { keyOfPause } from './journal-key.ts'
import { learn, type Marking } from './mark.ts'
import type { Moment, Owner } from './moment.ts'
import { attempted, becomeUnknown, endUnsent, finish, queue, sayFallback, unconfirmed } from './moves.ts'
import { receive } from './receive.ts'
import { release } from './release.ts'
import type { ChannelRequest } from './request.ts'
import type { Result } from './result.ts'
import { settle } from './settle.ts'
import type { State } from './state.ts'
import { any, take } from './take.ts'

/** The most entries one step changes by itself, for each reason: a journal write each, and the loop should stay under some tens of ms. */
const MOST_BY_ITSELF = 500

/** What is sent again waits a day for an answer first, and must not have outlived its cancellation. */
const LEAST_MARK_MS = 2 * 86_400_000

/** What may be forgotten is forgotten with whatever else is committed, and for its own sake only this much later, many at once. */
const FORGET_LINGER_MS = 5 * 60_000

/** The policy of the product: what becomes of every notification, given what is known. Pure: the same arguments, the same changes. */
export const step = (state: State, inputs: readonly Input[], moment: Moment): Changes => {
  const draft = draftOver(state)
  const unreadable: { topic: 'requests' | 'feedback'; offset: number }[] = []
  const tooOld: { offset: number }[] = []
  const position = { ...(state.position() ?? { requests: 0, feedback: 0 }) }
  let silentTo = moment.silentTo
  let strays = 0

  for (const input of inputs) {
    switch (input.kind) {
      case 'request':
        position.requests = input.offset + 1
        switch (input.request.kind) {
          case 'mark':
            remark(draft, input.request.marking, moment.now)
            break
          case 'channel':
            obey(draft, input.request, moment)
            break
          default:
            if (receive(draft, input.request, input.offset, moment) === 'too-old') tooOld.push({ offset: input.offset })
        }
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

  applyMarks(draft, moment)
  expire(draft, moment)
  judgeSilence(draft, silentTo, moment)
  for (const entry of take(draft.fallbackDue(moment.now), MOST_BY_ITSELF)) sayFallback(draft, entry, moment)
  const intentions = release(draft, moment)
  for (const key of [...take(draft.forgettable(moment.now), MOST_BY_ITSELF)]) draft.forget(key)

  const orphaned = hasOrphans(draft, moment.owner)
  return {
    entries: [...draft.entries.values()],
    marks: [...draft.marks.values()],
    pauses: [...draft.pauses.values()],
    forgotten: [...draft.forgotten],
    results: draft.results.map((result) => hushed(result, moment)),
    intentions,
    position,
    counter: moment.counter + intentions.length,
    silentTo,
    orphans: orphaned,
    more:
      any(draft.pendingMarks()) ||
      any(draft.expired(moment.now)) ||
      any(draft.unsettled(silentTo)) ||
      any(draft.fallbackDue(moment.now)) ||
      any(draft.forgettable(moment.now)) ||
      (orphaned && moment.owner.orphansFrom <= silentTo),
    barrierWanted: silenceIsDue(draft, silentTo, orphaned, moment),
    unreadable,
    tooOld,
    strays,
  }
}

/** Where a channel writes to nobody, or not to this person, no other one is to do it in its place. */
const hushed = (result: Result, { policy }: Moment): Result => {
  const { fallback, channel, recipientRef } = result
  if (fallback === null || channel === null) return result
  return policy.isShadow(channel) || !policy.mayReach(channel, recipientRef ?? '') ? { ...result, fallback: null } : result
}

/** When a step without inputs would next change something; `undefined`: never, as things stand. What waits for nothing but a permit
 *  is not counted: the lane knows when it has one. */
export const nextStepAt = (state: State, moment: Pick<Moment, 'now' | 'owner'>): number | undefined => {
  const wakes = [state.nextWake(moment.now)]
  const forget = state.nextForget()
  if (forget !== undefined) wakes.push(Math.max(forget + FORGET_LINGER_MS, moment.now))
  const { orphansFrom } = moment.owner
  if (orphansFrom > moment.now && Number.isFinite(orphansFrom)) wakes.push(orphansFrom)
  const known = wakes.filter((at) => at !== undefined)
  return known.length > 0 ? Math.min(...known) : undefined
}

/** What is waiting is looked through in this step and those after it; whatever comes later meets the mark when it arrives. */
const remark = (draft: Draft, marking: Marking, now: number): void => {
  const learned = learn(draft.mark(marking.subject), marking)
  if (learned) draft.putMark({ ...learned, forgetAt: Math.max(learned.forgetAt, now + LEAST_MARK_MS) })
}

const applyMarks = (draft: Draft, moment: Moment): void => {
  let left = MOST_BY_ITSELF
  for (const mark of [...take(draft.pendingMarks(), MOST_BY_ITSELF)]) {
    for (const entry of draft.queuedAbout(mark.subject)) {
      const bar = barOf(draft, entry)
      if (!bar) continue
      if (left-- <= 0) return
      endUnsent(draft, entry, bar, moment)
    }
    draft.putMark({ ...mark, pending: false })
  }
}

const obey = (draft: Draft, { channel, order }: ChannelRequest, moment: Moment): void => {
  const pause = draft.pause(channel)
  if (order === 'pause')
    draft.putPause({ channel, cause: 'operator', since: pause?.since ?? moment.now, probeAt: null, probe: null })
  else if (pause) draft.forget(keyOfPause(channel))
}

const expire = (draft: Draft, moment: Moment): void => {
  for (const entry of take(draft.expired(moment.now), MOST_BY_ITSELF))
    endUnsent(draft, entry, { status: 'expired', reason: 'expires-at' }, moment)
}

/** What was not heard of by now will not be heard of: intentions of earlier owners become unknown, and unknown ones end. */
const judgeSilence = (draft: Draft, silentTo: number, moment: Moment): void => {
  if (moment.owner.orphansFrom <= silentTo)
    for (const entry of take(orphans(draft, moment.owner), MOST_BY_ITSELF))
      becomeUnknown(draft, attempted(entry), 'crash', null, moment)
  for (const entry of take(draft.unsettled(silentTo), MOST_BY_ITSELF)) {
    const expiresAt = entry.notification?.expiresAt ?? Number.POSITIVE_INFINITY
    // Once: an endpoint that delivers and never answers would tell people the same day after day.
    const again = entry.notification?.unknownPolicy === 'resend' && !entry.resend
    if (again && expiresAt > moment.now && !barOf(draft, entry))
      queue(draft, { ...entry, settleAt: null, setbacks: 0, resend: true, reachedAt: entry.sentAt }, moment)
    else finish(draft, entry, unconfirmed(draft, entry, moment), moment)
  }
}

const silenceIsDue = (draft: Draft, silentTo: number, orphaned: boolean, { owner, now }: Moment): boolean =>
  (orphaned && owner.orphansFrom > silentTo && owner.orphansFrom <= now) || any(draft.unsettled(now))

/** Once there are none, there never will be again: only this owner makes new intentions. */
const hasOrphans = (draft: Draft, owner: Owner): boolean => Number.isFinite(owner.orphansFrom) && any(orphans(draft, owner))

const orphans = function* (draft: Draft, owner: Owner) {
  const own = tagPrefix(owner)
  for (const entry of draft.inFlight()) if (!entry.deliveryTag?.startsWith(own)) yield entry
}
