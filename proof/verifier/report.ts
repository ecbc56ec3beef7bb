import type { Residual } from './starts.ts'
import type { Kept, Summary, Verdict } from './verify.ts'

/** More breaches than this are counted, not shown: the first of each invariant say enough. */
const MOST_SHOWN = 20

/** For people. */
export const tableOf = ({ breaches, summary }: Verdict): string => {
  const { invariants, ends, open, rates, stranded, residuals, totals } = summary
  const unknowns = stranded.filter(({ ended, unknowns }) => unknowns > 0 || ended === 'killed' || ended === 'stopped')
  return [
    breaches.length === 0 ? 'every promise was kept' : `${breaches.length} breaches`,
    '',
    ...table(
      ['', 'promise', 'checked', 'breaches'],
      invariants.map(({ invariant, promise, checked, breaches: broken }) => [invariant, promise, checked, broken]),
    ),
    '',
    ...table(
      ['end', 'from', 'to', 'found'],
      ends.map(({ end, from, to, found }) => [end, from, to, found]),
    ),
    'from: can end in no other way, if LINE answers; to: can end so at all; by what was asked alone',
    `open: ${open.silent} accepted and never seen, ${open.quiet} in quiet hours`,
    '',
    ...table(
      ['lane', 'limit', 'most in a second'],
      rates.map(({ lane, limit, most }) => [lane, limit ?? 'none', most]),
    ),
    '',
    ...table(
      ['task lost', 'partition', 'epoch', 'how', 'unknowns'],
      unknowns.map(({ worker, partition, epoch, ended, unknowns: left }) => [worker, partition, epoch, ended, left]),
    ),
    '',
    Object.entries(totals)
      .map(([what, count]) => `${what} ${count}`)
      .join(', '),
    `residuals ${residuals.length}`,
    ...shown(residuals.map(({ why, where, what }) => `  ${why}: ${where}: ${what}`)),
    ...invariants.flatMap(({ invariant }) =>
      shown(
        breaches
          .filter((each) => each.invariant === invariant)
          .map(({ where, what }) => `BREACH ${invariant}: ${where}: ${what}`),
      ),
    ),
  ].join('\n')
}

/** For programs: on one line of JSON. */
export const recordOf = ({ breaches, summary }: Verdict): ReportRecord => {
  const { invariants, ends, open, rates, stranded, residuals, totals } = summary
  return {
    kept: breaches.length === 0,
    invariants,
    ends,
    open,
    rates,
    totals,
    unknownsPerKill: stranded.filter(({ ended }) => ended === 'killed' || ended === 'stopped').map(({ unknowns }) => unknowns),
    residuals,
    breaches: invariants.flatMap((kept) => breaches.filter(({ invariant }) => invariant === kept.invariant).slice(0, MOST_SHOWN)),
  }
}

export interface ReportRecord extends Pick<Summary, 'ends' | 'open' | 'rates' | 'totals'> {
  readonly kept: boolean
  readonly invariants: readonly Kept[]
  /** Of each task that was killed or stood still. */
  readonly unknownsPerKill: readonly number[]
  readonly residuals: readonly Residual[]
  /** The first of each invariant. */
  readonly breaches: Verdict['breaches']
}

const shown = (lines: readonly string[]): readonly string[] =>
  lines.length <= MOST_SHOWN ? lines : [...lines.slice(0, MOST_SHOWN), `  and ${lines.length - MOST_SHOWN} more`]

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): readonly string[] => {
  const cells = [head, ...rows.map((row) => row.map(String))]
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)))
  return cells.map((row) =>
    row
      .map((cell, column) =>
        typeof rows[0]?.[column] === 'number' ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}
