import { Agent } from 'undici'
import type { Clock } from '../clock.ts'
import type { Agenda } from './agenda.ts'
import { openPostQueue, type Parcel, type PostQueue } from './post-queue.ts'
import { writeWebhook } from './webhook-body.ts'
import { asRedelivery } from './webhook-event.ts'
import { brought, type WebhookLog } from './webhook-log.ts'
import { type Failure, type Posted, postWebhook } from './webhook-post.ts'
import type { Webhook, Webhooks } from './webhooks.ts'

/** Of one channel, since the start or the last clearing. */
export interface WebhookStats {
  readonly requests: number
  /** With a 2xx, in time. */
  readonly answered: number
  /** Requests that failed, by LINE's reasons. */
  readonly failed: Readonly<Record<Failure, number>>
  /** Of the requests, those that brought events again. */
  readonly redeliveries: number
  /** Events that will not be sent again, although no request with them was answered. */
  readonly givenUp: number
}

/** Takes events to webhooks: in batches, so many requests at a time, and again if they fail and the channel wants that. */
export interface Postman {
  send(parcel: Parcel): void
  /** An empty list of events, as LINE's console sends to see whether anybody is there. Not in the statistics. */
  check(target: Pick<Webhook, 'url' | 'secret' | 'destination'>): Promise<Posted>
  stats(): Readonly<Record<string, WebhookStats>>
  clearStats(): void
  /** Events whose turn has come, and those whose request is under way. */
  waiting(): number
  /** Events that are to be sent again later. */
  toRedeliver(): number
  /** Nothing more is sent; requests under way are cut off. */
  stop(): Promise<void>
}

export interface PostmanOptions {
  readonly webhooks: Webhooks
  readonly log: WebhookLog
  /** When redeliveries are due, by its clock. */
  readonly agenda: Agenda
  readonly monotonic: () => number
  readonly clock: Clock
  readonly webhookTimeoutMs: number
  readonly webhookBatch: number
  readonly webhookConcurrency: number
  readonly redeliveryGapsMs: readonly number[]
}

interface Round {
  readonly queue: PostQueue
  underWay: number
  isScheduled: boolean
}

export const openPostman = (options: PostmanOptions): Postman => {
  const { webhooks, log, agenda, clock } = options
  const dispatcher = new Agent({ pipelining: 1 })
  const rounds = new Map<string, Round>()
  let stats = new Map<string, Tally>()
  let underWay = 0
  let toRedeliver = 0
  let isStopped = false

  const roundOf = (channel: string): Round => {
    const known = rounds.get(channel)
    if (known) return known
    const round = { queue: openPostQueue(), underWay: 0, isScheduled: false }
    rounds.set(channel, round)
    return round
  }

  const tallyOf = (channel: string): Tally => {
    const known = stats.get(channel)
    if (known) return known
    const tally = freshTally()
    stats.set(channel, tally)
    return tally
  }

  const go = (channel: string, round: Round): void => {
    while (!isStopped && round.underWay < options.webhookConcurrency) {
      const parcels = round.queue.take(options.webhookBatch)
      if (parcels.length === 0) return
      round.underWay += 1
      underWay += eventsIn(parcels)
      deliver(channel, parcels).then((wasAnswered) => {
        round.underWay -= 1
        underWay -= eventsIn(parcels)
        for (const { settled } of parcels) settled?.(wasAnswered)
        go(channel, round)
      }, crash)
    }
  }

  const send = (parcel: Parcel): void => {
    const round = roundOf(parcel.channel)
    round.queue.add(parcel)
    if (round.isScheduled) return
    round.isScheduled = true
    // Those that come about in the same turn travel together.
    setImmediate(() => {
      round.isScheduled = false
      go(parcel.channel, round)
    })
  }

  const deliver = async (channel: string, parcels: readonly Parcel[]): Promise<boolean> => {
    const webhook = webhooks.of(channel)
    const tally = tallyOf(channel)
    const events = parcels.flatMap((parcel) => parcel.events)
    // Taken away while they waited.
    if (!webhook) {
      tally.givenUp += events.length
      return false
    }
    // What is out of the ordinary travels alone.
    const { attempt = 1, manner = {}, fault = null } = parcels.length === 1 ? (parcels[0] ?? {}) : {}
    const written = writeWebhook({ destination: webhook.destination, events }, webhook.secret, manner)
    const entry = log.append({
      sentAt: clock.now(),
      channel,
      url: webhook.url,
      attempt,
      events: events.map(brought),
      bytes: written.body.length,
      fault,
      outcome: 'under-way',
      status: null,
    })
    tally.requests += 1
    if (attempt > 1) tally.redeliveries += 1

    const { kind, status } = await postWebhook(webhook.url, written, {
      dispatcher,
      timeoutMs: options.webhookTimeoutMs,
      dribbleMs: manner.dribbleMs ?? 0,
    })
    if (isStopped) return false
    entry.outcome = kind
    entry.status = status
    if (kind === 'answered') {
      tally.answered += 1
      return true
    }
    tally.failed[kind] += 1
    const gap = webhook.redeliver ? options.redeliveryGapsMs[attempt - 1] : undefined
    if (gap === undefined) tally.givenUp += events.length
    else sendAgain({ channel, events, attempt, isAlone: true, manner: {}, fault: null }, gap)
    return false
  }

  const sendAgain = (parcel: Parcel, inMs: number): void => {
    const events = parcel.events.map(asRedelivery)
    toRedeliver += events.length
    agenda.add(options.monotonic() + inMs, () => {
      toRedeliver -= events.length
      send({ ...parcel, events, attempt: parcel.attempt + 1 })
    })
  }

  return {
    send,
    check: ({ url, secret, destination }) => {
      const written = writeWebhook({ destination, events: [] }, secret, {})
      return postWebhook(url, written, { dispatcher, timeoutMs: options.webhookTimeoutMs, dribbleMs: 0 })
    },
    stats: () => Object.fromEntries([...stats].map(([channel, tally]) => [channel, { ...tally, failed: { ...tally.failed } }])),
    clearStats: () => {
      stats = new Map()
    },
    waiting: () => {
      let events = underWay
      for (const { queue } of rounds.values()) events += queue.size()
      return events
    },
    toRedeliver: () => toRedeliver,
    stop: () => {
      isStopped = true
      return dispatcher.destroy()
    },
  }
}

type Tally = { -readonly [K in keyof WebhookStats]: WebhookStats[K] } & { failed: Record<Failure, number> }

const freshTally = (): Tally => ({ requests: 0, answered: 0, failed: noFailures(), redeliveries: 0, givenUp: 0 })

const noFailures = (): Record<Failure, number> => ({
  could_not_connect: 0,
  request_timeout: 0,
  error_status_code: 0,
  unclassified: 0,
})

const eventsIn = (parcels: readonly Parcel[]): number => parcels.reduce((sum, { events }) => sum + events.length, 0)

/** postWebhook never throws, so it is a defect: not to be passed over in silence. */
const crash = (error: unknown): void => {
  setImmediate(() => {
    throw error
  })
}
