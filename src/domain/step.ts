import { barOf, isUnwanted } from './bar.ts'
import type { Changes, Intention } from './changes.ts'
import { cover, uncover } from './coverage.ts'
import { type Draft, draftOver } from './draft.ts'
import type { Feedback, Input } from './input.ts'
import { keyOfPause } from './journal-key.ts'
import { attribute } from './link.ts'
import { learn, type Marking } from './mark.ts'
import type { Moment } from './moment.ts'
import { endUnsent, sayFallback } from './moves.ts'
import { receiveReceipt } from './receipt.ts'
import { receive } from './receive.ts'
import { release } from './release.ts'
import type { ChannelRequest } from './request.ts'
import type { Result } from './result.ts'
import { settle } from './settle.ts'
import { judgeSilence, silenceIn } from './silence.ts'
import type { State } from './state.ts'
import { any, MOST_BY_ITSELF, take } from './take.ts'

/** What waits for LINE's word, for a week at the longest (silence.ts), may then be sent again, or another channel be told: it must not
 *  have outlived its cancellation. */
const LEAST_MARK_MS = 8 * 86_400_000

/** Clocks of webhooks and of dispatch may differ by so much. Nobody can have listened to what is still to come. */
const CLOCKS_APART_MS = 3_600_000

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
        if (input.feedback.kind !== 'barrier') strays += heed(draft, input.feedback, moment) ? 0 : 1
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
  const behind = position.requests < moment.readUntil.requests || position.feedback < moment.readUntil.feedback
  const intentions = behind ? [] : actInTime(draft, silentTo, moment)

  const silence = silenceIn(draft, silentTo, moment)
  const dueToFallBack = (until: number) => any(draft.fallbackDue(Math.min(until, moment.now)))
  return {
    entries: [...draft.entries.values()],
    marks: [...draft.marks.values()],
    pauses: [...draft.pauses.values()],
    coverages: [...draft.coverages.values()],
    forgotten: [...draft.forgotten],
    results: draft.results.map((result) => hushed(draft, result, moment)),
    attributions: draft.attributions,
    intentions,
    position,
    counter: moment.counter + intentions.length,
    silentTo,
    orphans: silence.orphans,
    more:
      any(draft.pendingMarks()) ||
      (!behind &&
        (any(draft.expired(moment.now)) || dueToFallBack(silentTo) || any(draft.forgettable(moment.now)) || silence.left)),
    barrierWanted: !behind && (silence.due || (dueToFallBack(moment.now) && !dueToFallBack(silentTo))),
    unreadable,
    tooOld,
    strays,
  }
}

/** What is done because its time has come. Another channel is due by what was not heard, and so behind a barrier. */
const actInTime = (draft: Draft, silentTo: number, moment: Moment): readonly Intention[] => {
  expire(draft, moment)
  judgeSilence(draft, silentTo, moment)
  for (const entry of take(draft.fallbackDue(Math.min(silentTo, moment.now)), MOST_BY_ITSELF)) sayFallback(draft, entry, moment)
  const intentions = release(draft, moment)
  for (const key of [...take(draft.forgettable(moment.now), MOST_BY_ITSELF)]) draft.forget(key)
  return intentions
}

/** False if it belongs to nothing that is known here. */
const heed = (draft: Draft, feedback: Exclude<Feedback, { kind: 'barrier' }>, moment: Moment): boolean => {
  switch (feedback.kind) {
    case 'handover':
      return settle(draft, feedback.report, moment)
    case 'receipt':
      return receiveReceipt(draft, feedback, moment)
    case 'link':
      return attribute(draft, feedback, moment)
    case 'heartbeat':
    case 'hole':
      for (const channel of feedback.channels) {
        const span = { from: feedback.from, until: Math.min(feedback.until, moment.now + CLOCKS_APART_MS) }
        const coverage = (feedback.kind === 'hole' ? uncover : cover)(draft.coverage(channel), channel, span)
        if (coverage) draft.putCoverage(coverage)
      }
      return true
  }
}

/** Where a channel writes to nobody, or not to this person, no other one is to do it in its place; nor where nobody wants it any more, as
 *  far as is known by now. */
const hushed = (draft: Draft, result: Result, moment: Moment): Result => {
  const { fallback, channel, recipientRef } = result
  if (fallback === null || channel === null) return result
  const { policy } = moment
  const entry = draft.get(result.notificationId)
  const isUseless =
    policy.isShadow(channel) || !policy.mayReach(channel, recipientRef ?? '') || (entry && isUnwanted(draft, entry, moment))
  return isUseless ? { ...result, fallback: null } : result
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
