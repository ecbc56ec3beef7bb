import type { Clock } from '../clock.ts'
import type { Input } from '../domain/input.ts'
import type { Task } from './task.ts'
import { StateLostError } from './task-journal.ts'

/** After a fault a task is opened again only when a heartbeat has succeeded this much later: a worker that was stopped for a while
 *  finds old answers in its socket buffers, and must not fence the owner that took over. */
const REOPEN_AFTER_MS = 300
/** A task that fails this often in a row will not be mended by trying. */
const MOST_FAILURES = 30

/** The tasks of one worker: opens and closes them as partitions come and go. */
export interface Dispatcher {
  /** What this worker holds now, all of it. Synchronous: called before the first fetch of a generation. */
  onAssigned(partitions: readonly number[]): void
  /** A heartbeat has succeeded. */
  onHeartbeat(): void
  /** A task has committed: its earlier failures are over. */
  onCommitted(partition: number): void
  /** Returns false if nobody here wants the record now. */
  onInput(partition: number, input: Exclude<Input, { kind: 'outcome' }>): boolean
  /** Partition → epoch of what this worker holds. */
  claims(): ReadonlyMap<number, number>
  tasks(): Iterable<Task>
  /** Partitions assigned but not open (yet). */
  opening(): number
  /** Settles what is under way within so many ms, then hands over the rest. */
  drain(withinMs: number): Promise<void>
}

/** How the dispatcher makes a partition's records flow. */
export interface Intake {
  start(partition: number, from: { readonly requests: number; readonly feedback: number }): void
  hold(partition: number): void
}

export const createDispatcher = (options: {
  readonly openTask: (partition: number, onEnded: (error: Error) => void) => Promise<Task>
  /** Asked for late: the group is joined with the dispatcher's callbacks. */
  readonly group: () => Intake
  readonly clock: Clock
  readonly onEvent: (event: DispatchEvent) => void
  readonly onFatal: (error: Error) => void
}): Dispatcher => {
  const { clock, onEvent } = options
  const owned = new Set<number>()
  const tasks = new Map<number, Task>()
  const opening = new Map<number, Promise<void>>()
  const closing = new Set<Promise<void>>()
  const reopenFrom = new Map<number, number>()
  const failures = new Map<number, number>()
  let stopped = false

  const lost = new Set<number>()

  /** `epoch`: of the task that failed, if it had come so far. */
  const failed = (partition: number, epoch: number | null, error: Error) => {
    const count = (failures.get(partition) ?? 0) + 1
    failures.set(partition, count)
    onEvent({ kind: 'task-failed', partition, epoch, error })
    if (error instanceof StateLostError || count > MOST_FAILURES) {
      lost.add(partition)
      return options.onFatal(error)
    }
    reopenFrom.set(partition, clock.monotonic() + REOPEN_AFTER_MS)
  }

  const mayOpen = (partition: number) =>
    owned.has(partition) && !tasks.has(partition) && !opening.has(partition) && !lost.has(partition) && !stopped

  const open = (partition: number): void => {
    options.group().hold(partition)
    const startedAt = clock.monotonic()
    let opened: Task | undefined
    let ended: Error | undefined
    const onEnded = (error: Error) => {
      ended = error
      if (opened === undefined || tasks.get(partition) !== opened) return // given up before; another may hold the partition by now
      tasks.delete(partition)
      failed(partition, opened.epoch, error)
    }
    const opens = options
      .openTask(partition, onEnded)
      .then(
        (task) => {
          if (stopped || !owned.has(partition)) return close(task)
          if (ended) return failed(partition, task.epoch, ended)
          opened = task
          tasks.set(partition, task)
          options.group().start(partition, task.wants())
          const ms = clock.monotonic() - startedAt
          onEvent({ kind: 'task-opened', partition, epoch: task.epoch, ms, ...task.restored })
        },
        (error: Error) => {
          if (owned.has(partition)) failed(partition, null, error)
        },
      )
      .catch((error: Error) => options.onFatal(error))
      .finally(() => {
        opening.delete(partition)
        if (mayOpen(partition) && !reopenFrom.has(partition)) open(partition) // lost and given back meanwhile
      })
    opening.set(partition, opens)
  }

  const close = (task: Task): void => {
    const closed = task.close().catch((error: Error) => onEvent({ kind: 'close-failed', partition: task.partition, error }))
    const tracked: Promise<void> = closed.finally(() => closing.delete(tracked))
    closing.add(tracked)
    onEvent({ kind: 'task-closed', partition: task.partition, epoch: task.epoch })
  }

  return {
    onAssigned: (partitions) => {
      owned.clear()
      for (const partition of partitions) owned.add(partition)
      reopenFrom.clear()
      for (const [partition, task] of tasks) {
        if (owned.has(partition)) continue
        tasks.delete(partition)
        close(task)
      }
      for (const partition of owned) {
        const task = tasks.get(partition)
        if (task) {
          options.group().start(partition, task.wants())
          task.flowing()
        } else if (mayOpen(partition)) open(partition)
      }
      onEvent({ kind: 'assigned', partitions })
    },
    onHeartbeat: () => {
      for (const [partition, from] of reopenFrom) {
        if (clock.monotonic() < from || stopped) continue
        reopenFrom.delete(partition)
        if (mayOpen(partition)) open(partition)
      }
    },
    onCommitted: (partition) => {
      failures.delete(partition)
    },
    onInput: (partition, input) => {
      const task = tasks.get(partition)
      task?.put(input)
      return task !== undefined
    },
    claims: () => new Map([...tasks].map(([partition, { epoch }]) => [partition, epoch])),
    tasks: () => tasks.values(),
    opening: () => [...owned].filter((partition) => !tasks.has(partition)).length,
    drain: async (withinMs) => {
      stopped = true
      await Promise.all([...tasks.values()].map((task) => task.drain(withinMs)))
      for (const task of tasks.values()) close(task)
      tasks.clear()
      await Promise.all([...opening.values()])
      await Promise.all([...closing])
    },
  }
}

export type DispatchEvent =
  | { readonly kind: 'assigned'; readonly partitions: readonly number[] }
  | {
      readonly kind: 'task-opened'
      readonly partition: number
      readonly epoch: number
      readonly ms: number
      readonly from: number
      readonly records: number
    }
  | { readonly kind: 'task-closed'; readonly partition: number; readonly epoch: number }
  | { readonly kind: 'task-failed'; readonly partition: number; readonly epoch: number | null; readonly error: Error }
  | { readonly kind: 'close-failed'; readonly partition: number; readonly error: Error }
