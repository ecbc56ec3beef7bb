import { costsOf, formatMoney } from './cost.ts'
import type { LineLog } from './line-log.ts'
import { formatTable, type OutcomeTable } from './outcome-table.ts'
import type { PublishedResult } from './result-reader.ts'

export interface Findings {
  readonly events: number
  readonly results: readonly PublishedResult[]
  readonly table: OutcomeTable
  readonly story: string
  readonly line: LineLog
  /** From the first record produced to the last terminal result. */
  readonly seconds: number
}

/** What became of everything, from the results topic and LINE's own log alone. */
export const reportOf = ({ events, results, table, story, line, seconds }: Findings): string => {
  const notifications = results.filter(({ terminal }) => terminal).length
  const costs = [...costsOf(results)].map(
    ([currency, { count, sum }]) =>
      `At most ${formatMoney(sum, currency)} for the ${count} messages that may have reached somebody, at the configured price`,
  )
  return [
    `${events} events, ${notifications} notifications, each with its one terminal result, in ${seconds.toFixed(1)} s`,
    formatTable(table),
    whysOf(results).join('\n'),
    `${line.requests} requests at LINE, ${line.twice === 0 ? 'nobody' : `${line.twice} people`} twice`,
    `A reminder that waited for quiet hours to end\n${story}`,
    `Cost\n  ${costs.join('\n  ') || 'nothing'}`,
  ].join('\n\n')
}

/** The same as one line of JSON, for machines. */
export const reportAsJson = ({ events, results, table, line, seconds }: Findings): string =>
  JSON.stringify({
    events,
    notifications: results.filter(({ terminal }) => terminal).length,
    table,
    lineRequests: line.requests,
    sentTwice: line.twice,
    cost: Object.fromEntries([...costsOf(results)].map(([currency, { sum }]) => [currency, Number(sum) / 10_000])),
    seconds: Number(seconds.toFixed(1)),
  })

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
  unconfirmed: 'LINE never answered, and may have delivered: not sent again',
  unreachable: 'LINE knows nobody by this number who may be written to',
  rejected: 'LINE refuses this message for good',
  cancelled: 'called off while it waited for the morning: nothing was sent',
  expired: 'too late to be of use',
  refused: 'not sendable by our own rules, and not sent',
  duplicate: 'the same event again, or one number twice in one event: told once',
  poison: 'could not be read; set aside whole among the dead letters',
}
