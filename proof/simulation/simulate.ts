import fc from 'fast-check'
import { systemClock } from '../../src/clock.ts'
import type { Breach } from '../verifier/history.ts'
import { verify } from '../verifier/verify.ts'
import type { Build } from './build.ts'
import { live } from './live.ts'
import { reduce } from './reduce.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenarios.ts'

/** What a seed came to. */
export interface Found {
  readonly seed: number
  /** The smallest that was found. */
  readonly scenario: Scenario
  readonly breaches: readonly Breach[]
  /** Lives that it took to make it so small. */
  readonly shrinks: number
}

/** Lives a scenario, and judges what happened. */
export const judge = async (lived: Scenario, build?: Build): Promise<readonly Breach[]> =>
  verify(await live(lived, build)).breaches

/** The scenario of a seed: lived, and if a promise was broken, made as small as it can be within so many ms. */
export const trySeed = async (
  seed: number,
  options: { readonly build?: Build; readonly shrinkMs?: number } = {},
): Promise<Found | undefined> => {
  let smallest: { scenario: Scenario; breaches: readonly Breach[] } | undefined
  let shrinks = -1
  const tried = fc.asyncProperty(scenario(), async (lived) => {
    const breaches = await judge(lived, options.build)
    if (breaches.length === 0) return true
    // Only what is smaller is tried after something was found.
    smallest = { scenario: lived, breaches }
    shrinks++
    return false
  })
  await fc.check(tried, {
    seed,
    numRuns: 1,
    unbiased: true,
    ...(options.shrinkMs === undefined ? { endOnFailure: true } : { interruptAfterTimeLimit: options.shrinkMs / 2 }),
  })
  if (!smallest || options.shrinkMs === undefined) return smallest && { seed, ...smallest, shrinks }
  const until = systemClock.monotonic() + options.shrinkMs / 2
  const broken = new Set(smallest.breaches.map(({ invariant }) => invariant))
  const breaksTheSame = async (lived: Scenario) => {
    const breaches = await judge(lived, options.build)
    if (!breaches.some(({ invariant }) => broken.has(invariant))) return false
    smallest = { scenario: lived, breaches }
    shrinks++
    return true
  }
  await reduce(smallest.scenario, breaksTheSame, () => systemClock.monotonic() > until)
  return { seed, ...smallest, shrinks }
}
