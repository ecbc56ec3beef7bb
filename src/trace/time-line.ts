import { type Coverage, coveredBetween, coveredUntil } from '../domain/coverage.ts'
import { forgetAtOf } from '../domain/entry.ts'
import type { Marking } from '../domain/mark.ts'
import type { Pause } from '../domain/pause.ts'
import { printable } from '../printable-text.ts'
import { type ClockFace, spanOf } from './clock-face.ts'
import type { Fact, Place, Remembered } from './fact.ts'
import { outcomeWords, resultWords, unknownWords } from './outcome-words.ts'
import { linkWords, receiptWords } from './receipt-words.ts'
import type { Now, Story } from './story.ts'

/** A notification's story as a person reads it, without a line's end. Ids and types are as producers wrote them. */
export const timeLineOf = (story: Story, clock: ClockFace): string =>
  [...headOf(story), '', ...linesOf(story, clock), '', ...nowWords(story.now, story, clock).map((line) => `  ${line}`)]
    .map((line) => printable(line))
    .join('\n')

/** The same in one line. */
export const summaryOf = ({ notificationId, status, about, at }: Story, { time }: ClockFace): string =>
  printable(
    `${notificationId}  ${status.padEnd(12)}  ${(about.purpose ?? '-').padEnd(22)}  ${time(at)}  event ${about.event?.id ?? 'without id'}`,
  )

const headOf = ({ notificationId, status, about }: Story): string[] => {
  const { event, customerId, recipientRef, subject, purpose, route, channel, endpoint } = about
  const named = (name: string, value: string | null | undefined) => (value == null ? [] : [`${name} ${value}`])
  return [
    `notification ${notificationId}: ${status}`,
    [...named('event', event?.id), ...named('from', event?.source), ...named('of type', event?.type)].join(' '),
    [...named('customer', customerId), ...named('recipient', recipientRef), ...named('about', subject)].join(', '),
    [...named('purpose', purpose), ...named('route', route), ...named('channel', channel), ...named('endpoint', endpoint)].join(
      ', ',
    ),
  ]
    .filter((line) => line !== '')
    .map((line, n) => (n === 0 ? line : `  ${line}`))
}

const linesOf = (story: Story, clock: ClockFace): string[] => {
  let last: number | null = null
  const line = (at: number | null, words: string, place: string) => {
    const since = at === null || last === null ? '' : `${at < last ? '-' : '+'}${spanOf(Math.abs(at - last))}`
    last = at ?? last
    return `  ${(at === null ? '' : clock.time(at)).padEnd(23)}  ${since.padStart(11)}  ${words}  [${place}]`
  }
  const shown = story.facts.filter((fact) => fact.kind !== 'entry' || story.silent.has(fact))
  const requests = shown.filter(({ kind }) => kind === 'request')
  return [
    ...eventLines(story, line),
    ...shown.map((fact) =>
      line(fact.at, wordsOf(fact, story, clock, fact.kind === 'request' && fact !== requests[0]), formatPlace(fact.place)),
    ),
  ]
}

/** The record of the event is not read: its topic belongs to others. */
const eventLines = ({ about: { position, event } }: Story, line: (at: number | null, words: string, place: string) => string) => {
  if (!position) return []
  const { topic, partition, offset, index } = position
  const words = `event: it happened; see \`tsuchi preview --topic ${topic} --partition ${partition} --offset ${offset}\`${index === 0 ? '' : `, recipient ${index}`}`
  return [line(event?.time ?? null, words, `${topic}/${partition}/${offset}`)]
}

const formatPlace = ({ topic, partition, offset }: Place): string => `${topic}/${partition}/${offset}`

const wordsOf = (fact: Fact, story: Story, clock: ClockFace, again: boolean): string => {
  switch (fact.kind) {
    case 'request':
      return again ? 'request: intake read it once more, which changes nothing' : requestWords(fact.request, clock)
    case 'marking':
      return `mark: ${markWords(fact.marking, clock)}`
    case 'handover':
      return `hand-over: known only after the partition had moved on: ${outcomeWords(fact.report.outcome)}, as ${fact.report.deliveryTag}`
    case 'receipt':
      return receiptWords(fact, story.facts, clock)
    case 'link':
      return linkWords(fact, story.facts, clock)
    case 'result':
      return resultWords(fact.result, clock)
    case 'entry':
      return `journal: ${stateWords(fact.entry, fact.at, clock)}`
    case 'forgotten':
      return 'journal: forgotten'
    default:
      return fact.kind
  }
}

const requestWords = (request: Extract<Fact, { kind: 'request' }>['request'], { time }: ClockFace): string => {
  if (request.kind === 'poison') return `request: intake could not read the record (${request.reason}): ${request.detail}`
  if (request.kind === 'refused') return `request: intake refused it (${request.reason}): ${request.detail}`
  const { urgent, quietHours, zone, expiresAt, route, channel, endpoint } = request.notification
  return [
    `request: intake made it by route ${route}, for ${channel}/${endpoint}`,
    ...(urgent ? ['urgent'] : []),
    ...(quietHours ? [`quiet hours in ${zone}`] : []),
    ...(expiresAt === null ? [] : [`of no use from ${time(expiresAt)} on`]),
  ].join(', ')
}

const markWords = (
  { subject, cancelledAt, revision }: Pick<Marking, 'subject' | 'cancelledAt' | 'revision'>,
  { time }: ClockFace,
) =>
  [
    subject,
    [
      ...(cancelledAt === null ? [] : [`was called off by an event of ${time(cancelledAt)}`]),
      ...(revision === null ? [] : [`has revision ${revision}`]),
    ].join(', and '),
  ].join(' ')

/** What no result tells: it is taken in, set back, or progress is not published. */
const stateWords = (entry: Remembered, at: number, clock: ClockFace): string => {
  switch (entry.state) {
    case 'queued':
      return waitWords(entry, at, clock)
    case 'sending':
      return `sending: attempt ${entry.attempts + 1}, as ${entry.deliveryTag}`
    case 'unknown':
      return `unknown: LINE may or may not have taken it: ${unknownWords(entry.unknownCause)}`
    case 'accepted':
      return 'accepted: LINE took it, and its delivery event is waited for'
    case 'done':
      return `ended: ${entry.status}`
  }
}

const waitWords = ({ releaseAt, notBefore, setbacks, resend }: Remembered, at: number, { time }: ClockFace): string => {
  const waits = [
    ...(resend ? ['it is to be sent once more, as nobody knows what became of the last attempt'] : []),
    ...(setbacks > 0 ? [`certainly not sent (${setbacks === 1 ? 'once' : `${setbacks} times`} so far)`] : []),
    ...(releaseAt > at ? [`it may go from ${time(releaseAt)} on`] : []),
    ...(notBefore > at ? [`it is not tried before ${time(notBefore)}`] : []),
  ]
  return `queued: ${waits.join('; ') || 'it waits for its turn'}`
}

const nowWords = (now: Now, { about: { channel } }: Story, clock: ClockFace): string[] => {
  const { time } = clock
  switch (now.kind) {
    case 'not-read':
      return [
        `now: not in the journal. Dispatch has not read the request yet${now.before === 0 ? '' : `: ${now.before} are before it`}. Does a worker run?`,
      ]
    case 'nothing':
      return [
        'now: not in the journal, and no result is there. Dispatch has read the request: it was older than its window then (see the dead letters), or all is forgotten and deleted by now',
      ]
    case 'forgotten':
      return [
        `now: forgotten${now.at === null ? '' : ` at ${time(now.at)}`}. The journal has it no longer, as its window is over: the same event would be sent again, if it were young enough for its route`,
      ]
    case 'remembered':
      return [
        `now: ${present(now.entry, clock)}  [${formatPlace(now.place)}]`,
        ...(now.entry.state === 'accepted' || now.coverage ? [heardWords(now.entry, now.coverage, clock)] : []),
        ...tagsOf(now.entry),
        ...(now.pause ? [`channel ${channel} is paused in this partition: ${pauseWords(now.pause, clock)}`] : []),
        ...(now.mark ? [`known of its subject: ${markWords(now.mark, clock)}; remembered until ${time(now.mark.forgetAt)}`] : []),
      ]
  }
}

const present = (entry: Remembered, clock: ClockFace): string => {
  const { time } = clock
  const { state, releaseAt, notBefore, settleAt, notification, fallbackAt } = entry
  const fallback = fallbackAt === null ? '' : `. ${notification?.fallback ?? 'Another way'} is due at ${time(fallbackAt)}`
  switch (state) {
    case 'queued':
      return `it waits, and may go from ${time(Math.max(releaseAt, notBefore))} on${notification?.expiresAt == null ? '' : `, until ${time(notification.expiresAt)}`}${fallback}`
    case 'sending':
      return `it is being sent, or a worker died while it was${fallback}`
    case 'unknown':
      return `an answer is waited for${settleAt === null ? '' : ` until ${time(settleAt)}`}; then it is ${notification?.unknownPolicy === 'resend' ? 'sent once more' : 'given up as unconfirmed'}${fallback}`
    case 'accepted':
      return `LINE took it, and its delivery event is waited for${settleAt === null ? '' : ` until ${time(settleAt)}, or longer where nobody listened, or LINE reached nobody`}; then it is undelivered${fallback}`
    case 'done': {
      const forgetAt = forgetAtOf({ ...entry, sealed: null })
      return `it has ended${entry.corrected ? ', and was corrected' : ''}. Remembered${forgetAt === null ? '' : ` until ${time(forgetAt)}`}, so that ${notification ? 'it is not sent again' : 'the same record is not told of twice'}; then forgotten`
    }
  }
}

/** Until when what LINE said is known: what it is waited for longer by, and whether anybody listens at all. */
const heardWords = ({ sentAt }: Remembered, coverage: Coverage | null, { time }: ClockFace): string => {
  const until = coveredUntil(coverage ?? undefined)
  if (!Number.isFinite(until))
    return "nobody has listened for LINE's events on its channel yet, as far as this partition knows: does a webhook run (`tsuchi run --only webhook`)?"
  const since = Math.min(sentAt ?? until, until)
  const unheard = until - since - coveredBetween(coverage ?? undefined, since, until)
  const gaps =
    unheard > 0
      ? `, but for ${spanOf(unheard)} since it was sent, in which nobody listened, or LINE reached nobody: it is waited longer by that`
      : ''
  return `LINE's events on its channel are known until ${time(until)}${gaps}. If that is long ago, no webhook has listened since, or LINE did not reach it`
}

const tagsOf = ({ attempts, deliveryTag, pastTags }: Remembered): string[] =>
  deliveryTag === null
    ? []
    : [
        `${attempts} attempt${attempts === 1 ? '' : 's'}; delivery tag ${deliveryTag}${pastTags.length === 0 ? '' : `, and before it ${pastTags.join(', ')}`}`,
      ]

const pauseWords = ({ cause, since, probeAt }: Pause, { time }: ClockFace): string => {
  const why = {
    'monthly-limit': "LINE says that the month's messages are used up (monthly-limit)",
    forbidden: 'LINE says that the account may not send (forbidden)',
    operator: 'an operator paused it; `tsuchi channels resume` lifts it',
  }[cause]
  return `${why}, since ${time(since)}${probeAt === null ? '' : `; one notification is tried at ${time(probeAt)}`}`
}
