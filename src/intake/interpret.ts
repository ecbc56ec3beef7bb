import { identityKeyOf, notificationIdOf } from '../domain/identity.ts'
import type { Message } from '../domain/message.ts'
import { type HashedPhone, hashPhone, readPhone, recipientRefOf, type ServedCountry, ZONE_OF_COUNTRY } from '../domain/phone.ts'
import type { Notification, RefusalReason, Request } from '../domain/request.ts'
import { type Seal, sealContent } from '../domain/seal.ts'
import type { ViolationsOf } from '../domain/violation.ts'
import { type EventReading, readEvent } from './event-facts.ts'
import { endOf, readTime, readZone, TIME_FORMS } from './event-time.ts'
import { type FieldPath, resolve } from './field-path.ts'
import { refuse } from './refusal.ts'
import type { Route } from './route.ts'
import { type SourceRecord, traceparentOf } from './source-record.ts'
import { describe } from './value-shape.ts'

export interface InterpretContext {
  readonly now: number
  readonly pepper: Uint8Array
  readonly seal: Seal
  readonly violationsOf: ViolationsOf
}

/** Turns an event into one request for each recipient, in the order it names them; at least one. A recipient that is refused harms
 *  no other. The raw number does not leave this function. Pure, save the random IV of the seal.
 *
 *  `event` is what the reader schema decodes to: unions unwrapped, longs as numbers. */
export const interpret = (route: Route, event: unknown, record: SourceRecord, context: InterpretContext): Request[] => {
  if (typeof event !== 'object' || event === null) throw new TypeError(`route ${route.id}: the event is ${describe(event)}`)
  const whole = withoutNulls(event)
  const scopes = scopesOf(route, whole)
  const reading = readEvent(route, whole, record)
  const about = { route, reading, record, context }
  if (scopes.length === 0) {
    const detail = `${route.recipients?.text}: found an empty list; an event must name at least one recipient`
    return [refused(about, NOBODY, { reason: 'no-recipients', detail })]
  }
  const told = new Told()
  return scopes.map((scope, index) => requestFor(about, scope, index, told))
}

/** What every recipient's request is made from. */
interface About {
  readonly route: Route
  readonly reading: EventReading
  readonly record: SourceRecord
  readonly context: InterpretContext
}

interface Recipient {
  readonly index: number
  readonly customerId: string | null
  readonly recipientRef: string | null
}

const NOBODY: Recipient = { index: 0, customerId: null, recipientRef: null }

const requestFor = (about: About, scope: object, index: number, told: Told): Request => {
  const { route, reading, context } = about
  const customerId = customerOf(route, scope)
  const phone = phoneOf(route, scope, index)
  if ('reason' in phone) return refused(about, { index, customerId, recipientRef: null }, phone)

  const recipientRef = recipientRefOf(phone.to, context.pepper)
  const occurrence = told.count(customerId, recipientRef)
  const terms = termsOf(about, scope, index, phone.country)
  if ('reason' in terms) return refused(about, { index, customerId, recipientRef }, terms)
  if (!reading.identity) throw new Error(`route ${route.id}: an event without identity went on`)

  const { message, zone, expiresAt } = terms
  const own = identityKeyOf({ ...reading.identity, customer: customerId, recipientRef, occurrence })
  const identityKey = told.tell(recipientRef, message, own)
  const position = { ...about.record.position, index }
  const notificationId = notificationIdOf(position, identityKey)
  const notification: Notification = {
    notificationId,
    identityKey,
    position,
    event: reading.facts,
    customerId,
    recipientRef,
    route: route.id,
    purpose: route.purpose,
    channel: route.channel,
    endpoint: message.endpoint,
    urgent: route.urgent,
    zone,
    quietHours: route.quietHours,
    expiresAt,
    staleAt: reading.time + route.maxAgeMs,
    unknownPolicy: route.unknownPolicy,
    unknownWaitMs: route.unknownWaitMs,
    fallback: route.fallback,
    dedupeWindowMs: route.dedupeWindowMs,
    receivedAt: context.now,
    traceparent: traceparentOf(about.record),
  }
  return { kind: 'ready', notification, sealed: sealContent({ to: phone.to, message }, notificationId, context.seal) }
}

/** Why one recipient gets nothing. `detail` holds no value of the event. */
interface Fault {
  readonly reason: RefusalReason
  readonly detail: string
}

const refused = ({ route, reading, record, context }: About, recipient: Recipient, { reason, detail }: Fault): Request =>
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

const customerOf = ({ recipient }: Route, scope: object): string | null => {
  const value = recipient.customer ? resolve(recipient.customer, scope) : undefined
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value) || null : null
}

const phoneOf = (route: Route, scope: object, index: number): { to: HashedPhone; country: ServedCountry } | Fault => {
  const { phone, country } = route.recipient
  const place = placeOf(route, phone, index)
  const value = resolve(phone, scope)
  if (value === undefined || value === '')
    return { reason: 'no-phone', detail: `${place}: found nothing; a phone number is needed` }
  if (typeof value !== 'string') {
    return { reason: 'unusable-phone', detail: `${place}: found ${describe(value)}; write the phone number as a text` }
  }
  const reading = readPhone(value, country)
  if (reading.kind === 'phone') return { to: hashPhone(reading.e164), country: reading.country }
  if (reading.kind === 'unusable') {
    return {
      reason: 'unusable-phone',
      detail: `${place}: no valid number of ${country}, nor one with country code: ${reading.shape}`,
    }
  }
  return {
    reason: 'country-not-served',
    detail: `${place}: a number of ${reading.country}, LINE serves JP, TH and TW: ${reading.shape}`,
  }
}

interface Terms {
  readonly zone: string
  readonly expiresAt: number | null
  readonly message: Message
}

const termsOf = ({ route, reading, context }: About, scope: object, index: number, country: ServedCountry): Terms | Fault => {
  if (reading.fault !== null) return missing(reading.fault)

  const zone = zoneOf(route, scope, country)
  if (typeof zone !== 'string')
    return malformed(`${placeOf(route, zone.path, index)}: wanted an IANA zone, found ${describe(zone.value)}`)

  const expiry = expiryOf(route, scope, { zone, eventTime: reading.time })
  if ('path' in expiry)
    return malformed(`${placeOf(route, expiry.path, index)}: wanted ${TIME_FORMS}, found ${describe(expiry.value)}`)

  const rendering = route.message.render(scope, zone)
  if (rendering.kind === 'missing') {
    return missing(`${rendering.property}: the event has no ${rendering.variable}; send it, or give the text a default`)
  }
  if (rendering.kind === 'unusable') return malformed(`${rendering.property}: ${rendering.detail}`)

  const violations = context.violationsOf(rendering.message)
  if (violations.length > 0) {
    const named = violations.slice(0, 5).map(({ property, rule, found }) => `${property}: wanted ${rule}, found ${found}`)
    return { reason: 'content-rule', detail: named.join('; ') }
  }
  return { zone, expiresAt: expiry.at, message: rendering.message }
}

const missing = (detail: string): Fault => ({ reason: 'missing-field', detail })
const malformed = (detail: string): Fault => ({ reason: 'malformed-field', detail })

interface UnreadableField {
  readonly path: FieldPath
  readonly value: unknown
}

/** A zone that the event misspells is a fault, not a reason to guess: the guess might ring at three in the morning. */
const zoneOf = ({ recipient: { timeZone: path } }: Route, scope: object, country: ServedCountry): string | UnreadableField => {
  const value = path ? resolve(path, scope) : undefined
  if (!path || value === undefined || value === '') return ZONE_OF_COUNTRY[country]
  return (typeof value === 'string' ? readZone(value) : undefined) ?? { path, value }
}

const expiryOf = (
  { expires }: Route,
  scope: object,
  { zone, eventTime }: { readonly zone: string; readonly eventTime: number },
): { at: number | null } | UnreadableField => {
  if (!expires) return { at: null }
  if (expires.kind === 'after') return { at: eventTime + expires.ms }
  const value = resolve(expires.path, scope)
  if (value === undefined) return { at: null }
  const time = readTime(value)
  return time ? { at: endOf(time, zone) } : { path: expires.path, value }
}

/** `affected[2].phone`: a path as seen from the whole event. */
const placeOf = ({ recipients }: Route, path: FieldPath, index: number): string =>
  !recipients || path.segments[0] === 'event' ? path.text : `${recipients.text}[${index}].${path.text}`

/** The variables of each recipient: the fields of its element, or of the event, and `event` for the whole. */
const scopesOf = ({ recipients }: Route, event: object): object[] => {
  if (!recipients) return [{ ...event, event }]
  const elements = resolve(recipients, event)
  return Array.isArray(elements) ? elements.map((element: object | undefined) => ({ ...element, event })) : []
}

/** To Liquid a null is an empty text, and an absent field is a fault. Avro writes what is absent as null. */
const withoutNulls = (value: object): object =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([name, field]) => [name, withoutNullsWithin(field)]),
  )

const withoutNullsWithin = (value: unknown): unknown => {
  if (value === null) return undefined
  if (Array.isArray(value)) return value.map(withoutNullsWithin)
  return typeof value === 'object' && !ArrayBuffer.isView(value) ? withoutNulls(value) : value
}

/** What one event has told whom so far. */
class Told {
  readonly #seen = new Map<string, number>()
  readonly #identities = new Map<string, string>()

  /** How often the event has named this pair before. Counted before anything can be refused, so that mending one recipient does not
   *  move the others. */
  count(customerId: string | null, recipientRef: string): number {
    const key = JSON.stringify([customerId, recipientRef])
    const before = this.#seen.get(key) ?? 0
    this.#seen.set(key, before + 1)
    return before
  }

  /** The identity for this message: that of the first who was told the same at the same number, so that the second is a duplicate
   *  (a family with one phone); otherwise its own. */
  tell(recipientRef: string, message: Message, own: string): string {
    const key = `${recipientRef} ${JSON.stringify(message)}`
    const first = this.#identities.get(key) ?? own
    this.#identities.set(key, first)
    return first
  }
}
