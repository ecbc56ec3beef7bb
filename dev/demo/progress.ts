import { cutTo } from '../../src/preview/text-width.ts'

export interface Progress {
  /** A step is done: its line stays. */
  note(line: string): void
  /** How things stand: replaces the line before on a terminal; elsewhere a line of its own, and not too many of them. */
  now(line: string): void
  /** Nothing half-written remains in the way of the report. */
  end(): void
}

const NOT_MORE_OFTEN_THAN_MS = 2_000

export const showProgress = (out: NodeJS.WriteStream, monotonic: () => number): Progress => {
  const began = monotonic()
  let saidAt = Number.NEGATIVE_INFINITY
  let said = ''
  let pending = false
  const stamped = (line: string) => `${((monotonic() - began) / 1_000).toFixed(1).padStart(5)} s  ${line}`
  const clear = () => {
    if (pending) out.write('\r\x1b[K')
    pending = false
  }

  return {
    note: (line) => {
      clear()
      out.write(`${stamped(line)}\n`)
    },
    now: (line) => {
      if (out.isTTY) {
        out.write(`\r${cutTo(stamped(line), (out.columns || 80) - 1)}\x1b[K`)
        pending = true
        return
      }
      if (line === said || monotonic() - saidAt < NOT_MORE_OFTEN_THAN_MS) return
      said = line
      saidAt = monotonic()
      out.write(`${stamped(line)}\n`)
    },
    end: clear,
  }
}
