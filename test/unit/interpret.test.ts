import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Marking } from '../../src/domain/mark.ts'
import { hashPhone, readPhone } from '../../src/domain/phone.ts'
import type { ReadyRequest, RefusedRequest, Request } from '../../src/domain/request.ts'
import { createSealer, openContent } from '../../src/domain/seal.ts'
import { interpret } from '../../src/intake/interpret.ts'
import { refuseUnrouted } from '../../src/intake/refusal.ts'
import type { Route } from '../../src/intake/route.ts'
import { billRoute, type Change, changedBill, loadFrom, NIGHT, voidRoute } from './route-folder.ts'

const CANARY = '+819012340199'
const OTHER = '090-1234-0102'
const THIRD = '080-1234-0103'
const NOW = Date.UTC(2026, 7, 10, 3)
const AT = Date.UTC(2026, 7, 10, 1)
const DAY = 86_400_000

const { seal, open } = createSealer([new Uint8Array(32).fill(7)])
const context = { now: NOW, pepper: new Uint8Array(32).fill(9), seal }
const recordOf = (headers: Record<string, string> = {}) => ({
  position: { topic: 'bills', partition: 2, offset: 17 },
  headers: new Map(Object.entries(headers)),
  timestamp: NOW - 1_000,
})

/** An event as the decoder gives it: nulls where nothing is. */
const bill = (changes: object = {}) => ({
  eventId: 'e1',
  at: AT,
  due: null,
  amount: 12_800,
  link: null,
  paid: false,
  customer: { id: 'C-1', phone: CANARY, timeZone: null, name: null },
  others: [],
  phones: [],
  labels: {},
  ...changes,
})
const person = (changes: object = {}) => ({ id: 'C-1', phone: CANARY, timeZone: null, name: null, ...changes })

const requestsOf = (
  route: Route,
  event: unknown,
  headers: Record<string, string> = {},
  record = recordOf(headers),
): readonly Request[] => {
  const interpretation = interpret(route, event, record, context)
  if (interpretation.kind !== 'requests') throw new Error(`the event is ${interpretation.kind}`)
  return interpretation.requests
}

const marksIn = (requests: readonly Request[]): Marking[] =>
  requests.flatMap((request) => (request.kind === 'mark' ? [request.marking] : []))

const readyOf = (requests: readonly Request[]): ReadyRequest[] => requests.filter((request) => request.kind === 'ready')
const onlyReady = (requests: readonly Request[]): ReadyRequest => {
  const [request] = requests
  if (requests.length !== 1 || request?.kind !== 'ready') throw new Error(`not one ready request: ${JSON.stringify(requests)}`)
  return request
}
const onlyRefused = (requests: readonly Request[]): RefusedRequest => {
  const [request] = requests
  if (requests.length !== 1 || request?.kind !== 'refused') throw new Error('not one refused request')
  expect(JSON.stringify(request)).not.toContain('9012340199')
  return request
}
const idOf = (request: Request): string => {
  if (request.kind === 'mark' || request.kind === 'channel') throw new Error(`a ${request.kind} has no id`)
  return request.kind === 'ready' ? request.notification.notificationId : request.notificationId
}
const contentOf = ({ notification, sealed }: ReadyRequest) => openContent(sealed, notification.notificationId, open)

describe('an event for one customer', () => {
  test('becomes one request with the policy of its route', () => {
    const { notification } = onlyReady(requestsOf(billRoute(), bill()))
    expect(notification).toMatchObject({
      position: { topic: 'bills', partition: 2, offset: 17, index: 0 },
      event: { source: 'jp.example', id: 'e1', type: 'jp.example.Bill', time: AT },
      customerId: 'C-1',
      recipientRef: expect.stringMatching(/^[0-9a-f]{64}$/),
      route: 'bill',
      purpose: 'bill-finalized',
      channel: 'main',
      endpoint: 'flexible',
      urgent: false,
      zone: 'Asia/Tokyo',
      quietHours: { windows: [NIGHT], holidays: [], spreadMs: 0 },
      expiresAt: null,
      staleAt: AT + 86_400_000,
      unknownPolicy: 'give-up',
      unknownWaitMs: 600_000,
      fallback: 'sms',
      fallbackAfterMs: null,
      dedupeWindowMs: 604_800_000,
      businessKey: null,
      businessWindowMs: 0,
      subject: null,
      revision: null,
      onlyIfNotified: false,
      reviewed: false,
      receivedAt: NOW,
      traceparent: null,
    })
  })

  test('seals the hashed number and the rendered message, and shows neither', () => {
    const request = onlyReady(requestsOf(billRoute(), bill()))
    const reading = readPhone(CANARY, 'JP')
    expect(contentOf(request)).toEqual({
      to: reading.kind === 'phone' && hashPhone(reading.e164),
      message: { endpoint: 'flexible', messages: [{ type: 'text', text: 'お客様: 12,800円' }] },
    })
    expect(JSON.stringify(request.notification)).not.toContain('9012340199')
    expect(Buffer.from(request.sealed).includes('12,800')).toBe(false)
  })

  test('read again, is the same notification', () => {
    const [first, again] = [onlyReady(requestsOf(billRoute(), bill())), onlyReady(requestsOf(billRoute(), bill()))]
    expect(again.notification).toEqual(first.notification)
  })

  test('produced again, has the same identity at another position', () => {
    const first = onlyReady(requestsOf(billRoute(), bill()))
    const record = { ...recordOf(), position: { topic: 'bills', partition: 2, offset: 18 } }
    const again = onlyReady(requestsOf(billRoute(), bill(), {}, record))
    expect(again.notification.identityKey).toBe(first.notification.identityKey)
    expect(again.notification.notificationId).not.toBe(first.notification.notificationId)
  })

  test('produced again with another number, is for another recipient', () => {
    const first = onlyReady(requestsOf(billRoute(), bill()))
    const again = onlyReady(requestsOf(billRoute(), bill({ customer: person({ phone: OTHER }) })))
    expect(again.notification.identityKey).not.toBe(first.notification.identityKey)
  })
})

test('`event.` reaches the whole wherever a path may be', () => {
  const route = voidRoute(
    ['time: at', 'time: event.at\nrecipients: event.others'],
    ['id: eventId', 'id: event.eventId'],
    ['id: customer.id', 'id: event.eventId'],
  )
  expect(requestsOf(route, bill({ others: [person()] }))).toMatchObject([
    { kind: 'mark', marking: { subject: 'invoice/e1', cancelledAt: AT } },
  ])
  const notifying = billRoute(['time: at', 'time: event.at'], ['id: eventId', 'id: event.eventId'])
  expect(onlyReady(requestsOf(notifying, bill())).notification.event).toMatchObject({ id: 'e1', time: AT })
})

describe('CloudEvents headers', () => {
  const headers = { ce_source: '/billing', ce_id: 'h1', ce_type: 'jp.example.bill.v2', ce_time: '2026-08-10T09:00:00+09:00' }

  test('win over the fields of the event', () => {
    const { notification } = onlyReady(requestsOf(billRoute(), bill(), headers))
    const time = Date.UTC(2026, 7, 10)
    expect(notification.event).toEqual({ source: '/billing', id: 'h1', type: 'jp.example.bill.v2', time })
    expect(notification.staleAt).toBe(time + 86_400_000)
  })

  test('are not mixed with fields: an id means nothing without its source', () => {
    const { notification } = onlyReady(requestsOf(billRoute(), bill(), { ce_id: 'h1' }))
    expect(notification.event).toMatchObject({ source: 'jp.example', id: 'e1' })
  })

  test('suffice for a route without identity, and are then needed', () => {
    const route = billRoute(['identity: { source: jp.example, id: eventId }\n', ''])
    expect(onlyReady(requestsOf(route, bill(), headers)).notification.event.id).toBe('h1')
    expect(onlyRefused(requestsOf(route, bill(), { ce_id: 'h1' }))).toMatchObject({
      reason: 'missing-field',
      detail: 'headers ce_source and ce_id: one is missing; send both, or name the identity in the route',
    })
  })

  test('with a time that is none are refused', () => {
    expect(onlyRefused(requestsOf(billRoute(), bill(), { ce_time: 'today' })).detail).toMatch(
      /^header ce_time: wanted .*, found a text of the shape AAAAA \(5 characters\)$/,
    )
  })

  test('carry the trace on, unless it is malformed', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    expect(onlyReady(requestsOf(billRoute(), bill(), { traceparent })).notification.traceparent).toBe(traceparent)
    expect(onlyReady(requestsOf(billRoute(), bill(), { traceparent: 'x' })).notification.traceparent).toBeNull()
    const endless = `${traceparent}-${'x'.repeat(1_000_000)}`
    expect(onlyReady(requestsOf(billRoute(), bill(), { traceparent: endless })).notification.traceparent).toBeNull()
  })
})

describe('the time of an event', () => {
  test.each([
    ['in milliseconds', AT, AT],
    ['with an offset', '2026-08-10T09:00:00+09:00', Date.UTC(2026, 7, 10)],
    ['without an offset, in the default zone', '2026-08-10T09:00:00', Date.UTC(2026, 7, 10)],
    ["absent: the record's timestamp", null, NOW - 1_000],
  ])('%s', (_, at, time) => {
    expect(onlyReady(requestsOf(billRoute(), bill({ at }))).notification.event.time).toBe(time)
  })

  test('in seconds is refused', () => {
    expect(onlyRefused(requestsOf(billRoute(), bill({ at: 1_786_000_000 })))).toMatchObject({
      reason: 'malformed-field',
      detail: expect.stringContaining('at: wanted milliseconds since 1970'),
    })
  })

  test.each([
    ['by a clock that runs ahead', NOW + DAY, {}, NOW + DAY],
    ['by such a clock, in the header', AT, { ce_time: '2026-08-11T12:00:00+09:00' }, NOW + DAY],
    ['on a clock without its zone, where it is tomorrow', '2026-08-11T12:00:00', {}, NOW + DAY],
  ])('up to a day ahead is taken as it is: %s', (_, at, headers, time) => {
    expect(onlyReady(requestsOf(billRoute(), bill({ at }), headers)).notification.event.time).toBe(time)
  })

  test.each([
    ['in milliseconds', 'at', NOW + DAY + 1, {}],
    ['in the year 2199', 'at', Date.UTC(2199, 11, 31), {}],
    ['in the year 9999', 'at', '9999-12-31T23:59:59Z', {}],
    ['without an offset', 'at', '2026-08-11T12:00:01', {}],
    ['in the header', 'header ce_time', AT, { ce_time: '2026-08-11T12:00:01+09:00' }],
  ])('more than a day ahead is refused, as it would never be too old: %s', (_, place, at, headers) => {
    expect(onlyRefused(requestsOf(billRoute(), bill({ at }), headers))).toMatchObject({
      reason: 'malformed-field',
      detail: `${place}: wanted when the event happened, found a time more than a day ahead; is the clock right that wrote it, or is it when something will happen?`,
      event: { time: NOW - 1_000 },
    })
  })

  test("more than a day ahead is refused of the record's timestamp too, and does not matter where the event says its own", () => {
    const stamped = (timestamp: number) => ({ ...recordOf(), timestamp })
    expect(onlyReady(requestsOf(billRoute(), bill({ at: null }), {}, stamped(NOW + DAY))).notification.event.time).toBe(NOW + DAY)
    expect(onlyRefused(requestsOf(billRoute(), bill({ at: null }), {}, stamped(NOW + DAY + 1)))).toMatchObject({
      reason: 'malformed-field',
      event: { time: NOW },
    })
    expect(onlyReady(requestsOf(billRoute(), bill(), {}, stamped(NOW + DAY + 1))).notification.event.time).toBe(AT)
  })
})

describe('the zone of a recipient', () => {
  test.each([
    ["the event's", { timeZone: 'America/New_York' }, 'America/New_York'],
    ["the event's, in its canonical spelling", { timeZone: 'asia/tokyo' }, 'Asia/Tokyo'],
    ["otherwise the number's country: Japan", {}, 'Asia/Tokyo'],
    ["otherwise the number's country: Thailand", { phone: '+66 81 234 5678' }, 'Asia/Bangkok'],
    ["otherwise the number's country: Taiwan", { phone: '+886912345678' }, 'Asia/Taipei'],
  ])('%s', (_, changes, zone) => {
    expect(onlyReady(requestsOf(billRoute(), bill({ customer: person(changes) }))).notification.zone).toBe(zone)
  })

  test.each(['JST', '+09:00', '2020-01-01T00:00Z', 'Asia/Edo'])('%s is no zone, and is not guessed at', (timeZone) => {
    expect(onlyRefused(requestsOf(billRoute(), bill({ customer: person({ timeZone }) })))).toMatchObject({
      reason: 'malformed-field',
      detail: expect.stringContaining('customer.timeZone: wanted an IANA zone, found a text of the shape '),
    })
  })
})

describe('the expiry', () => {
  test.each([
    ['of an instant is that instant', '2026-08-31T12:00:00Z', {}, Date.UTC(2026, 7, 31, 12)],
    ['of a date is the end of that day in Japan', '2026-08-31', {}, Date.UTC(2026, 7, 31, 15)],
    [
      'of a date is the end of that day where the recipient is',
      '2026-08-31',
      { timeZone: 'Asia/Bangkok' },
      Date.UTC(2026, 7, 31, 17),
    ],
    [
      'of a local time is that time where the recipient is',
      '2026-08-31T12:00',
      { timeZone: 'Asia/Bangkok' },
      Date.UTC(2026, 7, 31, 5),
    ],
    ['of nothing is none', null, {}, null],
  ])('%s', (_, due, changes, expiresAt) => {
    expect(onlyReady(requestsOf(billRoute(), bill({ due, customer: person(changes) }))).notification.expiresAt).toBe(expiresAt)
  })

  test('may be counted from the event', () => {
    const route = billRoute(['expires: due', 'expires: PT6H'])
    expect(onlyReady(requestsOf(route, bill())).notification.expiresAt).toBe(AT + 6 * 3_600_000)
  })

  test('that cannot be read is refused', () => {
    expect(onlyRefused(requestsOf(billRoute(), bill({ due: '31 Aug' }))).detail).toMatch(
      /^due: wanted .*, found a text of the shape 99 AAA \(6 characters\)$/,
    )
  })
})

describe('a recipient is refused', () => {
  test.each([
    ['without a number', { phone: null }, 'no-phone', 'customer.phone: found nothing; a phone number is needed'],
    ['with an empty one', { phone: '' }, 'no-phone', 'customer.phone: found nothing; a phone number is needed'],
    [
      'with one that is too short',
      { phone: '090-1234-019' },
      'unusable-phone',
      'customer.phone: no valid number of JP, nor one with country code: a text of the shape 999-9999-999 (12 characters)',
    ],
    [
      'with a foreign one',
      { phone: '+1 415 555 2671' },
      'country-not-served',
      'customer.phone: a number of US, LINE serves JP, TH and TW: a text of the shape +9 999 999 9999 (15 characters)',
    ],
  ])('%s', (_, changes, reason, detail) => {
    expect(onlyRefused(requestsOf(billRoute(), bill({ customer: person(changes) })))).toMatchObject({
      reason,
      detail,
      customerId: 'C-1',
      recipientRef: null,
      route: 'bill',
      purpose: 'bill-finalized',
      channel: 'main',
      fallback: 'sms',
      dedupeWindowMs: 604_800_000,
      event: { source: 'jp.example', id: 'e1' },
    })
  })

  test('if the event has no customer at all', () => {
    expect(onlyRefused(requestsOf(billRoute(), bill({ customer: null })))).toMatchObject({ reason: 'no-phone', customerId: null })
  })

  test('for a variable that the event lacks, by its name', () => {
    const route = billRoute(["customer.name | default: 'お客'", 'customer.name'])
    expect(onlyRefused(requestsOf(route, bill()))).toMatchObject({
      reason: 'missing-field',
      detail: 'messages[0].text: the event has no customer.name; send it, or give the text a default',
      recipientRef: expect.any(String),
    })
  })

  test('for what the event lacks under a value of its own, by what the template says of it', () => {
    const route = billRoute(['amount | yen', 'labels[customer.phone]'])
    expect(onlyRefused(requestsOf(route, bill())).detail).toBe(
      'messages[0].text: the event has no labels[…]; send it, or give the text a default',
    )
  })

  test.each<[what: string, changes: object, detail: string]>([
    [
      'an event id of half a character',
      { eventId: '\ud83d' },
      'eventId: wanted a text of at most 1000 characters that is sound UTF-8',
    ],
    [
      'an event id that is no UTF-8',
      { eventId: 'e\ufffd' },
      'eventId: wanted a text of at most 1000 characters that is sound UTF-8',
    ],
    ['an event id of a page', { eventId: 'e'.repeat(1_001) }, 'eventId: wanted a text of at most 1000 characters'],
    [
      'a customer id of a page',
      { customer: person({ id: 'C'.repeat(1_001) }) },
      'customer.id: wanted a text of at most 1000 characters',
    ],
    [
      'a customer id of half a character',
      { customer: person({ id: '\udc69' }) },
      'customer.id: wanted a text of at most 1000 characters',
    ],
  ])('for %s: different ones would become one, or no record of Kafka would hold it', (_, changes, detail) => {
    expect(onlyRefused(requestsOf(billRoute(), bill(changes))).detail).toContain(detail)
  })

  test('for a header that names the event and is a page long', () => {
    const headers = { ce_source: '/billing', ce_id: 'h'.repeat(1_001) }
    expect(onlyRefused(requestsOf(billRoute(), bill(), headers)).detail).toMatch(
      /^header ce_id: wanted a text of at most 1000 characters/,
    )
    const { event } = onlyReady(requestsOf(billRoute(), bill(), { ce_type: 't'.repeat(1_001) })).notification
    expect(event.type).toBeNull()
  })

  test.each([
    ['in microseconds', NOW * 1_000],
    ['that is none', -1],
    ['that is any number', Number('9223372036854775807')],
  ])("for a record's timestamp %s, where the event has no time: nothing would ever be forgotten", (_, timestamp) => {
    const record = { ...recordOf(), timestamp }
    expect(onlyRefused(requestsOf(billRoute(), bill({ at: null }), {}, record))).toMatchObject({
      detail: expect.stringContaining(
        "the record's timestamp: wanted milliseconds since 1970, at most a day ahead, found none, or another number; write it, or send the time of the event",
      ),
      event: { time: NOW },
    })
    expect(onlyReady(requestsOf(billRoute(), bill(), {}, record)).notification.event.time).toBe(AT)
  })

  test('for a value that a filter cannot take, by its shape', () => {
    const route = billRoute(['amount | yen', 'customer.phone | yen'])
    expect(onlyRefused(requestsOf(route, bill())).detail).toBe(
      'messages[0].text: yen: wanted a whole number, found a text of the shape +999999999999 (13 characters)',
    )
  })

  test('for a value that is too long, by field and length', () => {
    const route = billRoute()
    const event = bill({ customer: person({ name: CANARY.repeat(400) }) })
    expect(onlyRefused(requestsOf(route, event))).toMatchObject({
      reason: 'content-rule',
      detail: 'messages[0].text: wanted 1 to 5000 characters, found 5210 characters',
    })
  })

  test('for an event that cannot be told from others', () => {
    expect(onlyRefused(requestsOf(billRoute(), bill({ eventId: null })))).toMatchObject({
      reason: 'missing-field',
      detail: expect.stringContaining('eventId: found nothing, and no headers ce_source and ce_id'),
      event: { source: null, id: null },
    })
  })

  test("and remembered for its route's window", () => {
    const route = billRoute(['expires: due', 'dedupeWindow: P2D'])
    expect(onlyRefused(requestsOf(route, bill({ customer: null }))).dedupeWindowMs).toBe(2 * 86_400_000)
  })

  test('and read again, is the same refusal', () => {
    const event = bill({ customer: null })
    expect(requestsOf(billRoute(), event)).toEqual(requestsOf(billRoute(), event))
  })
})

describe('an event for many', () => {
  const fanOut = () =>
    billRoute(
      ['recipient: {', 'recipients: others\nrecipient: {'],
      [
        'phone: customer.phone, customer: customer.id, timeZone: customer.timeZone',
        'phone: phone, customer: id, timeZone: timeZone',
      ],
      ['expires: due', 'expires: event.due'],
      ["{{ customer.name | default: 'お客' }}様: {{ amount | yen }}", "{{ name | default: 'お客' }}様: {{ event.amount | yen }}"],
    )
  const eventFor = (...others: object[]) => bill({ customer: null, others })

  test('becomes one request for each, and one bad number harms no other', () => {
    const requests = requestsOf(
      fanOut(),
      eventFor(person(), person({ id: 'C-2', phone: '090-12' }), person({ id: 'C-3', phone: THIRD, name: '佐藤' })),
    )
    expect(requests.map(({ kind }) => kind)).toEqual(['ready', 'refused', 'ready'])
    expect(requests[1]).toMatchObject({
      customerId: 'C-2',
      position: { index: 1 },
      reason: 'unusable-phone',
      detail: expect.stringContaining('others[1].phone: no valid number'),
    })
    const [first, third] = readyOf(requests)
    expect(first?.notification.position.index).toBe(0)
    expect(third?.notification).toMatchObject({ customerId: 'C-3', position: { index: 2 } })
    expect(third && contentOf(third).message).toMatchObject({ messages: [{ text: '佐藤様: 12,800円' }] })
    expect(new Set(requests.map(idOf)).size).toBe(3)
  })

  test('that names nobody is one refusal', () => {
    expect(onlyRefused(requestsOf(fanOut(), eventFor()))).toMatchObject({
      reason: 'no-recipients',
      position: { index: 0 },
      detail: 'others: found an empty list; an event must name at least one recipient',
    })
  })

  test('that cannot be told from others is refused for each, so that each may be told otherwise', () => {
    const requests = requestsOf(fanOut(), { ...eventFor(person(), person({ id: 'C-2', phone: OTHER })), eventId: null })
    expect(requests).toMatchObject([
      { kind: 'refused', customerId: 'C-1', fallback: 'sms' },
      { kind: 'refused', customerId: 'C-2', fallback: 'sms' },
    ])
  })

  const identitiesOf = (...others: object[]) =>
    readyOf(requestsOf(fanOut(), eventFor(...others))).map(({ notification }) => notification)

  test('with the same number and the same words twice: the second is the first again', () => {
    const [first, second] = identitiesOf(person(), person({ id: 'C-2', phone: '090-1234-0199' }))
    expect(second?.identityKey).toBe(first?.identityKey)
    expect(second?.notificationId).not.toBe(first?.notificationId)
    expect(second?.customerId).toBe('C-2')
  })

  test.each([
    ['of two customers', 'C-2'],
    ['of the same customer', 'C-1'],
    ['of customers without id', null],
  ])('with the same number but other words, %s: both are sent', (_, id) => {
    const [first, second] = identitiesOf(person({ id, name: '花子' }), person({ id, name: '太郎' }))
    expect(second?.identityKey).not.toBe(first?.identityKey)
  })

  test('without customer ids, in another order, has the same identities', () => {
    const one = person({ id: null, phone: CANARY })
    const other = person({ id: null, phone: OTHER })
    const keys = (...others: object[]) => new Set(identitiesOf(...others).map(({ identityKey }) => identityKey))
    expect(keys(one, other)).toEqual(keys(other, one))
    expect(keys(one, other).size).toBe(2)
  })

  test('mended and produced again: the others keep their identities', () => {
    const broken = person({ name: 'x'.repeat(5_001) })
    const sound = person({ name: '太郎' })
    const [before] = identitiesOf(broken, sound)
    const [mended, after] = identitiesOf(person({ name: '花子' }), sound)
    expect(after?.identityKey).toBe(before?.identityKey)
    expect(mended?.identityKey).not.toBe(before?.identityKey)
  })
})

test('no refusal ever holds the digits of the number', () => {
  const routes = [
    billRoute(),
    billRoute(['amount | yen', 'customer.phone | yen']),
    billRoute(['{{ amount | yen }}', '{{ customer.phone | date }}']),
  ]
  const separators = fc.constantFrom('', '-', ' ', '.', '–')
  const digits = fc.array(fc.constantFrom(...'0123456789'), { minLength: 5, maxLength: 14 })
  const spelled = fc.tuple(
    fc.constantFrom('', '+', '＋', '+81', '(0)'),
    digits,
    separators,
    fc.constantFrom('', ' x5', '内線', '\n'),
  )
  fc.assert(
    fc.property(fc.constantFrom(...routes), spelled, (route, [prefix, number, separator, suffix]) => {
      fc.pre(number.some((digit) => digit !== '9'))
      const phone = prefix + number.join(separator) + suffix
      // `at` and the position hold digits of their own.
      for (const request of requestsOf(route, bill({ customer: person({ phone }) }))) {
        if (request.kind !== 'refused') continue
        expect(request.detail).not.toContain(number.join(''))
        expect(request.detail).not.toContain(number.join(separator))
        expect(JSON.stringify({ ...request, event: null, notificationId: null })).not.toContain(number.join(''))
      }
    }),
  )
})

const MEMORY = 604_800_000 + 3_600_000
const about = (...changes: readonly Change[]) =>
  billRoute(
    ['fallback: sms', 'fallback: sms\nsubject: { kind: invoice, id: due }\nrevision: revision\nonlyIf: notified'],
    ['expires: due\n', ''],
    ...changes,
  )

describe('a subject', () => {
  const subjectOf = (due: unknown) => onlyReady(requestsOf(about(['revision: revision\nonlyIf: notified', '']), bill({ due })))

  test.each([
    ['a text', 'R-1024', 'invoice/R-1024'],
    ['a text as it is, though it look like two', ' a/b ', 'invoice/ a/b '],
    ['a whole number', 1024, 'invoice/1024'],
    ['a large whole number', 9_007_199_254_740_993n, 'invoice/9007199254740993'],
    ['nought', 0, 'invoice/0'],
    ['emoji', '👨‍👩‍👧', 'invoice/👨‍👩‍👧'],
    ['200 characters', 'x'.repeat(200), `invoice/${'x'.repeat(200)}`],
  ])('may be %s', (_, due, subject) => expect(subjectOf(due).notification.subject).toBe(subject))

  test.each([
    ['absent', null],
    ['empty', ''],
  ])('that is %s is refused', (_, due) => {
    expect(onlyRefused(requestsOf(about(), bill({ due, revision: 1 })))).toMatchObject({
      reason: 'missing-field',
      detail: 'due: found nothing; the route needs it',
      recipientRef: expect.any(String),
    })
  })

  test.each([
    ['201 characters long', 'x'.repeat(201), '(201 characters)'],
    ['of a megabyte', 'x'.repeat(1 << 20), '(1048576 characters)'],
    ['of two lines', 'R-1\nR-2', 'a text of the shape A-9?A-9 (7 characters)'],
    ['with a null character', 'R-1\0', '(4 characters)'],
    ['half an emoji', '\ud83d', '(1 characters)'],
    ['the other half', 'R-\udc68', '(3 characters)'],
    ['a fraction', 1.5, 'a number'],
    ['beyond what a number holds', 2 ** 53, 'a number'],
    ['not a number', Number.NaN, 'a number'],
    ['a yes', true, 'a boolean'],
    ['a record', { id: 'R-1' }, 'a record'],
    ['a list', ['R-1'], 'a list'],
  ])('that is %s is refused by its shape', (_, due, shape) => {
    const { reason, detail } = onlyRefused(requestsOf(about(), bill({ due, revision: 1 })))
    expect(reason).toBe('malformed-field')
    expect(detail).toContain('due: wanted a text of at most 200 characters without control characters, or a whole number, found ')
    expect(detail).toContain(shape)
    expect(detail.length).toBeLessThan(200)
  })
})

describe('a revision', () => {
  test.each([0, 1, 2 ** 53 - 2])('of %d is marked in every partition, before the notification', (revision) => {
    const requests = requestsOf(about(), bill({ due: 'R-1', revision }))
    expect(requests).toMatchObject([
      { kind: 'mark', marking: { subject: 'invoice/R-1', cancelledAt: null, revision, forgetAt: NOW + MEMORY } },
      { kind: 'ready', notification: { subject: 'invoice/R-1', revision, onlyIfNotified: true } },
    ])
  })

  test('may be that of the route', () => {
    const requests = requestsOf(about(['revision: revision', 'revision: 7']), bill({ due: 'R-1' }))
    expect(marksIn(requests)).toMatchObject([{ revision: 7 }])
    expect(readyOf(requests)).toMatchObject([{ notification: { revision: 7 } }])
  })

  test.each([
    ['a text', '7', 'found a text of the shape 9 (1 characters)'],
    ['below nought', -1, 'found a number'],
    ['a fraction', 1.5, 'found a number'],
    ['2^53 - 1', 2 ** 53 - 1, 'found a number'],
    ['2^53', 2 ** 53, 'found a number'],
    ['infinite', Number.POSITIVE_INFINITY, 'found a number'],
    ['not a number', Number.NaN, 'found a number'],
  ])('that is %s is refused, and marks nothing', (_, revision, found) => {
    expect(onlyRefused(requestsOf(about(), bill({ due: 'R-1', revision })))).toMatchObject({
      reason: 'malformed-field',
      detail: `revision: wanted a whole number from 0 to 9007199254740990, ${found}`,
    })
  })

  test('that is absent is refused, and marks nothing', () => {
    expect(onlyRefused(requestsOf(about(), bill({ due: 'R-1' })))).toMatchObject({
      reason: 'missing-field',
      detail: 'revision: found nothing; the route needs it',
    })
  })

  test('is marked though its recipient be refused: what came before is out of date', () => {
    const requests = requestsOf(about(), bill({ due: 'R-1', revision: 2, customer: null }))
    expect(requests).toMatchObject([
      { kind: 'mark', marking: { revision: 2 } },
      { kind: 'refused', reason: 'no-phone' },
    ])
  })

  test.each([
    ['without identity', { eventId: null }, 'missing-field'],
    ['at no time', { at: 'today' }, 'malformed-field'],
    ['that has not happened', { at: NOW + 2 * DAY }, 'malformed-field'],
  ])('of an event %s marks nothing: it is refused as a whole', (_, changes, reason) => {
    expect(onlyRefused(requestsOf(about(), bill({ due: 'R-1', revision: 2, ...changes }))).reason).toBe(reason)
  })

  test('of an event of tomorrow is remembered from tomorrow', () => {
    const at = NOW + 86_400_000
    expect(marksIn(requestsOf(about(), bill({ due: 'R-1', revision: 2, at })))).toMatchObject([{ forgetAt: at + MEMORY }])
  })

  test('of several subjects is marked once for each, by the highest', () => {
    const route = about(
      ['recipient: {', 'recipients: others\nrecipient: {'],
      ['phone: customer.phone, customer: customer.id, timeZone: customer.timeZone', 'phone: phone'],
      ['id: due', 'id: id'],
      ["{{ customer.name | default: 'お客' }}様: {{ amount | yen }}", '{{ event.amount | yen }}'],
    )
    const others = [
      person({ id: 'A', revision: 3 }),
      person({ id: 'B', revision: 1, phone: OTHER }),
      person({ id: 'A', revision: 5, phone: THIRD }),
      person({ id: 'A', revision: 4, phone: '090-12' }),
      person({ id: 'C', revision: -1 }),
      person({ id: null, revision: 9 }),
    ]
    const requests = requestsOf(route, bill({ customer: null, others }))
    expect(requests.map(({ kind }) => kind)).toEqual([
      ...['mark', 'mark'],
      ...['ready', 'ready', 'ready', 'refused', 'refused', 'refused'],
    ])
    expect(marksIn(requests)).toMatchObject([
      { subject: 'invoice/A', revision: 5 },
      { subject: 'invoice/B', revision: 1 },
    ])
    expect(requests.slice(-2)).toMatchObject([
      { position: { index: 4 }, detail: expect.stringContaining('others[4].revision: wanted a whole number') },
      { position: { index: 5 }, detail: 'others[5].id: found nothing; the route needs it' },
    ])
  })
})

describe('an event that calls off', () => {
  test('becomes one mark, and notifies nobody', () => {
    expect(requestsOf(voidRoute(), bill())).toEqual([
      { kind: 'mark', marking: { subject: 'invoice/C-1', cancelledAt: AT, revision: null, forgetAt: NOW + MEMORY } },
    ])
  })

  test('is remembered for its own window, from when it happened if that is later', () => {
    const route = voidRoute(['time: at', 'time: at\ndedupeWindow: P2D'])
    const at = NOW + 60_000
    expect(marksIn(requestsOf(route, bill({ at })))).toMatchObject([
      { cancelledAt: at, forgetAt: at + 2 * 86_400_000 + 3_600_000 },
    ])
  })

  test('needs no identity: called off twice is called off', () => {
    expect(marksIn(requestsOf(voidRoute(), bill({ eventId: null })))).toHaveLength(1)
  })

  test.each([
    ['no subject', { customer: null }, 'missing-field', 'customer.id: found nothing; the route needs it'],
    [
      'a subject that is none',
      { customer: person({ id: '\ud83d' }) },
      'malformed-field',
      'customer.id: wanted a text of at most',
    ],
    ['no time', { at: 'today' }, 'malformed-field', 'at: wanted milliseconds since 1970'],
  ])('but has %s is refused for its route, so that somebody looks', (_, changes, reason, detail) => {
    expect(onlyRefused(requestsOf(voidRoute(), bill(changes)))).toMatchObject({
      reason,
      detail: expect.stringContaining(detail),
      route: 'bill-void',
      customerId: null,
      recipientRef: null,
      purpose: null,
      channel: null,
      fallback: null,
      dedupeWindowMs: 604_800_000,
    })
  })

  describe('several things', () => {
    const several = () => voidRoute(['id: customer.id', 'id: id'], ['time: at', 'time: at\nrecipients: others'])

    test('marks each once, and one that cannot be understood harms no other', () => {
      const others = ['A', 'B', null, 'A'].map((id) => person({ id }))
      const requests = requestsOf(several(), bill({ others }))
      expect(marksIn(requests).map(({ subject }) => subject)).toEqual(['invoice/A', 'invoice/B'])
      expect(requests.slice(2)).toMatchObject([
        { kind: 'refused', position: { index: 2 }, detail: 'others[2].id: found nothing; the route needs it' },
      ])
    })

    test('but names none is refused', () => {
      expect(onlyRefused(requestsOf(several(), bill()))).toMatchObject({
        reason: 'no-recipients',
        detail: 'others: found an empty list; an event must name at least one',
      })
    })
  })
})

describe('a business key', () => {
  const keyed = (...changes: readonly Change[]) =>
    billRoute(
      ['fallback: sms', 'fallback: sms\ndedupe: { key: [due, customer.name], window: P1D }'],
      ['expires: due\n', ''],
      ...changes,
    )
  const keyOf = (event: object, route = keyed()) => onlyReady(requestsOf(route, event)).notification.businessKey
  const one = bill({ due: '2026-08-31', customer: person({ name: '花子' }) })

  test('is the same for other events that say the same, within its window', () => {
    const { notification } = onlyReady(requestsOf(keyed(), one))
    expect(notification.businessKey).toMatch(/^[0-9a-f]{32}$/)
    expect(notification.businessWindowMs).toBe(86_400_000)
    expect(keyOf({ ...one, eventId: 'e2', at: AT + 5, amount: 1 })).toBe(notification.businessKey)
  })

  test.each([
    ['value', { ...one, due: '2026-09-30' }],
    ['absent value', { ...one, due: null }],
    ['recipient', { ...one, customer: person({ name: '花子', phone: OTHER }) }],
    ['place of a value', { ...one, due: '花子', customer: person({ name: '2026-08-31' }) }],
  ])('differs by %s', (_, event) => expect(keyOf(event)).not.toBe(keyOf(one)))

  test('differs by route', () => expect(keyOf(one, keyed(['route: bill', 'route: other']))).not.toBe(keyOf(one)))

  test('tells an absent value from an empty one', () => {
    expect(keyOf({ ...one, due: '' })).not.toBe(keyOf({ ...one, due: null }))
  })

  test('is none if all is absent: two that say nothing do not say the same', () => {
    expect(keyOf(bill())).toBeNull()
  })

  test('of half an emoji is refused: UTF-8 would make it the same as others', () => {
    expect(onlyRefused(requestsOf(keyed(), { ...one, due: '\ud83d' }))).toMatchObject({
      reason: 'malformed-field',
      detail: 'due: wanted a text or a whole number, found a text of the shape ? (1 characters)',
    })
  })
})

test('another channel may be due after a while', () => {
  const route = billRoute(['fallback: sms', 'fallback: sms\nfallbackAfter: PT30M'])
  expect(onlyReady(requestsOf(route, bill())).notification.fallbackAfterMs).toBe(1_800_000)
})

describe('an event older than its window', () => {
  const WINDOW = 604_800_000

  test.each([
    ['that notifies', () => billRoute()],
    ['that has revisions', () => about()],
    ['that calls off', () => voidRoute()],
  ])('%s is too old, to the millisecond', (_, routeOf) => {
    const event = { due: 'R-1', revision: 1 }
    expect(interpret(routeOf(), bill({ ...event, at: NOW - WINDOW }), recordOf(), context)).toEqual({ kind: 'too-old' })
    expect(requestsOf(routeOf(), bill({ ...event, at: NOW - WINDOW + 1 }))).not.toEqual([])
  })

  test('is too old though it would be refused', () => {
    const event = bill({ at: NOW - WINDOW, customer: null, eventId: null })
    expect(interpret(billRoute(), event, recordOf(), context)).toEqual({ kind: 'too-old' })
  })

  test("without a time of its own goes by the record's", () => {
    const record = { ...recordOf(), timestamp: NOW - WINDOW }
    expect(interpret(billRoute(), bill({ at: null }), record, context)).toEqual({ kind: 'too-old' })
    expect(requestsOf(billRoute(), bill({ at: AT }), {}, record)).toHaveLength(1)
  })
})

describe('an event that no route wants', () => {
  test('is refused by its names', () => {
    const routes = loadFrom({ 'bill.yaml': changedBill() })
    const record = recordOf({ ce_source: '/billing', ce_id: 'h1', ce_type: 'jp.example.bil' })
    expect(refuseUnrouted(record, 'jp.example.Bil', { routes, now: NOW })).toMatchObject({
      kind: 'refused',
      reason: 'no-route',
      detail: 'type jp.example.bil, record jp.example.Bil: routes of this topic: jp.example.Bill',
      position: { topic: 'bills', partition: 2, offset: 17, index: 0 },
      event: { source: '/billing', id: 'h1', type: 'jp.example.bil', time: null },
      route: null,
      purpose: null,
      channel: null,
      receivedAt: NOW,
      dedupeWindowMs: 604_800_000,
    })
  })

  test('is refused with words that steer no terminal, whatever its type', () => {
    const record = recordOf({ ce_type: 'a\u001b[2J\nb\u202ec' })
    const refused = refuseUnrouted(record, 'jp.example.Bil', { routes: [], now: NOW })
    expect(refused.detail).toBe('type a�[2J�b�c, record jp.example.Bil: no route has this topic')
    expect(refused.event.type, 'as it came').toBe('a\u001b[2J\nb\u202ec')
  })

  test('is refused in a topic without routes', () => {
    expect(refuseUnrouted(recordOf(), 'jp.example.Bill', { routes: [], now: NOW }).detail).toBe(
      'record jp.example.Bill: no route has this topic',
    )
  })
})

test('what is not a record is a fault of the caller', () => {
  expect(() => requestsOf(billRoute(), 'text')).toThrow('route bill: the event is a text of the shape AAAA (4 characters)')
})
