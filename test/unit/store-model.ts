import fc from 'fast-check'
import { departureOf } from '../../src/domain/draft.ts'
import { compareDeparture, type Entry, type EntryState, type Lane, laneOf } from '../../src/domain/entry.ts'
import type { Store, TaskPosition } from '../../src/domain/state.ts'
import { entryOf } from './notification-builder.ts'

/** A store that looks at everything each time: slow, and plain to see through. */
export const createNaiveStore = (): Store => {
  const entries = new Map<string, Entry>()
  let position: TaskPosition | undefined
  const all = () => [...entries.values()]
  const queued = () => all().filter(({ state }) => state === 'queued')
  const departs = (entry: Entry) => Math.max(entry.releaseAt, entry.notBefore)
  const expiry = (entry: Entry) => entry.notification?.expiresAt ?? Number.POSITIVE_INFINITY
  const settles = (entry: Entry) =>
    entry.state === 'unknown' ? (entry.settleAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY

  return {
    position: () => position,
    get: (id) => entries.get(id),
    byIdentity: (key) => all().find(({ notification }) => notification?.identityKey === key),
    byTag: (tag) => all().find(({ deliveryTag, pastTags }) => deliveryTag === tag || pastTags.includes(tag)),
    waiting: (lane, now) =>
      queued()
        .filter((entry) => entry.notification && laneOf(entry.notification) === lane && departs(entry) <= now)
        .sort((a, b) => compareDeparture(departureOf(a), departureOf(b))),
    expired: (now) => queued().filter((entry) => expiry(entry) <= now),
    inFlight: () => all().filter(({ state }) => state === 'sending'),
    unsettled: (until) => all().filter((entry) => settles(entry) <= until),
    nextWake: (now) => {
      const ahead = [...queued().flatMap((entry) => [departs(entry), expiry(entry)]), ...all().map(settles)].filter(
        (at) => at > now,
      )
      const next = Math.min(...ahead)
      return Number.isFinite(next) ? next : undefined
    },
    count: () => {
      const of = (state: EntryState) => all().filter((entry) => entry.state === state).length
      return { queued: of('queued'), sending: of('sending'), unknown: of('unknown'), done: of('done') }
    },
    apply: (changed, consumed) => {
      for (const entry of changed) entries.set(entry.notificationId, entry)
      position = consumed ?? position
    },
    close: () => undefined,
  }
}

export const LANES: readonly Lane[] = [
  laneOf({ channel: 'main', endpoint: 'template' }),
  laneOf({ channel: 'main', endpoint: 'flexible' }),
]
export const IDS: readonly number[] = [0, 1, 2, 3, 4, 5]
/** All times of a history lie among these. */
export const TIMES: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7]

export interface Commit {
  readonly entries: readonly Entry[]
  readonly position: TaskPosition | undefined
}

/** Commits as a task makes them: what a notification is stays the same, its tags only grow; everything else may change. */
export const historyOfCommits: fc.Arbitrary<readonly Commit[]> = fc
  .record({
    facts: fc.array(
      fc.record({
        sendable: fc.boolean().map((yes) => yes || null),
        urgent: fc.boolean(),
        endpoint: fc.constantFrom('template' as const, 'flexible' as const),
        expiresAt: fc.option(fc.constantFrom(...TIMES)),
      }),
      { minLength: IDS.length, maxLength: IDS.length },
    ),
    commits: fc.array(
      fc.record({
        moves: fc.array(
          fc.record({
            n: fc.constantFrom(...IDS),
            state: fc.constantFrom('queued' as const, 'queued' as const, 'sending' as const, 'unknown' as const, 'done' as const),
            newTag: fc.boolean(),
            releaseAt: fc.constantFrom(...TIMES),
            notBefore: fc.constantFrom(...TIMES),
            settleAt: fc.constantFrom(...TIMES),
          }),
          { maxLength: 4 },
        ),
        position: fc.option(fc.record({ requests: fc.nat(), feedback: fc.nat() }), { nil: undefined }),
      }),
      { maxLength: 8, size: 'max' },
    ),
  })
  .map(({ facts, commits }) => {
    const tags = new Map<number, string[]>()
    return commits.map(({ moves, position }) => ({
      position,
      entries: moves.map(({ n, state, newTag, releaseAt, notBefore, settleAt }) => {
        const { sendable, ...of } = facts[n] ?? { sendable: null }
        if (!sendable) return entryOf(n, { state: 'done', notification: null, sealed: null })
        const known = tags.get(n) ?? []
        if (newTag) tags.set(n, [...known, `tag-${n}-${known.length}`])
        const all = tags.get(n) ?? []
        const changes = { state, releaseAt, notBefore, settleAt: state === 'unknown' ? settleAt : null }
        return entryOf(n, { ...changes, deliveryTag: all.at(-1) ?? null, pastTags: all.slice(0, -1) }, of)
      }),
    }))
  })
