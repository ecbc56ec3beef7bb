import type { JournalPoint } from './log/journal-faults.ts'
import type { Process } from './process.ts'

/** Where a worker waits for the world. */
export type Point =
  | JournalPoint
  | 'connect'
  | 'connected'
  | 'answered'
  | 'feedback'
  | 'told'
  | 'join'
  | 'sync'
  | 'heartbeat'
  | 'fetch'

/** What is to go wrong the next time that somebody comes to a point. */
export interface Trouble {
  /** Null: whoever comes. */
  readonly worker: number | null
  readonly at: Point
  readonly what: 'wait' | 'throw' | 'freeze' | 'sleep' | 'kill' | 'twice' | 'later'
  readonly ms: number
}

export interface Troubles {
  arm(trouble: Trouble): void
  /** Waits, stands still, or dies here, if that is to be; what else is to happen is said. */
  meet(process: Process, worker: number, at: Point): Promise<Trouble | undefined>
  clear(): void
}

/** `onMet` is told of whom it has hit. */
export const createTroubles = (onMet: (worker: number, trouble: Trouble) => void): Troubles => {
  let armed: Trouble[] = []
  return {
    arm: (trouble) => {
      armed.push(trouble)
    },
    meet: async (process, worker, at) => {
      const met = armed.find((each) => each.at === at && (each.worker === null || each.worker === worker))
      if (!met) return undefined
      armed = armed.filter((each) => each !== met)
      onMet(worker, met)
      switch (met.what) {
        case 'wait':
          await process.wait(met.ms)
          break
        case 'freeze':
        case 'sleep':
          process.freeze(met.ms, met.what === 'sleep')
          await process.wait(0)
          break
        case 'kill':
          process.kill()
          await new Promise<never>(() => {})
      }
      return met
    },
    clear: () => {
      armed = []
    },
  }
}
