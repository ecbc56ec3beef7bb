import type { Timers } from '../../src/clock.ts'

/** The one true time of a world: it passes when nothing else happens. */
export interface SimulatedTime extends Timers {
  /** ms since the epoch. */
  now(): number
  /** ms since it began, without what everybody slept through. */
  elapsed(): number
  sleep(ms: number): Promise<void>
  /** Everybody sleeps: no timer runs, and then it is later. */
  oversleep(ms: number): void
  /** Lets everything happen that is due until then, one after the other, unless it is over before. */
  runTo(elapsed: number, isOver?: () => boolean): Promise<void>
}

interface Due {
  readonly at: number
  readonly turn: number
  readonly callback: () => void
  calledOff: boolean
}

export const createTime = (startAt: number): SimulatedTime => {
  const queue: Due[] = []
  let elapsed = 0
  let slept = 0
  let turns = 0

  const after = (ms: number, callback: () => void) => {
    const due: Due = { at: elapsed + Math.max(0, ms), turn: turns++, callback, calledOff: false }
    push(queue, due)
    return () => {
      due.calledOff = true
    }
  }

  return {
    after,
    now: () => Math.floor(startAt + elapsed + slept),
    elapsed: () => elapsed,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
    oversleep: (ms) => {
      slept += ms
    },
    runTo: async (until, isOver = () => false) => {
      await settled()
      for (let next = queue[0]; next && next.at <= until && !isOver(); next = queue[0]) {
        pop(queue)
        if (next.calledOff) continue
        elapsed = next.at
        next.callback()
        await settled()
      }
      if (!isOver()) elapsed = Math.max(elapsed, until)
    },
  }
}

/** All that follows of itself has happened: nothing here waits for anything but promises and this time. */
const settled = () => new Promise(setImmediate)

const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.turn < b.turn)

/** A binary heap: what is due first lies first. */
const push = (heap: Due[], due: Due): void => {
  let place = heap.length
  while (place > 0) {
    const above = (place - 1) >>> 1
    const parent = heap[above]
    if (!parent || isBefore(parent, due)) break
    heap[place] = parent
    place = above
  }
  heap[place] = due
}

const pop = (heap: Due[]): void => {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let place = 0
  for (;;) {
    const left = heap[2 * place + 1]
    const right = heap[2 * place + 2]
    const lesser = left && right && isBefore(right, left) ? right : left
    if (!lesser || isBefore(last, lesser)) break
    heap[place] = lesser
    place = lesser === left ? 2 * place + 1 : 2 * place + 2
  }
  heap[place] = last
}
