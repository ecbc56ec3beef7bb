import type { Manner } from './webhook-body.ts'
import type { WebhookEvent } from './webhook-event.ts'

/** What is sent to the webhook of a channel: usually one event, and the others of its request are other parcels. */
export interface Parcel {
  readonly channel: string
  readonly events: readonly WebhookEvent[]
  /** 1, and more for redeliveries. */
  readonly attempt: number
  /** In a request of its own. */
  readonly isAlone: boolean
  readonly manner: Manner
  /** The id of the webhook fault that befell it. */
  readonly fault: number | null
  /** Called once, when its request has ended; its redeliveries are other parcels. */
  readonly settled?: (wasAnswered: boolean) => void
}

/** Parcels for one channel, first come first served. */
export interface PostQueue {
  add(parcel: Parcel): void
  /** What goes into the next request: some that may travel together, or one that may not; empty when there is nothing. */
  take(max: number): Parcel[]
  /** Events, not parcels. */
  size(): number
}

export const openPostQueue = (): PostQueue => {
  let size = 0
  let parcels: Parcel[] = []
  // What is before it has been taken: Array.shift moves all the others, and there may be 100,000.
  let first = 0

  const next = (): Parcel | undefined => {
    const parcel = parcels[first]
    if (parcel === undefined) return undefined
    first += 1
    size -= parcel.events.length
    if (first > 1000 && first * 2 > parcels.length) {
      parcels = parcels.slice(first)
      first = 0
    }
    return parcel
  }

  return {
    add: (parcel) => {
      parcels.push(parcel)
      size += parcel.events.length
    },
    take: (max) => {
      const taken: Parcel[] = []
      while (taken.length < max) {
        const upcoming = parcels[first]
        if (upcoming === undefined || (upcoming.isAlone && taken.length > 0)) return taken
        next()
        taken.push(upcoming)
        if (upcoming.isAlone) return taken
      }
      return taken
    },
    size: () => size,
  }
}
