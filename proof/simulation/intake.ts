import { createHash } from 'node:crypto'
import { identityKeyOf, notificationIdOf, poisonIdOf, refusedIdOf } from '../../src/domain/identity.ts'
import { partitionOf } from '../../src/domain/partition.ts'
import type { HashedPhone } from '../../src/domain/phone.ts'
import { formatPosition, type Position } from '../../src/domain/position.ts'
import type { EventFacts, Notification, QuietHours, Request } from '../../src/domain/request.ts'
import { type Seal, sealContent } from '../../src/domain/seal.ts'
import type { Asked, IntakePosition, Order } from '../verifier/history.ts'
import type { Sketch } from './scenario.ts'
import { LANES } from './settings.ts'

/** What intake makes of events: requests by recipient, orders for every partition. It may say anything again. */
export interface Intake {
  /** The nth sketch: as an event of its own, or, if that was asked before, as the same one read or produced again. */
  ask(sketch: Sketch, number: number): void
  cancel(subject: string, cancelledAt: number): void
  order(channel: string, order: 'pause' | 'resume'): void
  readonly asked: readonly Asked[]
  readonly orders: readonly Order[]
  readonly positions: readonly IntakePosition[]
  sketchAt(position: string): Sketch | undefined
}

/** No real person's number: the range for fiction. What must never be seen in clear. */
export const CANARY = '+819012340000'
const PEPPER = Buffer.alloc(32, 7)
const DAY = 86_400_000
export const SUBJECTS = ['reservation/R-1', 'outage/O-1'] as const

export const createIntake = (options: {
  readonly now: () => number
  readonly startAt: number
  readonly partitions: number
  readonly seal: Seal
  readonly write: (partition: number, request: Request) => void
  readonly ends: () => readonly number[]
}): Intake => {
  const { now, partitions, write } = options
  const asked: Asked[] = []
  const orders: Order[] = []
  const positions: IntakePosition[] = []
  const sketches = new Map<string, Sketch>()
  const requests = new Map<number, Request>()
  const happened = new Map<string, number>()

  const everywhere = (request: Request) => {
    for (let partition = 0; partition < partitions; partition++) write(partition, request)
  }
  const next = (topic: 'bills' | 'orders'): Position => ({
    topic,
    partition: 0,
    offset: topic === 'bills' ? asked.length : orders.length,
    index: 0,
  })

  const requestOf = (sketch: Sketch): { readonly request: Request; readonly asked: Asked } => {
    const position = next('bills')
    const recipientRef = `r${sketch.person}`
    const id = `e-${sketch.person}-${sketch.identity}`
    const identityKey = identityKeyOf({ source: 'jp.example', id, customer: null, recipientRef, occurrence: 0 })
    const time = happened.get(id) ?? now()
    if (sketch.kind === 'ready') happened.set(id, time)
    const event: EventFacts = { source: 'jp.example', id, type: 'jp.example.Bill', time }
    const lane = LANES[sketch.lane % LANES.length] ?? 'main/template'
    const [channel = '', endpoint = ''] = lane.split('/')
    const request = made(sketch, { position, recipientRef, identityKey, event, channel, endpoint })
    const notification = request.kind === 'ready' ? request.notification : undefined
    return {
      request,
      asked: {
        position: formatPosition(position),
        kind: sketch.kind,
        identity: sketch.kind === 'ready' ? identityKey : null,
        recipient: notification?.recipientRef ?? null,
        channel: notification?.channel ?? null,
        lane: notification ? lane : null,
        purpose: notification?.purpose ?? null,
        urgent: notification?.urgent ?? false,
        unknownPolicy: notification?.unknownPolicy ?? 'give-up',
        fate: sketch.fate,
        quiet: notification?.quietHours ? quietOf(sketch) : null,
        expiresAt: notification?.expiresAt ?? null,
        staleAt: notification?.staleAt ?? null,
        eventTime: time,
        subject: notification?.subject ?? null,
        revision: notification?.revision ?? null,
        producedAt: now(),
      },
    }
  }

  const made = (
    sketch: Sketch,
    about: {
      readonly position: Position
      readonly recipientRef: string
      readonly identityKey: string
      readonly event: EventFacts
      readonly channel: string
      readonly endpoint: string
    },
  ): Request => {
    const { position, event, recipientRef, identityKey, channel } = about
    const receivedAt = now()
    if (sketch.kind === 'poison')
      return {
        kind: 'poison',
        notificationId: poisonIdOf(position, Buffer.from(formatPosition(position)), PEPPER),
        position,
        reason: 'undecodable',
        detail: 'not a whole Bill',
        receivedAt,
        dedupeWindowMs: 7 * DAY,
      }
    if (sketch.kind === 'refused')
      return {
        kind: 'refused',
        notificationId: refusedIdOf(position, event),
        position,
        event,
        customerId: null,
        recipientRef: null,
        route: 'bill',
        purpose: 'bill-finalized',
        channel,
        fallback: 'email',
        reason: 'unusable-phone',
        detail: 'customer.phone: (4 characters)',
        receivedAt,
        dedupeWindowMs: 7 * DAY,
        traceparent: null,
      }
    const notificationId = notificationIdOf(position, identityKey)
    const endpoint = about.endpoint === 'flexible' ? 'flexible' : 'template'
    const subject = sketch.subject === null ? null : (SUBJECTS[sketch.subject % SUBJECTS.length] ?? null)
    const notification: Notification = {
      notificationId,
      identityKey,
      position,
      event,
      customerId: null,
      recipientRef,
      route: 'bill',
      purpose: 'bill-finalized',
      channel,
      endpoint,
      urgent: sketch.urgent,
      zone: ZONE,
      quietHours: sketch.quiet && hoursOf(quietOf(sketch)),
      expiresAt: sketch.expiresInMs === null ? null : receivedAt + sketch.expiresInMs,
      staleAt: sketch.staleInMs === null ? null : (event.time ?? receivedAt) + sketch.staleInMs,
      unknownPolicy: sketch.resend ? 'resend' : 'give-up',
      unknownWaitMs: sketch.waitMs,
      fallback: 'sms',
      fallbackAfterMs: null,
      dedupeWindowMs: 7 * DAY,
      businessKey: null,
      businessWindowMs: 0,
      subject,
      revision: subject === null ? null : sketch.revision,
      onlyIfNotified: false,
      reviewed: true,
      receivedAt,
      traceparent: null,
    }
    const name = formatPosition(position)
    const message =
      endpoint === 'flexible'
        ? ({ endpoint, messages: [{ type: 'text', text: name }] } as const)
        : ({ endpoint, templateKey: name, body: {} } as const)
    const content = { to: hashOf(sketch.person), message }
    return { kind: 'ready', notification, sealed: sealContent(content, notificationId, options.seal) }
  }

  /** On the clock of its zone, as it shows when the world begins. */
  const quietOf = ({ quiet }: Sketch) => {
    const from = options.startAt + zoneOffsetAt(options.startAt) + (quiet?.fromMs ?? 0)
    return { zone: ZONE, from: timeOfDay(from), until: timeOfDay(from + (quiet?.forMs ?? 0)) }
  }

  return {
    asked,
    orders,
    positions,
    sketchAt: (position) => sketches.get(position),
    ask: (sketch, number) => {
      const before = requests.get(number)
      // Half of what comes again is read again, by an intake that died before it moved on; the rest is produced once more.
      if (before && number % 2 === 0) return put(before)
      const fresh = requestOf(sketch)
      requests.set(number, fresh.request)
      asked.push(fresh.asked)
      sketches.set(fresh.asked.position, sketch)
      const { request } = fresh
      if (request.kind === 'ready' && request.notification.revision !== null && request.notification.subject !== null)
        everywhere({
          kind: 'mark',
          marking: {
            subject: request.notification.subject,
            cancelledAt: null,
            revision: request.notification.revision,
            forgetAt: now() + 8 * DAY,
          },
        })
      put(request)
    },
    cancel: (subject, cancelledAt) => {
      orders.push({ position: formatPosition(next('orders')), kind: 'cancel', subject, cancelledAt, channel: null })
      everywhere({ kind: 'mark', marking: { subject, cancelledAt, revision: null, forgetAt: now() + 8 * DAY } })
    },
    order: (channel, order) => {
      orders.push({ position: formatPosition(next('orders')), kind: order, subject: null, cancelledAt: null, channel })
      everywhere({ kind: 'channel', channel, order })
    },
  }

  function put(request: Request): void {
    write(partitionOf(keyOf(request), partitions), request)
    positions.push({ askedAt: now(), topic: 'bills', partition: 0, offset: asked.length, requestEnds: options.ends() })
  }
}

const ZONE = 'Europe/Berlin'

/** ms by which its clock is ahead of UTC. */
const zoneOffsetAt = (instant: number): number => {
  const name = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE, timeZoneName: 'longOffset' }).format(instant)
  return Number(/GMT\+(\d+)/.exec(name)?.[1] ?? 0) * 3_600_000
}

const timeOfDay = (wallClock: number): string => new Date(wallClock).toISOString().slice(11, 19)

const keyOf = (request: Request): string => {
  if (request.kind === 'ready') return request.notification.recipientRef
  return request.kind === 'mark' || request.kind === 'channel' ? 'control' : formatPosition(request.position)
}

const hoursOf = ({ from, until }: { readonly from: string; readonly until: string }): QuietHours => ({
  windows: [{ from, until, on: null }],
  holidays: [],
  spreadMs: 0,
})

export const numberOf = (person: number): string => `${CANARY.slice(0, -1)}${person}`
export const hashOf = (person: number): HashedPhone => createHash('sha256').update(numberOf(person)).digest('hex') as HashedPhone
