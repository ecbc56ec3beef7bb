import { explain, withoutCount } from './explain.ts'
import { type Comparison, countOf, type Reconciliation } from './reconcile.ts'

/** As a person reads it: a table, and what is behind each difference. */
export const reconciliationText = (found: Reconciliation): string => {
  const { day, comparisons, leftOut, told } = found
  const rows = comparisons.map((each) => rowOf(each))
  const differences = comparisons.flatMap((each) => [...wordsOf(each, found)])
  const beside = comparisons.flatMap(besideOf)
  return [
    `${day.date}, by LINE's calendar (UTC+9); ${told ? `${number(told.records)} results read` : 'results were not read'}`,
    ...(told ? section(table([HEAD, ...rows])) : []),
    ...section(beside),
    ...section(differences),
    ...section(leftOut.map((each) => `not compared: ${each}`)),
  ].join('\n')
}

/** For programs: one document. */
export const reconciliationDocument = (found: Reconciliation): object => {
  const { day, comparisons, leftOut, told, verdict } = found
  return {
    date: day.date,
    verdict,
    comparisons: comparisons.map((each) => {
      const { channel, endpoint, line, difference, charged } = each
      const { cost, ...counts } = each.ours
      const missing = withoutCount(line, day)
      return {
        channel,
        kind: endpoint,
        line: line.kind === 'ready' ? { status: 'ready', delivered: line.delivered } : { status: line.kind },
        results: told && counts,
        difference,
        cost: {
          line: charged && { amount: charged.tenThousandths / 10_000, currency: charged.currency },
          results: [...cost].map(([currency, amount]) => ({ amount: amount / 10_000, currency })),
        },
        remarks: missing === undefined ? explain(each, told, timeOf) : [missing],
      }
    }),
    resultsRead: told?.records ?? 0,
    unreadable: told?.unreadable.count ?? 0,
    /** Results of the day are deleted by age: what is left begins then. */
    beginsAt: told?.deleted?.oldest == null ? null : timeOf(told.deleted.oldest),
    deleted: told?.deleted != null,
    notCompared: leftOut,
  }
}

const HEAD = ['channel', 'kind', 'LINE', 'results', 'difference', 'LINE, cost', 'results, cost']

const rowOf = ({ channel, endpoint, line, ours, difference, charged }: Comparison): string[] => [
  channel,
  endpoint,
  line.kind === 'ready' ? number(line.delivered) : '?',
  number(countOf(ours)),
  difference === null ? '?' : `${difference > 0 ? '+' : ''}${number(difference)}`,
  charged ? `${number(charged.tenThousandths / 10_000)} ${charged.currency}` : '-',
  [...ours.cost].map(([currency, cost]) => `${number(cost / 10_000)} ${currency}`).join(' + ') || '-',
]

/** What is neither counted nor a difference, and may become either. */
const besideOf = ({ channel, endpoint, ours }: Comparison): string[] => {
  const { accepted, awaited, undelivered, unconfirmed, unknown, deliveredElsewhere } = ours
  const said = [
    ...numbered(accepted, 'accepted where nobody listened for receipts, and counted as delivered'),
    ...numbered(awaited, 'accepted, and not delivered yet'),
    ...numbered(undelivered, 'undelivered'),
    ...numbered(unconfirmed, 'unconfirmed'),
    ...numbered(unknown, 'unknown as yet'),
    ...numbered(deliveredElsewhere, 'delivered on another day, on which LINE counts them as well'),
  ]
  return said.length === 0 ? [] : [`${channel}/${endpoint}, sent on that day: ${said.join('; ')}`]
}

const numbered = (count: number, words: string): string[] => (count === 0 ? [] : [`${number(count)} ${words}`])

const wordsOf = (each: Comparison, { day, told }: Reconciliation): string[] => {
  const { channel, endpoint, line, difference } = each
  const name = `${channel}/${endpoint}`
  const missing = withoutCount(line, day)
  if (missing !== undefined) return [`${name}: ${missing}`]
  if (difference === null || difference === 0) return []
  const count = Math.abs(difference)
  return [
    `${name}: LINE counts ${number(count)} ${difference > 0 ? 'more' : 'less'} than results.`,
    ...explain(each, told, timeOf).map((words) => `  - ${words}`),
  ]
}

const section = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', ...lines])

/** Numbers to the right, names to the left. */
const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 4 })

const timeOf = (instant: number): string =>
  Temporal.Instant.fromEpochMilliseconds(instant)
    .toZonedDateTimeISO('+09:00')
    .toString({ smallestUnit: 'second', timeZoneName: 'never' })
