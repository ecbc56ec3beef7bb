import type { Coverage } from '../domain/coverage.ts'
import { awaitsWord, claimsBusinessKey, claimsIdentity, type Entry, forgetAtOf, NONE_YET } from '../domain/entry.ts'
import { type JournalKey, keyOfEntry, keyOfMark } from '../domain/journal-key.ts'
import type { Mark } from '../domain/mark.ts'
import type { Pause } from '../domain/pause.ts'
import type { Store, TaskPosition } from '../domain/state.ts'
import { byThen, createTurns, whileTrue } from './memory-turns.ts'
import { SortedList } from './sorted-list.ts'

/** A store in memory: gone with the task, and built anew from the start of the journal. */
export const createMemoryStore = (): Store => {
  let memory = createMemory()
  let position: TaskPosition | undefined
  const forgetAll = (): void => {
    memory = createMemory()
    position = undefined
  }
  const named = (id: string | undefined): Entry | undefined => (id === undefined ? undefined : memory.entries.get(id))
  return {
    position: () => position,
    get: named,
    byIdentity: (key) => named(memory.identities.get(key)),
    byBusinessKey: (key) => memory.businesses.get(key)?.last(),
    byTag: (tag) => named(memory.tags.get(tag)),
    waiting: (lane, now) => memory.turns.waiting(lane, now),
    inLine: (line) => memory.turns.inLine(line),
    sendingTo: (recipientRef) => memory.turns.sendingTo(recipientRef),
    reached: (recipientRef, since) => memory.turns.reached(recipientRef, since),
    queuedAbout: (subject) => memory.subjects.get(subject) ?? [],
    mark: (subject) => memory.marks.get(subject),
    pendingMarks: () => memory.pendingMarks.values(),
    pause: (channel) => memory.pauses.get(channel),
    pauses: () => memory.pauses.values(),
    coverage: (channel) => memory.coverages.get(channel),
    coverages: () => memory.coverages.values(),
    expired: (now) => whileTrue(memory.expiring, (entry) => expiryOf(entry) <= now),
    inFlight: () => memory.inFlight,
    unsettled: (channel, until) => {
      const ofChannel = memory.unsettled.get(channel)
      return ofChannel ? whileTrue(ofChannel, (entry) => settlingOf(entry) <= until) : []
    },
    unsettledChannels: () => memory.unsettled.keys(),
    fallbackDue: (now) => whileTrue(memory.fallingBack, (entry) => fallbackOf(entry) <= now),
    forgettable: function* (now) {
      for (const { key } of whileTrue(memory.forgetting, ({ at }) => at <= now)) yield key
    },
    nextForget: () => memory.forgetting.first()?.at,
    nextWake: (now) => {
      const after = (list: SortedList<Entry>, timeOf: (entry: Entry) => number) => {
        const entry = list.firstNot((entry) => timeOf(entry) <= now)
        return entry && timeOf(entry)
      }
      const wakes = [
        memory.turns.nextWake(now),
        after(memory.expiring, expiryOf),
        ...[...memory.unsettled.values()].map((list) => after(list, settlingOf)),
        after(memory.fallingBack, fallbackOf),
        ...[...memory.pauses.values()].map(({ probeAt }) => probeAt).filter((at) => at !== null && at > now),
      ].filter((at) => typeof at === 'number')
      return wakes.length > 0 ? Math.min(...wakes) : undefined
    },
    count: () => ({ ...memory.count }),
    resumeFrom: () => 0,
    apply: ({ entries = [], marks = [], pauses = [], coverages = [], forgotten = [], ...changes }) => {
      // What is written anew after it was forgotten must stay.
      for (const key of forgotten) memory.forget(key)
      for (const entry of entries) memory.putEntry(entry)
      for (const mark of marks) memory.putMark(mark)
      for (const pause of pauses) memory.pauses.set(pause.channel, pause)
      for (const coverage of coverages) memory.coverages.set(coverage.channel, coverage)
      memory.turns.settle()
      position = changes.position ?? position
    },
    sync: () => undefined,
    reset: forgetAll,
    close: forgetAll,
  }
}

const createMemory = () => {
  const entries = new Map<string, Entry>()
  const identities = new Map<string, string>()
  const tags = new Map<string, string>()
  const businesses = new Map<string, SortedList<Entry>>()
  const subjects = new Map<string, SortedList<Entry>>()
  const inFlight = new Set<Entry>()
  const expiring = new SortedList<Entry>(byThen(expiryOf))
  const unsettled = new Map<string, SortedList<Entry>>()
  const fallingBack = new SortedList<Entry>(byThen(fallbackOf))
  const forgetting = new SortedList<{ readonly at: number; readonly key: JournalKey }>(byTimeOfKey)
  const marks = new Map<string, Mark>()
  const pendingMarks = new Map<string, Mark>()
  const pauses = new Map<string, Pause>()
  const coverages = new Map<string, Coverage>()
  const turns = createTurns()
  const count = { ...NONE_YET }

  const putEntry = (entry: Entry): void => {
    const before = entries.get(entry.notificationId)
    if (before) removeEntry(before)
    const { notificationId, notification, state } = entry
    entries.set(notificationId, entry)
    count[state]++
    if (notification && claimsIdentity(entry)) identities.set(notification.identityKey, notificationId)
    for (const tag of tagsOf(entry)) tags.set(tag, notificationId)
    for (const [lists, key, order] of listedUnder(entry)) {
      const list = lists.get(key) ?? new SortedList<Entry>(order)
      lists.set(key, list)
      list.add(entry)
    }
    for (const list of listsOf(entry)) list.add(entry)
    const at = forgetAtOf(entry)
    if (at !== null) forgetting.add({ at, key: keyOfEntry(notificationId) })
    if (state === 'sending') inFlight.add(entry)
    turns.add(entry)
  }

  const removeEntry = (entry: Entry): void => {
    const { notificationId, notification, state } = entry
    entries.delete(notificationId)
    count[state]--
    if (notification) drop(identities, notification.identityKey, notificationId)
    for (const tag of tagsOf(entry)) drop(tags, tag, notificationId)
    for (const [lists, key] of listedUnder(entry)) {
      const list = lists.get(key)
      list?.remove(entry)
      if (list?.first() === undefined) lists.delete(key)
    }
    for (const list of listsOf(entry)) list.remove(entry)
    const at = forgetAtOf(entry)
    if (at !== null) forgetting.remove({ at, key: keyOfEntry(notificationId) })
    inFlight.delete(entry)
    turns.remove(entry)
  }

  /** The lists an entry belongs in, by its state. */
  const listsOf = (entry: Entry): SortedList<Entry>[] => {
    const lists: SortedList<Entry>[] = []
    if (entry.state === 'queued' && entry.notification && entry.notification.expiresAt !== null) lists.push(expiring)
    if (entry.fallbackAt !== null) lists.push(fallingBack)
    return lists
  }
  const listedUnder = (entry: Entry): [Map<string, SortedList<Entry>>, string, Order][] => {
    const { businessKey = null, subject = null, channel } = entry.notification ?? {}
    const under: [Map<string, SortedList<Entry>>, string, Order][] = []
    if (businessKey !== null && claimsBusinessKey(entry)) under.push([businesses, businessKey, byArrival])
    if (subject !== null && entry.state === 'queued') under.push([subjects, subject, byArrival])
    if (channel !== undefined && awaitsWord(entry) && entry.settleAt !== null) under.push([unsettled, channel, bySettling])
    return under
  }

  const putMark = (mark: Mark): void => {
    removeMark(mark.subject)
    marks.set(mark.subject, mark)
    if (mark.pending) pendingMarks.set(mark.subject, mark)
    else forgetting.add({ at: mark.forgetAt, key: keyOfMark(mark.subject) })
  }

  const removeMark = (subject: string): void => {
    const mark = marks.get(subject)
    if (mark && !pendingMarks.delete(subject)) forgetting.remove({ at: mark.forgetAt, key: keyOfMark(subject) })
    marks.delete(subject)
  }

  const forget = (key: JournalKey): void => {
    const name = key.slice(key.indexOf('/') + 1)
    if (key.startsWith('mark/')) return removeMark(name)
    if (key.startsWith('pause/')) return void pauses.delete(name)
    if (key.startsWith('coverage/')) return void coverages.delete(name)
    const entry = entries.get(name)
    if (entry) removeEntry(entry)
  }

  return {
    ...{ entries, identities, tags, businesses, subjects, inFlight, expiring, unsettled, fallingBack, forgetting },
    ...{ marks, pendingMarks, pauses, coverages, turns, count, putEntry, putMark, forget },
  }
}

const drop = (ids: Map<string, string>, key: string, id: string): void => {
  if (ids.get(key) === id) ids.delete(key)
}

const tagsOf = ({ deliveryTag, pastTags }: Entry): readonly string[] =>
  deliveryTag === null ? pastTags : [...pastTags, deliveryTag]

const expiryOf = (entry: Entry): number => entry.notification?.expiresAt ?? 0
const settlingOf = (entry: Entry): number => entry.settleAt ?? 0
const fallbackOf = (entry: Entry): number => entry.fallbackAt ?? 0

type Order = (a: Entry, b: Entry) => number
const byArrival: Order = (a, b) => a.arrival - b.arrival
const bySettling: Order = byThen(settlingOf)

const byTimeOfKey = (a: { at: number; key: string }, b: { at: number; key: string }): number =>
  a.at - b.at || (a.key < b.key ? -1 : Number(a.key > b.key))
