import { countedBy, type Day } from './day.ts'
import type { LineCount } from './line-count.ts'
import type { Comparison } from './reconcile.ts'
import type { Told } from './results.ts'

/** What may lie behind a difference, the likeliest first, each with what to do. Empty if there is none. */
export const explain = (
  { difference, ours, listens }: Comparison,
  told: Told | null,
  timeOf: (instant: number) => string,
): readonly string[] => {
  if (told === null || difference === null || difference === 0) return []
  const { unreadable, deleted } = told
  const { unconfirmed, unknown, awaited, undelivered, accepted, nearMidnight } = ours
  const more = difference > 0
  const causes: (readonly [boolean, string])[] = [
    [deleted !== null && more, deletedWords(deleted?.oldest ?? null, timeOf)],
    [
      unreadable.count > 0,
      `${unreadable.count} results could not be read, and may belong here: is the schema registry up? Then again`,
    ],
    [
      more && unconfirmed + unknown > 0,
      `${unconfirmed + unknown} sent on that day have no answer of LINE's (unconfirmed, unknown), and may have been delivered: \`tsuchi trace\` with the delivery tag of one tells what is known of it`,
    ],
    [
      more && awaited > 0,
      `${awaited} that LINE took on that day have no receipt yet, and may have been delivered: was the webhook up, and is it redelivered what it missed ("Webhook redelivery" in LINE's console)? Ask again when it has been heard`,
    ],
    [
      more && undelivered > 0,
      `${undelivered} ended undelivered, as no receipt came within 24 hours: an event may have been lost. LINE's console has the webhook's errors of that day; switch on its redelivery`,
    ],
    [
      more,
      'another system may send with the same account, another installation of tsuchi, or another channel of this one: their messages are in the same count. Ask whoever has its token',
    ],
    [
      more,
      'what an earlier day sent may have been delivered on this one without a receipt, and what was sent again (unknown: resend) twice, which results have once',
    ],
    [
      !more && accepted > 0,
      `${accepted} were accepted where nobody listened for receipts, and that is not delivered: LINE holds some until the person consents, and counts them on the day it really delivers them, and never delivers to those who have blocked the account. ${listens ? 'From now on there are receipts' : 'Write receipts: webhook, and results have what was delivered'}`,
    ],
    [
      nearMidnight > 0,
      `${nearMidnight} were delivered within 5 seconds of midnight, and LINE may count them on the other day: reconcile that, too`,
    ],
    [
      !more && accepted === 0,
      "LINE counts less than it told the webhook: does the channel's token belong to the account whose webhooks come (`tsuchi check` compares them)? If so, ask again tomorrow, and then LINE: what it does not count it does not charge",
    ],
  ]
  return causes.filter(([holds]) => holds).map(([, words]) => words)
}

const deletedWords = (oldest: number | null, timeOf: (instant: number) => string): string =>
  `results of that day are deleted by age: ${oldest === null ? 'none is left' : `the oldest that is left is of ${timeOf(oldest)}`}. Ours are too few: reconcile earlier, or let the topic keep them longer (retention.ms)`

/** Why there is no count of LINE's, and what to do; undefined if there is one. */
export const withoutCount = (line: LineCount, day: Day): string | undefined => {
  switch (line.kind) {
    case 'ready':
      return undefined
    case 'unready':
      return `LINE has not counted ${day.date} yet: it usually has within the next day, so ask again on ${countedBy(day)}`
    case 'out-of-service':
      return 'LINE has counted since 2018-03-31 only: choose a later day'
    case 'absent':
      return `HTTP ${line.status}: this relay has no statistics of LINE's. Ask the partner for the count by day, and compare it with ours`
    case 'refused':
      return `HTTP ${line.status}: LINE does not let this token ask. Is it of this channel? \`tsuchi check\` tells`
    case 'unclear':
      return `HTTP ${line.status}${line.status === 400 ? ', LINE does not take the date: is it one?' : ': try again later'}`
    case 'foreign':
      return "HTTP 200, but not with LINE's answer (JSON with status): is baseUrl right?"
    case 'unreachable':
      return `${line.code}: check baseUrl, and that it can be reached from here`
    case 'not-asked':
      return line.why
  }
}
