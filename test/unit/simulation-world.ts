import type { Changes, Intention } from '../../src/domain/changes.ts'
import type { Entry, Lane } from '../../src/domain/entry.ts'
import type { Feedback, Input, OutcomeReport } from '../../src/domain/input.ts'
import { keyOfEntry, keyOfMark, keyOfPause } from '../../src/domain/journal-key.ts'
import type { Owner, Policy } from '../../src/domain/moment.ts'
import { NOT_STARTED, type Outcome } from '../../src/domain/outcome.ts'
import { isStillWanted, waitsForPermit } from '../../src/domain/release.ts'
import type { Notification, Request } from '../../src/domain/request.ts'
import type { StateChanges, Store } from '../../src/domain/state.ts'
import { nextStepAt, step } from '../../src/domain/step.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { NOON, POLICY, timedOut } from './notification-builder.ts'

const INCARNATION = '0123456789ab'
/** From an owner's fence until nobody can answer for earlier ones. */
const ORPHANS_MS = 13_000

/** What the world goes by: the product's, or something broken on purpose. */
export interface Rules {
  readonly step: typeof step
  readonly isStillWanted: typeof isStillWanted
  readonly waitsForPermit: typeof waitsForPermit
  readonly nextStepAt: typeof nextStepAt
}

export const RULES: Rules = { step, isStillWanted, waitsForPermit, nextStepAt }

/** One owner of the partition, and all it knows. It may be frozen, and wake when it owns nothing any more. */
export interface Life {
  readonly owner: Owner
  readonly store: Store
  /** How far its wall clock is ahead of the world's, ms. */
  readonly ahead: number
  alive: boolean
}

/** An intention, what LINE made of it, and what of that any task was told and has committed. */
export interface Attempt {
  readonly intention: Intention
  readonly notification: Notification
  readonly life: Life
  readonly madeAt: number
  phase: 'waiting' | 'under-way' | 'over'
  /** When its first byte was written. */
  postedAt: number | null
  truth: Outcome | undefined
  readonly told: Outcome[]
}

/** A step that was committed, for whoever checks it. */
export interface Taken {
  readonly changes: Changes
  readonly inputs: readonly Input[]
  readonly now: number
  readonly life: Life
  /** How each entry that changed, or was forgotten, was before. */
  readonly before: ReadonlyMap<string, Entry>
}

export interface Witness {
  taken(taken: Taken): void
  posted(attempt: Attempt): void
  /** A new owner has built its state. */
  reopened(before: Store, after: Store): void
}

export type Ending = 'drained' | 'crashed' | 'commit-lost' | 'commit-made'

/** A partition with its logs, its owners one after the other, and LINE; time is ours. Inputs are read from the committed position on, as
 *  from Kafka, and state is built from the journal alone. */
export interface World {
  now: number
  permits: ReadonlyMap<Lane, number>
  readonly optedOut: Set<string>
  readonly policy: Policy
  readonly attempts: readonly Attempt[]
  readonly requests: readonly Request[]
  readonly life: Life
  readonly steppedAt: number
  /** The last step asked for it. */
  readonly more: boolean
  readonly barrierWanted: boolean
  /** Records and outcomes that are not yet taken in. */
  backlog(): number
  produce(request: Request): void
  /** The sender's turn: it starts, or says that it does not. */
  start(attempt: Attempt): void
  /** LINE, or the network, answers; the owner that asked is told, or waits in vain. */
  answer(attempt: Attempt, truth: Outcome, way: 'told' | 'lost'): void
  /** What is known of an attempt is told by feedback, again or for the first time. */
  handOver(attempt: Attempt, outcome?: Outcome): void
  /** Writes a barrier; it is read in its turn. */
  barrier(): void
  reopen(ending: Ending, how: { readonly compacted: boolean; readonly ahead: number }): void
  step(most?: number): void
}

export const createWorld = (rules: Rules, witness: Witness, policyOf: Partial<Policy> = {}): World => {
  const requests: Request[] = []
  const feedback: Feedback[] = []
  const journal: StateChanges[] = []
  const attempts: Attempt[] = []
  const optedOut = new Set<string>()
  const policy: Policy = { ...POLICY, isOptedOut: (customerId) => optedOut.has(customerId), ...policyOf }
  let outcomes: OutcomeReport[] = []
  let counter = 0
  let silentTo = 0
  let turn = 0
  let last: { readonly now: number; readonly more: boolean; readonly barrierWanted: boolean } = {
    now: 0,
    more: false,
    barrierWanted: false,
  }
  const lifeFrom = (epoch: number, now: number, store: Store, ahead: number): Life => ({
    owner: { partition: 3, incarnation: INCARNATION, epoch, orphansFrom: now + ahead + ORPHANS_MS },
    store,
    ahead,
    alive: true,
  })
  let life = lifeFrom(1, NOON, createMemoryStore(), 0)
  let orphansFrom = life.owner.orphansFrom

  const clockOf = ({ ahead }: Life): number => world.now + ahead
  const ownerNow = (): Owner => ({ ...life.owner, orphansFrom })

  const askedFor = (id: string): Notification => {
    for (const request of requests)
      if (request.kind === 'ready' && request.notification.notificationId === id) return request.notification
    throw new Error(`nobody asked for ${id}`)
  }

  const inbox = (): Input[] => {
    const position = life.store.position() ?? { requests: 0, feedback: 0 }
    const records = [
      ...requests
        .slice(position.requests)
        .map((request, i): Input => ({ kind: 'request', offset: position.requests + i, request })),
      ...feedback
        .slice(position.feedback)
        .map((each, i): Input => ({ kind: 'feedback', offset: position.feedback + i, feedback: each })),
    ]
    const reports = outcomes.map((report): Input => ({ kind: 'outcome', report }))
    return turn++ % 2 === 0 ? [...reports, ...records] : [...records, ...reports]
  }

  const decide = (most: number) => {
    const inputs = inbox().slice(0, most)
    const moment = { now: clockOf(life), owner: ownerNow(), counter, permits: world.permits, silentTo, policy }
    return { inputs, changes: rules.step(life.store, inputs, moment) }
  }

  const commit = ({ inputs, changes }: ReturnType<typeof decide>): Attempt[] => {
    const { store } = life
    const touched = [
      ...changes.entries.map(({ notificationId }) => notificationId),
      ...changes.forgotten.map((key) => key.slice(key.indexOf('/') + 1)),
    ]
    const before = new Map(
      touched.flatMap((id) => {
        const entry = store.get(id)
        return entry ? [[id, entry] as const] : []
      }),
    )
    const reports = reportsIn(inputs)
    for (const { deliveryTag, outcome } of reports)
      attempts.find(({ intention }) => intention.deliveryTag === deliveryTag)?.told.push(outcome)
    outcomes = outcomes.filter((report) => !reports.includes(report))
    const { entries, marks, pauses, forgotten, position } = changes
    journal.push({ entries, marks, pauses, forgotten, position })
    store.apply(changes, journal.length)
    ;({ counter, silentTo } = changes)
    if (!changes.orphans) orphansFrom = Number.POSITIVE_INFINITY
    last = { now: clockOf(life), more: changes.more, barrierWanted: changes.barrierWanted }
    const made = changes.intentions.map((intention): Attempt => {
      const notification = askedFor(intention.notificationId)
      return {
        intention,
        notification,
        life,
        madeAt: clockOf(life),
        phase: 'waiting',
        postedAt: null,
        truth: undefined,
        told: [],
      }
    })
    witness.taken({ changes, inputs, now: clockOf(life), life, before })
    attempts.push(...made)
    return made
  }

  const tell = (attempt: Attempt, outcome: Outcome): void => {
    const report = { deliveryTag: attempt.intention.deliveryTag, outcome, at: clockOf(attempt.life) }
    if (attempt.life.alive) outcomes.push(report)
    else feedback.push({ kind: 'handover', report })
  }

  const world: World = {
    now: NOON,
    permits: new Map(),
    optedOut,
    policy,
    attempts,
    requests,
    get life() {
      return life
    },
    get steppedAt() {
      return last.now
    },
    get more() {
      return last.more
    },
    get barrierWanted() {
      return last.barrierWanted
    },
    backlog: () => inbox().length,
    produce: (request) => {
      requests.push(request)
    },
    start: (attempt) => {
      if (attempt.phase !== 'waiting') return
      const { intention } = attempt
      if (clockOf(attempt.life) < intention.startBy && rules.isStillWanted(attempt.life.store, intention, policy)) {
        attempt.phase = 'under-way'
        attempt.postedAt = clockOf(attempt.life)
        witness.posted(attempt)
        return
      }
      attempt.phase = 'over'
      attempt.truth = NOT_STARTED
      tell(attempt, NOT_STARTED)
    },
    answer: (attempt, truth, way) => {
      attempt.phase = 'over'
      attempt.truth = truth
      if (way === 'told') tell(attempt, truth)
      else if (attempt.life.alive) tell(attempt, timedOut)
    },
    handOver: ({ intention, truth, life: of }, outcome = truth) => {
      if (outcome) feedback.push({ kind: 'handover', report: { deliveryTag: intention.deliveryTag, outcome, at: clockOf(of) } })
    },
    barrier: () => {
      feedback.push({ kind: 'barrier', epoch: life.owner.epoch, at: clockOf(life) })
    },
    reopen: (ending, { compacted, ahead }) => {
      if (ending === 'commit-lost' || ending === 'commit-made') {
        const decided = decide(Number.POSITIVE_INFINITY)
        const told = reportsIn(decided.inputs)
        const unstarted = decided.changes.intentions.map(({ deliveryTag }) => ({
          deliveryTag,
          outcome: NOT_STARTED,
          at: clockOf(life),
        }))
        const stranded = ending === 'commit-made' ? commit(decided) : []
        for (const attempt of stranded) Object.assign(attempt, { phase: 'over', truth: NOT_STARTED })
        // Whatever was in the commit is told again, and what was decided was never started.
        outcomes = [...outcomes.filter((report) => !told.includes(report)), ...told, ...unstarted]
      }
      life.alive = false
      if (ending === 'drained')
        for (const attempt of attempts) if (attempt.life === life && attempt.phase === 'waiting') stop(attempt)
      if (ending !== 'crashed') feedback.push(...outcomes.map((report): Feedback => ({ kind: 'handover', report })))
      outcomes = []
      const store = createMemoryStore()
      for (const [i, changes] of (compacted ? compact(journal) : journal).entries()) store.apply(changes, i + 1)
      witness.reopened(life.store, store)
      life = lifeFrom(life.owner.epoch + 10, world.now, store, ahead)
      ;({ orphansFrom } = life.owner)
      counter = 0
      silentTo = 0
    },
    step: (most = Number.POSITIVE_INFINITY) => void commit(decide(most)),
  }

  const stop = (attempt: Attempt): void => {
    attempt.phase = 'over'
    attempt.truth = NOT_STARTED
    tell(attempt, NOT_STARTED)
  }
  return world
}

/** As Kafka compacts it: the last of every key, and no tombstone. */
export const compact = (journal: readonly StateChanges[]): StateChanges[] => {
  const facts = new Map<string, StateChanges>()
  const write = (key: string, change: StateChanges) => {
    facts.delete(key)
    facts.set(key, change)
  }
  for (const { entries = [], marks = [], pauses = [], forgotten = [], position } of journal) {
    for (const key of forgotten) facts.delete(key)
    for (const entry of entries) write(keyOfEntry(entry.notificationId), { entries: [entry] })
    for (const mark of marks) write(keyOfMark(mark.subject), { marks: [mark] })
    for (const pause of pauses) write(keyOfPause(pause.channel), { pauses: [pause] })
    if (position) write('position', { position })
  }
  return [...facts.values()]
}

export const reportsIn = (inputs: readonly Input[]): OutcomeReport[] =>
  inputs.flatMap((input) => {
    if (input.kind === 'outcome') return [input.report]
    return input.kind === 'feedback' && input.feedback.kind === 'handover' ? [input.feedback.report] : []
  })
