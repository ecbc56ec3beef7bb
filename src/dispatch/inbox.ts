import type { Clock, Timers } from '../clock.ts'
import type { Input } from '../domain/input.ts'

/** What callbacks put in and the task's loop takes out: the only way to reach a task's state. */
export interface Inbox {
  put(input: Input): void
  /** The oldest ones, at most so many. */
  drain(most: number): Input[]
  readonly size: number
  /** Whether anything but outcomes is in it. */
  readonly hasRecords: boolean
  /** Monotonic time of the oldest, if any. */
  readonly since: number | undefined
  /** Resolves at the next `put` or `nudge`, or after so many ms: no more than 24 days, as a timer takes 32 bits. */
  changed(withinMs: number): Promise<void>
  nudge(): void
}

export const createInbox = ({ monotonic }: Pick<Clock, 'monotonic'>, timers: Timers): Inbox => {
  let inputs: { input: Input; at: number }[] = []
  let records = 0
  let wake: (() => void) | undefined
  const nudge = () => wake?.()
  const isRecord = ({ kind }: Input) => kind !== 'outcome'

  return {
    put: (input) => {
      inputs.push({ input, at: monotonic() })
      if (isRecord(input)) records++
      nudge()
    },
    drain: (most) => {
      const taken = inputs.slice(0, most).map(({ input }) => input)
      inputs = inputs.slice(most)
      records -= taken.filter(isRecord).length
      return taken
    },
    get size() {
      return inputs.length
    },
    get hasRecords() {
      return records > 0
    },
    get since() {
      return inputs[0]?.at
    },
    nudge,
    changed: (withinMs) =>
      new Promise((resolve) => {
        const callOff = timers.after(withinMs, () => wake?.())
        wake = () => {
          callOff()
          wake = undefined
          resolve()
        }
      }),
  }
}
