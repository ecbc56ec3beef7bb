import type { Entry, Lane } from './entry.ts'
import { compareDeparture, laneOf } from './entry.ts'
import type { Result } from './result.ts'
import type { State } from './state.ts'

/** A state with the changes of one step laid over it, so that a step sees what it has just decided. */
export interface Draft {
  get(notificationId: string): Entry | undefined
  byIdentity(identityKey: string): Entry | undefined
  byTag(deliveryTag: string): Entry | undefined
  waiting(lane: Lane, now: number): Iterable<Entry>
  expired(now: number): Iterable<Entry>
  inFlight(): Iterable<Entry>
  unsettled(until: number): Iterable<Entry>
  put(entry: Entry): void
  publish(result: Result): void
  readonly entries: ReadonlyMap<string, Entry>
  readonly results: readonly Result[]
}

export const draftOver = (state: State): Draft => {
  const entries = new Map<string, Entry>()
  const identities = new Map<string, string>()
  const results: Result[] = []

  /** An entry of the state, unless this step has changed it: then what the step made of it. */
  const current = (entry: Entry | undefined) => entry && (entries.get(entry.notificationId) ?? entry)
  const unchanged = function* (found: Iterable<Entry>) {
    for (const entry of found) if (!entries.has(entry.notificationId)) yield entry
  }

  return {
    entries,
    results,
    get: (id) => entries.get(id) ?? state.get(id),
    byIdentity: (key) => {
      const id = identities.get(key)
      return id === undefined ? current(state.byIdentity(key)) : entries.get(id)
    },
    byTag: (tag) => current(state.byTag(tag)),
    waiting: (lane, now) => {
      const queuedHere = [...entries.values()]
        .filter((entry) => entry.notification && laneOf(entry.notification) === lane && isWaiting(entry, now))
        .sort((a, b) => compareDeparture(departureOf(a), departureOf(b)))
      return mergeByDeparture(unchanged(state.waiting(lane, now)), queuedHere)
    },
    expired: (now) => unchanged(state.expired(now)),
    inFlight: () => unchanged(state.inFlight()),
    unsettled: (until) => unchanged(state.unsettled(until)),
    put: (entry) => {
      entries.set(entry.notificationId, entry)
      if (entry.notification) identities.set(entry.notification.identityKey, entry.notificationId)
    },
    publish: (result) => {
      results.push(result)
    },
  }
}

export const isWaiting = (entry: Entry, now: number): boolean =>
  entry.state === 'queued' && entry.releaseAt <= now && entry.notBefore <= now

export const departureOf = (entry: Entry) => ({
  urgent: entry.notification?.urgent ?? false,
  releaseAt: entry.releaseAt,
  arrival: entry.arrival,
})

function* mergeByDeparture(stored: Iterable<Entry>, drafted: readonly Entry[]): Iterable<Entry> {
  let next = 0
  for (const entry of stored) {
    for (
      let other = drafted[next];
      other && compareDeparture(departureOf(other), departureOf(entry)) < 0;
      other = drafted[++next]
    )
      yield other
    yield entry
  }
  for (; next < drafted.length; next++) {
    const other = drafted[next]
    if (other) yield other
  }
}
