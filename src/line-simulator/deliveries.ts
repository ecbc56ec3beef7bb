import type { Agenda } from './agenda.ts'
import type { Announcer, Occurrence } from './announcer.ts'
import type { DeliveryStatistics } from './delivery-statistics.ts'
import { openHoldingRoom } from './holding-room.ts'
import type { Came } from './people.ts'
import type { Population } from './population.ts'
import type { Postman } from './postman.ts'
import { seededRandom } from './seeded-random.ts'
import { deliveryEvent } from './webhook-event.ts'
import type { WebhookFaultBook } from './webhook-fault-book.ts'

/** One that LINE has accepted. */
export interface Notification {
  readonly channel: string
  readonly endpoint: 'template' | 'flexible'
  /** The digest of the recipient's number. */
  readonly to: string
  readonly tag: string | null
  readonly unit: string | null
}

export interface DeliveriesReport {
  /** Shown to the person, and counted by LINE's statistics. */
  readonly delivered: number
  /** Accepted, and about to be delivered. */
  readonly onTheWay: number
  readonly held: number
  /** Were held, and deleted: for want of consent in time, or because the person decided against it. */
  readonly deleted: number
  /** Events whose turn with their webhook has come, or whose request is under way. */
  readonly waiting: number
  /** Events whose request has failed, and that will be sent again. */
  readonly toRedeliver: number
  /** Events that a fault has lost. */
  readonly lost: number
  /** Accepted, and forgotten by the simulator: it had as many in hand as it may (`maxPending`). */
  readonly overflowed: number
}

/** What becomes of a notification after LINE has accepted it. */
export interface Deliveries {
  /** A promise when the push may not be answered before it resolves. */
  accept(notification: Notification, came: Came): Promise<void> | undefined
  /** Something about this person has changed: delivers or deletes what is held for them, as it now should be. */
  review(to: string): Reviewed
  report(): DeliveriesReport
}

export interface Reviewed {
  readonly delivered: number
  readonly deleted: number
  readonly held: number
}

export interface DeliveriesOptions {
  readonly population: Population
  readonly statistics: DeliveryStatistics
  readonly announcer: Announcer
  readonly postman: Pick<Postman, 'waiting' | 'toRedeliver'>
  readonly webhooks: { readonly of: (channel: string) => unknown }
  readonly faults: WebhookFaultBook
  readonly agenda: Agenda
  readonly monotonic: () => number
  readonly wallTime: () => number
  readonly latencyMs: number
  readonly deliveryDelayMs: number
  readonly deliveryJitterMs: number
  readonly holdMs: number
  readonly maxPending: number
}

export const openDeliveries = (options: DeliveriesOptions): Deliveries => {
  const { population, statistics, announcer, postman, webhooks, faults, agenda, monotonic } = options
  const held = openHoldingRoom<Notification>(options.holdMs, options.wallTime)
  const random = seededRandom(1)
  let delivered = 0
  let onTheWay = 0
  let deleted = 0
  let overflowed = 0

  const count = (notification: Notification): void => {
    delivered += 1
    statistics.count(notification)
  }

  const deliver = (notification: Notification): void => {
    count(notification)
    announcer.announce(occurrenceOf(notification))
  }

  /** What a webhook waits for is in the agenda too; that it is counted twice makes the bound no less one. */
  const inHand = (): number => agenda.size() + held.size() + postman.waiting() + postman.toRedeliver()

  /** Without a webhook nobody could tell the delay. */
  const deliverSoon = (notification: Notification, delayMs: number): void => {
    if (!webhooks.of(notification.channel)) return count(notification)
    onTheWay += 1
    agenda.add(monotonic() + delayMs + random() * options.deliveryJitterMs, () => {
      onTheWay -= 1
      deliver(notification)
    })
  }

  /** The event, and its answer, before the push is answered: if a fault of the moment says so, and somebody is there to be told. */
  const deliverEarly = (notification: Notification): Promise<void> | undefined => {
    if (!faults.mayBeEarly() || !webhooks.of(notification.channel)) return undefined
    const occurrence = occurrenceOf(notification)
    const early = faults.drawEarly(occurrence)
    if (!early) return undefined
    count(notification)
    return new Promise((resolve) => announcer.announceEarly(occurrence, early.id, resolve))
  }

  return {
    accept: (notification, came) => {
      if (came === 'nothing') return undefined
      if (inHand() >= options.maxPending) {
        overflowed += 1
        return undefined
      }
      if (came === 'held') {
        held.hold(notification)
        return undefined
      }
      const early = deliverEarly(notification)
      // LINE's own answer takes `latencyMs`; nothing says that the event comes after it, but it usually will.
      if (!early) deliverSoon(notification, options.latencyMs + options.deliveryDelayMs)
      return early
    },
    review: (to) => {
      const reviewed = { delivered: 0, held: 0, deleted: 0 }
      held.review(to, (notification) => {
        const { came } = population.reception(notification.channel, to)
        if (came === 'delivered') deliverSoon(notification, options.deliveryDelayMs)
        if (came === 'nothing') deleted += 1
        reviewed[came === 'nothing' ? 'deleted' : came] += 1
        return came
      })
      return reviewed
    },
    report: () => ({
      delivered,
      onTheWay,
      held: held.size(),
      deleted: deleted + held.expired(),
      waiting: postman.waiting(),
      toRedeliver: postman.toRedeliver(),
      lost: announcer.lost(),
      overflowed,
    }),
  }
}

const occurrenceOf = ({ channel, to, tag }: Notification): Occurrence => ({
  channel,
  type: 'delivery',
  tag,
  to,
  event: (occurred) => deliveryEvent(occurred, tag ?? to),
})
