import type { Entry } from '../domain/entry.ts'

/** What was read or written lately, decoded: what a step asks for is mostly what the last ones changed. */
export interface RecentEntries {
  at(arrival: number): Entry | undefined
  named(notificationId: string): Entry | undefined
  put(entry: Entry): void
  drop(entry: Pick<Entry, 'arrival' | 'notificationId'>): void
  clear(): void
}

/** Holds `most`, of some 3 kB each. */
export const createRecentEntries = (most: number): RecentEntries => {
  const byArrival = new Map<number, Entry>()
  const byId = new Map<string, Entry>()

  const drop = ({ arrival, notificationId }: Pick<Entry, 'arrival' | 'notificationId'>): void => {
    const known = byId.get(notificationId)
    if (known) byArrival.delete(known.arrival)
    byArrival.delete(arrival)
    byId.delete(notificationId)
  }

  return {
    at: (arrival) => byArrival.get(arrival),
    named: (notificationId) => byId.get(notificationId),
    put: (entry) => {
      drop(entry) // so that it is the last of its map again
      byArrival.set(entry.arrival, entry)
      byId.set(entry.notificationId, entry)
      if (byArrival.size <= most) return
      for (const oldest of byArrival.values()) {
        drop(oldest)
        break
      }
    },
    drop,
    clear: () => {
      byArrival.clear()
      byId.clear()
    },
  }
}
