import fc from 'fast-check'
import type { Coverage } from '../../src/domain/coverage.ts'
import { departureOf } from '../../src/domain/draft.ts'
import {
  awaitsWord,
  claimsBusinessKey,
  claimsIdentity,
  compareDeparture,
  type Entry,
  type EntryState,
  forgetAtOf,
  type Lane,
  type Line,
  laneOf,
  lastSentAt,
} from '../../src/domain/entry.ts'
import { type JournalKey, keyOfCoverage, keyOfEntry, keyOfMark, keyOfPause } from '../../src/domain/journal-key.ts'
import type { Mark } from '../../src/domain/mark.ts'
import type { Pause } from '../../src/domain/pause.ts'
import type { StateChanges, Store, TaskPosition } from '../../src/domain/state.ts'
import { entryOf } from './notification-builder.ts'

/** A store that looks at everything each time: slow, and plain to see through. */
export const createNaiveStore = (): Store => {
  const entries = new Map<string, Entry>()
  const marks = new Map<string, Mark>()
  const pauses = new Map<string, Pause>()
  const coverages = new Map<string, Coverage>()
  let position: TaskPosition | undefined
  const all = () => [...entries.values()]
  const queued = () => all().filter(({ state, notification }) => state === 'queued' && notification)
  const to = (recipientRef: string) => all().filter(({ notification }) => notification?.recipientRef === recipientRef)
  const departs = (entry: Entry) => Math.max(entry.releaseAt, entry.notBefore)
  const expiry = ({ notification }: Entry) => notification?.expiresAt ?? Number.POSITIVE_INFINITY
  const settles = (entry: Entry) => (awaitsWord(entry) ? entry.settleAt : null) ?? Number.POSITIVE_INFINITY
  const fallsBack = ({ fallbackAt }: Entry) => fallbackAt ?? Number.POSITIVE_INFINITY
  const forgets = (): [number, JournalKey][] => [
    ...all().map((entry): [number, JournalKey] => [
      forgetAtOf(entry) ?? Number.POSITIVE_INFINITY,
      keyOfEntry(entry.notificationId),
    ]),
    ...[...marks.values()]
      .filter(({ pending }) => !pending)
      .map(({ forgetAt, subject }): [number, JournalKey] => [forgetAt, keyOfMark(subject)]),
  ]
  const inLine = ({ recipientRef, channel, urgent }: Line) =>
    inOrder(
      queued().filter(
        ({ notification, resend }) =>
          !resend &&
          notification?.recipientRef === recipientRef &&
          notification.channel === channel &&
          notification.urgent === urgent,
      ),
    )
  const hasTurn = (entry: Entry) => {
    const { notification } = entry
    if (!notification || to(notification.recipientRef).some(({ state }) => state === 'sending')) return false
    return entry.resend || inLine(notification)[0] === entry
  }
  const soonest = (times: readonly number[]) => {
    const first = Math.min(...times)
    return Number.isFinite(first) ? first : undefined
  }

  return {
    position: () => position,
    get: (id) => entries.get(id),
    byIdentity: (key) => all().find((entry) => claimsIdentity(entry) && entry.notification?.identityKey === key),
    byBusinessKey: (key) =>
      inOrderOfArrival(all().filter((entry) => claimsBusinessKey(entry) && entry.notification?.businessKey === key)).at(-1),
    byTag: (tag) => all().find(({ deliveryTag, pastTags }) => deliveryTag === tag || pastTags.includes(tag)),
    waiting: (lane, now) =>
      inOrder(
        queued().filter(
          (entry) => entry.notification && laneOf(entry.notification) === lane && departs(entry) <= now && hasTurn(entry),
        ),
      ),
    inLine,
    sendingTo: (recipientRef) => to(recipientRef).filter(({ state }) => state === 'sending'),
    reached: (recipientRef, since) => to(recipientRef).filter((entry) => (lastSentAt(entry) ?? since) > since),
    queuedAbout: (subject) => queued().filter(({ notification }) => notification?.subject === subject),
    mark: (subject) => marks.get(subject),
    pendingMarks: () => [...marks.values()].filter(({ pending }) => pending),
    pause: (channel) => pauses.get(channel),
    pauses: () => pauses.values(),
    expired: (now) => queued().filter((entry) => expiry(entry) <= now),
    inFlight: () => all().filter(({ state }) => state === 'sending'),
    unsettled: (channel, until) => all().filter((entry) => entry.notification?.channel === channel && settles(entry) <= until),
    unsettledChannels: () =>
      new Set(all().flatMap((e) => (Number.isFinite(settles(e)) && e.notification ? [e.notification.channel] : []))),
    coverage: (channel) => coverages.get(channel),
    coverages: () => coverages.values(),
    fallbackDue: (now) => all().filter((entry) => fallsBack(entry) <= now),
    forgettable: (now) =>
      forgets()
        .filter(([at]) => at <= now)
        .map(([, key]) => key),
    nextForget: () => soonest(forgets().map(([at]) => at)),
    nextWake: (now) => {
      const times = [
        ...queued().flatMap((entry) => (hasTurn(entry) ? [departs(entry), expiry(entry)] : [expiry(entry)])),
        ...all().flatMap((entry) => [settles(entry), fallsBack(entry)]),
        ...[...pauses.values()].map(({ probeAt }) => probeAt ?? Number.POSITIVE_INFINITY),
      ]
      return soonest(times.filter((at) => at > now))
    },
    count: () => {
      const of = (state: EntryState) => all().filter((entry) => entry.state === state).length
      return { queued: of('queued'), sending: of('sending'), unknown: of('unknown'), accepted: of('accepted'), done: of('done') }
    },
    apply: (changes) => {
      for (const key of changes.forgotten ?? []) {
        const name = key.slice(key.indexOf('/') + 1)
        if (key.startsWith('entry/')) entries.delete(name)
        if (key.startsWith('mark/')) marks.delete(name)
        if (key.startsWith('pause/')) pauses.delete(name)
        if (key.startsWith('coverage/')) coverages.delete(name)
      }
      for (const entry of changes.entries ?? []) entries.set(entry.notificationId, entry)
      for (const mark of changes.marks ?? []) marks.set(mark.subject, mark)
      for (const pause of changes.pauses ?? []) pauses.set(pause.channel, pause)
      for (const coverage of changes.coverages ?? []) coverages.set(coverage.channel, coverage)
      position = changes.position ?? position
    },
    resumeFrom: () => 0,
    sync: () => undefined,
    reset: () => {
      for (const map of [entries, marks, pauses, coverages]) map.clear()
      position = undefined
    },
    close: () => undefined,
  }
}

const inOrder = (entries: readonly Entry[]): Entry[] =>
  entries.toSorted((a, b) => compareDeparture(departureOf(a), departureOf(b)))

const inOrderOfArrival = (entries: readonly Entry[]): Entry[] => entries.toSorted((a, b) => a.arrival - b.arrival)

export const CHANNELS: readonly string[] = ['main', 'other']
export const LANES: readonly Lane[] = [
  laneOf({ channel: 'main', endpoint: 'template' }),
  laneOf({ channel: 'main', endpoint: 'flexible' }),
  laneOf({ channel: 'other', endpoint: 'template' }),
]
export const IDS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7]
export const RECIPIENTS: readonly string[] = ['aa', 'r-b']
export const SUBJECTS: readonly string[] = ['incident/1', 'incident/2']
export const BUSINESS_KEYS: readonly string[] = ['bb', 'b-c']
/** All times of a history lie among these. */
export const TIMES: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7]

/** What was sent is remembered for two days at least, as a receipt may come so late: to these times. */
export const LATE_TIMES: readonly number[] = TIMES.map((at) => at + 2 * 86_400_000)

const time = fc.constantFrom(...TIMES)
const maybeTime = fc.option(time)

const what = fc.record({
  sendable: fc.boolean().map((no) => !no || null),
  recipientRef: fc.constantFrom(...RECIPIENTS),
  channel: fc.constantFrom('main', 'main', 'other'),
  endpoint: fc.constantFrom('template' as const, 'flexible' as const),
  urgent: fc.boolean(),
  expiresAt: maybeTime,
  subject: fc.option(fc.constantFrom(...SUBJECTS)),
  businessKey: fc.option(fc.constantFrom(...BUSINESS_KEYS)),
})

const move = fc.record({
  n: fc.constantFrom(...IDS),
  state: fc.constantFrom(
    'queued' as const,
    'queued' as const,
    'queued' as const,
    'sending' as const,
    'unknown' as const,
    'accepted' as const,
    'done' as const,
  ),
  status: fc.constantFrom('accepted' as const, 'cancelled' as const),
  newTag: fc.boolean(),
  resend: fc.constantFrom(false, false, true),
  releaseAt: time,
  notBefore: time,
  settleAt: time,
  sentAt: time,
  reachedAt: maybeTime,
  fallbackAt: maybeTime,
  keepUntil: fc.constantFrom(...LATE_TIMES),
})

const mark = fc.record({
  subject: fc.constantFrom(...SUBJECTS),
  cancelledAt: maybeTime,
  revision: fc.option(fc.nat(3)),
  forgetAt: time,
  pending: fc.boolean(),
})

const pause = fc.record({
  channel: fc.constantFrom(...CHANNELS),
  cause: fc.constantFrom('operator' as const, 'forbidden' as const),
  since: time,
  probeAt: maybeTime,
  probe: fc.constant(null),
})

const spans = fc.array(fc.record({ from: time, until: time }), { maxLength: 2 })
const coverage = fc.record({ channel: fc.constantFrom(...CHANNELS), spans, holes: spans })

const forgotten = fc.oneof(
  fc.constantFrom(...IDS).map((n) => keyOfEntry(`n${n}`)),
  fc.constantFrom(...SUBJECTS).map(keyOfMark),
  fc.constantFrom(...CHANNELS).map(keyOfPause),
  fc.constantFrom(...CHANNELS).map(keyOfCoverage),
)

/** Commits as a task makes them: what a notification is stays the same, its tags only grow; everything else may change. What was
 *  forgotten may come again, as another arrival; that it was may have been compacted away. */
export const historyOfCommits: fc.Arbitrary<readonly StateChanges[]> = fc
  .record({
    whats: fc.array(what, { minLength: IDS.length, maxLength: IDS.length }),
    commits: fc.array(
      fc.record({
        moves: fc.array(move, { maxLength: 5 }),
        marks: fc.array(mark, { maxLength: 1 }),
        pauses: fc.array(pause, { maxLength: 1 }),
        coverages: fc.array(coverage, { maxLength: 1 }),
        forgotten: fc.array(forgotten, { maxLength: 1 }),
        compacted: fc.boolean(),
        position: fc.option(fc.record({ requests: fc.nat(), feedback: fc.nat() }), { nil: undefined }),
      }),
      { maxLength: 10, size: 'max' },
    ),
  })
  .map(({ whats, commits }) => {
    const tags = new Map<number, string[]>()
    const lives = new Map<number, number>()
    return commits.map(({ moves, position, compacted, ...others }) => {
      for (const n of IDS)
        if (others.forgotten.includes(keyOfEntry(`n${n}`))) {
          lives.set(n, (lives.get(n) ?? 0) + 1)
          tags.delete(n)
        }
      const entries = moves.map(({ n, newTag, settleAt, ...changes }) => {
        const { sendable, ...of } = whats[n] ?? { sendable: null }
        const life = lives.get(n) ?? 0
        const arrival = life * IDS.length + n
        const { keepUntil } = changes
        if (!sendable) return entryOf(n, { arrival, keepUntil, state: 'done', notification: null, sealed: null })
        const known = tags.get(n) ?? []
        if (newTag) tags.set(n, [...known, `tag-${n}-${life}-${known.length}`])
        const all = tags.get(n) ?? []
        const tagged = { deliveryTag: all.at(-1) ?? null, pastTags: all.slice(0, -1) }
        return entryOf(
          n,
          {
            ...changes,
            ...tagged,
            arrival,
            settleAt: changes.state === 'unknown' || changes.state === 'accepted' ? settleAt : null,
          },
          of,
        )
      })
      const news = { ...others, forgotten: compacted ? [] : others.forgotten, entries }
      return position ? { ...news, position } : news
    })
  })
