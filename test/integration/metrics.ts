import { vi } from 'vitest'
import type { Worker } from '../../src/app.ts'
import { PATIENCE_MS } from './patience.ts'

/** The sum of a worker's samples of one metric whose labels have these values. */
export const metricOf = async (
  { url }: Pick<Worker, 'url'>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const answer = await fetch(`${url}/metrics`)
  const samples = (await answer.text()).split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return samples
    .filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

export const untilMetric = (
  worker: Pick<Worker, 'url'>,
  name: string,
  labels: Readonly<Record<string, string>>,
  holds: (value: number) => boolean,
): Promise<void> =>
  vi.waitFor(
    async () => {
      const value = await metricOf(worker, name, labels)
      if (!holds(value)) throw new Error(`${name}${JSON.stringify(labels)} is ${value}`)
    },
    { timeout: PATIENCE_MS, interval: 50 },
  )
