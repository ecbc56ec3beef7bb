import type { Changes, Intention } from '../../src/domain/changes.ts'
import type { Entry, Lane } from '../../src/domain/entry.ts'
import type { Feedback, Input, Link, OutcomeReport } from '../../src/domain/input.ts'
import { keyOfCoverage, keyOfEntry, keyOfMark, keyOfPause } from '../../src/domain/journal-key.ts'
import type { Owner, Policy } from '../../src/domain/moment.ts'
import { NOT_STARTED, type Outcome } from '../../src/domain/outcome.ts'
import { isStillWanted, waitsForPermit } from '../../src/domain/release.ts'
import type { Notification, Request } from '../../src/domain/request.ts'
import type { StateChanges, Store, TaskPosition } from '../../src/domain/state.ts'
import { nextStepAt, step } from '../../src/domain/step.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { accepted, POLICY, timedOut } from './notification-builder.ts'
import { createLine, type Fate, type Line } from './simulation-line.ts'

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

export const COST = { tenThousandths: 35_000, currency: 'JPY' }
/** Is on no allow-list. */
export const STRANGER = 'r2'

/** What a worker is configured with: another one begins a new life. */
export interface Settings {
  /** Channels whose delivery events are listened for. */
  readonly awaited: readonly string[]
  /** Channels that write to those on a list. */
  readonly limited: readonly string[]
  /** Channels that do everything but the call. */
  readonly shadows: readonly string[]
  /** Channels that send only what was reviewed. */
  readonly reviewing: readonly string[]
}

/** One owner of the partition, and all it knows. It may be frozen, and wake when it owns nothing any more. */
export interface Life {
  readonly owner: Owner
  readonly store: Store
  readonly settings: Settings
  readonly policy: Policy
  /** How far its wall clock is ahead of the world's, ms. */
  readonly ahead: number
  /** Where the inputs ended when it began. */
  readonly readUntil: TaskPosition
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
  /** LINE has its message. */
  taken: boolean
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
  /** If somebody followed a link: what would have been decided had nobody. */
  readonly unlinked: Changes | undefined
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
  readonly now: number
  readonly line: Line
  permits: ReadonlyMap<Lane, number>
  readonly optedOut: Set<string>
  readonly policy: Policy
  readonly attempts: readonly Attempt[]
  readonly requests: readonly Request[]
  readonly feedback: readonly Feedback[]
  readonly life: Life
  readonly steppedAt: number
  /** The last step asked for it. */
  readonly more: boolean
  readonly barrierWanted: boolean
  /** Records and outcomes that are not yet taken in. */
  backlog(): number
  /** Time passes until then, and LINE goes on by itself. */
  passTo(at: number): void
  produce(request: Request): void
  /** The sender's turn: it starts, or says that it does not. */
  start(attempt: Attempt): void
  /** LINE takes the message, before it answers. */
  take(attempt: Attempt, fate: Fate): void
  /** LINE, or the network, answers; the owner that asked is told, or waits in vain. What LINE took it cannot refuse; if it does not answer,
   *  it has taken the message if there is a fate for it. */
  answer(attempt: Attempt, truth: Outcome, way: 'told' | 'lost', fate: Fate | null): void
  /** What is known of an attempt is told by feedback, again or for the first time. */
  handOver(attempt: Attempt, outcome?: Outcome): void
  /** Writes a barrier; it is read in its turn. */
  barrier(): void
  /** What anybody may write. */
  hear(feedback: Feedback): void
  reopen(ending: Ending, how: { readonly compacted: boolean; readonly ahead: number; readonly settings?: Settings }): void
  step(most?: number): void
}

export const createWorld = (
  rules: Rules,
  witness: Witness,
  { startAt, settings: settled, ...policyOf }: { readonly startAt: number; readonly settings: Settings } & Partial<Policy>,
): World => {
  const requests: Request[] = []
  const feedback: Feedback[] = []
  const journal: StateChanges[] = []
  const attempts: Attempt[] = []
  const optedOut = new Set<string>()
  const policy: Policy = { ...POLICY, cost: () => COST, isOptedOut: (customerId) => optedOut.has(customerId), ...policyOf }
  const policyBy = ({ awaited, limited, shadows, reviewing }: Settings): Policy => ({
    ...policy,
    awaitsReceipt: (channel) => awaited.includes(channel),
    mayReach: (channel, recipientRef) => !limited.includes(channel) || recipientRef !== STRANGER,
    isShadow: (channel) => shadows.includes(channel),
    wantsReview: (channel) => reviewing.includes(channel),
  })
  let now = startAt
  const line = createLine({ now: () => now, write: (each) => feedback.push(each) })
  let outcomes: OutcomeReport[] = []
  let counter = 0
  let silentTo = 0
  let turn = 0
  let last: { readonly now: number; readonly more: boolean; readonly barrierWanted: boolean } = {
    now: 0,
    more: false,
    barrierWanted: false,
  }
  const lifeFrom = (epoch: number, settings: Settings, store: Store, ahead: number): Life => ({
    owner: { partition: 3, incarnation: INCARNATION, epoch, orphansFrom: now + ahead + ORPHANS_MS },
    store,
    settings,
    policy: policyBy(settings),
    ahead,
    readUntil: { requests: requests.length, feedback: feedback.length },
    alive: true,
  })
  let life = lifeFrom(1, settled, createMemoryStore(), 0)
  let orphansFrom = life.owner.orphansFrom

  const clockOf = ({ ahead }: Life): number => now + ahead
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
    const { policy, readUntil } = life
    const moment = { now: clockOf(life), owner: ownerNow(), counter, permits: world.permits, silentTo, readUntil, policy }
    const others = inputs.filter((input) => !isLink(input))
    const changes = rules.step(life.store, inputs, moment)
    // Without the links, less is read.
    const alike = isBehind(changes.position, readUntil) ? moment : { ...moment, readUntil: { requests: 0, feedback: 0 } }
    return {
      inputs,
      changes,
      unlinked: others.length < inputs.length ? rules.step(life.store, others, alike) : undefined,
    }
  }

  const commit = ({ inputs, changes, unlinked }: ReturnType<typeof decide>): Attempt[] => {
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
    const { entries, marks, pauses, coverages, forgotten, position } = changes
    journal.push({ entries, marks, pauses, coverages, forgotten, position })
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
        taken: false,
        told: [],
      }
    })
    witness.taken({ changes, inputs, now: clockOf(life), life, before, unlinked })
    attempts.push(...made)
    return made
  }

  const tell = (attempt: Attempt, outcome: Outcome): void => {
    const report = { deliveryTag: attempt.intention.deliveryTag, outcome, at: clockOf(attempt.life) }
    if (attempt.life.alive) outcomes.push(report)
    else feedback.push({ kind: 'handover', report })
  }

  const take = (attempt: Attempt, fate: Fate): void => {
    if (attempt.taken) return
    attempt.taken = true
    line.take({ deliveryTag: attempt.intention.deliveryTag, channel: attempt.notification.channel }, fate)
    line.hear()
  }

  const world: World = {
    get now() {
      return now
    },
    line,
    permits: new Map(),
    optedOut,
    policy,
    attempts,
    requests,
    feedback,
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
    passTo: (at) => {
      now = at
      line.hear()
    },
    produce: (request) => {
      requests.push(request)
    },
    start: (attempt) => {
      if (attempt.phase !== 'waiting') return
      const { intention, notification, life: by } = attempt
      if (
        clockOf(by) >= intention.startFrom &&
        clockOf(by) < intention.startBy &&
        rules.isStillWanted(by.store, intention, by.policy)
      ) {
        if (by.policy.isShadow(notification.channel)) return withhold(attempt)
        attempt.phase = 'under-way'
        attempt.postedAt = clockOf(attempt.life)
        witness.posted(attempt)
        return
      }
      attempt.phase = 'over'
      attempt.truth = NOT_STARTED
      tell(attempt, NOT_STARTED)
    },
    take,
    answer: (attempt, answer, way, fate) => {
      const truth = attempt.taken && answer.kind !== 'unknown' ? accepted : answer
      attempt.phase = 'over'
      attempt.truth = truth
      if (fate && (truth.kind === 'accepted' || truth.kind === 'unknown')) take(attempt, fate)
      if (way === 'told') tell(attempt, truth)
      else if (attempt.life.alive) tell(attempt, timedOut)
    },
    handOver: ({ intention, truth, life: of }, outcome = truth) => {
      if (outcome) feedback.push({ kind: 'handover', report: { deliveryTag: intention.deliveryTag, outcome, at: clockOf(of) } })
    },
    barrier: () => {
      feedback.push({ kind: 'barrier', epoch: life.owner.epoch, at: clockOf(life) })
    },
    hear: (each) => {
      feedback.push(each)
    },
    reopen: (ending, { compacted, ahead, settings = life.settings }) => {
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
      life = lifeFrom(life.owner.epoch + 10, settings, store, ahead)
      ;({ orphansFrom } = life.owner)
      counter = 0
      silentTo = 0
    },
    step: (most = Number.POSITIVE_INFINITY) => void commit(decide(most)),
  }

  const end = (attempt: Attempt, truth: Outcome): void => {
    attempt.phase = 'over'
    attempt.truth = truth
    tell(attempt, truth)
  }
  const stop = (attempt: Attempt): void => end(attempt, NOT_STARTED)
  const withhold = (attempt: Attempt): void => end(attempt, { kind: 'withheld', requestId: null })
  return world
}

/** As Kafka compacts it: the last of every key, and no tombstone. */
export const compact = (journal: readonly StateChanges[]): StateChanges[] => {
  const facts = new Map<string, StateChanges>()
  const write = (key: string, change: StateChanges) => {
    facts.delete(key)
    facts.set(key, change)
  }
  for (const { entries = [], marks = [], pauses = [], coverages = [], forgotten = [], position } of journal) {
    for (const key of forgotten) facts.delete(key)
    for (const entry of entries) write(keyOfEntry(entry.notificationId), { entries: [entry] })
    for (const mark of marks) write(keyOfMark(mark.subject), { marks: [mark] })
    for (const pause of pauses) write(keyOfPause(pause.channel), { pauses: [pause] })
    for (const coverage of coverages) write(keyOfCoverage(coverage.channel), { coverages: [coverage] })
    if (position) write('position', { position })
  }
  return [...facts.values()]
}

export const reportsIn = (inputs: readonly Input[]): OutcomeReport[] =>
  inputs.flatMap((input) => {
    if (input.kind === 'outcome') return [input.report]
    return input.kind === 'feedback' && input.feedback.kind === 'handover' ? [input.feedback.report] : []
  })

export type Receipt = Extract<Feedback, { kind: 'receipt' }>

export const receiptsIn = (inputs: readonly Input[]): Receipt[] =>
  inputs.flatMap((input) => (input.kind === 'feedback' && input.feedback.kind === 'receipt' ? [input.feedback] : []))

export const linksIn = (inputs: readonly Input[]): Link[] =>
  inputs.flatMap((input) => (input.kind === 'feedback' && input.feedback.kind === 'link' ? [input.feedback] : []))

const isLink = (input: Input): boolean => linksIn([input]).length > 0

/** Whether something that lay in the log is still to be read. */
export const isBehind = (position: TaskPosition, end: TaskPosition): boolean =>
  position.requests < end.requests || position.feedback < end.feedback
