import type { Send } from './line.ts'

export interface Phase {
  readonly name: string
  /** Wall clock, ms: from, and before. */
  readonly from: number
  readonly to: number
}

export const within = (sends: readonly Send[], { from, to }: Pick<Phase, 'from' | 'to'>): Send[] =>
  sends.filter(({ at }) => at >= from && at < to)

/** The most in any window of so many ms, wherever it starts. */
const busiest = (sends: readonly Send[], ms: number): number => {
  let oldest = 0
  let most = 0
  sends.forEach(({ monotonic }, newest) => {
    while (monotonic - (sends[oldest]?.monotonic ?? monotonic) >= ms) oldest++
    most = Math.max(most, newest - oldest + 1)
  })
  return most
}

export const busiestSecond = (sends: readonly Send[]): number => busiest(sends, 1_000)

const MOMENT_MS = 10

/** The most that came of one task in 10 ms. A task lets few leave at once: more were held up on the way, or LINE stood still. */
export const busiestMoment = (sends: readonly Send[]): number =>
  [...Map.groupBy(sends, ({ partition }) => partition).values()].reduce(
    (most, each) => Math.max(most, busiest(each, MOMENT_MS)),
    0,
  )

export interface Recovery {
  /** Requests per second. */
  readonly before: number
  readonly lowest: number
  /** From the last refusal; null: not within the phase. */
  readonly backAfterS: number | null
}

const STEP_MS = 100

/** Counts the requests that left in every second, one beginning each 100 ms. */
export const recoveryOf = (
  sends: readonly Send[],
  { before, refusing, recovering }: Readonly<Record<'before' | 'refusing' | 'recovering', Phase>>,
): Recovery => {
  const usual = within(sends, before).length / ((before.to - before.from) / 1_000)
  const since = within(sends, { from: refusing.from, to: recovering.to })
  const seconds: { from: number; count: number }[] = []
  for (let from = refusing.from; from + 1_000 <= recovering.to; from += STEP_MS)
    seconds.push({ from, count: within(since, { from, to: from + 1_000 }).length })
  const back = seconds.find(({ from, count }) => from >= refusing.to && count >= usual * 0.95)
  return {
    before: usual,
    lowest: Math.min(...seconds.map(({ count }) => count)),
    backAfterS: back ? (back.from - refusing.to) / 1_000 : null,
  }
}
