import { barOf } from './bar.ts'
import { coveredFor, coveredUntil } from './coverage.ts'
import { tagPrefix } from './delivery-tag.ts'
import type { Draft } from './draft.ts'
import { type Entry, RECEIPT_MS } from './entry.ts'
import type { Moment, Owner } from './moment.ts'
import { attempted, becomeUnknown, endOf, finish, notificationOf, queue, unconfirmed, undelivered } from './moves.ts'
import { any, MOST_BY_ITSELF, take } from './take.ts'

/** Where nobody has listened, or only now and then, no more is waited for than this; or twice as long less a day, where somebody did at
 *  first. */
const PATIENCE_MS = 4 * RECEIPT_MS

/** What nobody listened for is not sent again so late: nobody expects it any more, and what called it off may be forgotten. */
const RESEND_WITHIN_MS = 2 * RECEIPT_MS

/** What was not heard of by now will not be heard of: intentions of earlier owners become unknown, unknown ones end, and accepted ones
 *  without a receipt are undelivered. `silentTo`: everything that was in feedback at this instant has been read. */
export const judgeSilence = (draft: Draft, silentTo: number, moment: Moment): void => {
  if (moment.owner.orphansFrom <= silentTo)
    for (const entry of take(orphans(draft, moment.owner), MOST_BY_ITSELF))
      becomeUnknown(draft, attempted(entry), 'crash', null, moment)
  for (const channel of draft.unsettledChannels())
    for (const entry of take(draft.unsettled(channel, heardTo(draft, channel, silentTo, moment)), MOST_BY_ITSELF))
      judge(draft, entry, channel, moment)
}

/** What is left of it when judged. */
export const silenceIn = (
  draft: Draft,
  silentTo: number,
  moment: Moment,
): { readonly orphans: boolean; readonly left: boolean; readonly due: boolean } => {
  const orphaned = hasOrphans(draft, moment.owner)
  const { orphansFrom } = moment.owner
  const channels = [...draft.unsettledChannels()]
  const unsettled = (until: number) =>
    channels.some((channel) => any(draft.unsettled(channel, heardTo(draft, channel, until, moment))))
  return {
    orphans: orphaned,
    left: (orphaned && orphansFrom <= silentTo) || unsettled(silentTo),
    due: (orphaned && orphansFrom > silentTo && orphansFrom <= moment.now) || unsettled(moment.now),
  }
}

/** Until when what LINE said of a channel has been heard. */
const heardTo = (draft: Draft, channel: string, until: number, { policy }: Moment): number =>
  policy.awaitsReceipt(channel)
    ? Math.max(Math.min(until, coveredUntil(draft.coverage(channel))), until - PATIENCE_MS + RECEIPT_MS)
    : until

const judge = (draft: Draft, entry: Entry, channel: string, moment: Moment): void => {
  const heardAt = heardEnoughAt(draft, entry, channel, moment)
  const settleAt = entry.settleAt ?? 0
  const knownTo = coveredUntil(draft.coverage(channel))
  if (heardAt > Math.min(settleAt, knownTo)) {
    const longest = (entry.sentAt ?? 0) + PATIENCE_MS
    const reason = entry.state === 'accepted' ? 'no-webhook' : entry.unknownCause
    if (settleAt <= knownTo && settleAt < longest) draft.put({ ...entry, settleAt: Math.min(heardAt, longest) })
    else finish(draft, entry, unconfirmed(entry, moment, reason), moment)
  } else if (entry.state === 'accepted') finish(draft, entry, endOfAccepted(entry, channel, moment), moment)
  else endUnknown(draft, entry, moment)
}

/** When its silence has lasted: what nobody listened to is none. LINE sends anew, a while later, what it could not deliver to us, so the
 *  wait is as much longer. */
const heardEnoughAt = (draft: Draft, { state, sentAt, notification }: Entry, channel: string, { policy }: Moment): number => {
  if (!policy.awaitsReceipt(channel) || notification === null) return Number.NEGATIVE_INFINITY
  return coveredFor(draft.coverage(channel), sentAt ?? 0, state === 'accepted' ? RECEIPT_MS : notification.unknownWaitMs)
}

/** It was accepted when somebody listened, and the channel may since have been told that nobody does. */
const endOfAccepted = (entry: Entry, channel: string, moment: Moment) =>
  moment.policy.awaitsReceipt(channel)
    ? undelivered(entry)
    : endOf(entry, { kind: 'accepted', requestId: entry.lineRequestId }, moment)

const endUnknown = (draft: Draft, entry: Entry, moment: Moment): void => {
  const { expiresAt, unknownPolicy } = notificationOf(entry)
  // Once: an endpoint that delivers and never answers would tell people the same day after day.
  const again = unknownPolicy === 'resend' && !entry.resend && moment.now < (entry.sentAt ?? 0) + RESEND_WITHIN_MS
  if (again && (expiresAt === null || expiresAt > moment.now) && !barOf(draft, entry))
    queue(draft, { ...entry, settleAt: null, setbacks: 0, resend: true, reachedAt: entry.sentAt }, moment)
  else finish(draft, entry, unconfirmed(entry, moment), moment)
}

/** Once there are none, there never will be again: only this owner makes new intentions. */
const hasOrphans = (draft: Draft, owner: Owner): boolean => Number.isFinite(owner.orphansFrom) && any(orphans(draft, owner))

const orphans = function* (draft: Draft, owner: Owner) {
  const own = tagPrefix(owner)
  for (const entry of draft.inFlight()) if (!entry.deliveryTag?.startsWith(own)) yield entry
}
