import { onTestFinished } from 'vitest'
import { type Clock, systemClock, systemTimers } from '../../src/clock.ts'
import { createPace } from '../../src/dispatch/pace.ts'
import { createSender } from '../../src/dispatch/sender.ts'
import { openTask, type Task } from '../../src/dispatch/task.ts'
import type { Changes } from '../../src/domain/changes.ts'
import type { Feedback, Input } from '../../src/domain/input.ts'
import type { Policy } from '../../src/domain/moment.ts'
import type { HashedPhone } from '../../src/domain/phone.ts'
import type { Notification, ReadyRequest } from '../../src/domain/request.ts'
import type { Status } from '../../src/domain/result.ts'
import { createSealer, sealContent } from '../../src/domain/seal.ts'
import type { Store } from '../../src/domain/state.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { createLog, createMemoryJournal, type JournalHooks, type MemoryLog } from './memory-journal.ts'
import { createMemoryProvider, type MemoryProvider } from './memory-provider.ts'
import { MAIN, POLICY, ready } from './notification-builder.ts'

const sealer = createSealer([new Uint8Array(32).fill(1)])
const to = 'ab'.repeat(32) as HashedPhone

/** A request whose message can be opened. */
export const sealedRequest = (n: number, changes: Partial<Notification> = {}): ReadyRequest => ({
  ...ready(n, {
    receivedAt: Date.now(),
    event: { source: 'jp.example', id: `e${n}`, type: 'jp.example.Bill', time: Date.now() },
    ...changes,
  }),
  sealed: sealContent({ to, message: { endpoint: 'template', templateKey: 'k', body: {} } }, `n${n}`, sealer.seal),
})

export interface TaskFixture {
  readonly task: Task
  readonly log: MemoryLog
  readonly provider: MemoryProvider
  /** What was written to feedback, by anybody. */
  readonly feedback: Feedback[]
  /** Journal calls, sends, pauses and ends, in the order they happened. */
  readonly calls: string[]
  readonly commits: Changes[]
  readonly ended: Error[]
  /** Puts requests at the next offsets the task wants. */
  request(...numbers: readonly number[]): void
  /** Lets the task read all that was written to feedback since the last time. */
  readFeedback(): void
  statuses(notificationId: string): Status[]
}

export const openFixture = async (
  options: {
    readonly log?: MemoryLog
    readonly provider?: MemoryProvider
    readonly hooks?: JournalHooks
    readonly store?: Store
    readonly clock?: Clock
    readonly policy?: Partial<Policy>
    readonly attemptMs?: number
    readonly rate?: number
  } = {},
): Promise<TaskFixture> => {
  const { log = createLog(), provider = createMemoryProvider(), clock = systemClock } = options
  const calls: string[] = []
  const feedback: Feedback[] = []
  const commits: Changes[] = []
  const ended: Error[] = []
  let read = 0
  const pace = createPace({ share: { rate: options.rate ?? 10_000, capacity: 50, burst: 50 }, now: clock.monotonic() })

  const task = await openTask({
    partition: 3,
    incarnation: '0123456789ab',
    journal: createMemoryJournal(log, calls, options.hooks),
    store: options.store ?? createMemoryStore(),
    policy: { ...POLICY, ...options.policy },
    clock,
    timers: systemTimers,
    attemptMs: options.attemptMs ?? 10_000,
    createSender: (wiring) =>
      createSender({
        ...wiring,
        lanes: new Map([
          [
            MAIN,
            {
              provider: {
                ...provider,
                send: (attempt) => {
                  calls.push(`send ${attempt.deliveryTag.split('_').at(-1)}`)
                  return provider.send(attempt)
                },
              },
              pace,
            },
          ],
        ]),
        open: sealer.open,
        clock,
        timers: systemTimers,
      }),
    handOver: async (reports) => {
      feedback.push(...reports.map((report): Feedback => ({ kind: 'handover', report })))
    },
    writeBarrier: async (epoch, at) => {
      feedback.push({ kind: 'barrier', epoch, at })
    },
    flow: { pause: () => calls.push('pause'), resume: () => calls.push('resume') },
    onRebuild: (reason) => calls.push(reason),
    onCommitted: (changes) => commits.push(changes),
    onEnded: (error) => ended.push(error),
  })
  onTestFinished(() =>
    task.close().catch((error) => {
      if (ended.length === 0) throw error
    }),
  )

  return {
    task,
    log,
    provider,
    feedback,
    calls,
    commits,
    ended,
    request: (...numbers) => {
      for (const n of numbers) task.put({ kind: 'request', offset: task.wants().requests, request: sealedRequest(n) })
    },
    readFeedback: () => {
      for (const each of feedback.slice(read)) {
        const input: Input = { kind: 'feedback', offset: task.wants().feedback, feedback: each }
        task.put(input)
      }
      read = feedback.length
    },
    statuses: (id) => log.results.filter(({ notificationId }) => notificationId === id).map(({ status }) => status),
  }
}

/** Outcomes among what was handed over, by the counter of their intention. */
export const handedOver = (feedback: readonly Feedback[]): string[] =>
  feedback.flatMap((each) => {
    if (each.kind !== 'handover') return []
    const { deliveryTag, outcome } = each.report
    return [`${deliveryTag.split('_').at(-1)} ${'cause' in outcome ? outcome.cause : outcome.kind}`]
  })
