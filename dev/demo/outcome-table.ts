import { padEnd, padStart, widthOf } from '../../src/preview/text-width.ts'
import type { PublishedResult } from './result-reader.ts'

/** Purpose → terminal status → how many. `none`: the record could not be read, so its purpose is not known. */
export type OutcomeTable = Readonly<Record<string, Readonly<Record<string, number>>>>

export const tabulate = (results: readonly PublishedResult[]): OutcomeTable => {
  const table: Record<string, Record<string, number>> = {}
  for (const { terminal, purpose, status } of results) {
    if (!terminal) continue
    table[purpose ?? 'none'] ??= {}
    const row = table[purpose ?? 'none'] ?? {}
    row[status] = (row[status] ?? 0) + 1
  }
  return Object.fromEntries(Object.entries(table).toSorted(([a], [b]) => rank(a) - rank(b)))
}

/** Where they differ, in words; empty when they say the same. */
export const differences = (table: OutcomeTable, intended: OutcomeTable): string[] =>
  [...new Set([...Object.keys(table), ...Object.keys(intended)])].flatMap((purpose) => {
    const [is = {}, was = {}] = [table[purpose], intended[purpose]]
    return [...new Set([...Object.keys(is), ...Object.keys(was)])]
      .filter((status) => is[status] !== was[status])
      .map((status) => `${purpose} ${status}: ${is[status] ?? 0}, intended ${was[status] ?? 0}`)
  })

export const formatTable = (table: OutcomeTable): string => {
  const used = new Set(Object.values(table).flatMap((row) => Object.keys(row)))
  const statuses = [...ORDER.filter((status) => used.has(status)), ...[...used].filter((status) => !ORDER.includes(status))]
  const rows = Object.entries(table).map(([purpose, row]) =>
    lineOf(
      LABELS[purpose] ?? purpose,
      statuses.map((status) => row[status] ?? 0),
    ),
  )
  const sums = statuses.map((status) => Object.values(table).reduce((sum, row) => sum + (row[status] ?? 0), 0))
  const cells = [['', ...statuses, 'sum'], ...rows, lineOf('sum', sums)]
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? '')))) ?? []
  const lines = cells.map((row) =>
    row.map((cell, column) => (column === 0 ? padEnd : padStart)(cell, widths[column] ?? 0)).join('  '),
  )
  const rule = '-'.repeat(Math.max(...lines.map(widthOf)))
  return [lines[0], rule, ...lines.slice(1, -1), rule, lines.at(-1)].join('\n')
}

const lineOf = (label: string, counts: readonly number[]): string[] => [
  label,
  ...counts.map((count) => (count === 0 ? '-' : String(count))),
  String(counts.reduce((sum, count) => sum + count, 0)),
]

const LABELS: Readonly<Record<string, string>> = {
  reminder: 'リマインド reminder',
  'payment-due': '支払期限 payment-due',
  outage: '障害 outage',
  none: '不明 (unreadable)',
}
const rank = (purpose: string): number => [...Object.keys(LABELS), purpose].indexOf(purpose)

const ORDER = [
  'accepted',
  'delivered',
  'undelivered',
  'unconfirmed',
  'unreachable',
  'rejected',
  'cancelled',
  'superseded',
].concat(['expired', 'refused', 'duplicate', 'poison'])
