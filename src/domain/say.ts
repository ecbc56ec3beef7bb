import { createHash } from 'node:crypto'
import type { Draft } from './draft.ts'
import type { Entry } from './entry.ts'
import type { PoisonRequest, RefusedRequest } from './request.ts'
import type { Result, Status } from './result.ts'

/** What is new in a result; the rest is known from the entry. */
export interface Say {
  readonly status: Status
  readonly terminal?: boolean
  readonly correction?: boolean
  readonly reason?: string | null
  readonly detail?: string | null
  readonly duplicateOf?: string | null
  readonly deliveryTag?: string | null
  readonly lineRequestId?: string | null
  readonly deliveredAt?: number | null
  readonly httpStatus?: number | null
  readonly property?: string | null
  readonly cost?: Result['cost']
  readonly fallback?: Result['fallback']
}

/** The next result of a notification, and the entry that remembers having said it. */
export const say = (entry: Entry, words: Say, now: number): { entry: Entry; result: Result } => {
  const { notification } = entry
  const result: Result = {
    ...silent(entry, now),
    ...words,
    terminal: words.terminal ?? false,
    corrects:
      words.correction && entry.terminalSequence !== null ? resultIdOf(entry.notificationId, entry.terminalSequence) : null,
    ...(notification && {
      purpose: notification.purpose,
      route: notification.route,
      channel: notification.channel,
      endpoint: notification.endpoint,
      customerId: notification.customerId,
      recipientRef: notification.recipientRef,
      subject: notification.subject,
      event: notification.event,
      receivedAt: notification.receivedAt,
      traceparent: notification.traceparent,
    }),
  }
  return { entry: { ...entry, status: words.status, sequence: entry.sequence + 1 }, result }
}

/** Publishes the one result of a request that was never to be sent, and returns the entry that remembers its position. */
export const sayOfUnsent = (draft: Draft, entry: Entry, request: RefusedRequest | PoisonRequest, now: number): Entry => {
  const { kind: status, reason, detail, receivedAt } = request
  const facts = request.kind === 'poison' ? {} : pickFacts(request)
  draft.publish({ ...silent(entry, now), ...facts, status, terminal: true, reason, detail, receivedAt })
  return { ...entry, state: 'done', status, sequence: 1, terminalSequence: 0 }
}

/** The same for the same notification and sequence, whoever publishes it: readers may drop what they have seen. */
export const resultIdOf = (notificationId: string, sequence: number): string =>
  createHash('sha256').update(`${notificationId}/${sequence}`).digest('hex').slice(0, 32)

const pickFacts = ({ event, customerId, recipientRef, route, purpose, channel, fallback, traceparent }: RefusedRequest) => ({
  event,
  customerId,
  recipientRef,
  route,
  purpose,
  channel,
  fallback,
  traceparent,
})

const silent = (entry: Entry, now: number): Result => ({
  resultId: resultIdOf(entry.notificationId, entry.sequence),
  notificationId: entry.notificationId,
  sequence: entry.sequence,
  status: entry.status,
  terminal: false,
  corrects: null,
  reason: null,
  detail: null,
  purpose: null,
  route: null,
  channel: null,
  endpoint: null,
  customerId: null,
  recipientRef: null,
  subject: null,
  position: entry.position,
  event: { source: null, id: null, type: null, time: null },
  duplicateOf: null,
  attempts: entry.attempts,
  deliveryTag: entry.deliveryTag,
  lineRequestId: entry.lineRequestId,
  httpStatus: null,
  property: null,
  receivedAt: entry.arrivedAt,
  releaseAt: entry.notification ? entry.releaseAt : null,
  sentAt: entry.sentAt,
  deliveredAt: null,
  decidedAt: now,
  cost: null,
  fallback: null,
  traceparent: null,
})
