import { createDisk, type DiskFate } from './disk.ts'
import type { Historian } from './historian.ts'
import { createProcess } from './process.ts'
import { type Surroundings, startWorker, type Worker } from './worker.ts'

/** The workers of a world: whoever goes is started again, on its own machine. */
export interface Fleet {
  readonly workers: ReadonlyMap<number, Worker>
  start(): void
  kill(number: number, backInMs: number, disk: DiskFate): void
  /** It has died by itself. */
  died(number: number, backInMs: number): void
  /** In order; not twice at a time. */
  stop(number: number, backInMs: number): void
  /** All that are away come back now, and nobody stands still. */
  gather(): void
}

/** What a supervisor takes to start again what gave up. */
const RESTARTED_IN_MS = 1_000

/** `aheadMs`: by how much each wall clock is wrong. `around`: asked for late, as it knows the fleet. */
export const createFleet = (options: {
  readonly size: number
  readonly aheadMs: readonly number[]
  readonly around: () => Surroundings
  readonly historian: Historian
}): Fleet => {
  const { historian } = options
  const workers = new Map<number, Worker>()
  const disks = Array.from({ length: options.size }, createDisk)
  const away = new Map<number, () => void>()
  const stopping = new Set<number>()

  const start = (number: number) => {
    const disk = disks[number]
    const around = options.around()
    if (!disk || workers.has(number)) return
    const process = createProcess({
      name: `worker-${number}`,
      time: around.time,
      aheadMs: options.aheadMs[number] ?? 0,
      timersFirst: () => around.chance.below('timers first', 2) === 0,
    })
    const onFatal = (error: Error) => {
      around.witness.onError(error)
      historian.ended(number, 'fault')
      process.kill()
      gone(number, RESTARTED_IN_MS)
    }
    workers.set(number, startWorker({ process, disk, number }, around, onFatal))
  }

  const gone = (number: number, backInMs: number) => {
    workers.delete(number)
    stopping.delete(number)
    const comeBack = () => {
      callOff()
      away.delete(number)
      start(number)
    }
    const callOff = options.around().time.after(backInMs, comeBack)
    away.set(number, comeBack)
  }

  const died = (number: number, backInMs: number) => {
    historian.ended(number, 'killed')
    gone(number, backInMs)
  }

  const stopInOrder = async (number: number, worker: Worker, backInMs: number) => {
    stopping.add(number)
    await worker.stop()
    if (workers.get(number) === worker) gone(number, backInMs)
  }

  return {
    workers,
    start: () => {
      for (let number = 0; number < options.size; number++) start(number)
    },
    died,
    kill: (number, backInMs, disk) => {
      const worker = workers.get(number)
      if (!worker) return
      worker.process.kill()
      disks[number]?.lose(disk)
      died(number, backInMs)
    },
    stop: (number, backInMs) => {
      const worker = workers.get(number)
      if (worker && !stopping.has(number)) void stopInOrder(number, worker, backInMs)
    },
    gather: () => {
      for (const { process } of workers.values()) process.thaw()
      for (const comeBack of [...away.values()]) comeBack()
    },
  }
}
