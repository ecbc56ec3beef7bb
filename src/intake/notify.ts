import { businessKeyOf, identityKeyOf, notificationIdOf } from '../domain/identity.ts'
import { linkTokenKey, linkTokenOf } from '../domain/link-token.ts'
import type { Message } from '../domain/message.ts'
import { type HashedPhone, hashPhone, readPhone, recipientRefOf, type ServedCountry, ZONE_OF_COUNTRY } from '../domain/phone.ts'
import type { Notification, Request } from '../domain/request.ts'
import { sealContent } from '../domain/seal.ts'
import { describe } from '../value-shape.ts'
import { type About as AboutAny, type Fault, faultOf, malformed, missing, nobodyAt, refused } from './about.ts'
import type { Advertised, Advertisement } from './advertising.ts'
import { readKey } from './business-key.ts'
import { endOf, readTime, readZone, TIME_FORMS } from './event-time.ts'
import { resolve } from './field-path.ts'
import { NAME_FORMS, nameOf } from './field-text.ts'
import type { Linked } from './message-template.ts'
import type { NotifyingRoute } from './route.ts'
import { quietHoursFor } from './route-quiet-hours.ts'
import { placeOf } from './scopes.ts'
import { traceparentOf } from './source-record.ts'
import { readRevision, readSubject } from './subject.ts'
import { Told } from './told.ts'
import type { UnreadableField } from './unreadable-field.ts'

type About = AboutAny<NotifyingRoute>

export interface Notices {
  /** One for each recipient. */
  readonly requests: readonly Request[]
  readonly advertised: readonly Advertised[]
}

/** Some 10 ms of work. */
export const PORTION = 25

/** Pauses after every portion: an event for thousands takes a second or two, and somebody may have to answer LINE meanwhile. */
export function* notify(about: About, scopes: readonly object[]): Generator<void, Notices> {
  const told = new Told()
  const advertised: Advertised[] = []
  const alone = scopes.length === 1
  const requests: Request[] = []
  for (const [index, scope] of scopes.entries()) {
    requests.push(requestFor(about, scope, { index, told, advertised, alone }))
    if (requests.length % PORTION === 0) yield
  }
  return { requests, advertised }
}

interface Among {
  readonly index: number
  readonly told: Told
  readonly advertised: Advertised[]
  /** Whom else the event names need not be compared. */
  readonly alone: boolean
}

const requestFor = (about: About, scope: object, { index, told, advertised, alone }: Among): Request => {
  const { route, reading, context } = about
  const customerId = customerOf(route, scope)
  if (typeof customerId === 'object' && customerId !== null)
    return refused(about, nobodyAt(index), faultOf(route, index, customerId))
  const phone = phoneOf(route, scope, index)
  if ('reason' in phone) return refused(about, { index, customerId, recipientRef: null }, phone)

  const recipientRef = recipientRefOf(phone.to, context.pepper)
  const occurrence = told.count(customerId, recipientRef)
  const terms = termsOf(about, scope, index, phone.country)
  if ('reason' in terms) return refused(about, { index, customerId, recipientRef }, terms)
  if (!reading.identity) throw new Error(`route ${route.id}: an event without identity went on`)

  const { message, linked, zone, expiresAt, subject, revision, said } = terms
  advertised.push(...terms.advertisements.map((each) => ({ ...each, route: route.id })))
  const key = identityKeyOf({ ...reading.identity, customer: customerId, recipientRef, occurrence })
  const identityKey = alone ? key : told.tell(recipientRef, subject, message, key)
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
    quietHours: quietHoursFor(route, phone.country, context.now),
    expiresAt,
    staleAt: reading.time + route.maxAgeMs,
    unknownPolicy: route.unknownPolicy,
    unknownWaitMs: route.unknownWaitMs,
    fallback: route.fallback,
    fallbackAfterMs: route.fallbackAfterMs,
    dedupeWindowMs: route.dedupeWindowMs,
    businessKey: said && businessKeyOf({ route: route.id, recipientRef, values: said }),
    businessWindowMs: route.business?.windowMs ?? 0,
    subject,
    revision,
    onlyIfNotified: route.onlyIfNotified,
    reviewed: route.reviewed,
    receivedAt: context.now,
    traceparent: traceparentOf(about.record),
  }
  const own = linked ? linked(tokenOf(context, recipientRef, notificationId)) : message
  return { kind: 'ready', notification, sealed: sealContent({ to: phone.to, message: own }, notificationId, context.seal) }
}

const tokenOf = ({ pepper, ...context }: About['context'], recipientRef: string, notificationId: string): string =>
  (context.linkTokenOf ?? linkTokenOf)(recipientRef, notificationId, linkTokenKey(pepper))

const customerOf = ({ recipient: { customer: path } }: NotifyingRoute, scope: object): string | null | UnreadableField => {
  const value = path ? resolve(path, scope) : undefined
  if (!path || value === undefined || value === '') return null
  return nameOf(value) ?? { kind: 'malformed', path, wanted: NAME_FORMS, found: describe(value) }
}

const phoneOf = (route: NotifyingRoute, scope: object, index: number): { to: HashedPhone; country: ServedCountry } | Fault => {
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
  readonly subject: string | null
  readonly revision: number | null
  /** The values of the business key. */
  readonly said: readonly (string | null)[] | null
  /** With an example for the link token, so that what is said to several people is the same. */
  readonly message: Message
  readonly linked: Linked | null
  readonly advertisements: readonly Advertisement[]
}

const termsOf = ({ route, reading }: About, scope: object, index: number, country: ServedCountry): Terms | Fault => {
  if (reading.fault !== null) return reading.fault

  const zone = zoneOf(route, scope, country)
  if (typeof zone !== 'string') return faultOf(route, index, zone)
  const expiry = expiryOf(route, scope, { zone, eventTime: reading.time })
  if (expiry.kind !== 'expiry') return faultOf(route, index, expiry)
  const named = route.subject ? readSubject(route.subject, scope) : NO_SUBJECT
  if (named.kind !== 'subject') return faultOf(route, index, named)
  const numbered = route.revision === null ? NO_REVISION : readRevision(route.revision, scope)
  if (numbered.kind !== 'revision') return faultOf(route, index, numbered)
  const key = route.business ? readKey(route.business.key, scope) : NO_KEY
  if (key.kind !== 'key') return faultOf(route, index, key)

  const rendering = route.message.render(scope, zone)
  if (rendering.kind === 'missing') {
    return missing(`${rendering.property}: the event has no ${rendering.variable}; send it, or give the text a default`)
  }
  if (rendering.kind === 'unusable') return malformed(`${rendering.property}: ${rendering.detail}`)

  const violations = route.rules.violationsOf(rendering.message)
  if (violations.length > 0) {
    const broken = violations.slice(0, 5).map(({ property, rule, found }) => `${property}: wanted ${rule}, found ${found}`)
    return { reason: 'content-rule', detail: broken.join('; ') }
  }
  const advertisements = route.advertisementsIn(rendering.message)
  if (advertisements.length > 0 && route.rules.advertising === 'refuse') {
    const found = advertisements.slice(0, 5).map(({ property, word }) => `${property}: ${word.says} (${word.id})`)
    return {
      reason: 'advertising',
      detail: `${found.join('; ')}; reword it, or name the text in advertising.except of the route`,
    }
  }
  return {
    zone,
    expiresAt: expiry.at,
    subject: named.subject,
    revision: numbered.revision,
    said: key.values,
    message: rendering.message,
    linked: rendering.linked,
    advertisements,
  }
}

const NO_SUBJECT = { kind: 'subject', subject: null } as const
const NO_REVISION = { kind: 'revision', revision: null } as const
const NO_KEY = { kind: 'key', values: null } as const

/** A zone that the event misspells is a fault, not a reason to guess: the guess might ring at three in the morning. */
const zoneOf = (
  { recipient: { timeZone: path } }: NotifyingRoute,
  scope: object,
  country: ServedCountry,
): string | UnreadableField => {
  const value = path ? resolve(path, scope) : undefined
  if (!path || value === undefined || value === '') return ZONE_OF_COUNTRY[country]
  const zone = typeof value === 'string' ? readZone(value) : undefined
  return zone ?? { kind: 'malformed', path, wanted: 'an IANA zone', found: describe(value) }
}

const expiryOf = (
  { expires }: NotifyingRoute,
  scope: object,
  { zone, eventTime }: { readonly zone: string; readonly eventTime: number },
): { readonly kind: 'expiry'; readonly at: number | null } | UnreadableField => {
  if (!expires) return { kind: 'expiry', at: null }
  if (expires.kind === 'after') return { kind: 'expiry', at: eventTime + expires.ms }
  const value = resolve(expires.path, scope)
  if (value === undefined) return { kind: 'expiry', at: null }
  const time = readTime(value)
  if (time) return { kind: 'expiry', at: endOf(time, zone) }
  return { kind: 'malformed', path: expires.path, wanted: TIME_FORMS, found: describe(value) }
}
