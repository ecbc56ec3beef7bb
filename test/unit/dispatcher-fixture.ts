import { createDispatcher, type DispatchEvent } from '../../src/dispatch/dispatcher.ts'
import type { Task } from '../../src/dispatch/task.ts'

/** What was asked of group and tasks, in order: `hold 1`, `open 1`, `start 1 @7`, `close 1` … */
export const calls: string[] = []

/** Lets everything that has been decided happen. */
export const settled = () => new Promise(setImmediate)
/** A task that failed to open this often is not tried again: a test must end. */
const MOST_OPENINGS = 50

export const createFixture = () => {
  let monotonic = 1_000
  let openings = 0
  const events: DispatchEvent[] = []
  const fatal: Error[] = []
  const ends = new Map<number, (error: Error) => void>()
  const pending = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  let heldBack = false
  let failsWith: Error | undefined
  let closing = () => Promise.resolve()

  const taskOf = (partition: number): Task => ({
    partition,
    epoch: 100 + partition,
    restored: { from: 0, records: 0 },
    wants: () => ({ requests: 7, feedback: 7 }),
    put: (input) => void calls.push(`put ${partition} ${input.kind}`),
    flowing: () => void calls.push(`flowing ${partition}`),
    committed: () => ({ requests: 0, feedback: 0 }),
    count: () => ({ queued: 0, sending: 0, unknown: 0, accepted: 0, done: 0 }),
    inFlight: () => 0,
    pauses: () => [],
    coverages: () => [],
    pace: () => new Map(),
    drain: async (withinMs) => void calls.push(`drain ${partition} ${withinMs}`),
    close: () => {
      calls.push(`close ${partition}`)
      return closing()
    },
  })

  const dispatcher = createDispatcher({
    openTask: (partition, onEnded) => {
      calls.push(`open ${partition}`)
      openings++
      ends.set(partition, onEnded)
      if (openings > MOST_OPENINGS) return new Promise(() => undefined)
      if (failsWith) return Promise.reject(failsWith)
      if (!heldBack) return Promise.resolve(taskOf(partition))
      return new Promise((resolve, reject) => pending.set(partition, { resolve: () => resolve(taskOf(partition)), reject }))
    },
    group: () => ({
      start: (partition, from) => void calls.push(`start ${partition} @${from.requests}`),
      hold: (partition) => void calls.push(`hold ${partition}`),
    }),
    clock: { now: () => 0, monotonic: () => monotonic },
    onEvent: (event) => events.push(event),
    onFatal: (error) => fatal.push(error),
  })

  return {
    dispatcher,
    events,
    fatal,
    pass: (ms: number) => {
      monotonic += ms
    },
    /** From now on, opening waits for `opened`. */
    holdOpenings: () => {
      heldBack = true
    },
    opened: async (partition: number) => {
      pending.get(partition)?.resolve()
      await settled()
    },
    notOpened: async (partition: number, error: Error) => {
      pending.get(partition)?.reject(error)
      await settled()
    },
    failOpenings: (error: Error | undefined) => {
      failsWith = error
    },
    end: async (partition: number, error: Error) => {
      ends.get(partition)?.(error)
      await settled()
    },
    holdClosing: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      closing = () => promise
      return resolve
    },
    failClosing: (error: Error) => {
      closing = () => Promise.reject(error)
    },
  }
}

/** One that holds these partitions, open, and was asked nothing since. */
export const openWith = async (...partitions: number[]) => {
  const made = createFixture()
  made.dispatcher.onAssigned(partitions)
  await settled()
  calls.length = 0
  return made
}
