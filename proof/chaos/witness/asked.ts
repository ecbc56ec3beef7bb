import { hash } from 'node:crypto'
import type { Asked, Order, Quiet } from '../../verifier/history.ts'
import { type CallingOff, callsOff, HOME, type Notifying, type RouteName, TERMS, type Terms } from '../inputs/routes.ts'
import { fateOf, numberIn } from './person.ts'
import { type Fields, type Told, type ToldPerson, toldBy } from './told-events.ts'

/** A record as it lies in an input topic, read by the registry's schema. */
export interface InputRecord {
  readonly route: RouteName
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** When it was produced, as the record says. */
  readonly timestamp: number
  readonly headers: ReadonlyMap<string, string>
  /** Null: nobody can tell what it is. Fields null: what it is can be told, by the schema it names, and its bytes do not fit that. */
  readonly event: { readonly name: string; readonly fields: Fields | null } | null
}

export interface Asking {
  readonly asked: readonly Asked[]
  readonly orders: readonly Order[]
}

/** What one record asks for. By routes/README.md and the shipped routes as they are laid out for the run, and of the fields that the inputs
 *  make use of; the product has no part in it.
 *  @param quiet the window of the run.
 *  @param nameOf the full name of the record that a route is for. */
export const askingOf = (record: InputRecord, quiet: Quiet, nameOf: (route: RouteName) => string): Asking => {
  const { route, event } = record
  if (event === null) return { asked: [nothingFor(record, 'poison', 0)], orders: [] }
  if (event.name !== nameOf(route)) return { asked: [nothingFor(record, 'refused', 0)], orders: [] }
  if (event.fields === null) return { asked: [nothingFor(record, 'poison', 0)], orders: [] }
  return callsOff(route) ? callingOff(record, route, event.fields) : noticesOf(record, route, event.fields, quiet)
}

const SUBJECTS: Readonly<Record<CallingOff, readonly [kind: string, field: string]>> = {
  'invoice-settled': ['invoice', 'invoiceId'],
  'reservation-cancelled': ['reservation', 'reservationId'],
}

const callingOff = (record: InputRecord, route: CallingOff, fields: Fields): Asking => {
  const [kind, field] = SUBJECTS[route]
  const subject = subjectOf(kind, fields[field])
  if (subject === null) return { asked: [nothingFor(record, 'refused', 0)], orders: [] }
  const cancelledAt = timeOf(record, fields)
  return { asked: [], orders: [{ position: positionOf(record, 0), kind: 'cancel', subject, cancelledAt, channel: null }] }
}

const noticesOf = (record: InputRecord, route: Notifying, fields: Fields, quiet: Quiet): Asking => {
  const eventTime = timeOf(record, fields)
  const told = toldBy(route, fields, eventTime)
  if (told.people.length === 0) return { asked: [nothingFor(record, 'refused', 0)], orders: [] }
  const identity = identityOf(record, fields)
  const about = { record, route, fields, told, eventTime, identity, quiet, terms: TERMS[route], among: new Among() }
  return { asked: told.people.map((person, index) => askedFor(about, person, index)), orders: [] }
}

interface About {
  readonly record: InputRecord
  readonly route: Notifying
  readonly fields: Fields
  readonly told: Told
  readonly eventTime: number
  /** Null: the event names itself nowhere, and nothing of it may be done. */
  readonly identity: readonly string[] | null
  readonly quiet: Quiet
  readonly terms: Terms
  readonly among: Among
}

const askedFor = (about: About, person: ToldPerson, index: number): Asked => {
  const { record, told, terms, eventTime, among } = about
  const number = numberIn(person.phone)
  const customer = typeof person.id === 'string' && person.id !== '' ? person.id : null
  const occurrence = number === undefined ? 0 : among.count(customer, number)
  const zone = zoneOf(person.timeZone)
  const expires = told.expires === null ? null : endOf(told.expires, zone ?? HOME)
  const subject = subjectOf(told.subject.kind, told.subject.id)
  const isSound =
    zone !== null && expires !== undefined && subject !== null && told.texts.every(isShort) && told.pages.every(isPage)
  const learned = about.identity === null ? { subject: null, revision: null } : { subject, revision: told.revision }
  if (!isSound || about.identity === null || number === undefined)
    return { ...nothingFor(record, 'refused', index), ...learned, eventTime }

  const own = JSON.stringify([...about.identity, customer, number, occurrence])
  const said = JSON.stringify([number, person.name ?? 'お客', zone])
  return {
    position: positionOf(record, index),
    kind: 'ready',
    identity: claimOf(about, number) ?? among.tell(said, own),
    recipient: nameOf(number),
    channel: terms.channel,
    lane: `${terms.channel}/${told.lane}`,
    purpose: told.purpose,
    urgent: told.urgent,
    unknownPolicy: terms.unknown,
    fate: fateOf(number),
    quiet: terms.waits ? { ...about.quiet, zone: zone ?? HOME } : null,
    expiresAt: expires ?? null,
    staleAt: eventTime + terms.maxAgeMs,
    eventTime,
    ...learned,
    producedAt: record.timestamp,
  }
}

/** What one event says to several. */
class Among {
  readonly #times = new Map<string, number>()
  readonly #first = new Map<string, string>()

  /** How often it has named this customer with this number before. */
  count(customer: string | null, number: string): number {
    const key = JSON.stringify([customer, number])
    const before = this.#times.get(key) ?? 0
    this.#times.set(key, before + 1)
    return before
  }

  /** The identity of the first who was told this, or else its own. */
  tell(said: string, own: string): string {
    const first = this.#first.get(said) ?? own
    this.#first.set(said, first)
    return first
  }
}

/** Of a payment people are told once, whoever reports it: its events have other ids, and the same payment. */
const claimOf = ({ route, fields }: About, number: string): string | undefined =>
  route === 'payment-completed' ? JSON.stringify([route, fields.paymentId, number]) : undefined

const SOURCES: Readonly<Record<Notifying, string>> = {
  'application-completed': 'jp.example.application',
  'bill-finalized': 'jp.example.billing',
  'delivery-due': 'jp.example.shop',
  'order-ready': 'jp.example.shop',
  'order-received': 'jp.example.shop',
  'order-shipped': 'jp.example.shop',
  'outage-notice': 'jp.example.network',
  'outage-restored': 'jp.example.network',
  'payment-completed': 'jp.example.billing',
  'payment-due': 'jp.example.billing',
  'registration-completed': 'jp.example.membership',
  'reservation-confirmed': 'jp.example.reservation',
  'reservation-reminder': 'jp.example.reservation',
}

const identityOf = ({ route, headers }: InputRecord, { eventId }: Fields): readonly string[] | null => {
  const source = headers.get('ce_source')
  const id = headers.get('ce_id')
  if (source && id) return [source, id]
  return callsOff(route) || typeof eventId !== 'string' || eventId === '' ? null : [SOURCES[route], eventId]
}

const timeOf = ({ headers }: InputRecord, { occurredAt }: Fields): number => {
  const header = headers.get('ce_time')
  return header === undefined ? Number(occurredAt) : Temporal.Instant.from(header).epochMilliseconds
}

const subjectOf = (kind: string, id: unknown): string | null => (typeof id === 'string' && id !== '' ? `${kind}/${id}` : null)

/** Null: there is no such zone. */
const zoneOf = (zone: unknown): string | null => {
  if (typeof zone !== 'string' || zone === '') return HOME
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone && zone
  } catch {
    return null
  }
}

/** A day is over when the next one begins. `undefined`: it is no time. */
const endOf = (expires: number | string, zone: string): number | undefined => {
  if (typeof expires === 'number') return expires
  if (/^\d{4}-\d\d-\d\d$/.test(expires))
    return Temporal.PlainDate.from(expires).add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds
  return /^\d{4}-\d\d-\d\dT/.test(expires) ? Temporal.Instant.from(expires).epochMilliseconds : undefined
}

/** LINE's longest title has 1,500 characters; what the inputs write is far from it, on either side. */
const isShort = (text: unknown): boolean => typeof text === 'string' && text.length > 0 && text.length <= 1_000
const isPage = (text: unknown): boolean => typeof text === 'string' && text.startsWith('https://')

/** For the history, which is shown to people: not the number. */
const nameOf = (number: string): string => `person-${hash('sha256', `of the witness ${number}`).slice(0, 12)}`

const positionOf = ({ topic, partition, offset }: InputRecord, index: number): string =>
  `${topic}/${partition}/${offset}/${index}`

const nothingFor = (record: InputRecord, kind: 'refused' | 'poison', index: number): Asked => ({
  position: positionOf(record, index),
  ...{ kind, identity: null, recipient: null, channel: null, lane: null, purpose: null, urgent: false },
  ...{ unknownPolicy: 'give-up', fate: 'delivered', quiet: null, expiresAt: null, eventTime: record.timestamp },
  ...{ subject: null, revision: null, producedAt: record.timestamp },
})
