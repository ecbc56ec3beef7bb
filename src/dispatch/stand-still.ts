import type { Clock } from '../clock.ts'

/** Finds out that the process stood still, or the machine slept: then much may have happened that it has not heard of. */
export interface StandStill {
  /** What comes next should take no longer than this. */
  expect(withinMs: number): void
  /** It is over. */
  look(): void
  /** Whether it has stood still since this was last asked. */
  happened(): boolean
}

/** Whoever waits for longer looks up so often: a stand-still is to be noticed before the next thing falls due. */
export const LOOK_UP_EVERY_MS = 60_000
/** So much later than it should be. */
const STOOD_STILL_MS = 5_000

/** By both clocks: the monotonic one stands still while a machine sleeps. A wall clock that was put forward looks the same, and does no
 *  harm. */
export const watchForStandStill = (clock: Clock): StandStill => {
  let by = { monotonic: Number.POSITIVE_INFINITY, wall: Number.POSITIVE_INFINITY }
  let stoodStill = false
  return {
    expect: (withinMs) => {
      const most = withinMs + STOOD_STILL_MS
      by = { monotonic: clock.monotonic() + most, wall: clock.now() + most }
    },
    look: () => {
      if (clock.monotonic() > by.monotonic || clock.now() > by.wall) stoodStill = true
    },
    happened: () => {
      const happened = stoodStill
      stoodStill = false
      return happened
    },
  }
}
