import type { EventFacts } from '../domain/request.ts'
import { describe } from '../value-shape.ts'
import { readTime, TIME_FORMS } from './event-time.ts'
import { resolve } from './field-path.ts'
import type { Route } from './route.ts'
import type { SourceRecord } from './source-record.ts'

/** What all notifications of one event share. */
export interface EventReading {
  readonly facts: EventFacts
  /** When it happened: by header, field or, failing those, the record's timestamp. */
  readonly time: number
  /** Present if the event can be told from others; without it nobody may be notified. */
  readonly identity: { readonly source: string; readonly id: string } | null
  /** Why nothing of this event may be done. */
  readonly fault: string | null
}

/** CloudEvents headers win over the fields that the route names. `scope` has no nulls. */
export const readEvent = (route: Route, scope: object, record: SourceRecord): EventReading => {
  const identity = identityOf(route, scope, record)
  const time = timeOf(route, scope, record)
  const facts = {
    source: identity?.source ?? null,
    id: identity?.id ?? null,
    type: record.headers.get('ce_type') ?? route.event,
    time: time.ms,
  }
  // What is called off twice is called off: no identity is needed to tell.
  const fault = identity === null && route.kind === 'notify' ? missingIdentity(route) : time.fault
  return { facts, time: time.ms, identity, fault }
}

const identityOf = (route: Route, scope: object, { headers }: SourceRecord): EventReading['identity'] => {
  const source = headers.get('ce_source')
  const id = headers.get('ce_id')
  if (source && id) return { source, id }
  if (!route.identity) return null
  const named = resolve(route.identity.id, scope)
  if (typeof named === 'number' || typeof named === 'bigint') return { source: route.identity.source, id: String(named) }
  return typeof named === 'string' && named !== '' ? { source: route.identity.source, id: named } : null
}

const missingIdentity = ({ identity }: Route): string =>
  identity
    ? `${identity.id.text}: found nothing, and no headers ce_source and ce_id; without an identity a repeated event cannot be told`
    : 'headers ce_source and ce_id: one is missing; send both, or name the identity in the route'

const timeOf = (route: Route, scope: object, record: SourceRecord): { ms: number; fault: string | null } => {
  const header = record.headers.get('ce_time')
  const value = header ?? (route.time ? resolve(route.time, scope) : undefined)
  if (value === undefined) return { ms: record.timestamp, fault: null }
  const time = readTime(value)
  if (time?.kind === 'instant') return { ms: time.ms, fault: null }
  if (time?.kind === 'local') return { ms: time.at.toZonedDateTime(route.eventZone).epochMilliseconds, fault: null }
  const name = header === undefined ? route.time?.text : 'header ce_time'
  return { ms: record.timestamp, fault: `${name}: wanted ${TIME_FORMS} with a time of day, found ${describe(value)}` }
}
