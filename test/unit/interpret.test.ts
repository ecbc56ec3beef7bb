import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashPhone, readPhone } from '../../src/domain/phone.ts'
import type { ReadyRequest, RefusedRequest, Request } from '../../src/domain/request.ts'
import { createSealer, openContent } from '../../src/domain/seal.ts'
import { interpret } from '../../src/intake/interpret.ts'
import { refuseUnrouted } from '../../src/intake/refusal.ts'
import type { Route } from '../../src/intake/route.ts'
import { violationsOf } from '../../src/providers/line/content-rules.ts'
import { billRoute, changedBill, loadFrom } from './route-folder.ts'

const CANARY = '+819012340199'
const OTHER = '090-1234-0102'
const THIRD = '080-1234-0103'
const NOW = Date.UTC(2026, 7, 10, 3)
const AT = Date.UTC(2026, 7, 10, 1)

const { seal, open } = createSealer([new Uint8Array(32).fill(7)])
const context = { now: NOW, pepper: new Uint8Array(32).fill(9), seal, violationsOf }
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

const requestsOf = (route: Route, event: unknown, headers: Record<string, string> = {}): Request[] =>
  interpret(route, event, recordOf(headers), context)

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
      quietHours: { from: '21:00', until: '08:00' },
      expiresAt: null,
      staleAt: AT + 86_400_000,
      unknownPolicy: 'give-up',
      unknownWaitMs: 600_000,
      fallback: 'sms',
      dedupeWindowMs: 604_800_000,
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
    const again = onlyReady(interpret(billRoute(), bill(), record, context))
    expect(again.notification.identityKey).toBe(first.notification.identityKey)
    expect(again.notification.notificationId).not.toBe(first.notification.notificationId)
  })

  test('produced again with another number, is for another recipient', () => {
    const first = onlyReady(requestsOf(billRoute(), bill()))
    const again = onlyReady(requestsOf(billRoute(), bill({ customer: person({ phone: OTHER }) })))
    expect(again.notification.identityKey).not.toBe(first.notification.identityKey)
  })
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
      /^header ce_time: wanted .*, found "AAAAA" \(5 characters\)$/,
    )
  })

  test('carry the trace on, unless it is malformed', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    expect(onlyReady(requestsOf(billRoute(), bill(), { traceparent })).notification.traceparent).toBe(traceparent)
    expect(onlyReady(requestsOf(billRoute(), bill(), { traceparent: 'x' })).notification.traceparent).toBeNull()
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
      reason: 'missing-field',
      detail: expect.stringContaining('at: wanted milliseconds since 1970'),
    })
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
      detail: expect.stringContaining('customer.timeZone: wanted an IANA zone, found "'),
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
      /^due: wanted .*, found "99 AAA" \(6 characters\)$/,
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
      'customer.phone: no valid number of JP, nor one with country code: "999-9999-999" (12 characters)',
    ],
    [
      'with a foreign one',
      { phone: '+1 415 555 2671' },
      'country-not-served',
      'customer.phone: a number of US, LINE serves JP, TH and TW: "+9 999 999 9999" (15 characters)',
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

  test('for a value that a filter cannot take, by its shape', () => {
    const route = billRoute(['amount | yen', 'customer.phone | yen'])
    expect(onlyRefused(requestsOf(route, bill())).detail).toBe(
      'messages[0].text: yen: wanted a whole number, found "+999999999999" (13 characters)',
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
    expect(
      new Set(requests.map((request) => (request.kind === 'ready' ? request.notification : request).notificationId)).size,
    ).toBe(3)
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
    })
  })

  test('is refused in a topic without routes', () => {
    expect(refuseUnrouted(recordOf(), 'jp.example.Bill', { routes: [], now: NOW }).detail).toBe(
      'record jp.example.Bill: no route has this topic',
    )
  })
})

test('what is not a record is a fault of the caller', () => {
  expect(() => requestsOf(billRoute(), 'text')).toThrow('route bill: the event is "AAAA" (4 characters)')
})
