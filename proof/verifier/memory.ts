import type { History } from './history.ts'
import { grouped } from './known.ts'

/** Fewer samples make no quarters that could be compared. */
const LEAST_SAMPLES = 8

/** Workers whose memory grew after their warm-up, by the medians of its first and last quarter. */
export const memoryFaults = ({ memory, settings }: Pick<History, 'memory' | 'settings'>) => {
  const faults: { worker: string; what: string }[] = []
  let checked = 0
  if (settings.memory === null) return { checked, faults }
  const { warmUpMs, growth } = settings.memory
  for (const [worker, samples] of grouped(memory, ({ worker }) => worker)) {
    const inOrder = samples.toSorted((a, b) => a.at - b.at)
    const warmAt = (inOrder[0]?.at ?? 0) + warmUpMs
    const warm = inOrder.filter(({ at }) => at >= warmAt).map(({ rssBytes }) => rssBytes)
    if (warm.length < LEAST_SAMPLES) continue
    checked++
    const quarter = Math.floor(warm.length / 4)
    const [first, last] = [medianOf(warm.slice(0, quarter)), medianOf(warm.slice(-quarter))]
    if (last > first * (1 + growth))
      faults.push({
        worker,
        what: `its memory grew from ${inMiB(first)} to ${inMiB(last)} MiB after its warm-up: ${percent(last / first - 1)} %, and ${percent(growth)} % is allowed`,
      })
  }
  return { checked, faults }
}

const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [below = 0, above = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]]
  return (below + above) / 2
}

const inMiB = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
const percent = (share: number): string => (100 * share).toFixed(1)
