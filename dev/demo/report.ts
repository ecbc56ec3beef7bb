import { costsOf, formatMoney } from './cost.ts'
import type { LineLog } from './line-log.ts'
import { formatTable, type OutcomeTable } from './outcome-table.ts'
import type { PublishedResult } from './result-reader.ts'

export interface Findings {
  readonly events: number
  readonly results: readonly PublishedResult[]
  readonly table: OutcomeTable
  readonly stories: string
  readonly line: LineLog
  /** From the first record produced to the last terminal result. */
  readonly seconds: number
}

/** What became of everything, from the results topic and LINE's own logs alone. */
export const reportOf = ({ events, results, table, stories, line, seconds }: Findings): string => {
  const notifications = results.filter(({ terminal }) => terminal).length
  return [
    `${events} events, ${notifications} notifications, each with its one terminal result, in ${seconds.toFixed(1)} s and a day`,
    formatTable(table),
    whysOf(results).join('\n'),
    `By LINE's own account: ${line.requests} requests, ${line.delivered} messages shown, just those that results call delivered; ${line.twice === 0 ? 'nobody' : `${line.twice} people`} twice`,
    `Four people, by the clock of their results\n\n${stories}`,
    `Cost, at the configured price\n  ${costLines(results).join('\n  ') || 'nothing'}`,
  ].join('\n\n')
}

/** The same as one line of JSON, for machines. */
export const reportAsJson = ({ events, results, table, line, seconds }: Findings): string =>
  JSON.stringify({
    events,
    notifications: results.filter(({ terminal }) => terminal).length,
    table,
    lineRequests: line.requests,
    lineDelivered: line.delivered,
    sentTwice: line.twice,
    cost: sumsOf(results, isDelivered),
    costAtMost: sumsOf(results, () => true),
    seconds: Number(seconds.toFixed(1)),
  })

const isDelivered = ({ status }: PublishedResult): boolean => status === 'delivered'

const costLines = (results: readonly PublishedResult[]): string[] => [
  ...[...costsOf(results, isDelivered)].map(
    ([currency, { count, sum }]) => `${formatMoney(sum, currency)} for the ${count} that were delivered: what LINE charges`,
  ),
  ...[...costsOf(results, (result) => !isDelivered(result))].map(
    ([currency, { count, sum }]) => `${formatMoney(sum, currency)} more at most, for ${count} of which nobody knows`,
  ),
]

const sumsOf = (results: readonly PublishedResult[], isCounted: (result: PublishedResult) => boolean) =>
  Object.fromEntries([...costsOf(results, isCounted)].map(([currency, { sum }]) => [currency, Number(sum) / 10_000]))

/** For each end but the usual: what it means, and the reason that one of its results gives. */
const whysOf = (results: readonly PublishedResult[]): string[] =>
  Object.entries(MEANINGS).flatMap(([status, meaning]) => {
    const ended = results.filter((result) => result.terminal && result.status === status)
    const [first] = ended
    if (!first) return []
    const before = results.findLast(({ notificationId, reason }) => notificationId === first.notificationId && reason !== null)
    const why = [first.reason ?? before?.reason, first.detail].filter(Boolean).join(': ')
    const fallback = first.fallback === null ? '' : `; the route's fallback: ${first.fallback}`
    return [`  ${status.padEnd(11)}  ${meaning}${fallback}${why === '' ? '' : `\n${' '.repeat(15)}${why}`}`]
  })

const MEANINGS: Readonly<Record<string, string>> = {
  undelivered: 'LINE took it, and in a day nothing was heard of it: blocked, or no consent',
  unconfirmed: 'LINE never answered, nothing was heard of it, and it may have arrived: not sent again',
  unreachable: 'LINE knows nobody by this number who may be written to',
  rejected: 'LINE refuses this message for good',
  cancelled: 'called off while it waited for the morning: nothing was sent',
  expired: 'too late to be of use',
  refused: 'not sendable by our own rules, and not sent',
  duplicate: 'the same event again, or one number twice in one event: told once',
  poison: 'could not be read; set aside whole among the dead letters',
}
