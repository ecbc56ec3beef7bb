import type { ClockFace } from './clock-face.ts'
import type { Reading } from './records.ts'
import { summaryOf, timeLineOf } from './time-line.ts'
import type { Traced } from './trace.ts'

/** All that were found, and the stories of the newest. */
export const storiesText = ({ stories, kinds }: Traced, limit: number, clock: ClockFace): string => {
  const told = stories.slice(0, limit)
  const untold = stories.length - told.length
  const list = [
    `${stories.length} notifications, found by ${kinds.map((kind) => NAMES[kind]).join(' and ')}, the newest first:`,
    ...stories.map((story) => `  ${summaryOf(story, clock)}`),
    ...(untold > 0 ? [`  Of ${untold} the story is not told here: see --limit, or trace one by its id`] : []),
  ].join('\n')
  return [
    `Times are those of ${clock.zone}.`,
    ...(stories.length > 1 ? [list] : []),
    ...told.map((story) => timeLineOf(story, clock)),
  ].join('\n\n')
}

const NAMES = {
  notification: 'notification id',
  tag: 'delivery tag',
  recipient: 'recipientRef',
  event: 'event id',
  customer: 'customer id',
  subject: 'subject',
} as const

/** What was looked for is not repeated: somebody may have typed a phone number. */
export const nothingFound = ({ kinds, reading }: Traced, since: number, { time, zone }: ClockFace): string =>
  [
    `nothing is known of it as ${kinds.map((kind) => NAMES[kind]).join(', ')}. Looked through, from ${time(since)} (${zone}) on, but the journal as a whole:`,
    ...[...reading.records].map(([topic, count]) => `  ${topic}: ${count.toLocaleString('en')} records`),
    'Look further back with --since P30D (results are kept longest); is it this installation (topics.prefix)? A phone number is known to nobody here: look for the customer id.',
  ].join('\n')

export const unreadableText = ({ unreadable: { count, first } }: Reading): string[] =>
  count === 0
    ? []
    : [`${count} record${count === 1 ? '' : 's'} could not be read, and may have belonged here. The first is ${first}`]
