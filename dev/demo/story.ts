import { padEnd } from '../../src/preview/text-width.ts'
import { formatMoney } from './cost.ts'
import { NIGHT_ZONE } from './night.ts'
import type { PublishedResult } from './result-reader.ts'

/** A reminder that quiet hours held back and LINE took then, told by its results alone; `undefined` if there was none. */
export const storyOf = (results: readonly PublishedResult[]): string | undefined => {
  const accepted = new Set(results.filter(({ status }) => status === 'accepted').map(({ notificationId }) => notificationId))
  const held = results.find(
    ({ notificationId, purpose, status, reason }) =>
      purpose === 'reminder' && status === 'queued' && reason === 'quiet-hours' && accepted.has(notificationId),
  )
  if (!held) return undefined
  const told = results
    .filter(({ notificationId }) => notificationId === held.notificationId)
    .toSorted((a, b) => a.sequence - b.sequence)
  const { topic, partition, offset, eventTime } = held.source
  const from = eventTime ?? held.receivedAt
  const moments: readonly Moment[] = [
    { at: from, status: 'event', words: `customer ${held.customerId} is to be reminded` },
    { at: held.receivedAt, status: 'read', words: `${topic}, partition ${partition}, offset ${offset}` },
    ...told.map((result) => ({ at: result.decidedAt, status: result.status, words: wordsOf(result) })),
  ]
  return [
    `  Notification ${held.notificationId}, by the clock of ${NIGHT_ZONE}`,
    ...moments.map(({ at, status, words }) => `  ${clockAt(at)}  ${secondsSince(from, at)}  ${padEnd(status, 8)}  ${words}`),
  ].join('\n')
}

interface Moment {
  readonly at: number
  readonly status: string
  readonly words: string
}

const wordsOf = ({ status, reason, releaseAt, deliveryTag, lineRequestId, cost }: PublishedResult): string => {
  switch (status) {
    case 'queued':
      return `${reason}, until ${releaseAt === null ? 'further notice' : clockAt(releaseAt, 'second')}`
    case 'sending':
      return `committed as ${deliveryTag}; only then the request leaves`
    case 'accepted':
      return `LINE's request ${lineRequestId}${cost ? `, ${formatMoney(cost.amount, cost.currency)}` : ''}`
    default:
      return [reason, lineRequestId && `LINE's request ${lineRequestId}`].filter(Boolean).join(', ')
  }
}

/** Ends of quiet hours are whole seconds; what happens is not. */
export const clockAt = (ms: number, smallestUnit: 'second' | 'millisecond' = 'millisecond'): string =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(NIGHT_ZONE).toPlainTime().toString({ smallestUnit })

const secondsSince = (from: number, at: number): string => `+${((at - from) / 1_000).toFixed(1)} s`.padStart(8)
