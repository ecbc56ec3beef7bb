import { retryDelayMs } from './back-off.ts'
import { barOf } from './bar.ts'
import type { Draft } from './draft.ts'
import { awaitsWord, type Entry } from './entry.ts'
import type { OutcomeReport } from './input.ts'
import { keyOfPause } from './journal-key.ts'
import type { Moment } from './moment.ts'
import { attempted, awaitReceipt, becomeUnknown, correct, endOf, endUnsent, finish, isDefinite, queue } from './moves.ts'
import type { DefiniteOutcome, Outcome } from './outcome.ts'
import { pauseAfter } from './pause.ts'

/** Applies what came of an intention. False if no entry holds it. */
export const settle = (draft: Draft, report: OutcomeReport, moment: Moment): boolean => {
  const entry = draft.byTag(report.deliveryTag)
  if (!entry?.notification) return false
  const { outcome } = report
  const inForce = entry.deliveryTag === report.deliveryTag
  const awaited = moment.policy.awaitsReceipt(entry.notification.channel)
  if (inForce && (entry.state === 'sending' || awaitsWord(entry)))
    learnOfChannel(draft, entry.notification.channel, report, moment)
  if (entry.state === 'done') {
    if (isDefinite(outcome) && correctsEnd(entry, outcome, { inForce, awaited }))
      correct(draft, entry, endOf(entry, outcome, moment), moment)
    return true
  }
  if (entry.state === 'accepted') return true // what comes now is the receipt
  if (inForce && awaitsResend(entry) && outcome.kind !== 'unknown') return settle(withAnswerAwaited(draft, entry), report, moment)
  // Told before; or of an attempt that is no longer in force: then only that LINE took it is news.
  if ((!inForce || entry.state === 'queued') && outcome.kind !== 'accepted') return true
  // Whoever became unknown was counted as an attempt then.
  const heard = inForce && entry.state === 'sending' ? attempted(entry) : entry
  switch (outcome.kind) {
    case 'accepted':
      if (awaited) awaitReceipt(draft, heard, { ...outcome, at: Math.min(report.at, moment.now) }, moment)
      else finish(draft, heard, endOf(entry, outcome, moment), moment)
      break
    case 'unreachable':
    case 'rejected':
      finish(draft, heard, endOf(entry, outcome, moment), moment)
      break
    case 'withheld':
      endUnsent(draft, entry, endOf(entry, outcome, moment), moment) // no call was made: no attempt
      break
    case 'not-sent':
      requeue(draft, setBack(neverStarted(outcome) ? entry : heard, outcome, Math.min(report.at, moment.now)), moment)
      break
    case 'unknown':
      if (entry.state === 'sending') becomeUnknown(draft, heard, outcome.cause, outcome.requestId, moment)
      break
  }
  return true
}

/** It was given up waiting for an answer, and is to be sent once more: what comes after all still counts. */
const awaitsResend = ({ state, resend, reachedAt, sentAt }: Entry): boolean =>
  state === 'queued' && resend && reachedAt !== null && reachedAt === sentAt

/** As it was before it was to be sent once more. */
const withAnswerAwaited = (draft: Draft, entry: Entry): Draft => {
  draft.put({ ...entry, state: 'unknown', resend: false, reachedAt: null })
  return draft
}

/** What one answer says of the whole channel. */
export const learnOfChannel = (draft: Draft, channel: string, report: OutcomeReport, moment: Moment): void => {
  const pause = draft.pause(channel)
  const after = pauseAfter(pause, channel, report, moment.now, moment.policy.probeEveryMs(channel))
  if (after === pause) return
  if (after) draft.putPause(after)
  else draft.forget(keyOfPause(channel))
}

/** Back into the queue, unless it was called off meanwhile. */
const requeue = (draft: Draft, entry: Entry, moment: Moment): void => {
  const bar = barOf(draft, entry)
  if (bar) endUnsent(draft, entry, bar, moment)
  else queue(draft, entry, moment)
}

/** `unconfirmed` is corrected by whatever is learned of the intention in force; any end that claims LINE did not take it, by LINE having
 *  taken an earlier one after all: but not where that is not the end, as the receipt is still to come. What became of the
 *  second of two says nothing of the first. */
const correctsEnd = (
  { corrected, status, resend }: Entry,
  { kind }: DefiniteOutcome,
  { inForce, awaited }: { readonly inForce: boolean; readonly awaited: boolean },
): boolean => {
  if (corrected) return false
  if (kind === 'accepted') return !awaited && status !== 'accepted' && status !== 'delivered' && status !== 'undelivered'
  return inForce && status === 'unconfirmed' && !resend
}

type NotSent = Extract<Outcome, { kind: 'not-sent' }>

/** No byte of it was written. */
const neverStarted = ({ cause }: NotSent): boolean =>
  cause === 'send-by' || cause === 'connect' || cause === 'no-token' || cause === 'no-key'

/** Counted from when it was known (by a clock that may be another worker's, so not later than now), as the lane's own pause is: when that ends, whoever was set back is not behind the next. */
const setBack = (entry: Entry, outcome: NotSent, at: number): Entry => ({
  ...entry,
  state: 'queued',
  setbacks: outcome.cause === 'send-by' ? entry.setbacks : entry.setbacks + 1,
  notBefore: at + retryDelayMs(outcome, entry.setbacks),
  settleAt: null,
  unknownCause: entry.reachedAt === null ? null : entry.unknownCause,
})
