import type { Changes, Intention } from '../../src/domain/changes.ts'
import type { Entry } from '../../src/domain/entry.ts'
import { laneOf } from '../../src/domain/entry.ts'
import type { Owner, Policy } from '../../src/domain/moment.ts'
import type { NotSentCause, Outcome } from '../../src/domain/outcome.ts'
import type { Notification, PoisonRequest, QuietHours, ReadyRequest, RefusedRequest } from '../../src/domain/request.ts'
import type { Status } from '../../src/domain/result.ts'

/** 2026-06-01, noon in Tokyo. */
export const NOON = Date.UTC(2026, 5, 1, 3)
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const NIGHT: QuietHours = { windows: [{ from: '21:00', until: '08:00', on: null }], holidays: [], spreadMs: 0 }
export const MAIN = laneOf({ channel: 'main', endpoint: 'template' })

export const OWNER: Owner = { partition: 3, incarnation: '0123456789ab', epoch: 7, orphansFrom: 0 }
export const POLICY: Policy = {
  progress: true,
  cost: () => null,
  isOptedOut: () => false,
  mayReach: () => true,
  isShadow: () => false,
  wantsReview: () => false,
  spacingMs: 0,
  perDay: Number.POSITIVE_INFINITY,
  awaitsReceipt: () => false,
  probeEveryMs: () => HOUR,
}

export const positionOf = (n: number) => ({ topic: 'bills', partition: 1, offset: n, index: 0 })

/** The nth notification: each has an identity of its own unless told otherwise. */
export const notification = (n: number, changes: Partial<Notification> = {}): Notification => ({
  notificationId: `n${n}`,
  identityKey: `k${n}`,
  position: positionOf(n),
  event: { source: 'jp.example', id: `e${n}`, type: 'jp.example.Bill', time: NOON },
  customerId: `C-${n}`,
  recipientRef: `r${n}`,
  route: 'bill',
  purpose: 'bill-finalized',
  channel: 'main',
  endpoint: 'template',
  urgent: false,
  zone: 'Asia/Tokyo',
  quietHours: null,
  expiresAt: null,
  staleAt: null,
  unknownPolicy: 'give-up',
  unknownWaitMs: HOUR,
  fallback: 'sms',
  fallbackAfterMs: null,
  dedupeWindowMs: 24 * HOUR,
  businessKey: null,
  businessWindowMs: 0,
  subject: null,
  revision: null,
  onlyIfNotified: false,
  reviewed: true,
  receivedAt: NOON,
  traceparent: null,
  ...changes,
})

export const ready = (n: number, changes: Partial<Notification> = {}): ReadyRequest => ({
  kind: 'ready',
  notification: notification(n, changes),
  sealed: Buffer.from(`sealed ${n}`),
})

export const refused = (n: number, changes: Partial<RefusedRequest> = {}): RefusedRequest => ({
  kind: 'refused',
  notificationId: `n${n}`,
  position: positionOf(n),
  event: { source: 'jp.example', id: `e${n}`, type: 'jp.example.Bill', time: NOON },
  customerId: `C-${n}`,
  recipientRef: null,
  route: 'bill',
  purpose: 'bill-finalized',
  channel: 'main',
  fallback: 'email',
  reason: 'unusable-phone',
  detail: 'customer.phone: "9999" (4 characters)',
  receivedAt: NOON - SECOND,
  dedupeWindowMs: 24 * HOUR,
  traceparent: null,
  ...changes,
})

export const poison = (n: number): PoisonRequest => ({
  kind: 'poison',
  notificationId: `n${n}`,
  position: positionOf(n),
  reason: 'undecodable',
  detail: 'not a whole Bill',
  receivedAt: NOON - SECOND,
  dedupeWindowMs: 24 * HOUR,
})

/** An entry of the nth notification as it lies in a store. */
export const entryOf = (n: number, changes: Partial<Entry> = {}, of: Partial<Notification> = {}): Entry => ({
  notificationId: `n${n}`,
  position: positionOf(n),
  arrival: n,
  arrivedAt: NOON,
  state: 'queued',
  status: 'received',
  sequence: 0,
  terminalSequence: null,
  corrected: false,
  notification: notification(n, of),
  sealed: Buffer.from(`sealed ${n}`),
  releaseAt: NOON,
  notBefore: 0,
  deliveryTag: null,
  pastTags: [],
  attempts: 0,
  setbacks: 0,
  sentAt: null,
  settleAt: null,
  unknownCause: null,
  lineRequestId: null,
  reachedAt: null,
  resend: false,
  fallbackAt: null,
  fallbackSaid: false,
  linkedAt: null,
  keepUntil: NOON + 24 * HOUR,
  ...changes,
})

export const accepted: Outcome = { kind: 'accepted', requestId: 'line-1' }
export const unreachable: Outcome = { kind: 'unreachable', requestId: 'line-2' }
export const rejected: Outcome = { kind: 'rejected', requestId: 'line-3', status: 400, property: 'body.items[0]' }
export const timedOut: Outcome = { kind: 'unknown', requestId: null, cause: 'timeout' }
export const notSent = (cause: NotSentCause, retryAfterMs: number | null = null): Extract<Outcome, { kind: 'not-sent' }> => ({
  kind: 'not-sent',
  requestId: null,
  cause,
  retryAfterMs,
})

/** What was said, in order: `n1 queued`, `n1 sending` … */
export const said = ({ results }: Pick<Changes, 'results'>): string[] =>
  results.map(({ notificationId, status }) => `${notificationId} ${status}`)

export const statusesOf = ({ results }: Pick<Changes, 'results'>): Status[] => results.map(({ status }) => status)

export const sentBy = ({ intentions }: { readonly intentions: readonly Intention[] }): string[] =>
  intentions.map(({ notificationId }) => notificationId)

/** The only one there is. */
export const only = <T>(items: Iterable<T>): T => {
  const [item, ...others] = items
  if (item === undefined || others.length > 0)
    throw new Error(`${item === undefined ? 'none' : others.length + 1} instead of one`)
  return item
}
