import type { History } from '../verifier/history.ts'
import { type Build, PRODUCT } from './build.ts'
import type { Scenario } from './scenario.ts'
import { createWorld, type World } from './world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** What goes on in earnest after the last fault, before hours are skipped. */
const SOON_MS = 30_000
const STAYS_MS = 3_000
/** Whoever waits for the clock looks at it at least once a minute. */
const LOOKS_EVERY_MS = 61_000
/** The longest that anything may wait: see silence.ts. */
const DAYS = 14

/** It is settled if it stays so: a task that is given up has nothing left, either. */
const untilSettled = async (world: World, until: number): Promise<void> => {
  while (world.elapsed() < until) {
    await world.runTo(until, world.isSettled)
    if (!world.isSettled()) continue
    await world.runTo(world.elapsed() + STAYS_MS)
    if (world.isSettled()) return
  }
}

/** Lives a scenario to its end, with nothing but promises and a time of its own: the same scenario has the same history. */
export const live = async (scenario: Scenario, build: Build = PRODUCT): Promise<History> => {
  const world = createWorld(scenario, build)
  // Nothing is asked of an installation that does not yet run.
  await world.runTo(0)
  let at = 0
  for (const deed of scenario.deeds) {
    at += deed.after
    await world.runTo(at)
    world.perform(deed)
  }
  world.calm()
  await untilSettled(world, at + SOON_MS)
  for (let slept = 0; !world.isSettled() && slept < DAYS * 24 * HOUR; ) {
    const ms = Math.min(3 * HOUR, Math.max(MINUTE, slept))
    slept += ms
    world.oversleep(ms)
    await untilSettled(world, world.elapsed() + LOOKS_EVERY_MS)
  }
  return world.history()
}
