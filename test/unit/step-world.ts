import { createMemoryStore } from '../../src/dispatch/memory-store.ts'
import type { Changes } from '../../src/domain/changes.ts'
import type { Entry } from '../../src/domain/entry.ts'
import type { Feedback, Input, OutcomeReport } from '../../src/domain/input.ts'
import type { Owner } from '../../src/domain/moment.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Request } from '../../src/domain/request.ts'
import { step } from '../../src/domain/step.ts'
import { MAIN, NOON, notSent, POLICY, timedOut } from './notification-builder.ts'

const INCARNATION = '0123456789ab'
/** From an owner's fence until nobody can answer for earlier ones. */
const ORPHANS_MS = 13_000

/** What an intention came to, and what of that the task was told. */
export interface Attempt {
  readonly deliveryTag: string
  readonly notificationId: string
  readonly epoch: number
  truth: Outcome | undefined
  readonly told: Outcome[]
}

/** A step as it was taken, for whoever checks it. */
export interface Taken {
  readonly changes: Changes
  readonly now: number
  readonly owner: Owner
  readonly silentTo: number
  /** How each entry that changed was before. */
  readonly before: ReadonlyMap<string, Entry>
}

/** A partition with its logs, its owners one after the other, and LINE; time is ours. Its store is made anew from the journal by every
 *  owner, and inputs are read from the committed position on, as from Kafka. */
export interface World {
  now: number
  permits: number
  readonly attempts: readonly Attempt[]
  readonly requests: readonly Request[]
  entry(notificationId: string): Entry | undefined
  entries(): Iterable<Entry>
  produce(request: Request): void
  /** LINE answers; then the task is told (`told`), a later owner is (`handed`), or nobody (`lost`). */
  answer(attempt: Attempt, truth: Outcome, way: 'told' | 'handed' | 'lost'): void
  /** What is known of an attempt is told by feedback, again or for the first time. */
  handOver(attempt: Attempt): void
  /** Writes a barrier and reads it. */
  barrier(): void
  /** A new owner, after the old one's last commit was made or not. */
  reopen(lastCommitWasLost: boolean): void
  step(): void
}

export const createWorld = (onTaken: (taken: Taken) => void): World => {
  const requests: Request[] = []
  const feedback: Feedback[] = []
  const journal: Entry[] = []
  const attempts: Attempt[] = []
  let store = createMemoryStore()
  let epoch = 1
  let owner: Owner = { partition: 3, incarnation: INCARNATION, epoch, orphansFrom: NOON + ORPHANS_MS }
  let counter = 0
  let silentTo = 0

  const take = (outcomes: readonly OutcomeReport[]): { changes: Changes; commit: () => void } => {
    const position = store.position() ?? { requests: 0, feedback: 0 }
    const inputs: Input[] = [
      ...requests
        .slice(position.requests)
        .map((request, i): Input => ({ kind: 'request', offset: position.requests + i, request })),
      ...feedback
        .slice(position.feedback)
        .map((each, i): Input => ({ kind: 'feedback', offset: position.feedback + i, feedback: each })),
      ...outcomes.map((report): Input => ({ kind: 'outcome', report })),
    ]
    const { now } = world
    const permits = new Map([[MAIN, world.permits]])
    const changes = step(store, inputs, { now, owner, counter, permits, silentTo, policy: POLICY })
    const commit = () => {
      const before = new Map(
        changes.entries.flatMap(({ notificationId }) => {
          const entry = store.get(notificationId)
          return entry ? [[notificationId, entry] as const] : []
        }),
      )
      for (const { deliveryTag, outcome } of reportsIn(inputs))
        attempts.find((attempt) => attempt.deliveryTag === deliveryTag)?.told.push(outcome)
      onTaken({ changes, now, owner, silentTo: changes.silentTo, before })
      journal.push(...changes.entries)
      store.apply(changes.entries, changes.position)
      ;({ counter, silentTo } = changes)
      for (const { deliveryTag, notificationId } of changes.intentions)
        attempts.push({ deliveryTag, notificationId, epoch, truth: undefined, told: [] })
    }
    return { changes, commit }
  }

  const open = () => {
    const position = store.position()
    store = createMemoryStore()
    for (const entry of journal) store.apply([entry], undefined)
    store.apply([], position)
    epoch += 10
    owner = { ...owner, epoch, orphansFrom: world.now + ORPHANS_MS }
    counter = 0
    silentTo = 0
  }

  const reportOf = ({ deliveryTag, truth }: Attempt): OutcomeReport => ({
    deliveryTag,
    outcome: truth ?? timedOut,
    at: world.now,
  })

  const world: World = {
    now: NOON,
    permits: 1,
    attempts,
    requests,
    entry: (id) => store.get(id),
    entries: () => new Map(journal.map((entry) => [entry.notificationId, entry])).values(),
    produce: (request) => {
      requests.push(request)
    },
    answer: (attempt, truth, way) => {
      attempt.truth = truth
      if (way === 'told' && attempt.epoch === epoch) take([reportOf(attempt)]).commit()
      else if (way !== 'lost') world.handOver(attempt)
    },
    handOver: (attempt) => {
      feedback.push({ kind: 'handover', report: reportOf(attempt) })
      world.step()
    },
    barrier: () => {
      feedback.push({ kind: 'barrier', epoch, at: world.now })
      world.step()
    },
    reopen: (lastCommitWasLost) => {
      if (lastCommitWasLost) {
        // The task hands over that it started nothing of what it could not commit; nobody knows those intentions.
        for (const { deliveryTag } of take([]).changes.intentions)
          feedback.push({ kind: 'handover', report: { deliveryTag, outcome: notSent('send-by'), at: world.now } })
      }
      open()
    },
    step: () => take([]).commit(),
  }
  return world
}

const reportsIn = (inputs: readonly Input[]): OutcomeReport[] =>
  inputs.flatMap((input) => {
    if (input.kind === 'outcome') return [input.report]
    return input.kind === 'feedback' && input.feedback.kind === 'handover' ? [input.feedback.report] : []
  })
