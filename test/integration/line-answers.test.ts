import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readRoutes } from '../../src/app.ts'
import type { FaultSpec } from '../../src/line-simulator/fault.ts'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { paymentDue, reservationReminder } from './events.ts'
import { type Installation, install, installRunning } from './installation.ts'

const TEMPLATE = 'ride_reservation_reminder_ja'

/** The template route of this file takes its keys and texts from the event, so that an event can break every rule. */
const RIDE_REMINDER = {
  message: {
    template: {
      templateKey: '{{ shopName }}',
      emphasizedItem: { itemKey: 'date_002_ja', content: '{{ reservationId }}' },
      items: [{ itemKey: '{{ customer.name }}', content: '午前中' }],
      buttons: [{ buttonKey: 'check_details_ja', url: '{{ changeUrl }}' }],
    },
  },
}

const SOON_GIVEN_UP = { unknown: { policy: 'give-up', wait: 'PT1S' } }

let at: Installation
beforeAll(async () => {
  at = await installRunning({ routes: { 'ride-reminder': RIDE_REMINDER, 'payment-due': SOON_GIVEN_UP } })
  return at.close
})
afterAll(() => expectSound(at))

let people = 0
const somebody = () => phoneOf('reachable', ++people)

/** A ride's reminder that LINE takes, unless `fields` say otherwise. */
const ride = (phone: string, fields: Readonly<Record<string, unknown>> = {}, itemKey = 'time_range_001_ja') =>
  reservationReminder({ id: 'C-1', phone, name: itemKey }, { shopName: TEMPLATE, reservationId: '2026年8月10日', ...fields })

describe('LINE takes it', () => {
  test.concurrent('a template message, answered with 202, ends accepted, with what LINE wants to hear of it', async () => {
    const phone = somebody()
    const end = await at.results.endOf(await at.produceOne('ride-reminder', ride(phone)))
    const [send, ...more] = at.sends(phone)
    expect(more).toEqual([])
    expect(send).toMatchObject({ endpoint: 'template', status: 202, came: 'delivered' })
    expect(end).toMatchObject({
      status: 'accepted',
      endpoint: 'template',
      purpose: 'reminder',
      route: 'ride-reminder',
      customerId: 'C-1',
      attempts: 1,
      deliveryTag: send?.deliveryTag,
      lineRequestId: send?.requestId,
      fallback: null,
    })
    expect(JSON.parse(send?.body ?? '')).toEqual({
      to: digestOf(phone),
      templateKey: TEMPLATE,
      body: {
        emphasizedItem: { itemKey: 'date_002_ja', content: '2026年8月10日' },
        items: [{ itemKey: 'time_range_001_ja', content: '午前中' }],
        buttons: [{ buttonKey: 'check_details_ja', url: 'https://reserve.example.jp/r/C-1/change' }],
      },
    })
  })

  test.concurrent('a flexible message, answered with 200, ends accepted', async () => {
    const phone = somebody()
    const place = await at.produceOne('payment-due', paymentDue({ id: 'C-2', phone }))
    const end = await at.results.endOf(place)
    const sends = at.sends(phone)
    expect(sends).toMatchObject([{ endpoint: 'flexible', path: '/bot/pnp/push', status: 200, came: 'delivered' }])
    expect(end).toMatchObject({ status: 'accepted', endpoint: 'flexible', attempts: 1, lineRequestId: sends[0]?.requestId })
    expect(at.results.about(place).map(({ status }) => status)).toEqual(['sending', 'accepted'])
  })
})

describe('LINE refuses it', () => {
  test.concurrent('422: unreachable at once, with the hint where to turn, and never tried again', async () => {
    const phone = phoneOf('not-on-line', 1)
    const place = await at.produceOne('payment-due', paymentDue({ id: 'C-3', phone }))
    const end = await at.results.endOf(place)
    expect(end).toMatchObject({ status: 'unreachable', httpStatus: 422, fallback: 'sms', attempts: 1 })
    expect(end.decidedAt - (end.sentAt ?? 0), 'not after some hours').toBeLessThan(60_000)
    expect(at.results.about(place).map(({ status }) => status)).toEqual(['sending', 'unreachable'])
    expect(at.sends(phone)).toMatchObject([{ status: 422 }])
  })

  test.concurrent.each([
    ['an unknown template', 'templateKey', { shopName: 'reserve_004' }, 'time_range_001_ja'],
    ['an unknown item', 'body.items[0].itemKey', {}, 'datetime_000'],
  ])('400 for %s: rejected, naming the property %s, and never tried again', async (_what, property, fields, itemKey) => {
    const phone = somebody()
    const end = await at.results.endOf(await at.produceOne('ride-reminder', ride(phone, fields, itemKey)))
    expect(end).toMatchObject({ status: 'rejected', httpStatus: 400, property, attempts: 1, fallback: 'sms' })
    expect(at.sends(phone)).toMatchObject([{ status: 400 }])
  })
})

test('401: one token is asked for, and the message is sent once more', async () => {
  const phone = somebody()
  const tokens = () => [...at.simulator.log.after(0, 10_000)].filter(({ endpoint }) => endpoint === 'token').length
  await at.results.endOf(await at.produceOne('payment-due', paymentDue({ id: 'C-4', phone: somebody() })))
  const before = tokens()
  at.simulator.faults.add({ kind: 'unauthorized', to: digestOf(phone), count: 1 })
  const end = await at.results.endOf(await at.produceOne('payment-due', paymentDue({ id: 'C-5', phone })))
  expect(end).toMatchObject({ status: 'accepted', attempts: 2 })
  expect(at.sends(phone).map(({ status }) => status)).toEqual([401, 200])
  expect(tokens() - before).toBe(1)
})

describe('LINE does not say', () => {
  const cases: [string, string, FaultSpec, 'delivered' | 'nothing'][] = [
    ['a 500 of a message that did not come', 'status', { kind: 'server-error' }, 'nothing'],
    ['a 500 of a message that came', 'status', { kind: 'server-error', recorded: true }, 'delivered'],
    ['a reset before it was taken', 'reset', { kind: 'reset' }, 'nothing'],
    ['a reset after it was taken', 'reset', { kind: 'reset', recorded: true }, 'delivered'],
  ]
  const expectUnconfirmed = async (at: Installation, reason: string, fault: FaultSpec, came: 'delivered' | 'nothing') => {
    const phone = somebody()
    at.simulator.faults.add({ ...fault, to: digestOf(phone) })
    const place = await at.produceOne('payment-due', paymentDue({ id: 'C-6', phone }))
    const end = await at.results.endOf(place)
    const [, unknown] = at.results.about(place)
    expect(at.results.about(place).map(({ status }) => status)).toEqual(['sending', 'unknown', 'unconfirmed'])
    expect(unknown).toMatchObject({ status: 'unknown', reason, terminal: false })
    expect(end).toMatchObject({ status: 'unconfirmed', fallback: 'sms', attempts: 1 })
    expect(end.decidedAt - (unknown?.decidedAt ?? 0), "the route's wait").toBeGreaterThanOrEqual(1_000)
    expect(at.sends(phone)).toMatchObject([{ came }])
  }
  test.concurrent.each(cases)('%s: unknown (%s), then unconfirmed, and never sent again', (_what, reason, fault, came) =>
    expectUnconfirmed(at, reason, fault, came),
  )

  test('silence: unknown (timeout), then unconfirmed, and never sent again', async () => {
    const hasty = await installRunning({
      routes: { 'payment-due': SOON_GIVEN_UP },
      config: { channels: { main: { deadline: 'PT1S' } } },
    })
    onTestFinished(hasty.close)
    await expectUnconfirmed(hasty, 'timeout', { kind: 'hang', recorded: true }, 'delivered')
  })
})

describe('what LINE would refuse is refused before it is sent', () => {
  test.concurrent.each([
    ['an emphasised item of 16 characters', 'body.emphasizedItem.content', { reservationId: '1234567890123456' }, undefined],
    ['a URL of 1,001 characters', 'body.buttons[0].url', { changeUrl: `https://example.jp/${'x'.repeat(982)}` }, undefined],
    ['an item key twice', 'itemKey', {}, 'date_002_ja'],
  ])('%s', async (_what, property, fields, itemKey) => {
    const phone = somebody()
    const end = await at.results.endOf(await at.produceOne('ride-reminder', ride(phone, fields, itemKey)))
    expect(end).toMatchObject({ status: 'refused', reason: 'content-rule', attempts: 0, fallback: 'sms', deliveryTag: null })
    expect(end.detail).toContain(property)
    expect(at.sends(phone)).toEqual([])
  })

  test.concurrent('at the limit, 15 and 1,000 characters, it is sent', async () => {
    const phone = somebody()
    const limits = { reservationId: '123456789012345', changeUrl: `https://example.jp/${'x'.repeat(981)}` }
    const end = await at.results.endOf(await at.produceOne('ride-reminder', ride(phone, limits)))
    expect(end.status).toBe('accepted')
  })
})

/** What no event decides, no worker starts with. */
test.each([
  ['16 items', { items: Array.from({ length: 16 }, (_, n) => ({ itemKey: `name_${n}_ja`, content: 'x' })) }, '15'],
  ['3 buttons', { buttons: [1, 2, 3].map((n) => ({ buttonKey: `button_${n}_ja`, url: 'https://example.jp' })) }, '2'],
])('a route with %s is a fault of the route', async (_what, over, limit) => {
  const broken = await install({ routes: { 'ride-reminder': { message: { template: over } } } })
  onTestFinished(broken.close)
  expect(() => readRoutes(broken.config)).toThrow(new RegExp(`ride-reminder.yaml.*at most ${limit}`, 's'))
  await expect(broken.startWorker()).rejects.toThrow('fault in the routes')
  expect(broken.sends()).toEqual([])
})
