import { systemClock } from '../clock.ts'

/** How far a long command has come. */
export interface Progress {
  update(done: number, total: number): void
  /** Takes the line away again. */
  end(): void
}

/** On a terminal one line that is written over, elsewhere a line now and then; nothing of what is over at once. */
export const showProgress = (options: {
  readonly stream: { write(text: string): unknown; readonly isTTY?: boolean }
  /** What is being done: `reading`. */
  readonly label: string
  /** ms, from any start. */
  readonly monotonic?: () => number
}): Progress => {
  const { stream, label, monotonic = systemClock.monotonic } = options
  const isTerminal = stream.isTTY === true
  const begun = monotonic()
  let turnBegan = begun
  let last = 0
  let shownAt: number | undefined
  return {
    update: (done, total) => {
      const now = monotonic()
      if (done < last) turnBegan = now // it is gone through once more
      last = done
      const due = shownAt === undefined ? begun + QUIET_MS : shownAt + (isTerminal ? REDRAW_MS : LINE_MS)
      if (now < due) return
      shownAt = now
      const line = `${label}  ${lineOf(done, total, now - turnBegan)}`
      stream.write(isTerminal ? `\r${line}${ERASE_REST}` : `${line}\n`)
    },
    end: () => {
      if (isTerminal && shownAt !== undefined) stream.write(`\r${ERASE_REST}`)
      shownAt = undefined
    },
  }
}

const QUIET_MS = 1_000
const REDRAW_MS = 100
const LINE_MS = 5_000
const ERASE_REST = '\x1b[K'
const WIDTH = 30

const lineOf = (done: number, total: number, elapsedMs: number): string => {
  const share = total === 0 ? 1 : Math.min(done / total, 1)
  const filled = Math.round(share * WIDTH)
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}]`
  const left = share > 0 && share < 1 ? `, about ${timeLeft((elapsedMs * (1 - share)) / share)} left` : ''
  return `${bar}  ${done.toLocaleString('en')} of ${total.toLocaleString('en')} (${Math.floor(share * 100)} %)${left}`
}

const timeLeft = (ms: number): string => {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
