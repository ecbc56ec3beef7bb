import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { live } from '../../proof/simulation/live.ts'
import { REGRESSIONS, readRegression, regressionFiles } from '../../proof/simulation/regressions.ts'
import { scenario } from '../../proof/simulation/scenarios.ts'
import { judge, trySeed } from '../../proof/simulation/simulate.ts'

/** The same ones each time, so that what fails is the change; `npm run simulate` looks at others, for a night if you like. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 150)
/** A slow machine takes a second for one. */
const WITHIN_MS = SEEDS * 1_000

const told = (breaches: Awaited<ReturnType<typeof judge>>) =>
  breaches.map(({ invariant, what, where }) => `${invariant} ${where}: ${what}`)

test('what was found once is not found again', async () => {
  for (const file of regressionFiles()) {
    const breaches = await judge(readRegression(join(REGRESSIONS, file)).scenario)
    expect(told(breaches), `npm run simulate -- --replay proof/simulation/regressions/${file}`).toEqual([])
  }
}, 120_000)

test(
  'whatever fails, workers keep every promise',
  async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const found = await trySeed(seed)
      expect(told(found?.breaches ?? []), `npm run simulate -- --seeds 1 --from ${seed}`).toEqual([])
    }
  },
  WITHIN_MS,
)

test('the same scenario has the same history, to the last millisecond', async () => {
  for (const lived of fc.sample(scenario(), { seed: 5, numRuns: 5 }))
    expect(JSON.stringify(await live(lived))).toBe(JSON.stringify(await live(lived)))
}, 60_000)

test('many things happen in one life: requests leave, are lost, and change hands', async () => {
  const [lived] = fc.sample(scenario(), { seed: 8, numRuns: 1 })
  if (!lived) throw new Error('no scenario')
  const { departures, ownerships, results, posts } = await live({ ...lived, seed: 1 })
  for (const seen of [departures, ownerships, results, posts]) expect(seen.length).toBeGreaterThan(0)
})
