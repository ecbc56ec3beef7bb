import type { Clock, Timers } from '../../src/clock.ts'
import type { SimulatedTime } from './time.ts'

/** A worker's process: what the outside tells it, and the time that passes for it. It may stand still, and die. */
export interface Process {
  readonly name: string
  readonly clock: Clock
  readonly timers: Timers
  readonly alive: boolean
  readonly frozen: boolean
  /** It takes this in: at once, or when it goes on; never, when it is dead. */
  take(job: () => void): void
  /** Settles for the process as it does outside. */
  hear<T>(outside: Promise<T>): Promise<T>
  /** For something that takes so long, outside. */
  wait(ms: number): Promise<void>
  /** `asleep`: the machine slept, and the monotonic clock did not go on. */
  freeze(ms: number, asleep: boolean): void
  thaw(): void
  kill(): void
  /** Puts the wall clock forward, or back. */
  jump(ms: number): void
}

/** As Node has it: a timer of 0 ms is one of 1 ms. */
const LEAST_TIMER_MS = 1

export const createProcess = (options: {
  readonly name: string
  readonly time: SimulatedTime
  readonly aheadMs: number
  /** How much of what waits for it is taken in out of turn when it goes on: the timers of Node come before its sockets. */
  readonly timersFirst: () => boolean
}): Process => {
  const { name, time } = options
  let alive = true
  let ahead = options.aheadMs
  let asleepFor = 0
  let frozen: { readonly asleep: boolean; readonly since: number; readonly callOff: () => void } | undefined
  let waiting: { readonly job: () => void; readonly timer: boolean }[] = []

  const monotonic = () => time.elapsed() - asleepFor - (frozen?.asleep ? time.elapsed() - frozen.since : 0)

  const admit = (job: () => void, timer: boolean) => {
    if (!alive) return
    if (frozen) waiting.push({ job, timer })
    else job()
  }
  const take = (job: () => void) => admit(job, false)

  const thaw = () => {
    if (!frozen) return
    frozen.callOff()
    if (frozen.asleep) asleepFor += time.elapsed() - frozen.since
    frozen = undefined
    const late = options.timersFirst()
      ? [...waiting.filter(({ timer }) => timer), ...waiting.filter(({ timer }) => !timer)]
      : waiting
    waiting = []
    // One by one: each may have its consequences before the next.
    for (const { job, timer } of late) time.after(0, () => admit(job, timer))
  }

  const after = (ms: number, callback: () => void) => {
    const dueAt = monotonic() + Math.max(LEAST_TIMER_MS, ms)
    let calledOff = false
    let callOff = () => {}
    const look = () => {
      callOff = time.after(dueAt - monotonic(), () => {
        admit(() => {
          if (calledOff) return
          if (monotonic() < dueAt - 0.001) look()
          else callback()
        }, true)
      })
    }
    look()
    return () => {
      calledOff = true
      callOff()
    }
  }

  return {
    name,
    clock: { now: () => time.now() + ahead, monotonic: () => 1_000 + monotonic() },
    timers: { after },
    get alive() {
      return alive
    },
    get frozen() {
      return frozen !== undefined
    },
    take,
    hear: (outside) =>
      new Promise((resolve, reject) => {
        outside.then(
          (value) => take(() => resolve(value)),
          (error) => take(() => reject(error)),
        )
      }),
    wait: (ms) => new Promise((resolve) => void time.after(ms, () => take(resolve))),
    freeze: (ms, asleep) => {
      if (frozen || !alive) return
      frozen = { asleep, since: time.elapsed(), callOff: time.after(ms, thaw) }
    },
    thaw,
    kill: () => {
      alive = false
      waiting = []
    },
    jump: (ms) => {
      ahead += ms
    },
  }
}
