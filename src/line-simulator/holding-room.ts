/** Notifications that were accepted, and are held back until the person consents or confirms their number. */
export interface HoldingRoom<N extends Addressed> {
  hold(notification: N): void
  /** Asks of each that is still held for this person what is to become of it; only `held` stays. */
  review(to: string, fateOf: (notification: N) => 'delivered' | 'held' | 'nothing'): void
  size(): number
  /** How many were deleted because their time was over. */
  expired(): number
}

interface Addressed {
  readonly to: string
}

/** All are held for the same time, so the order of coming is the order of going, and looking at the oldest whenever somebody asks
 *  makes a timer needless. `now` is wall time, ms. */
export const openHoldingRoom = <N extends Addressed>(holdMs: number, now: () => number): HoldingRoom<N> => {
  const held = new Map<number, { readonly notification: N; readonly until: number }>()
  const byPerson = new Map<string, Set<number>>()
  let last = 0
  let expired = 0

  const remove = (id: number, to: string): void => {
    held.delete(id)
    const ids = byPerson.get(to)
    ids?.delete(id)
    if (ids?.size === 0) byPerson.delete(to)
  }

  const deleteExpired = (): void => {
    if (held.size === 0) return
    for (const [id, { notification, until }] of held) {
      if (until > now()) return
      remove(id, notification.to)
      expired += 1
    }
  }

  return {
    hold: (notification) => {
      deleteExpired()
      last += 1
      held.set(last, { notification, until: now() + holdMs })
      const ids = byPerson.get(notification.to)
      if (ids) ids.add(last)
      else byPerson.set(notification.to, new Set([last]))
    },
    review: (to, fateOf) => {
      deleteExpired()
      for (const id of [...(byPerson.get(to) ?? [])]) {
        const entry = held.get(id)
        if (entry && fateOf(entry.notification) !== 'held') remove(id, to)
      }
    },
    size: () => {
      deleteExpired()
      return held.size
    },
    expired: () => {
      deleteExpired()
      return expired
    },
  }
}
