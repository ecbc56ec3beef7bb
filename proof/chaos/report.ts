import { formatTable } from '../../bench/table.ts'
import type { History } from '../verifier/history.ts'
import { type ReportRecord, recordOf, tableOf } from '../verifier/report.ts'
import type { Verdict } from '../verifier/verify.ts'
import type { Done } from './acts.ts'
import type { ChaosOptions } from './chaos.ts'
import type { Fleet } from './fleet.ts'
import { type Away, type Gaps, gapsBetween, type Held } from './ownership.ts'

/** What came of a run. */
export interface Report {
  readonly seed: number
  readonly minutes: number
  readonly notifications: number
  readonly verdict: ReportRecord
  /** How often each kind of fault was there, and how often it could not be done. */
  readonly faults: Readonly<Record<string, { readonly done: number; readonly failed: number }>>
  readonly leftOut: readonly string[]
  readonly handOvers: Readonly<Record<keyof Gaps, Spread>>
  readonly endedAlone: Fleet['endedAlone']
  readonly lives: number
  /** From the last fault until nothing was open, s. */
  readonly settledAfterS: number
  readonly memory: readonly {
    readonly worker: string
    readonly fromMb: number
    readonly toMb: number
    readonly minutes: number
  }[]
  /** Where logs and the history are; null: gone, as nothing was wrong. */
  readonly directory: string | null
  readonly table: string
}

/** ms. */
export interface Spread {
  readonly count: number
  readonly p50: number | null
  readonly max: number | null
}

export const reportOf = (of: {
  readonly options: ChaosOptions
  readonly verdict: Verdict
  readonly history: History
  readonly held: readonly Held[]
  readonly acts: readonly Done[]
  readonly startsAt: number
  readonly impossible: readonly string[]
  readonly fleet: Fleet
  readonly calmFrom: number
  readonly endedAt: number
}): Report => {
  const { seed, minutes, notifications } = of.options
  const gaps = gapsBetween(of.held, awayIn(of.acts, of.startsAt))
  const handOvers = mapValues(gaps, spreadOf)
  const faults = tally(of.acts)
  const settledAfterS = Math.round((of.endedAt - of.calmFrom) / 100) / 10
  const memory = memoryOf(of.fleet)
  const { endedAlone, lives } = of.fleet
  const found = { seed, minutes, notifications, faults, handOvers, endedAlone, settledAfterS, memory }
  return {
    ...found,
    verdict: recordOf(of.verdict),
    leftOut: of.impossible,
    lives: lives.length,
    directory: null,
    table: [tableOf(of.verdict), ...tablesOf({ ...found, lives: lives.length, acts: of.acts })].join('\n\n'),
  }
}

const tablesOf = (
  of: Pick<Report, 'faults' | 'handOvers' | 'endedAlone' | 'lives' | 'settledAfterS' | 'memory'> & {
    readonly acts: readonly Done[]
  },
): string[] => [
  formatTable({
    columns: ['fault', 'times', 'could not be done'],
    rows: Object.entries(of.faults).map(([kind, { done, failed }]) => [kind, done, failed]),
  }),
  formatTable({
    columns: ['nobody held a partition as its owner', 'times', 'p50 ms', 'max ms'],
    rows: [
      ['gave it up (planned)', ...cellsOf(of.handOvers.planned)],
      ['was killed', ...cellsOf(of.handOvers.killed)],
      ['stood still', ...cellsOf(of.handOvers.stopped)],
      ['was failed by Kafka', ...cellsOf(of.handOvers.fault)],
    ],
  }),
  formatTable({
    columns: ['memory of who lived longest', 'minutes', 'MB from', 'MB to'],
    rows: of.memory.slice(0, 5).map(({ worker, minutes, fromMb, toMb }) => [worker, minutes, fromMb, toMb]),
  }),
  [
    `${of.lives} lives of workers, settled ${of.settledAfterS} s after the last fault`,
    ...Object.entries(Object.groupBy(of.endedAlone, ({ why }) => why.trim().slice(0, SHOWN_OF_WHY))).map(
      ([why, all = []]) => `${all.length} ended by themselves (${all.map(({ worker }) => worker).join(' ')}): ${why}`,
    ),
    ...of.acts
      .filter(({ failed }) => failed)
      .map(({ kind, began, effect }) => `${kind} at ${Math.round(began / 1_000)} s: ${effect}`),
  ].join('\n'),
]

/** And for as long afterwards as clients take to find it again. */
const awayIn = (acts: readonly Done[], startsAt: number): Away =>
  acts
    .filter(({ kind }) => kind === 'broker')
    .map(({ began, ended }) => ({ from: startsAt + began, until: startsAt + ended + FOUND_AGAIN_MS }))
const FOUND_AGAIN_MS = 3_000

const SHOWN_OF_WHY = 120

const cellsOf = ({ count, p50, max }: Spread) => [count, p50, max]

const spreadOf = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b)
  return { count: sorted.length, p50: sorted[Math.floor((sorted.length - 1) / 2)] ?? null, max: sorted.at(-1) ?? null }
}

const tally = (acts: readonly Done[]): Report['faults'] =>
  Object.fromEntries(
    Object.entries(Object.groupBy(acts, ({ kind }) => kind)).map(([kind, all]) => [
      kind,
      { done: all.filter(({ failed }) => !failed).length, failed: all.filter(({ failed }) => failed).length },
    ]),
  )

/** Of each life, from after half a minute, the longest first. */
const memoryOf = ({ memory }: Fleet): Report['memory'] =>
  Object.entries(Object.groupBy(memory, ({ worker }) => worker))
    .flatMap(([worker, samples = []]) => {
      const since = samples[0]?.at ?? 0
      const warm = samples.filter(({ at }) => at >= since + WARM_AFTER_MS)
      const [first, last] = [warm[0], warm.at(-1)]
      if (!first || !last) return []
      const minutes = Math.round((last.at - since) / 6_000) / 10
      return [{ worker, minutes, fromMb: inMb(first.rssBytes), toMb: inMb(last.rssBytes) }]
    })
    .sort((a, b) => b.minutes - a.minutes)

const WARM_AFTER_MS = 30_000
const inMb = (bytes: number): number => Math.round(bytes / 1e6)

const mapValues = <K extends string, T, U>(values: Readonly<Record<K, T>>, map: (value: T) => U): Record<K, U> =>
  Object.fromEntries(Object.entries<T>(values).map(([key, value]) => [key, map(value)])) as Record<K, U>
