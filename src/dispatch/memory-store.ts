import { departureOf } from '../domain/draft.ts'
import { compareDeparture, type Entry, type Lane, laneOf } from '../domain/entry.ts'
import type { Store, TaskPosition } from '../domain/state.ts'
import { SortedList } from './sorted-list.ts'

/** A store in memory: gone with the task, and rebuilt from the journal. */
export const createMemoryStore = (): Store => {
  const entries = new Map<string, Entry>()
  const identities = new Map<string, string>()
  const tags = new Map<string, string>()
  const inFlight = new Set<string>()
  const lanes = new Map<Lane, Record<'urgent' | 'normal', SortedList<Entry>>>()
  const backingOff = new SortedList<Entry>(byThen((entry) => entry.notBefore))
  const expiring = new SortedList<Entry>(byThen(expiryOf))
  const unsettled = new SortedList<Entry>(byThen((entry) => entry.settleAt ?? 0))
  const count = { queued: 0, sending: 0, unknown: 0, done: 0 }
  let position: TaskPosition | undefined

  const laneList = (lane: Lane, urgent: boolean): SortedList<Entry> => {
    const lists = lanes.get(lane) ?? { urgent: new SortedList(byDeparture), normal: new SortedList(byDeparture) }
    lanes.set(lane, lists)
    return urgent ? lists.urgent : lists.normal
  }

  /** The lists an entry belongs in, by its state. */
  const listsOf = (entry: Entry): SortedList<Entry>[] => {
    const { notification } = entry
    if (entry.state === 'unknown' && entry.settleAt !== null) return [unsettled]
    if (entry.state !== 'queued' || !notification) return []
    const lists = [laneList(laneOf(notification), notification.urgent)]
    if (entry.notBefore > entry.releaseAt) lists.push(backingOff)
    if (notification.expiresAt !== null) lists.push(expiring)
    return lists
  }

  const remove = (entry: Entry): void => {
    for (const list of listsOf(entry)) list.remove(entry)
    inFlight.delete(entry.notificationId)
    count[entry.state]--
  }

  const add = (entry: Entry): void => {
    entries.set(entry.notificationId, entry)
    count[entry.state]++
    if (entry.notification) identities.set(entry.notification.identityKey, entry.notificationId)
    for (const tag of entry.pastTags) tags.set(tag, entry.notificationId)
    if (entry.deliveryTag) tags.set(entry.deliveryTag, entry.notificationId)
    if (entry.state === 'sending') inFlight.add(entry.notificationId)
    for (const list of listsOf(entry)) list.add(entry)
  }

  const find = (id: string | undefined) => (id === undefined ? undefined : entries.get(id))

  return {
    position: () => position,
    get: (id) => entries.get(id),
    byIdentity: (key) => find(identities.get(key)),
    byTag: (tag) => find(tags.get(tag)),
    waiting: function* (lane, now) {
      for (const urgent of [true, false])
        for (const entry of until(laneList(lane, urgent), (entry) => entry.releaseAt <= now))
          if (entry.notBefore <= now) yield entry
    },
    expired: (now) => until(expiring, (entry) => expiryOf(entry) <= now),
    inFlight: function* () {
      for (const id of inFlight) {
        const entry = entries.get(id)
        if (entry) yield entry
      }
    },
    unsettled: (to) => until(unsettled, (entry) => (entry.settleAt ?? 0) <= to),
    nextWake: (now) => {
      const wakes = [
        expiring.firstNot((entry) => expiryOf(entry) <= now)?.notification?.expiresAt,
        unsettled.firstNot((entry) => (entry.settleAt ?? 0) <= now)?.settleAt,
      ]
      wakes.push(backingOff.firstNot((entry) => entry.notBefore <= now)?.notBefore)
      for (const { urgent, normal } of lanes.values())
        for (const list of [urgent, normal]) wakes.push(list.firstNot((entry) => entry.releaseAt <= now)?.releaseAt)
      const ahead = wakes.filter((at) => at !== undefined && at !== null).filter((at) => at > now)
      return ahead.length > 0 ? Math.min(...ahead) : undefined
    },
    count: () => count,
    apply: (changed, consumed) => {
      for (const entry of changed) {
        const before = entries.get(entry.notificationId)
        if (before) remove(before)
        add(entry)
      }
      position = consumed ?? position
    },
    close: () => entries.clear(),
  }
}

const byDeparture = (a: Entry, b: Entry) => compareDeparture(departureOf(a), departureOf(b))

const expiryOf = (entry: Entry) => entry.notification?.expiresAt ?? 0

const byThen = (key: (entry: Entry) => number) => (a: Entry, b: Entry) => key(a) - key(b) || a.arrival - b.arrival

function* until(list: Iterable<Entry>, holds: (entry: Entry) => boolean): Iterable<Entry> {
  for (const entry of list) {
    if (!holds(entry)) return
    yield entry
  }
}
