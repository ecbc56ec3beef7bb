import { type Clock, systemClock } from '../../src/clock.ts'

/** A worker's clock that can be put forward: for days that no test can wait. A worker notices when it is next woken, by a record or by
 *  what it was waiting for. */
export const adjustableClock = (aheadMs = 0): { readonly clock: Clock; forward(ms: number): void } => {
  let ahead = aheadMs
  return {
    clock: { ...systemClock, now: () => systemClock.now() + ahead },
    forward: (ms) => {
      ahead += ms
    },
  }
}
