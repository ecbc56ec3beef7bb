import type { linkTokenOf } from '../domain/link-token.ts'
import type { RefusalReason, RefusedRequest } from '../domain/request.ts'
import type { Seal } from '../domain/seal.ts'
import type { EventReading } from './event-facts.ts'
import { refuse } from './refusal.ts'
import type { Route } from './route.ts'
import { placeOf } from './scopes.ts'
import { type SourceRecord, traceparentOf } from './source-record.ts'
import type { UnreadableField } from './unreadable-field.ts'

export interface InterpretContext {
  readonly now: number
  readonly pepper: Uint8Array
  readonly seal: Seal
  /** What URLs get for a link token. Left out: the token, which is as good for whoever reads it as for the recipient. */
  readonly linkTokenOf?: typeof linkTokenOf
}

/** What every request of one event is made from. */
export interface About<R extends Route = Route> {
  readonly route: R
  readonly reading: EventReading
  readonly record: SourceRecord
  readonly context: InterpretContext
}

export interface Recipient {
  readonly index: number
  readonly customerId: string | null
  readonly recipientRef: string | null
}

export const nobodyAt = (index: number): Recipient => ({ index, customerId: null, recipientRef: null })

/** Why nothing comes of one element. `detail` holds no value of the event. */
export interface Fault {
  readonly reason: RefusalReason
  readonly detail: string
}

export const missing = (detail: string): Fault => ({ reason: 'missing-field', detail })
export const malformed = (detail: string): Fault => ({ reason: 'malformed-field', detail })

export const faultOf = (route: Route, index: number, field: UnreadableField): Fault => {
  const place = placeOf(route, field.path, index)
  if (field.kind === 'missing') return missing(`${place}: found nothing; the route needs it`)
  return malformed(`${place}: wanted ${field.wanted}, found ${field.found}`)
}

export const refused = (
  { route, reading, record, context }: About,
  recipient: Recipient,
  { reason, detail }: Fault,
): RefusedRequest =>
  refuse({
    reason,
    detail,
    position: { ...record.position, index: recipient.index },
    event: reading.facts,
    customerId: recipient.customerId,
    recipientRef: recipient.recipientRef,
    route,
    receivedAt: context.now,
    traceparent: traceparentOf(record),
  })
