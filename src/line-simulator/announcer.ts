import type { Clock } from '../clock.ts'
import type { Agenda } from './agenda.ts'
import type { Drawn } from './draw-book.ts'
import { userIdOf } from './people.ts'
import type { Parcel } from './post-queue.ts'
import type { Postman } from './postman.ts'
import { ulid } from './ulid.ts'
import type { Manner } from './webhook-body.ts'
import { asRedelivery, type Occurred, unknownEvent, type WebhookEvent, withExtras } from './webhook-event.ts'
import type { WebhookFault } from './webhook-fault.ts'
import type { Faultable, WebhookFaultBook } from './webhook-fault-book.ts'
import type { Webhooks } from './webhooks.ts'

/** Something that a webhook may be told of. */
export interface Occurrence extends Faultable {
  /** Only called if somebody is to be told. */
  readonly event: (occurred: Occurred) => WebhookEvent
}

export interface Announcer {
  /** Tells the channel's webhook, if it has one, in the way the faults of the moment allow. */
  announce(occurrence: Occurrence): void
  /** The same for an event that is to come before the push is answered: `settled` is called when its request has ended, or never
   *  will be. No other fault befalls it. */
  announceEarly(occurrence: Occurrence, fault: number, settled: () => void): void
  /** Events that faults have lost. */
  lost(): number
}

export interface AnnouncerOptions {
  readonly webhooks: Webhooks
  readonly faults: WebhookFaultBook
  readonly postman: Postman
  readonly agenda: Agenda
  readonly monotonic: () => number
  readonly clock: Clock
}

export const createAnnouncer = ({ webhooks, faults, postman, agenda, monotonic, clock }: AnnouncerOptions): Announcer => {
  /** Events of a channel that wait for its next. */
  const keptBack = new Map<string, Set<Parcel>>()
  let lost = 0

  const later = (ms: number, run: () => void): void => {
    if (ms === 0) run()
    else agenda.add(monotonic() + ms, run)
  }

  const keepBack = (parcel: Parcel, ms: number): void => {
    const others = keptBack.get(parcel.channel)
    if (others) others.add(parcel)
    else keptBack.set(parcel.channel, new Set([parcel]))
    agenda.add(monotonic() + ms, () => {
      if (keptBack.get(parcel.channel)?.delete(parcel)) postman.send(parcel)
    })
  }

  /** And what was kept back until then, after it. */
  const send = (parcel: Parcel): void => {
    const waiting = keptBack.get(parcel.channel)
    if (!waiting || waiting.size === 0) return postman.send(parcel)
    keptBack.delete(parcel.channel)
    postman.send({
      ...parcel,
      isAlone: true,
      settled: (wasAnswered) => {
        parcel.settled?.(wasAnswered)
        for (const late of waiting) postman.send(late)
      },
    })
  }

  const sendUnder = ({ id, fault }: Drawn<WebhookFault>, parcel: Parcel, occurred: Occurred, userId: string): void => {
    const odd = { ...parcel, isAlone: true, fault: id }
    switch (fault.kind) {
      case 'late':
        return later(fault.ms, () => send(odd))
      case 'lost':
        lost += 1
        return
      case 'duplicated':
        send(odd)
        return later(fault.ms, () => send(odd))
      case 'redelivered': {
        const again = { ...odd, events: odd.events.map(asRedelivery) }
        return send({ ...odd, settled: () => later(fault.ms, () => send(again)) })
      }
      case 'reordered':
        return keepBack(odd, fault.ms)
      case 'unknown-type':
        return send({ ...odd, events: [unknownEvent({ ...occurred, id: ulid(occurred.at) }), ...odd.events] })
      case 'extra-properties':
        return send({ ...odd, events: odd.events.map((event) => withExtras(event, userId)), manner: mannerUnder(fault) })
      default:
        return send({ ...odd, manner: mannerUnder(fault) })
    }
  }

  const occur = (occurrence: Occurrence): { occurred: Occurred; parcel: Parcel } | undefined => {
    const webhook = webhooks.of(occurrence.channel)
    if (!webhook) return undefined
    const at = clock.now()
    const occurred = { id: ulid(at), at, mode: webhook.mode }
    const events = [occurrence.event(occurred)]
    return { occurred, parcel: { channel: occurrence.channel, events, attempt: 1, isAlone: false, manner: {}, fault: null } }
  }

  return {
    announce: (occurrence) => {
      const happened = occur(occurrence)
      if (!happened) return
      const { parcel, occurred } = happened
      const drawn = faults.draw(occurrence)
      if (drawn) sendUnder(drawn, parcel, occurred, userIdOf(occurrence.to ?? occurrence.channel))
      else send(parcel)
    },
    announceEarly: (occurrence, fault, settled) => {
      const happened = occur(occurrence)
      if (happened) send({ ...happened.parcel, isAlone: true, fault, settled })
      else settled()
    },
    lost: () => lost,
  }
}

const mannerUnder = (fault: WebhookFault): Manner => {
  switch (fault.kind) {
    case 'forged-signature':
      return { signature: fault.signature }
    case 'reserialised':
      return { reserialised: true }
    case 'oversized':
      return { bytes: fault.bytes }
    case 'slow-body':
      return { dribbleMs: fault.ms }
    case 'extra-properties':
      return { extraProperty: true }
    default:
      return {}
  }
}
