import type { Clock } from '../clock.ts'

/** What is to be done later, by the thousand: a heap, and one timer for its first. */
export interface Agenda {
  /** `at` is monotonic, ms. Of two with the same instant the one added first is run first; one of the past is run as soon as may be,
   *  never in the call that adds it. */
  add(at: number, run: () => void): void
  size(): number
  /** Nothing more is run. */
  close(): void
}

interface Entry {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export const openAgenda = (clock: Pick<Clock, 'monotonic'>): Agenda => {
  const heap: Entry[] = []
  let lastOrder = 0
  let isClosed = false
  let timer: { readonly handle: NodeJS.Timeout; readonly at: number } | undefined

  const wake = (): void => {
    timer = undefined
    const now = clock.monotonic()
    // What these add for now waits for the next turn: others want the thread too.
    const due: Entry[] = []
    for (let first = heap[0]; first !== undefined && first.at <= now; first = heap[0]) {
      due.push(first)
      removeFirst(heap)
    }
    for (const { run } of due) if (!isClosed) run()
    arm()
  }

  const arm = (): void => {
    const first = heap[0]
    if (isClosed || first === undefined || (timer && timer.at <= first.at)) return
    if (timer) clearTimeout(timer.handle)
    const ms = Math.min(Math.max(0, first.at - clock.monotonic()), LONGEST_TIMEOUT)
    timer = { handle: setTimeout(wake, ms), at: first.at }
  }

  return {
    add: (at, run) => {
      if (isClosed) return
      lastOrder += 1
      insert(heap, { at, order: lastOrder, run })
      arm()
    },
    size: () => heap.length,
    close: () => {
      isClosed = true
      heap.length = 0
      if (timer) clearTimeout(timer.handle)
      timer = undefined
    },
  }
}

/** What Node's timers take: some 24.8 days. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

const insert = (heap: Entry[], entry: Entry): void => {
  let index = heap.length
  heap.push(entry)
  while (index > 0) {
    const above = (index - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || isBefore(parent, entry)) break
    heap[index] = parent
    index = above
  }
  heap[index] = entry
}

const removeFirst = (heap: Entry[]): void => {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    const left = heap[2 * index + 1]
    const right = heap[2 * index + 2]
    const isRight = left !== undefined && right !== undefined && isBefore(right, left)
    const child = isRight ? right : left
    if (child === undefined || isBefore(last, child)) break
    heap[index] = child
    index = 2 * index + (isRight ? 2 : 1)
  }
  heap[index] = last
}
