import { poisonIdOf } from '../domain/identity.ts'
import type { Position } from '../domain/position.ts'
import type { PoisonReason, PoisonRequest, Request } from '../domain/request.ts'
import type { EventReading, ReaderSchema } from './event-reading.ts'
import { type InterpretContext, interpret } from './interpret.ts'
import { refuseUnrouted } from './refusal.ts'
import type { Route } from './route.ts'
import { routeFor } from './routes.ts'
import type { SourceRecord } from './source-record.ts'

/** What becomes of one record of a domain topic. Poison is also to be kept as a dead letter. */
export interface RecordReading {
  readonly requests: readonly Request[]
  readonly poison: PoisonRequest | null
}

export interface ReadContext extends InterpretContext {
  readonly routes: readonly Route[]
  readonly read: (value: Buffer | null) => Promise<EventReading>
}

/** Decodes, routes and interprets one record. Rejects only when the registry cannot be asked: the record is then to be read again. */
export const readRecord = async (record: SourceRecord, value: Buffer | null, context: ReadContext): Promise<RecordReading> => {
  const poison = (reason: PoisonReason, detail: string) => {
    const position: Position = { ...record.position, index: 0 }
    const request: PoisonRequest = {
      kind: 'poison',
      notificationId: poisonIdOf(position, value ?? Buffer.alloc(0), context.pepper),
      position,
      reason,
      detail,
      receivedAt: context.now,
    }
    return { requests: [request], poison: request }
  }

  const reading = await context.read(value)
  if (reading.kind === 'poison') return poison(reading.reason, reading.detail)
  const route = routeFor(context.routes, {
    topic: record.position.topic,
    ceType: record.headers.get('ce_type'),
    recordName: reading.recordName,
  })
  if (!route) return { requests: [refuseUnrouted(record, reading.recordName, context)], poison: null }
  const event = reading.as(route.schema satisfies ReaderSchema)
  if (event.kind === 'poison') return poison(event.reason, event.detail)
  try {
    return { requests: interpret(route, event.value, record, context), poison: null }
  } catch (fault) {
    // A bug of ours must not stop everybody's notifications: this record is set aside, whole and replayable, and says so.
    return poison(
      'internal-fault',
      `route ${route.id} failed on this event (${fault instanceof Error ? fault.name : 'unknown fault'}): a fault of tsuchi; replay it when that is mended`,
    )
  }
}
