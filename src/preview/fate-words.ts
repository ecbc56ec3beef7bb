import type { Config } from '../config.ts'
import type { QuietHours, QuietWindow } from '../domain/request.ts'
import type { Route } from '../intake/route.ts'
import type { Fate } from './foretell.ts'
import { formatInstant, formatSpan, isoInstant } from './instants.ts'
import type { Preview, Recipient } from './preview.ts'

/** What would happen to one notification, when, and why. */
export const wordsOf = (recipient: Recipient, preview: Preview, config: Config): string => {
  const words = wordsOfFate(recipient, preview, config)
  if (!recipient.forThoseTold) return words
  return `${words}, if the person was told of ${recipient.notification?.subject} before (onlyIf: notified); for anyone else it ends cancelled`
}

/** The same for a summary: `would be sent at once`, `refused: no-phone`. */
export const shortWordsOf = ({ fate }: Recipient): string => {
  switch (fate.kind) {
    case 'sent':
      return 'would be sent at once'
    case 'withheld':
      return 'withheld by the shadow'
    case 'waits':
      return `wait: ${fate.reason}`
    case 'too-old':
      return 'too old'
    case 'ends':
      return fate.reason === null ? fate.status : `${fate.status}: ${fate.reason}`
  }
}

const wordsOfFate = (recipient: Recipient, preview: Preview, config: Config): string => {
  const { fate } = recipient
  switch (fate.kind) {
    case 'sent':
      return 'would be sent at once'
    case 'withheld':
      return 'would be sent at once, were the channel not a shadow: everything is done but the sending, and it ends refused (shadow)'
    case 'waits':
      return wordsOfWait(fate, recipient, preview, config)
    case 'too-old':
      return `nobody would be told: ${tooOldWords(preview)}`
    case 'ends':
      return wordsOfEnd(fate, recipient, preview, config)
  }
}

const wordsOfWait = (
  { reason, until }: Extract<Fate, { kind: 'waits' }>,
  { notification }: Recipient,
  { now }: Preview,
  { recipients }: Config,
): string => {
  const words = until === null ? 'waits' : `waits until ${formatInstant(until, notification?.zone ?? 'UTC', now)}`
  switch (reason) {
    case 'quiet-hours':
      return `${words}: quiet hours ${formatWindows(notification?.quietHours ?? null)}`
    case 'spacing':
      return `${words}: one person gets them ${formatSpan(recipients.spacing ?? 0)} apart (recipients.spacing)`
    case 'daily-cap':
      return `${words}: one person gets at most ${recipients.perDay} in 24 h (recipients.perDay)`
    default:
      return `${words} for its turn, behind another to the same person`
  }
}

const wordsOfEnd = (
  { status, reason, detail, duplicateOf }: Extract<Fate, { kind: 'ends' }>,
  recipient: Recipient,
  preview: Preview,
  config: Config,
): string => {
  const { notification } = recipient
  if (status === 'refused') return `refused (${reason})${detail === null ? '' : `: ${detail}`}`
  if (status === 'duplicate')
    return `ends duplicate: it says the same as that of recipient ${(duplicateOf ?? 0) + 1}, to the same number`
  if (status !== 'expired') return `ends ${status}${reason === null ? '' : ` (${reason})`}`
  if (reason === 'max-age') return `ends expired: ${pastMaxAge(preview)}`
  const goodUntil = formatInstant(notification?.expiresAt ?? 0, notification?.zone ?? config.recipients.zone, preview.now)
  if (reason === 'quiet-hours')
    return `ends expired: it is good until ${goodUntil}, and quiet hours ${formatWindows(notification?.quietHours ?? null)} last longer`
  return `ends expired: it was good until ${goodUntil}. ${asOfThen(preview)}`
}

const pastMaxAge = (preview: Preview): string => {
  const maxAge = preview.route?.kind === 'notify' ? ` of ${formatSpan(preview.route.maxAgeMs)}` : ''
  return `it happened at ${happenedAt(preview)}, longer ago than the route's maxAge${maxAge}. ${asOfThen(preview)}`
}

/** Why nothing comes of it, and when something would have. */
export const tooOldWords = (preview: Preview): string => {
  const window = preview.route ? ` for ${formatSpan(preview.route.dedupeWindowMs)}` : ''
  const remembered = `and is remembered${window} only${preview.route ? ' (dedupeWindow)' : ''}, so it becomes a dead letter`
  return `it happened at ${happenedAt(preview)}, ${remembered}. ${asOfThen(preview)}`
}

const happenedAt = (preview: Preview): string => formatInstant(timeOf(preview), zoneOf(preview.route), preview.now)
const asOfThen = (preview: Preview): string => `To see it as of then: --at ${isoInstant(timeOf(preview), zoneOf(preview.route))}`

/** Of an event that says nothing of it: when it was produced, as intake has it. */
const timeOf = ({ event, producedAt }: Preview): number => event.time ?? producedAt
const zoneOf = (route: Route | null): string => route?.eventZone ?? 'UTC'

/** `21:00–08:00`, `22:00–10:00 (sat, holiday)`. */
export const formatWindows = (quiet: QuietHours | null): string => (quiet?.windows ?? []).map(formatWindow).join(', ') || 'none'

const formatWindow = ({ from, until, on }: QuietWindow): string =>
  `${from}–${until}${on === null ? '' : ` (${on.map((day) => (typeof day === 'number' ? (WEEKDAYS[day - 1] ?? day) : day)).join(', ')})`}`

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
