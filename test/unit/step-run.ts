import type { Changes } from '../../src/domain/changes.ts'
import type { Entry, Lane } from '../../src/domain/entry.ts'
import type { Input } from '../../src/domain/input.ts'
import type { JournalKey } from '../../src/domain/journal-key.ts'
import type { Owner, Policy } from '../../src/domain/moment.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { ChannelRequest, MarkRequest, QuietHours, Request } from '../../src/domain/request.ts'
import type { Store, TaskPosition } from '../../src/domain/state.ts'
import { step } from '../../src/domain/step.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { HOUR, MAIN, NOON, OWNER, only, POLICY, ready, timedOut } from './notification-builder.ts'

/** One partition's life, step by step: every step is committed at once. Starts at noon, with permits for everything. */
export interface StepRun {
  readonly store: Store
  now: number
  permits: ReadonlyMap<Lane, number>
  policy: Policy
  /** Where the inputs ended when it was opened: nothing lay there. */
  readUntil: TaskPosition
  step(...inputs: readonly Input[]): Changes
  /** Requests at the next offsets. */
  receive(...requests: readonly Request[]): Changes
  report(deliveryTag: string, outcome: Outcome): Changes
  /** The same, by way of an earlier owner. */
  handOver(deliveryTag: string, outcome: Outcome): Changes
  /** The own barrier written at this instant is read. */
  readBarrier(at: number): Changes
  /** Somebody else opens the partition: nothing is lost but what only the task knew. */
  reopen(owner: Partial<Owner>): void
  entry(notificationId: string): Entry
}

/** Receives a request and sends it; returns the tag of its intention. */
export const sendOne = (run: StepRun, request: Request): string => only(run.receive(request).intentions).deliveryTag

/** A step without inputs, and if it wants a barrier, the reading of that. */
export const due = (run: StepRun): Changes => {
  const first = run.step()
  if (!first.barrierWanted) return first
  const second = run.readBarrier(run.now)
  return {
    ...second,
    results: [...first.results, ...second.results],
    intentions: [...first.intentions, ...second.intentions],
  }
}

/** Receives requests, and lets none of them go. */
export const hold = (run: StepRun, ...requests: readonly Request[]): Changes => {
  const { permits } = run
  run.permits = new Map()
  const changes = requests.length === 0 ? due(run) : run.receive(...requests)
  run.permits = permits
  return changes
}

/** Sends one whose answer is lost, and lets its wait of an hour end; returns its tag. */
export const silentlyUnknown = (run: StepRun, changes: Parameters<typeof ready>[1] = {}): string => {
  const tag = sendOne(run, ready(1, changes))
  run.report(tag, timedOut)
  run.now += HOUR
  return tag
}

/** Every step without inputs until nothing more is due. */
export const settled = (run: StepRun, first: Changes): Changes[] => {
  const all = [first]
  for (let last = first; last.more; last = run.step(), all.push(last));
  return all
}

export const reportInput = (deliveryTag: string, outcome: Outcome, at: number): Input => ({
  kind: 'outcome',
  report: { deliveryTag, outcome, at },
})

/** As the event that calls a subject off says it. */
export const cancellation = (subject: string, cancelledAt = NOON, forgetAt = NOON + 24 * HOUR): MarkRequest => ({
  kind: 'mark',
  marking: { subject, cancelledAt, revision: null, forgetAt },
})

/** As an event with a revision says it. */
export const revision = (subject: string, number: number, forgetAt = NOON + 24 * HOUR): MarkRequest => ({
  kind: 'mark',
  marking: { subject, cancelledAt: null, revision: number, forgetAt },
})

export const order = (order: 'pause' | 'resume', channel = 'main'): ChannelRequest => ({ kind: 'channel', channel, order })

/** One window, every day. */
export const quiet = (from: string, until: string, changes: Partial<QuietHours> = {}): QuietHours => ({
  windows: [{ from, until, on: null }],
  holidays: [],
  spreadMs: 0,
  ...changes,
})

export const startRun = (options: { readonly policy?: Partial<Policy>; readonly owner?: Partial<Owner> } = {}): StepRun => {
  const store = createMemoryStore()
  let owner = { ...OWNER, ...options.owner }
  let counter = 0
  let silentTo = 0
  let requests = 0
  let feedback = 0
  let journalled = 0

  const run: StepRun = {
    store,
    now: NOON,
    permits: new Map([[MAIN, 100]]),
    policy: { ...POLICY, ...options.policy },
    readUntil: { requests: 0, feedback: 0 },
    step: (...inputs) => {
      const { now, permits, policy } = run
      const changes = step(store, inputs, { now, owner, counter, permits, silentTo, readUntil: run.readUntil, policy })
      store.apply(changes, ++journalled)
      ;({ counter, silentTo } = changes)
      if (!changes.orphans) owner = { ...owner, orphansFrom: Number.POSITIVE_INFINITY }
      return changes
    },
    receive: (...received) => run.step(...received.map((request): Input => ({ kind: 'request', offset: requests++, request }))),
    report: (deliveryTag, outcome) => run.step(reportInput(deliveryTag, outcome, run.now)),
    handOver: (deliveryTag, outcome) =>
      run.step({
        kind: 'feedback',
        offset: feedback++,
        feedback: { kind: 'handover', report: { deliveryTag, outcome, at: run.now } },
      }),
    readBarrier: (at) =>
      run.step({ kind: 'feedback', offset: feedback++, feedback: { kind: 'barrier', epoch: owner.epoch, at } }),
    reopen: (changed) => {
      owner = { ...owner, ...changed }
      counter = 0
      silentTo = 0
    },
    entry: (notificationId) => {
      const entry = store.get(notificationId)
      if (!entry) throw new Error(`no entry ${notificationId}`)
      return entry
    },
  }
  return run
}

export const keysOf = ({ forgotten }: Changes): readonly JournalKey[] => [...forgotten].sort()
