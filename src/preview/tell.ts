import { relative } from 'node:path'
import type { Config } from '../config.ts'
import type { Dead } from '../intake/read-record.ts'
import type { NotifyingRoute } from '../intake/route.ts'
import { SHIPPED_CATALOGUE } from '../providers/line/catalogue.ts'
import { channelRulesOf, costOf } from '../stages/channels.ts'
import { drawMessage } from './draw-message.ts'
import { shortWordsOf, tooOldWords, wordsOf } from './fate-words.ts'
import { formatInstant, formatSpan } from './instants.ts'
import { hasPepper, type Preview, type Recipient } from './preview.ts'
import { remedyOf } from './remedies.ts'
import { bold, type Line, plain } from './styled-line.ts'
import { padEnd } from './text-width.ts'

/** What is said beside the preview itself. */
export interface Told {
  readonly preview: Preview
  readonly config: Config
  /** Where the event comes from, in words. */
  readonly from: string
  /** Why it is this route. */
  readonly how: string
  /** What the route's record of LINE's review lacks, in words; null: nothing. */
  readonly review: string | null
  readonly notes: readonly string[]
  /** So many recipients are drawn; the others are counted. */
  readonly most: number
}

/** The preview for people to read. */
export const tell = (told: Told): Line[] => {
  const { preview, config, most, notes } = told
  const drawn = preview.recipients.slice(0, most)
  return [
    ...aboutEvent(told),
    ...drawn.flatMap((recipient) => [[], ...aboutRecipient(recipient, preview, config)]),
    ...othersOf(preview.recipients.slice(most)),
    ...[...notes, NOT_LOOKED_AT].flatMap((note) => [[], plain(note)]),
  ]
}

const NOT_LOOKED_AT =
  'Not looked at: what came before (duplicates, later news, limits of one person), opt-outs, pauses. Nothing was sent or written.'

const row = (label: string, value: string, style = plain): Line => [...plain(padEnd(label, 16)), ...style(value)]

const aboutEvent = ({ preview, config, from, how, review }: Told): Line[] => {
  const { route, event, now, dead, callsOff } = preview
  const zone = route?.eventZone ?? config.recipients.zone
  const named = [event.id ?? 'without an id', event.source === null ? '' : ` of ${event.source}`].join('')
  return [
    row('event', `${from}: ${named}`),
    ...(event.type === null ? [] : [row('type', event.type)]),
    ...(event.time === null ? [] : [row('happened', `at ${formatInstant(event.time, zone, now)}`)]),
    row('looked at', `as of ${formatInstant(now, zone, now)}`),
    row('route', route ? `${route.id} (${pathOf(route.file)}), ${how}` : 'none'),
    ...(route ? [row('topic', route.topic)] : []),
    ...(route?.kind === 'notify'
      ? [
          row('purpose', route.purpose),
          row('channel', channelWords(route.channel, config)),
          row('endpoint', route.endpoint),
          ...(route.fingerprint === null
            ? []
            : [row('review', `${route.fingerprint}: ${review ?? "the route's record of LINE's review has it"}`)]),
          ...(review === null || !isReviewRequired(route, config) ? [] : [row('', 'A worker does not start without it.')]),
        ]
      : []),
    ...callsOff.map((subject) => row('what happens', `calls off ${subject}; nobody is notified`, bold)),
    // Where people are named, it is said of each.
    ...(dead === null || preview.recipients.some(({ fate }) => fate.kind === 'too-old') ? [] : deadWords(dead, preview)),
  ]
}

const isReviewRequired = (route: NotifyingRoute, config: Config): boolean =>
  channelRulesOf(config).get(route.channel)?.review === 'required'

const deadWords = ({ reason, detail }: Dead, preview: Preview): Line[] => {
  if (reason === 'older-than-window')
    return [row('what happens', `nobody is told: ${tooOldWords(preview)}`, bold), row('why', detail)]
  return [
    row('what happens', `nobody is told: it ends poison (${reason}), and becomes a dead letter`, bold),
    row('why', detail),
    row('remedy', remedyOf(reason)),
  ]
}

const channelWords = (name: string, { channels }: Config): string => {
  const channel = channels[name]
  if (!channel) return name
  const modes = { live: 'live', 'allow-list': `allow-list of ${channel.allow.length}`, shadow: 'shadow: nothing is sent' }
  return `${name} (provider ${channel.provider}, mode ${modes[channel.mode]})`
}

const aboutRecipient = (recipient: Recipient, preview: Preview, config: Config): Line[] => {
  const { index, customerId, recipientRef, notification, message, broken, fate } = recipient
  const of = preview.recipients.length
  const noRef = hasPepper(config) ? 'none, for want of a usable number' : 'not known without the pepper (privacy.pepper)'
  const isUnrouted = preview.route === null
  return [
    ...(of > 1 ? [row('recipient', `${index + 1} of ${of}`, bold)] : []),
    ...(isUnrouted ? [] : [row('customer', customerId ?? 'not named'), row('recipientRef', recipientRef ?? noRef)]),
    ...(notification ? termsOf(notification, preview, config) : []),
    row('what happens', wordsOf(recipient, preview, config), bold),
    ...(fate.kind === 'ends' && fate.status === 'refused' ? [row('remedy', remedyOf(fate.reason ?? ''))] : []),
    ...broken.map(({ rule, property, wanted, found }) =>
      row(rule === 'content' ? 'breaks a rule' : 'advertises', `${property}: wanted ${wanted}, found ${found}`),
    ),
    ...(message ? [[], ...drawMessage(message, catalogueOf(preview, config))] : []),
  ]
}

const termsOf = (notification: NonNullable<Recipient['notification']>, { now }: Preview, config: Config): Line[] => {
  const { subject, revision, expiresAt, zone, fallback, fallbackAfterMs, channel, endpoint, onlyIfNotified } = notification
  const cost = costOf(config)(channel, endpoint)
  const rows: [string, string | null][] = [
    ['subject', subject && `${subject}${revision === null ? '' : `, revision ${revision}`}`],
    ['only if', onlyIfNotified ? 'notified: only for those who were told of the subject before' : null],
    ['expires', expiresAt === null ? null : `at ${formatInstant(expiresAt, zone, now)}`],
    ['fallback', fallback && `${fallback}${fallbackAfterMs === null ? '' : `, after ${formatSpan(fallbackAfterMs)}`}`],
    ['cost', cost && `${cost.tenThousandths / 10_000} ${cost.currency}`],
  ]
  return rows.flatMap(([label, value]) => (value === null ? [] : [row(label, value)]))
}

const catalogueOf = ({ route }: Preview, { channels }: Config) =>
  (route?.kind === 'notify' ? channels[route.channel]?.catalogue : null) ?? SHIPPED_CATALOGUE

/** By what would happen to them: `2,997 more: 2,990 would be sent at once, 7 refused: no-phone`. */
const othersOf = (others: readonly Recipient[]): Line[] => {
  if (others.length === 0) return []
  const groups = Map.groupBy(others, shortWordsOf)
  const parts = [...groups]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([words, each]) => `${count(each.length)} ${words}`)
  const rules = others.filter(({ broken }) => broken.length > 0).length
  const breaking = rules === 0 ? '' : `; ${count(rules)} break a rule`
  return [[], plain(`${count(others.length)} more: ${parts.join(', ')}${breaking}`)]
}

const count = (number: number): string => number.toLocaleString('en')

const pathOf = (file: string): string => {
  const path = relative('', file)
  return path.startsWith('..') ? file : path
}
