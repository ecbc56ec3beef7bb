import { refusedIdOf } from '../domain/identity.ts'
import type { Position } from '../domain/position.ts'
import { DEFAULT_WINDOW_MS, type EventFacts, type RefusalReason, type RefusedRequest } from '../domain/request.ts'
import { nearest } from '../nearest.ts'
import { printable } from '../printable-text.ts'
import { describe } from '../value-shape.ts'
import { nameOf } from './field-text.ts'
import type { Route } from './route.ts'
import { type SourceRecord, traceparentOf } from './source-record.ts'

/** What is known when a request is refused. `detail` names field, shape and remedy, never a value. */
export interface Refusal {
  readonly reason: RefusalReason
  readonly detail: string
  readonly position: Position
  readonly event: EventFacts
  readonly customerId: string | null
  readonly recipientRef: string | null
  readonly route: Route | null
  readonly receivedAt: number
  readonly traceparent: string | null
}

export const refuse = ({ route, ...refusal }: Refusal): RefusedRequest => ({
  kind: 'refused',
  notificationId: refusedIdOf(refusal.position, refusal.event),
  ...refusal,
  route: route?.id ?? null,
  ...(route?.kind === 'notify'
    ? { purpose: route.purpose, channel: route.channel, fallback: route.fallback }
    : { purpose: null, channel: null, fallback: null }),
  dedupeWindowMs: route?.dedupeWindowMs ?? DEFAULT_WINDOW_MS,
})

/** For an event that was decoded and that no route wants. Without a route its fields mean nothing, so only headers name it. */
export const refuseUnrouted = (
  record: SourceRecord,
  recordName: string,
  { routes, now }: { readonly routes: readonly Route[]; readonly now: number },
): RefusedRequest => {
  const header = record.headers.get('ce_type')
  const type = nameOf(header) ?? null
  const events = routes.filter(({ topic }) => topic === record.position.topic).map(({ event }) => event)
  const known =
    events.length > 0 ? `routes of this topic: ${nearest(type ?? recordName, events).join(', ')}` : 'no route has this topic'
  return refuse({
    reason: 'no-route',
    detail: `${header === undefined ? '' : `type ${type === null ? `that is none (${describe(header)})` : printable(type)}, `}record ${recordName}: ${known}`,
    position: { ...record.position, index: 0 },
    event: {
      source: nameOf(record.headers.get('ce_source')) ?? null,
      id: nameOf(record.headers.get('ce_id')) ?? null,
      type: type ?? recordName,
      time: null,
    },
    customerId: null,
    recipientRef: null,
    route: null,
    receivedAt: now,
    traceparent: traceparentOf(record),
  })
}
