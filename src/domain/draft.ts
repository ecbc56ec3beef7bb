import type { Attribution } from './attribution.ts'
import type { Coverage } from './coverage.ts'
import type { Entry, Line } from './entry.ts'
import {
  awaitsWord,
  claimsBusinessKey,
  compareDeparture,
  isExpired,
  isFallbackDue,
  isUnsettled,
  laneOf,
  lastSentAt,
} from './entry.ts'
import { type JournalKey, keyOfEntry, keyOfMark, keyOfPause } from './journal-key.ts'
import type { Mark } from './mark.ts'
import type { Pause } from './pause.ts'
import type { Result } from './result.ts'
import type { State } from './state.ts'

/** A state with the changes of one step laid over it, so that a step sees what it has just decided. */
export interface Draft
  extends Pick<
    State,
    | 'get'
    | 'byIdentity'
    | 'byBusinessKey'
    | 'byTag'
    | 'waiting'
    | 'sendingTo'
    | 'reached'
    | 'queuedAbout'
    | 'mark'
    | 'pendingMarks'
    | 'pause'
    | 'coverage'
    | 'expired'
    | 'inFlight'
    | 'unsettled'
    | 'unsettledChannels'
    | 'fallbackDue'
    | 'forgettable'
  > {
  /** Of one that waits: the first of those in line with it, if that is another. */
  ahead(entry: Entry): Entry | undefined
  put(entry: Entry): void
  putMark(mark: Mark): void
  putPause(pause: Pause): void
  putCoverage(coverage: Coverage): void
  /** For what is done with. */
  forget(key: JournalKey): void
  publish(result: Result): void
  attribute(attribution: Attribution): void
  readonly entries: ReadonlyMap<string, Entry>
  readonly marks: ReadonlyMap<string, Mark>
  readonly pauses: ReadonlyMap<string, Pause>
  readonly coverages: ReadonlyMap<string, Coverage>
  readonly forgotten: ReadonlySet<JournalKey>
  readonly results: readonly Result[]
  readonly attributions: readonly Attribution[]
}

export const draftOver = (state: State): Draft => {
  const entries = new Map<string, Entry>()
  const marks = new Map<string, Mark>()
  const pauses = new Map<string, Pause>()
  const coverages = new Map<string, Coverage>()
  const forgotten = new Set<JournalKey>()
  const results: Result[] = []
  const attributions: Attribution[] = []
  const identities = new Map<string, string>()
  const businessKeys = new Map<string, Set<string>>()
  const people = new Map<string, Set<string>>()

  /** An entry of the state, unless this step has changed it: then what the step made of it. */
  const current = (entry: Entry | undefined) => entry && (entries.get(entry.notificationId) ?? entry)
  const unchanged = function* (found: Iterable<Entry>) {
    for (const entry of found)
      if (!entries.has(entry.notificationId) && !forgotten.has(keyOfEntry(entry.notificationId))) yield entry
  }
  /** What the state finds, and what this step has made of others. */
  const overlaid = function* (found: Iterable<Entry>, holds: (entry: Entry) => boolean) {
    yield* unchanged(found)
    for (const entry of [...entries.values()]) if (holds(entry)) yield entry
  }
  const draftedFor = function* (recipientRef: string) {
    for (const id of people.get(recipientRef) ?? []) {
      const entry = entries.get(id)
      if (entry) yield entry
    }
  }
  const indexed = (keys: Map<string, Set<string>>, key: string, id: string) => keys.set(key, (keys.get(key) ?? new Set()).add(id))

  return {
    entries,
    marks,
    pauses,
    coverages,
    forgotten,
    results,
    attributions,
    get: (id) => entries.get(id) ?? (forgotten.has(keyOfEntry(id)) ? undefined : state.get(id)),
    byIdentity: (key) => {
      const drafted = entries.get(identities.get(key) ?? '')
      return drafted?.notification ? drafted : first(unchanged(some(state.byIdentity(key))))
    },
    byBusinessKey: (key) => {
      let last = first(unchanged(some(state.byBusinessKey(key))))
      for (const id of businessKeys.get(key) ?? []) {
        const entry = entries.get(id)
        if (entry && claimsBusinessKey(entry) && (!last || entry.arrival > last.arrival)) last = entry
      }
      return last
    },
    byTag: (tag) => current(state.byTag(tag)),
    waiting: (lane, now) => {
      const queuedHere = [...entries.values()]
        .filter((entry) => entry.notification && laneOf(entry.notification) === lane && isWaiting(entry, now))
        .sort((a, b) => compareDeparture(departureOf(a), departureOf(b)))
      return mergeByDeparture(unchanged(state.waiting(lane, now)), queuedHere)
    },
    ahead: (entry) => {
      const line = lineOf(entry)
      if (!line || entry.resend) return undefined
      // What waits in the state is the first of its line there.
      let ahead = entries.has(entry.notificationId) ? first(unchanged(state.inLine(line))) : undefined
      for (const other of draftedFor(line.recipientRef))
        if (isInLine(other, line) && (!ahead || before(other, ahead))) ahead = other
      return ahead && before(ahead, entry) ? ahead : undefined
    },
    sendingTo: function* (recipientRef) {
      yield* unchanged(state.sendingTo(recipientRef))
      for (const entry of draftedFor(recipientRef)) if (entry.state === 'sending') yield entry
    },
    reached: function* (recipientRef, since) {
      yield* unchanged(state.reached(recipientRef, since))
      for (const entry of draftedFor(recipientRef)) if ((lastSentAt(entry) ?? 0) > since) yield entry
    },
    queuedAbout: (subject) =>
      overlaid(state.queuedAbout(subject), (entry) => entry.state === 'queued' && entry.notification?.subject === subject),
    mark: (subject) => marks.get(subject) ?? (forgotten.has(keyOfMark(subject)) ? undefined : state.mark(subject)),
    pendingMarks: function* () {
      for (const mark of state.pendingMarks()) if (!marks.has(mark.subject)) yield mark
      for (const mark of [...marks.values()]) if (mark.pending) yield mark
    },
    pause: (channel) => pauses.get(channel) ?? (forgotten.has(keyOfPause(channel)) ? undefined : state.pause(channel)),
    coverage: (channel) => coverages.get(channel) ?? state.coverage(channel),
    expired: (now) => overlaid(state.expired(now), (entry) => isExpired(entry, now)),
    inFlight: () => overlaid(state.inFlight(), ({ state: each }) => each === 'sending'),
    unsettled: (channel, until) => overlaid(state.unsettled(channel, until), (entry) => isUnsettled(entry, channel, until)),
    unsettledChannels: () => {
      const drafted = [...entries.values()].flatMap((entry) =>
        awaitsWord(entry) && entry.notification ? [entry.notification.channel] : [],
      )
      return new Set([...state.unsettledChannels(), ...drafted])
    },
    fallbackDue: (now) => overlaid(state.fallbackDue(now), (entry) => isFallbackDue(entry, now)),
    forgettable: function* (now) {
      for (const key of state.forgettable(now)) if (!forgotten.has(key) && !isDrafted(key)) yield key
    },
    put: (entry) => {
      const { notificationId: id, notification } = entry
      entries.set(id, entry)
      if (!notification) return
      identities.set(notification.identityKey, id)
      if (notification.businessKey !== null) indexed(businessKeys, notification.businessKey, id)
      indexed(people, notification.recipientRef, id)
    },
    putMark: (mark) => {
      marks.set(mark.subject, mark)
      forgotten.delete(keyOfMark(mark.subject))
    },
    putPause: (pause) => {
      pauses.set(pause.channel, pause)
      forgotten.delete(keyOfPause(pause.channel))
    },
    forget: (key) => {
      forgotten.add(key)
      for (const [kind, facts] of [
        ['pause', pauses],
        ['mark', marks],
      ] as const)
        if (key.startsWith(`${kind}/`)) facts.delete(key.slice(kind.length + 1))
    },
    putCoverage: (coverage) => {
      coverages.set(coverage.channel, coverage)
    },
    publish: (result) => {
      results.push(result)
    },
    attribute: (attribution) => {
      attributions.push(attribution)
    },
  }

  function isDrafted(key: JournalKey): boolean {
    return key.startsWith('entry/') ? entries.has(key.slice('entry/'.length)) : marks.has(key.slice('mark/'.length))
  }
}

export const isWaiting = (entry: Entry, now: number): boolean =>
  entry.state === 'queued' && entry.releaseAt <= now && entry.notBefore <= now

export const departureOf = (entry: Entry) => ({
  urgent: entry.notification?.urgent ?? false,
  releaseAt: entry.releaseAt,
  arrival: entry.arrival,
})

export const lineOf = ({ notification }: Entry): Line | undefined => notification ?? undefined

const isInLine = (entry: Entry, { channel, urgent }: Line): boolean =>
  entry.state === 'queued' && !entry.resend && entry.notification?.channel === channel && entry.notification.urgent === urgent

const before = (a: Entry, b: Entry): boolean => compareDeparture(departureOf(a), departureOf(b)) < 0

const first = <T>(items: Iterable<T>): T | undefined => {
  for (const item of items) return item
  return undefined
}

const some = (entry: Entry | undefined): readonly Entry[] => (entry ? [entry] : [])

function* mergeByDeparture(stored: Iterable<Entry>, drafted: readonly Entry[]): Iterable<Entry> {
  let next = 0
  for (const entry of stored) {
    for (let other = drafted[next]; other && before(other, entry); other = drafted[++next]) yield other
    yield entry
  }
  for (; next < drafted.length; next++) {
    const other = drafted[next]
    if (other) yield other
  }
}
