import type { EventFacts } from '../domain/request.ts'
import { describe } from '../value-shape.ts'
import { type Fault, malformed, missing } from './about.ts'
import { type EventTime, readTime, TIME_FORMS } from './event-time.ts'
import { resolve } from './field-path.ts'
import { NAME_FORMS, nameOf } from './field-text.ts'
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
  readonly fault: Fault | null
}

/** CloudEvents headers win over the fields that the route names. `scope` has no nulls. `now` is when the record is read. */
export const readEvent = (route: Route, scope: object, record: SourceRecord, now: number): EventReading => {
  const named = identityOf(route, scope, record)
  const identity = 'fault' in named ? null : named
  const time = timeOf(route, scope, record, now)
  const facts = {
    source: identity?.source ?? null,
    id: identity?.id ?? null,
    type: record.headers.has('ce_type') ? (nameOf(record.headers.get('ce_type')) ?? null) : route.event,
    time: time.ms,
  }
  // What is called off twice is called off: no identity is needed to tell.
  const fault = 'fault' in named && route.kind === 'notify' ? named.fault : time.fault
  return { facts, time: time.ms, identity, fault }
}

type Identity = NonNullable<EventReading['identity']>

const identityOf = (route: Route, scope: object, { headers }: SourceRecord): Identity | { readonly fault: Fault } => {
  const source = headers.get('ce_source')
  const id = headers.get('ce_id')
  if (source && id) return identityNamed({ place: 'header ce_source', value: source }, { place: 'header ce_id', value: id })
  const { identity } = route
  const value = identity ? resolve(identity.id, scope) : undefined
  if (!identity || value === undefined || value === '') return { fault: missingIdentity(route) }
  return identityNamed({ place: 'identity.source', value: identity.source }, { place: identity.id.text, value })
}

interface Named {
  readonly place: string
  readonly value: unknown
}

const identityNamed = (source: Named, id: Named): Identity | { readonly fault: Fault } => {
  const named = { source: nameOf(source.value), id: nameOf(id.value) }
  if (named.source === undefined) return { fault: unnamed(source) }
  return named.id === undefined ? { fault: unnamed(id) } : { source: named.source, id: named.id }
}

const unnamed = ({ place, value }: Named): Fault => malformed(`${place}: wanted ${NAME_FORMS}, found ${describe(value)}`)

const missingIdentity = ({ identity }: Route): Fault =>
  missing(
    identity
      ? `${identity.id.text}: found nothing, and no headers ce_source and ce_id; without an identity a repeated event cannot be told`
      : 'headers ce_source and ce_id: one is missing; send both, or name the identity in the route',
  )

/** By a clock that runs ahead, or one in another zone. What is later than that has not happened: it would never be too old, and what
 *  became of it be kept until then. */
const LONGEST_AHEAD_MS = 86_400_000

const timeOf = (route: Route, scope: object, record: SourceRecord, now: number): { ms: number; fault: Fault | null } => {
  const header = record.headers.get('ce_time')
  const value = header ?? (route.time ? resolve(route.time, scope) : undefined)
  const latest = now + LONGEST_AHEAD_MS
  const isStamped = record.timestamp >= 0 && record.timestamp <= latest // Kafka's -1 is none
  const stamp = isStamped ? record.timestamp : now
  if (value === undefined) return { ms: stamp, fault: isStamped ? null : malformed(NO_STAMP) }
  const ms = instantOf(readTime(value), route.eventZone)
  if (ms !== undefined && ms <= latest) return { ms, fault: null }
  const place = header === undefined ? route.time?.text : 'header ce_time'
  const wrong = ms === undefined ? `wanted ${TIME_FORMS} with a time of day, found ${describe(value)}` : AHEAD
  return { ms: stamp, fault: malformed(`${place}: ${wrong}`) }
}

const instantOf = (time: EventTime | undefined, zone: string): number | undefined => {
  if (time?.kind === 'instant') return time.ms
  return time?.kind === 'local' ? time.at.toZonedDateTime(zone).epochMilliseconds : undefined
}

const AHEAD =
  'wanted when the event happened, found a time more than a day ahead; is the clock right that wrote it, or is it when something will happen?'
const NO_STAMP =
  "the record's timestamp: wanted milliseconds since 1970, at most a day ahead, found none, or another number; write it, or send the time of the event: in the header ce_time, or in a field that the route names as time"
