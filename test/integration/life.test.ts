import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { outageNotice, paymentDue, reservationReminder } from './events.ts'
import { type Installation, installRunning } from './installation.ts'

let at: Installation
beforeAll(async () => {
  at = await installRunning({ config: { channels: { main: { price: { currency: 'JPY', template: 3.5, flexible: 12 } } } } })
  return at.close
})
afterAll(() => expectSound(at))

let people = 0
const somebody = () => phoneOf('reachable', ++people)

const HOUR_MS = 3_600_000

describe('one event, one notification', () => {
  test('an event produced twice, wherever, is sent once; the other names the first', async () => {
    const phone = somebody()
    const event = paymentDue({ id: 'C-1', phone })
    const first = await at.results.endOf(await at.produceOne('payment-due', event, { partition: 0 }))
    const second = await at.results.endOf(await at.produceOne('payment-due', event, { partition: 2 }))
    expect(first.status).toBe('accepted')
    expect(second).toMatchObject({ status: 'duplicate', duplicateOf: first.notificationId, attempts: 0, customerId: 'C-1' })
    expect(second.notificationId).not.toBe(first.notificationId)
    expect(at.sends(phone)).toHaveLength(1)
  })

  test('an event produced twice at once is sent once', async () => {
    const phone = somebody()
    const event = paymentDue({ id: 'C-1', phone })
    const places = await Promise.all([0, 1, 2].map((partition) => at.produceOne('payment-due', event, { partition })))
    const ends = await Promise.all(places.map((place) => at.results.endOf(place)))
    const sent = ends.filter(({ status }) => status === 'accepted')
    const others = ends.filter(({ status }) => status === 'duplicate')
    expect([sent.length, others.length]).toEqual([1, 2])
    for (const { duplicateOf } of others) expect(duplicateOf).toBe(sent[0]?.notificationId)
    expect(at.sends(phone)).toHaveLength(1)
  })

  test('an event corrected to another phone is for another recipient, and is sent', async () => {
    const [wrong, right] = [somebody(), somebody()]
    const event = paymentDue({ id: 'C-2', phone: wrong })
    await at.results.endOf(await at.produceOne('payment-due', event))
    const corrected = await at.produceOne('payment-due', {
      ...event,
      customer: { id: 'C-2', phone: right, timeZone: null, name: null },
    })
    expect(await at.results.endOf(corrected)).toMatchObject({ status: 'accepted' })
    expect([at.sends(wrong).length, at.sends(right).length]).toEqual([1, 1])
  })

  test('two members of a family with one phone are told the same once', async () => {
    const phone = somebody()
    const place = await at.produceOne(
      'outage-notice',
      outageNotice([
        { id: 'C-3', phone },
        { id: 'C-4', phone },
      ]),
    )
    const [first, second] = await Promise.all([0, 1].map((index) => at.results.endOf(place, index)))
    expect(first).toMatchObject({ status: 'accepted', customerId: 'C-3' })
    expect(second).toMatchObject({ status: 'duplicate', customerId: 'C-4', duplicateOf: first?.notificationId })
    expect(at.sends(phone)).toHaveLength(1)
  })
})

test('an outage of 50 reaches 49 when one phone is unusable', async () => {
  const affected = Array.from({ length: 50 }, (_, n) => ({ id: `C-5-${n}`, phone: n === 17 ? '0312-99' : somebody() }))
  const place = await at.produceOne('outage-notice', outageNotice(affected))
  const ends = await Promise.all(affected.map((_, index) => at.results.endOf(place, index)))
  expect(ends.map(({ status }) => status)).toEqual(affected.map((_, n) => (n === 17 ? 'refused' : 'accepted')))
  expect(ends.map(({ customerId }) => customerId)).toEqual(affected.map(({ id }) => id))
  expect(ends[17]).toMatchObject({ reason: 'unusable-phone', fallback: 'sms', recipientRef: null })
  expect(ends[17]?.detail).toContain('affected[17].phone')
  for (const [n, { phone }] of affected.entries()) expect(at.sends(phone)).toHaveLength(n === 17 ? 0 : 1)
})

describe('too late to be of use', () => {
  test('what is over when it is read is not sent', async () => {
    const phone = somebody()
    const event = reservationReminder({ id: 'C-6', phone }, { startsAt: Date.now() - 1_000 })
    const end = await at.results.endOf(await at.produceOne('reservation-reminder', event))
    expect(end).toMatchObject({ status: 'expired', reason: 'expires-at', attempts: 0 })
    expect(at.sends(phone)).toEqual([])
  })

  test("an event older than the route's maxAge is not sent, and one just younger is", async () => {
    const [old, young] = [somebody(), somebody()]
    const aged = (phone: string, hours: number) => paymentDue({ id: 'C-7', phone }, { occurredAt: Date.now() - hours * HOUR_MS })
    const end = await at.results.endOf(await at.produceOne('payment-due', aged(old, 24.01)))
    expect(end).toMatchObject({ status: 'expired', reason: 'max-age', attempts: 0 })
    expect(await at.results.endOf(await at.produceOne('payment-due', aged(young, 23.9)))).toMatchObject({ status: 'accepted' })
    expect([at.sends(old).length, at.sends(young).length]).toEqual([0, 1])
  })
})

describe('what results tell', () => {
  test('the trace and the CloudEvents names of the event reach every result', async () => {
    const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
    const time = new Date(Date.now() - HOUR_MS)
    const headers = {
      ce_specversion: '1.0',
      ce_id: 'evt-1',
      ce_source: '/billing/tokyo',
      ce_type: 'jp.example.billing.due.v2',
      ce_time: time.toISOString(),
      traceparent,
    }
    const place = await at.produceOne('payment-due', paymentDue({ id: 'C-8', phone: somebody() }), { headers })
    const end = await at.results.endOf(place)
    expect(end.source).toMatchObject({
      eventSource: '/billing/tokyo',
      eventId: 'evt-1',
      eventType: 'jp.example.billing.due.v2',
      eventTime: time.getTime(),
      ...place,
    })
    const told = at.results.about(place)
    expect(told.map(({ status }) => status)).toEqual(['sending', 'accepted'])
    for (const { record } of told) expect(record.headers).toMatchObject({ traceparent })
  })

  test('without headers, the fields that the route names tell the event', async () => {
    const event = paymentDue({ id: 'C-9', phone: somebody() })
    const end = await at.results.endOf(await at.produceOne('payment-due', event))
    expect(end.source).toMatchObject({
      eventSource: 'jp.example.billing',
      eventId: event.eventId,
      eventType: 'jp.example.billing.PaymentDue',
      eventTime: event.occurredAt,
    })
    expect(end.record.headers).not.toHaveProperty('traceparent')
  })

  test('what a message costs, by endpoint, and nothing for what LINE did not take', async () => {
    const customer = () => ({ id: 'C-10', phone: somebody() })
    const places = [
      await at.produceOne('ride-reminder', reservationReminder(customer())),
      await at.produceOne('payment-due', paymentDue(customer())),
      await at.produceOne('payment-due', paymentDue({ id: 'C-10', phone: phoneOf('not-on-line', 2) })),
    ]
    const ends = await Promise.all(places.map((place) => at.results.endOf(place)))
    const yen = ends.map(({ cost }) => cost && `${Number(`0x${cost.amount.toString('hex')}`) / 10_000} ${cost.currency}`)
    expect(yen).toEqual(['3.5 JPY', '12 JPY', null])
  })

  test('one person has one pseudonym, however the number is written, and others have others', async () => {
    const phone = somebody()
    const national = `0${phone.slice(3)}`
    const spellings = [phone, national, `${national.slice(0, 3)}-${national.slice(3, 7)}-${national.slice(7)}`, somebody()]
    const places = await at.produce('payment-due', ...spellings.map((each) => paymentDue({ id: 'C-11', phone: each })))
    const ends = await Promise.all(places.map((place) => at.results.endOf(place)))
    const [first, ...others] = ends.map(({ recipientRef }) => recipientRef)
    expect(first).toMatch(/^[0-9a-f]{64}$/)
    expect(others.map((other) => other === first)).toEqual([true, true, false])
    expect(at.sends(phone)).toHaveLength(3)
  })
})
