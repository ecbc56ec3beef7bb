import { padEnd } from '../../src/preview/text-width.ts'
import { formatMoney } from './cost.ts'
import { NIGHT_ZONE } from './night.ts'
import type { PublishedResult } from './result-reader.ts'
import type { SpecialPeople } from './scenario.ts'

/** What happened to some people, told by their results alone; `undefined` if the results do not tell it. */
export const storiesOf = (results: readonly PublishedResult[], people: SpecialPeople): string | undefined => {
  const stories = STORIES.map(({ who, statuses, title, told }) => {
    const { customerId } = people[who]
    const own = results.filter((result) => result.customerId === customerId).toSorted((a, b) => a.sequence - b.sequence)
    if (!statuses.test(own.map(({ status }) => status).join(' '))) return undefined
    return `  ${customerId} ${title}\n${linesOf(own, told).join('\n')}`
  })
  return stories.every((story) => story !== undefined) ? stories.join('\n\n') : undefined
}

interface Story {
  readonly who: keyof SpecialPeople
  readonly title: string
  /** All statuses, in order. */
  readonly statuses: RegExp
  /** Whether also of the event, and of each commit. */
  readonly told: 'wholly' | 'briefly'
}

const STORIES: readonly Story[] = [
  {
    who: 'sleeper',
    title: 'lives where it is night: the reminder waits for the morning',
    statuses: /^queued sending (accepted )?delivered$/, // LINE may tell of the delivery before it has answered
    told: 'wholly',
  },
  {
    who: 'undecided',
    title: 'has never decided about such messages: LINE asks, and holds it until they agree',
    statuses: /^sending accepted delivered$/,
    told: 'briefly',
  },
  {
    who: 'unanswered',
    title: "gets it, but LINE's answer is lost: not sent again, and settled by LINE's delivery event",
    statuses: /^sending unknown delivered$/,
    told: 'briefly',
  },
  {
    who: 'blocker',
    title: 'has blocked the account: LINE takes the message, and shows it to nobody',
    statuses: /^sending accepted fallback_due undelivered$/,
    told: 'briefly',
  },
]

const linesOf = (own: readonly PublishedResult[], told: Story['told']): string[] => {
  const [first] = own
  if (!first) return []
  const { topic, partition, offset, eventTime } = first.source
  const from = eventTime ?? first.receivedAt
  const before: readonly Moment[] = [
    { at: from, status: 'event', words: `in ${topic}, partition ${partition}, offset ${offset}` },
    { at: first.receivedAt, status: 'read', words: '' },
  ]
  const moments: readonly Moment[] = [
    ...(told === 'wholly' ? before : []),
    ...own
      .filter(({ status }) => told === 'wholly' || status !== 'sending')
      .map((result) => ({ at: result.decidedAt, status: result.status, words: wordsOf(result) })),
  ]
  return moments.map(({ at, status, words }) =>
    `    ${clockAt(at)}  ${timeSince(from, at)}  ${padEnd(status, 12)}  ${words}`.trimEnd(),
  )
}

interface Moment {
  readonly at: number
  readonly status: string
  readonly words: string
}

const wordsOf = ({
  status,
  reason,
  releaseAt,
  deliveryTag,
  lineRequestId,
  deliveredAt,
  fallback,
  cost,
}: PublishedResult): string => {
  switch (status) {
    case 'queued':
      return `${reason}, until ${releaseAt === null ? 'further notice' : clockAt(releaseAt, 'second')}`
    case 'sending':
      return `committed as ${deliveryTag}; only then the request leaves`
    case 'accepted':
      return `LINE's request ${lineRequestId}`
    case 'unknown':
      return `${reason}: LINE may have taken it`
    case 'fallback_due':
      return `nothing heard of it for the route's fallbackAfter: time for ${fallback}`
    case 'delivered':
      return `LINE: can be seen since ${deliveredAt === null ? 'nobody knows when' : clockAt(deliveredAt)}${cost ? `; ${formatMoney(cost.amount, cost.currency)}` : ''}`
    case 'undelivered':
      return `${reason} in 24 hours; ${cost ? formatMoney(cost.amount, cost.currency) : 'costs nothing'}; hint: ${fallback ?? 'none'}`
    default:
      return [reason, lineRequestId && `LINE's request ${lineRequestId}`].filter(Boolean).join(', ')
  }
}

/** Ends of quiet hours are whole seconds; what happens is not. */
export const clockAt = (ms: number, smallestUnit: 'second' | 'millisecond' = 'millisecond'): string =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(NIGHT_ZONE).toPlainTime().toString({ smallestUnit })

const HOUR_MS = 3_600_000

const timeSince = (from: number, at: number): string =>
  (at - from < HOUR_MS ? `+${((at - from) / 1_000).toFixed(1)} s` : `+${((at - from) / HOUR_MS).toFixed(1)} h`).padStart(8)
