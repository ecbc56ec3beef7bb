import type { Asked, Departure, History, JournalSeen, Order, Ownership, Post, ResultSeen } from '../../proof/verifier/history.ts'
import { RECEIPT_MS } from '../../proof/verifier/rightful-end.ts'

type Mutable<T> = T extends readonly (infer E)[]
  ? Mutable<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T
export type Draft = Mutable<History>
type EntryKept = Mutable<Extract<JournalSeen, { kind: 'entry' }>>

export const SECOND = 1_000
export const HOUR = 3_600_000
/** Noon in Tokyo. */
export const NOON = Date.UTC(2026, 10, 1, 3)
export const QUIET = { zone: 'Asia/Tokyo', from: '21:00', until: '08:00' }
/** `main` awaits receipts, `plain` has nobody who listens. */
export const LANES = { main: 'main/template', plain: 'plain/flexible' } as const

/** A notification, as it goes on its way; whatever it does is committed by the owner of its partition at that time. */
export interface Told {
  readonly asked: Mutable<Asked>
  readonly id: string
  readonly tags: readonly string[]
  /** One commit, with a result if there is one to tell. */
  becomes(state: string, result?: Partial<ResultSeen> & { readonly status: string }): Told
  queued(entry?: Partial<EntryKept>): Told
  /** Committed, departed, and seen by LINE. `post: null`: it never came to LINE. */
  sent(how?: {
    readonly departure?: Partial<Departure>
    readonly post?: Partial<Post> | null
    readonly entry?: Partial<EntryKept>
  }): Told
  ends(status: string, result?: Partial<ResultSeen>): Told
  corrected(status: string): Told
}

export interface Builder {
  readonly history: Draft
  /** Everybody's clock, ms. */
  at: number
  owned(partition: number, worker: string): Mutable<Ownership>
  lost(ownership: Mutable<Ownership>, ended: Ownership['ended']): void
  asks(asked?: Partial<Asked> & { readonly in?: number }): Told
  commit(partition: number, records: readonly Unplaced[]): void
  orders(partition: number, order: Partial<Order> & Pick<Order, 'kind'>, records: readonly Unplaced[]): void
}

type Unplaced = JournalSeen extends infer T
  ? T extends unknown
    ? Omit<T, 'partition' | 'offset' | 'committedAt'>
    : never
  : never

export const createBuilder = (): Builder => {
  const history: Draft = {
    settings: {
      partitions: 3,
      limits: { [LANES.main]: 2, [LANES.plain]: 5 },
      awaitsReceipts: ['main'],
      slackMs: 0,
      sendByMs: 2_000,
      mostPerKilledTask: 2,
      memory: { warmUpMs: HOUR, growth: 0.1 },
    },
    asked: [],
    orders: [],
    results: [],
    inputs: [],
    journal: [],
    deadLetters: [],
    departures: [],
    posts: [],
    intakePositions: [],
    ownerships: [],
    leaks: [],
    memory: [],
    calmFrom: NOON,
    endedAt: NOON,
  }
  const ends = new Map<string, number>()
  const owners = new Map<number, Mutable<Ownership>>()
  const next = (log: string): number => {
    const offset = ends.get(log) ?? 0
    ends.set(log, offset + 1)
    return offset
  }
  let counter = 0

  const written = (partition: number, record: Unplaced): number => {
    const offset = next(`journal/${partition}`)
    history.journal.push({ ...record, partition, offset, committedAt: builder.at } as JournalSeen as Mutable<JournalSeen>)
    return offset
  }

  const asks: Builder['asks'] = ({ in: partition = 0, ...given } = {}) => {
    builder.at += SECOND
    const channel = given.channel === undefined ? 'main' : given.channel
    const asked: Mutable<Asked> = {
      position: `orders/0/${next('orders/0')}/0`,
      kind: 'ready',
      identity: `identity-${history.asked.length}`,
      recipient: `person-${history.asked.length}`,
      channel,
      lane: channel === null ? null : LANES[channel === 'main' ? 'main' : 'plain'],
      purpose: 'delivery',
      urgent: false,
      unknownPolicy: 'give-up',
      fate: 'delivered',
      quiet: null,
      expiresAt: null,
      eventTime: builder.at,
      subject: null,
      revision: null,
      producedAt: builder.at,
      ...given,
    }
    history.asked.push(asked)
    const id = `n-${asked.position}`
    const arrival = next(`requests/${partition}`)
    history.inputs.push({
      topic: 'requests',
      partition,
      offset: arrival,
      position: asked.position,
      notificationId: id,
      seenAt: builder.at,
    })
    const entry: EntryKept = {
      kind: 'entry',
      partition,
      offset: 0,
      committedAt: 0,
      notificationId: id,
      position: asked.position,
      arrival,
      state: 'queued',
      recipientRef: asked.recipient,
      channel: asked.channel,
      urgent: asked.urgent,
      releaseAt: builder.at,
      notBefore: 0,
      resend: false,
      deliveryTag: null,
      pastTags: [],
    }
    let sequence = 0
    let attempts = 0
    let end: string | null = null
    const tags: string[] = []

    const told: Told = {
      asked,
      id,
      tags,
      becomes: (state, result) => {
        builder.at += SECOND
        entry.state = state
        builder.commit(partition, [{ ...entry }])
        if (!result) return told
        history.results.push({
          partition,
          offset: next(`results/${partition}`),
          seenAt: builder.at,
          resultId: `${id}/${sequence}`,
          notificationId: id,
          sequence: sequence++,
          terminal: false,
          corrects: null,
          reason: null,
          position: asked.position,
          recipientRef: asked.recipient,
          duplicateOf: null,
          attempts,
          deliveryTag: entry.deliveryTag,
          httpStatus: null,
          decidedAt: builder.at,
          ...result,
        })
        return told
      },
      queued: (change = {}) => {
        Object.assign(entry, change)
        return told.becomes('queued', { status: 'queued' })
      },
      sent: ({ departure, post, entry: change } = {}) => {
        Object.assign(entry, change)
        const epoch = owners.get(partition)?.epoch ?? 0
        const deliveryTag = `t_${partition.toString(36)}_0123456789ab_${epoch.toString(36)}_${(counter++).toString(36)}`
        if (entry.deliveryTag !== null) entry.pastTags = [...entry.pastTags, entry.deliveryTag]
        entry.deliveryTag = deliveryTag
        tags.push(deliveryTag)
        told.becomes('sending', { status: 'sending' })
        attempts++
        const at = builder.at + 10
        const lane = asked.lane ?? ''
        const worker = owners.get(partition)?.worker ?? 'nobody'
        history.departures.push({ at, wall: at, worker, deliveryTag, lane, ...departure })
        if (post !== null)
          history.posts.push({
            at,
            deliveryTag,
            lane,
            answered: 202,
            certainlyRefused: false,
            taken: true,
            faulty: false,
            ...post,
          })
        return told
      },
      ends: (status, result = {}) => {
        end = `${id}/${sequence}`
        return told.becomes('done', { status, terminal: true, ...result })
      },
      corrected: (status) => told.becomes('done', { status, corrects: end }),
    }
    return told
  }

  const builder: Builder = {
    history,
    at: NOON,
    owned: (partition, worker) => {
      builder.at += SECOND
      const ownership: Mutable<Ownership> = {
        worker,
        partition,
        epoch: written(partition, { kind: 'epoch' }),
        ended: 'none',
        endedAt: null,
      }
      owners.set(partition, ownership)
      history.ownerships.push(ownership)
      return ownership
    },
    lost: (ownership, ended) => {
      ownership.ended = ended
      ownership.endedAt = builder.at
    },
    asks,
    commit: (partition, records) => {
      for (const record of records) written(partition, record)
      written(partition, { kind: 'position', requests: ends.get(`requests/${partition}`) ?? 0, feedback: 0 })
    },
    orders: (partition, order, records) => {
      builder.at += SECOND
      history.orders.push({
        position: `orders/0/${next('orders/0')}/0`,
        subject: null,
        cancelledAt: null,
        channel: null,
        ...order,
      })
      history.inputs.push({
        topic: 'requests',
        partition,
        offset: next(`requests/${partition}`),
        position: null,
        notificationId: null,
        seenAt: builder.at,
      })
      builder.commit(partition, records)
    },
  }
  return builder
}

/** Every end there is, rightly come to; and every exception, rightly made. Partition 2 is idle, with its owner. */
export const tellAll = () => {
  const b = createBuilder()
  const first = b.owned(0, 'worker-1')
  b.owned(1, 'worker-1')
  const idle = b.owned(2, 'worker-1')

  const undelivered = b.asks({ fate: 'silent' }).sent().becomes('accepted', { status: 'accepted' })
  b.at += RECEIPT_MS
  undelivered.ends('undelivered')
  const lateReceipt = b.asks().sent().becomes('accepted', { status: 'accepted' })
  b.at += RECEIPT_MS
  lateReceipt.ends('undelivered').corrected('delivered')
  const unheard = b.asks().sent().becomes('accepted', { status: 'accepted' })
  b.at += RECEIPT_MS
  unheard.ends('unconfirmed', { reason: 'no-webhook' })

  const delivered = b.asks().sent().becomes('accepted', { status: 'accepted' }).ends('delivered')
  const accepted = b.asks({ channel: 'plain' }).queued().sent().ends('accepted')
  const unreachable = b
    .asks({ fate: 'unreachable' })
    .sent({ post: { answered: 422, taken: false, certainlyRefused: true } })
    .ends('unreachable', { httpStatus: 422 })
  const rejected = b
    .asks()
    .sent({ post: { answered: 400, taken: false, certainlyRefused: true, faulty: true } })
    .ends('rejected', { httpStatus: 400 })

  const cancelled = b.asks({ subject: 'reservation-1' }).queued()
  b.orders(0, { kind: 'cancel', subject: 'reservation-1', cancelledAt: b.at }, [
    { kind: 'mark', subject: 'reservation-1', cancelledAt: b.at, revision: null },
  ])
  cancelled.ends('cancelled')
  const newer = b.asks({ subject: 'incident-1', revision: 2 }).queued()
  const superseded = b.asks({ subject: 'incident-1', revision: 1 }).queued()
  b.commit(0, [{ kind: 'mark', subject: 'incident-1', cancelledAt: null, revision: 2 }])
  superseded.ends('superseded')
  newer.sent().ends('delivered')

  const expiring = b.asks({ expiresAt: b.at + 5 * SECOND }).queued()
  b.at += 10 * SECOND
  expiring.ends('expired', { reason: 'expires-at' })
  const stale = b.asks({ staleAt: b.at }).ends('expired', { reason: 'max-age' })
  const refused = b.asks({ kind: 'refused', identity: null, recipient: null, channel: null }).ends('refused')
  const poison = b.asks({ kind: 'poison', identity: null, recipient: null, channel: null }).ends('poison')
  b.history.deadLetters.push(poison.asked.position)
  const duplicate = b
    .asks({ identity: delivered.asked.identity, recipient: delivered.asked.recipient })
    .ends('duplicate', { duplicateOf: delivered.id })

  const unconfirmed = b
    .asks()
    .sent({ post: { answered: 'timeout', taken: false, faulty: true } })
    .becomes('unknown', { status: 'unknown', reason: 'timeout' })
    .ends('unconfirmed', { reason: 'timeout' })
  const corrected = b
    .asks()
    .sent({ post: { answered: 500, faulty: true } })
    .becomes('unknown', { status: 'unknown', reason: 'status' })
    .ends('unconfirmed', { reason: 'status' })
    .corrected('delivered')
  const resent = b
    .asks({ unknownPolicy: 'resend' })
    .sent({ post: { answered: 'reset', taken: false, faulty: true } })
    .becomes('unknown', { status: 'unknown', reason: 'reset' })
    .queued({ resend: true })
    .sent()
    .ends('delivered')
  const setBack = b
    .asks()
    .sent({ post: { answered: 429, taken: false, certainlyRefused: true } })
    .queued({ notBefore: b.at + HOUR })
    .sent({ post: null })
    .queued()
    .sent()
    .ends('delivered')

  const ahead = b.asks({ in: 1, recipient: 'person-x' }).queued()
  const behind = b.asks({ in: 1, recipient: 'person-x' }).queued()
  const urgent = b.asks({ in: 1, recipient: 'person-x', urgent: true }).sent().ends('delivered')
  ahead.sent().ends('delivered')
  behind.sent().ends('delivered')

  b.orders(1, { kind: 'pause', channel: 'plain' }, [{ kind: 'pause', channel: 'plain', paused: true, probe: null }])
  b.orders(1, { kind: 'resume', channel: 'plain' }, [{ kind: 'pause', channel: 'plain', paused: false }])
  const resumed = b.asks({ in: 1, channel: 'plain' }).sent().ends('accepted')

  const crashed = b.asks().sent({ post: { answered: 'gone', taken: true } })
  b.lost(first, 'killed')
  const second = b.owned(0, 'worker-2')
  crashed.becomes('unknown', { status: 'unknown', reason: 'crash' }).ends('delivered')
  const handedOver = b.asks().sent()
  b.lost(second, 'planned')
  const third = b.owned(0, 'worker-3')
  handedOver.ends('delivered')

  const silent = b.asks({ fate: 'silent' }).sent().becomes('accepted', { status: 'accepted' })
  b.at = NOON + 3 * 24 * HOUR + 12 * HOUR // midnight in Tokyo
  b.history.calmFrom = b.at
  const night = { quiet: QUIET, producedAt: b.at } as const
  const tooLate = b.asks({ ...night, expiresAt: b.at + 7 * HOUR }).ends('expired', { reason: 'quiet-hours' })
  const deferred = b.asks(night).queued()
  b.at += 9 * HOUR
  deferred.sent({ entry: { releaseAt: b.at } }).ends('delivered')
  b.at += 13 * HOUR
  b.history.calmFrom = b.at
  const waiting = b.asks({ ...night, producedAt: b.at }).queued()

  b.at += HOUR
  b.history.endedAt = b.at
  for (const { topic, partition } of [{ topic: 'orders', partition: 0 }])
    for (const share of [0.5, 1])
      b.history.intakePositions.push({
        askedAt: b.at + share,
        topic,
        partition,
        offset: Math.floor((b.history.asked.length + b.history.orders.length) * share),
        requestEnds: [0, 1, 2].map((each) => b.history.inputs.filter((input) => input.partition === each).length),
      })
  for (let sample = 0; sample < 40; sample++)
    b.history.memory.push({
      at: NOON + sample * HOUR,
      worker: 'worker-3',
      rssBytes: 100e6 + (sample === 0 ? -5e7 : (sample % 3) * 1e6),
    })

  return {
    b,
    history: b.history,
    owners: { first, second, third, idle },
    ...{ undelivered, lateReceipt, unheard, delivered, accepted, unreachable, rejected, cancelled, newer, superseded, expiring },
    ...{ stale, refused, poison, duplicate, unconfirmed, corrected, resent, setBack, ahead, behind, urgent, resumed, crashed },
    ...{ handedOver, silent, tooLate, deferred, waiting },
  }
}

export type Tale = ReturnType<typeof tellAll>
