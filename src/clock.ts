/** The one place where time is read. Everything else takes a Clock, or an instant, as an argument. */
export interface Clock {
  /** Wall clock, ms since the epoch: what people and other machines mean by a time. May jump. */
  readonly now: () => number
  /** Monotonic ms from an arbitrary start: for spans. Never jumps; stands still or not while the machine sleeps. */
  readonly monotonic: () => number
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** What waits for time to pass. */
export interface Timers {
  /** Calls back once, after so many ms of monotonic time. What it returns calls it off. */
  readonly after: (ms: number, callback: () => void) => () => void
}

export const systemTimers: Timers = {
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
