import type { Asked, Departure, History, InputSeen, JournalSeen, Post, ResultSeen } from './history.ts'

export type EntrySeen = Extract<JournalSeen, { kind: 'entry' }>
export type MarkSeen = Extract<JournalSeen, { kind: 'mark' }>
export type PauseSeen = Extract<JournalSeen, { kind: 'pause' }>
export type PositionSeen = Extract<JournalSeen, { kind: 'position' }>

/** The intention of a delivery tag, as the journal first told it. */
export interface Sending {
  readonly tag: string
  /** What the tag says of itself; undefined: it is none of the product's. */
  readonly id: TagId | undefined
  readonly entry: EntrySeen
  /** Of the owner in whose time it was committed; -1: there was none. */
  readonly epoch: number
}

/** What one transaction wrote to one partition of the journal. It happened at once: the order of its records says nothing. */
export interface Commit {
  readonly partition: number
  /** Offset of the epoch marker in force; -1: there was none yet. */
  readonly epoch: number
  readonly offset: number
  readonly entries: readonly EntrySeen[]
  /** What goes with a tag that was never seen before. */
  readonly sent: readonly Sending[]
  readonly marks: readonly MarkSeen[]
  readonly pauses: readonly PauseSeen[]
  readonly position: PositionSeen | null
}

/** Minus infinity: nothing was said. */
export interface SubjectAsked {
  readonly cancelledAt: number
  readonly revision: number
}

/** A history with its indexes: whatever is looked for is found without a search. */
export interface Known {
  readonly history: History
  readonly asked: ReadonlyMap<string, Asked>
  readonly orders: ReadonlySet<string>
  /** By subject, the latest that was asked of it. */
  readonly subjects: ReadonlyMap<string, SubjectAsked>
  readonly resultsAt: ReadonlyMap<string, readonly ResultSeen[]>
  /** By partition. */
  readonly commits: ReadonlyMap<number, readonly Commit[]>
  readonly sendings: ReadonlyMap<string, Sending>
  /** In the order of their commits. */
  readonly sendingsOf: ReadonlyMap<string, readonly Sending[]>
  /** Intentions that have no tag, or one that had been used. */
  readonly misnamed: readonly EntrySeen[]
  /** Journal entries of a notification in state `unknown`. */
  readonly unknownsOf: ReadonlyMap<string, readonly EntrySeen[]>
  /** By notification. */
  readonly lastEntry: ReadonlyMap<string, EntrySeen>
  readonly postsOf: ReadonlyMap<string, readonly Post[]>
  readonly postsBy: ReadonlyMap<string, readonly Post[]>
  readonly departuresBy: ReadonlyMap<string, readonly Departure[]>
  readonly inputsAt: ReadonlyMap<string, readonly InputSeen[]>
  readonly deadLetters: ReadonlySet<string>
}

/** Throws if the history contradicts itself: then its witnesses are at fault, and nothing can be said of the product. */
export const knownOf = (history: History): Known => {
  for (const [what, seen] of [
    ['results', history.results],
    ['journal', history.journal],
  ] as const)
    mustBeInOrder(what, seen)
  const journal = readJournal(history.journal)
  return {
    history,
    asked: byPosition(history.asked),
    orders: new Set(history.orders.map(({ position }) => position)),
    subjects: subjectsOf(history),
    resultsAt: grouped(history.results, ({ position }) => position),
    ...journal,
    postsOf: grouped(history.posts, ({ deliveryTag }) => journal.sendings.get(deliveryTag)?.entry.notificationId ?? null),
    postsBy: grouped(history.posts, ({ deliveryTag }) => deliveryTag),
    departuresBy: grouped(history.departures, ({ deliveryTag }) => deliveryTag),
    inputsAt: grouped(history.inputs, ({ position }) => position),
    deadLetters: new Set(history.deadLetters),
  }
}

export interface TagId {
  readonly partition: number
  readonly epoch: number
}

const TAG = /^t_([0-9a-z]+)_[0-9a-z]+_([0-9a-z]+)_[0-9a-z]+$/

/** `t_<partition>_<incarnation>_<epoch>_<counter>`, the numbers in base 36. */
export const parseTag = (tag: string): TagId | undefined => {
  const match = TAG.exec(tag)
  if (!match) return undefined
  const [, partition = '', epoch = ''] = match
  return { partition: Number.parseInt(partition, 36), epoch: Number.parseInt(epoch, 36) }
}

/** Null keys are left out. */
export const grouped = <T, K>(items: readonly T[], keyOf: (item: T) => K | null): Map<K, T[]> => {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    if (key === null) continue
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

const byPosition = (asked: readonly Asked[]): Map<string, Asked> => {
  const found = new Map<string, Asked>()
  for (const each of asked) {
    if (found.has(each.position))
      throw new Error(`the history asks twice for ${each.position}: its witnesses are at fault. Ask for each position once`)
    found.set(each.position, each)
  }
  return found
}

const subjectsOf = ({ orders, asked }: History): Map<string, SubjectAsked> => {
  const subjects = new Map<string, SubjectAsked>()
  const learn = (subject: string, { cancelledAt, revision }: SubjectAsked) => {
    const before = subjects.get(subject)
    subjects.set(subject, {
      cancelledAt: Math.max(before?.cancelledAt ?? cancelledAt, cancelledAt),
      revision: Math.max(before?.revision ?? revision, revision),
    })
  }
  const nothing = { cancelledAt: Number.NEGATIVE_INFINITY, revision: Number.NEGATIVE_INFINITY }
  for (const { kind, subject, cancelledAt } of orders)
    if (kind === 'cancel' && subject !== null && cancelledAt !== null) learn(subject, { ...nothing, cancelledAt })
  for (const { subject, revision } of asked) if (subject !== null && revision !== null) learn(subject, { ...nothing, revision })
  return subjects
}

const mustBeInOrder = (what: string, seen: readonly { readonly partition: number; readonly offset: number }[]): void => {
  const last = new Map<number, number>()
  for (const { partition, offset } of seen) {
    const before = last.get(partition) ?? -1
    if (offset <= before)
      throw new Error(
        `the history has ${what}/${partition}/${offset} after ${before}: its witnesses are at fault. Tell each record once, in the order of the topic`,
      )
    last.set(partition, offset)
  }
}

type Journal = Pick<Known, 'commits' | 'sendings' | 'sendingsOf' | 'misnamed' | 'unknownsOf' | 'lastEntry'>

const readJournal = (journal: readonly JournalSeen[]): Journal => {
  const commits = new Map<number, Commit[]>()
  const sendings = new Map<string, Sending>()
  const sendingsOf = new Map<string, Sending[]>()
  const unknownsOf = new Map<string, EntrySeen[]>()
  const lastEntry = new Map<string, EntrySeen>()
  const misnamed: EntrySeen[] = []

  /** Undefined: it is under way already. */
  const sendingOf = (entry: EntrySeen, epoch: number): Sending | undefined => {
    const { deliveryTag: tag, notificationId } = entry
    if (tag === null) return void misnamed.push(entry)
    if (sendings.has(tag)) {
      const before = lastEntry.get(notificationId)
      if (before?.state !== 'sending' || before.deliveryTag !== tag) misnamed.push(entry)
      return undefined
    }
    const sending = { tag, id: parseTag(tag), entry, epoch }
    sendings.set(tag, sending)
    push(sendingsOf, notificationId, sending)
    return sending
  }

  for (const [partition, records] of grouped(journal, ({ partition }) => partition)) {
    let epoch = -1
    const made: Commit[] = []
    for (const transaction of transactionsOf(records)) {
      const [first] = transaction
      if (first?.kind === 'epoch') epoch = first.offset
      const entries = transaction.filter((record) => record.kind === 'entry')
      const sent: Sending[] = []
      for (const entry of entries) {
        const sending = entry.state === 'sending' ? sendingOf(entry, epoch) : undefined
        if (sending) sent.push(sending)
        if (entry.state === 'unknown') push(unknownsOf, entry.notificationId, entry)
        lastEntry.set(entry.notificationId, entry)
      }
      made.push({
        partition,
        epoch,
        offset: transaction.at(-1)?.offset ?? -1,
        entries,
        sent,
        marks: transaction.filter((record) => record.kind === 'mark'),
        pauses: transaction.filter((record) => record.kind === 'pause'),
        position: transaction.find((record) => record.kind === 'position') ?? null,
      })
    }
    commits.set(partition, made)
  }
  return { commits, sendings, sendingsOf, misnamed, unknownsOf, lastEntry }
}

function* transactionsOf(records: readonly JournalSeen[]): Iterable<readonly JournalSeen[]> {
  let open: JournalSeen[] = []
  for (const record of records) {
    if (record.kind === 'epoch' && open.length > 0) {
      yield open
      open = []
    }
    open.push(record)
    if (record.kind !== 'position' && record.kind !== 'epoch') continue
    yield open
    open = []
  }
  if (open.length > 0) yield open
}

const push = <K, V>(groups: Map<K, V[]>, key: K, value: V): void => {
  const group = groups.get(key)
  if (group) group.push(value)
  else groups.set(key, [value])
}
