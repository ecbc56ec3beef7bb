import { setImmediate } from 'node:timers/promises'
import { poisonIdOf } from '../domain/identity.ts'
import type { Position } from '../domain/position.ts'
import { DEFAULT_WINDOW_MS, type PoisonReason, type PoisonRequest, type Request } from '../domain/request.ts'
import type { InterpretContext } from './about.ts'
import type { Advertised } from './advertising.ts'
import type { EventReading, ReaderSchema } from './event-reading.ts'
import { interpreting } from './interpret.ts'
import { refuseUnrouted } from './refusal.ts'
import type { Route } from './route.ts'
import { routeFor } from './routes.ts'
import type { SourceRecord } from './source-record.ts'

/** What becomes of one record of a domain topic. */
export interface RecordReading {
  readonly requests: readonly Request[]
  /** What of the requests reads like advertising. */
  readonly advertised: readonly Advertised[]
  /** The record is also, or only, to be kept as a dead letter. */
  readonly dead: Dead | null
}

/** Why a record was set aside. */
export interface Dead {
  readonly position: Position
  /** `older-than-window`: what became of it may have been forgotten, and it must not happen twice. No request comes of it. */
  readonly reason: PoisonReason | 'older-than-window'
  readonly detail: string
}

export interface ReadContext extends InterpretContext {
  readonly routes: readonly Route[]
  readonly read: (value: Buffer | null) => Promise<EventReading>
  /** Awaited between portions of an event for many: whatever else there is to do is done. What it rejects with ends the reading. */
  readonly pause?: () => Promise<void>
}

/** Decodes, routes and interprets one record. Rejects only when the registry cannot be asked, or with what the pause rejects with: the record
 *  is then to be read again. */
export const readRecord = async (record: SourceRecord, value: Buffer | null, context: ReadContext): Promise<RecordReading> => {
  const position: Position = { ...record.position, index: 0 }
  const tooOld = (detail: string): RecordReading => ({ ...NOTHING, dead: { position, reason: 'older-than-window', detail } })
  // Where no route says otherwise: by when it was produced.
  const isOld = record.timestamp + DEFAULT_WINDOW_MS <= context.now
  const poison = (reason: PoisonReason, detail: string): RecordReading => {
    if (isOld) return tooOld(`${UNROUTED_WINDOW}; nor can it be read (${reason}): ${detail}`)
    const request: PoisonRequest = {
      kind: 'poison',
      notificationId: poisonIdOf(position, value ?? Buffer.alloc(0), context.pepper),
      position,
      reason,
      detail,
      receivedAt: context.now,
      dedupeWindowMs: DEFAULT_WINDOW_MS,
    }
    return { ...NOTHING, requests: [request], dead: { position, reason, detail } }
  }

  const reading = await context.read(value)
  if (reading.kind === 'poison') return poison(reading.reason, reading.detail)
  const route = routeFor(context.routes, {
    topic: record.position.topic,
    ceType: record.headers.get('ce_type'),
    recordName: reading.recordName,
  })
  if (!route) {
    const refused = refuseUnrouted(record, reading.recordName, context)
    return isOld ? tooOld(`${UNROUTED_WINDOW}; nor has it a route: ${refused.detail}`) : { ...NOTHING, requests: [refused] }
  }
  const event = reading.as(route.schema satisfies ReaderSchema)
  if (event.kind === 'poison') return poison(event.reason, event.detail)
  const { pause = setImmediate } = context
  const work = interpreting(route, event.value, record, context)
  for (let step = attempt(work); ; step = attempt(work)) {
    // A bug of ours must not stop everybody's notifications: this record is set aside, whole and replayable, and says so.
    if ('fault' in step)
      return poison(
        'internal-fault',
        `route ${route.id} failed on this event (${step.fault instanceof Error ? step.fault.name : 'unknown fault'}): a fault of tsuchi; replay it when that is mended`,
      )
    if (step.done) {
      if (step.value.kind === 'requests') return { ...step.value, dead: null }
      return tooOld(`the event is older than the dedupeWindow of route ${route.id}`)
    }
    await pause()
  }
}

const attempt = <T>(work: Generator<void, T>): IteratorResult<void, T> | { readonly fault: unknown } => {
  try {
    return work.next()
  } catch (fault) {
    return { fault }
  }
}

const NOTHING: RecordReading = { requests: [], advertised: [], dead: null }

const UNROUTED_WINDOW = `the record is older than ${DEFAULT_WINDOW_MS / 86_400_000} days`
