import type { Attempt, Provider } from '../../src/dispatch/provider.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { accepted, notSent } from './notification-builder.ts'

/** A provider without a network: asks `mayStart` as its socket is connected, then answers what it is told to. */
export interface MemoryProvider extends Provider {
  /** Attempts whose first byte was written, in order. */
  readonly started: readonly Attempt[]
  readonly asked: readonly Attempt[]
  /** Attempts without an answer yet. */
  readonly open: number
  /** What every attempt is answered from now on, at once; `held`: answers wait for `release`. */
  answer(outcome: Outcome | 'held'): void
  /** Answers those that are held, oldest first. */
  release(outcome?: Outcome): void
  /** A fault of ours: `send` throws, which it must not. */
  break(error: Error): void
  /** Connections are made only when `connect` is called. */
  holdConnections(): void
  connect(): void
}

export const createMemoryProvider = (): MemoryProvider => {
  const asked: Attempt[] = []
  const started: Attempt[] = []
  let held: ((outcome: Outcome) => void)[] = []
  let connecting: (() => void)[] | undefined
  let answered: Outcome | 'held' = accepted
  let broken: Error | undefined

  return {
    asked,
    started,
    get open() {
      return held.length
    },
    answer: (outcome) => {
      answered = outcome
    },
    release: (outcome = accepted) => {
      const all = held
      held = []
      for (const settle of all) settle(outcome)
    },
    break: (error) => {
      broken = error
    },
    holdConnections: () => {
      connecting = []
    },
    connect: () => {
      const all = connecting ?? []
      connecting = undefined
      for (const connected of all) connected()
    },
    send: async (attempt) => {
      asked.push(attempt)
      if (broken) throw broken
      if (connecting) await new Promise<void>((resolve) => connecting?.push(resolve))
      if (!attempt.mayStart()) return notSent('send-by')
      started.push(attempt)
      if (answered !== 'held') return answered
      return new Promise((resolve) => held.push(resolve))
    },
    close: async () => undefined,
  }
}
