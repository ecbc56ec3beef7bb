import { describe, expect, test } from 'vitest'
import { chanceOf } from '../../proof/chaos/inputs/chance.ts'
import { CANARIES, personOf, spelt } from '../../proof/chaos/inputs/people.ts'
import { planOf } from '../../proof/chaos/inputs/plan.ts'
import { eventNameOf, exampleOf, ROUTES, type RouteName } from '../../proof/chaos/inputs/routes.ts'
import { askingOf, type InputRecord } from '../../proof/chaos/witness/asked.ts'
import { fateOf, numberIn } from '../../proof/chaos/witness/person.ts'
import type { Fields } from '../../proof/chaos/witness/told-events.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'

const QUIET = { zone: 'Asia/Tokyo', from: '12:00:10', until: '12:01:00' }
const NAMES = new Map(
  await Promise.all(ROUTES.map(async (route): Promise<[RouteName, string]> => [route, await eventNameOf(route)])),
)
const T = 1_786_000_000_000
const ana = { id: 'C-1', phone: '060-1000-0007', timeZone: null, name: '山田 花子' }

const record = (route: RouteName, event: InputRecord['event'], more: Partial<InputRecord> = {}): InputRecord => ({
  ...{ route, topic: route, partition: 2, offset: 5, timestamp: T, headers: new Map(), event },
  ...more,
})
const asking = (each: InputRecord) => askingOf(each, QUIET, (route) => NAMES.get(route) ?? '')
const ofEvent = async (route: RouteName, fields: Fields = {}, headers: Record<string, string> = {}) => {
  const event = { ...(await exampleOf(route)), eventId: 'E-1', occurredAt: T - 1_000, ...fields }
  return asking(record(route, { name: NAMES.get(route) ?? '', fields: event }, { headers: new Map(Object.entries(headers)) }))
}
const oneOf = async (...given: Parameters<typeof ofEvent>) => {
  const { asked, orders } = await ofEvent(...given)
  expect(orders).toEqual([])
  expect(asked).toHaveLength(1)
  const [only] = asked
  if (!only) throw new Error('nothing was asked')
  return only
}

describe('numbers', () => {
  test.each(['+816010000007', '06010000007', '060-1000-0007', '+81 60-1000-0007', '060 1000 0007', '０６０-１０００-０００７'])(
    '%s is +816010000007',
    (text) => {
      expect(numberIn(text)).toBe('+816010000007')
    },
  )

  test.each(['', '12345', '090-1234-56789', '+1 202-555-0143', '+44 20 7946 0958', 'unbekannt', null])('%s is nobody', (text) => {
    expect(numberIn(text)).toBeUndefined()
  })

  test('however a person of the inputs is spelt, it is their number', () => {
    for (let n = 0; n < 200; n++) {
      const { phone } = personOf(3, n)
      expect(numberIn(spelt(phone, chanceOf(n)))).toBe(phone)
    }
  })

  test('fate is by the range of the number', () => {
    expect(fateOf(phoneOf('reachable', 9))).toBe('delivered')
    expect(fateOf('+819012345678')).toBe('delivered')
    expect(fateOf(phoneOf('not-on-line', 9))).toBe('unreachable')
    expect(fateOf(phoneOf('refuses', 9))).toBe('unreachable')
    expect(fateOf(phoneOf('blocked', 9))).toBe('silent')
    expect(fateOf(phoneOf('consent-pending', 9))).toBe('silent')
    for (const canary of CANARIES) expect(fateOf(canary)).toBe('delivered')
  })
})

test('a bill is asked for by its own terms', async () => {
  const asked = await oneOf('bill-finalized', { customer: ana, revision: 2, invoiceId: 'INV-1' })
  expect(asked).toEqual({
    position: 'bill-finalized/2/5/0',
    kind: 'ready',
    identity: expect.stringContaining('"E-1"'),
    recipient: expect.stringMatching(/^person-/),
    channel: 'receipts',
    lane: 'receipts/flexible',
    purpose: 'bill-finalized',
    urgent: false,
    unknownPolicy: 'give-up',
    fate: 'delivered',
    quiet: QUIET,
    expiresAt: null,
    staleAt: T - 1_000 + 3 * 86_400_000,
    eventTime: T - 1_000,
    subject: 'invoice/INV-1',
    revision: 2,
    producedAt: T,
  })
})

test('each shipped example is ready to be sent, or calls off', async () => {
  for (const route of ROUTES) {
    const { asked, orders } = await ofEvent(route)
    expect(orders.length + asked.length, route).toBeGreaterThan(0)
    // The third customer of the outages has a Thai number: nobody of the inputs does.
    expect(
      asked.slice(0, 2).filter(({ kind }) => kind !== 'ready'),
      route,
    ).toEqual([])
  }
})

describe('when it is of no use any more', () => {
  test('a day ends as the next begins, where the person lives', async () => {
    const until = async (timeZone: string | null) =>
      (await oneOf('payment-due', { dueDate: '2026-08-31', customer: { ...ana, timeZone } })).expiresAt
    expect(await until(null)).toBe(Date.parse('2026-09-01T00:00:00+09:00'))
    expect(await until('Europe/Berlin')).toBe(Date.parse('2026-09-01T00:00:00+02:00'))
  })

  test('an instant is itself; what is no time is refused', async () => {
    const due = async (dueDate: string) => oneOf('payment-due', { customer: ana, dueDate })
    expect((await due('2026-08-31T10:00:00+09:00')).expiresAt).toBe(Date.parse('2026-08-31T10:00:00+09:00'))
    expect((await due('soon')).kind).toBe('refused')
    expect((await oneOf('reservation-reminder', { customer: ana, startsAt: T + 5_000 })).expiresAt).toBe(T + 5_000)
  })

  test('an outage lasts six hours from its event', async () => {
    expect((await oneOf('outage-notice', { affected: [ana] })).expiresAt).toBe(T - 1_000 + 6 * 3_600_000)
  })
})

test('who says another zone has the window on that clock', async () => {
  const quiet = async (timeZone: string | null) => (await oneOf('bill-finalized', { customer: { ...ana, timeZone } })).quiet
  expect(await quiet('Europe/Berlin')).toEqual({ ...QUIET, zone: 'Europe/Berlin' })
  expect(await quiet(null)).toEqual(QUIET)
  expect((await oneOf('order-received', { customer: ana })).quiet).toBeNull()
})

describe('identity', () => {
  const identity = async (fields: Fields, headers?: Record<string, string>) =>
    (await oneOf('bill-finalized', { customer: ana, ...fields }, headers)).identity

  test('the same event for the same person is the same, however the number is spelt', async () => {
    expect(await identity({ customer: { ...ana, phone: '+816010000007' } })).toBe(await identity({}))
  })

  test('another event, customer or number is another', async () => {
    const all = [
      await identity({}),
      await identity({ eventId: 'E-2' }),
      await identity({ customer: { ...ana, id: 'C-2' } }),
      await identity({ customer: { ...ana, phone: '060-1000-0008' } }),
    ]
    expect(new Set(all).size).toBe(4)
  })

  test('headers name the event before its fields do, if both are there', async () => {
    const named = await identity({}, { ce_id: 'E-1', ce_source: 'jp.example.elsewhere' })
    expect(named).not.toBe(await identity({}))
    expect(await identity({ eventId: 'E-9' }, { ce_id: 'E-1', ce_source: 'jp.example.elsewhere' })).toBe(named)
    expect(await identity({}, { ce_id: 'E-7' })).toBe(await identity({}))
  })

  test('without one nothing of the event may be done', async () => {
    const asked = await oneOf('bill-finalized', { customer: ana, eventId: '' })
    expect(asked).toMatchObject({ kind: 'refused', identity: null, subject: null, revision: null })
  })

  test('of one payment people are told once, whoever reports it', async () => {
    const paid = async (fields: Fields) => (await oneOf('payment-completed', { customer: ana, ...fields })).identity
    expect(await paid({ eventId: 'till' })).toBe(await paid({ eventId: 'bank' }))
    expect(await paid({ paymentId: 'P-2' })).not.toBe(await paid({}))
  })
})

describe('people named twice in one event', () => {
  const identities = async (affected: readonly object[]) =>
    (await ofEvent('outage-notice', { affected })).asked.map((each) => each.identity)

  test('a family with one phone is told the same once', async () => {
    const [first, second] = await identities([ana, { ...ana, id: 'C-2', phone: '+816010000007' }])
    expect(second).toBe(first)
  })

  test('what differs is told to both, the same customer or not', async () => {
    const other = { ...ana, name: '別の名' }
    for (const again of [other, { ...other, id: 'C-2' }]) expect(new Set(await identities([ana, again])).size).toBe(2)
  })

  test('a name that is not known reads as the one that stands for it', async () => {
    const [first, second] = await identities([
      { ...ana, name: null },
      { ...ana, id: 'C-2', name: 'お客' },
    ])
    expect(second).toBe(first)
  })

  test('who cannot be reached harms nobody else', async () => {
    const { asked } = await ofEvent('outage-notice', { revision: 3, affected: [{ ...ana, phone: '12345' }, ana] })
    expect(asked.map(({ position, kind, revision }) => [position, kind, revision])).toEqual([
      ['outage-notice/2/5/0', 'refused', 3],
      ['outage-notice/2/5/1', 'ready', 3],
    ])
  })
})

test.each<[string, RouteName, Fields]>([
  ['no number', 'bill-finalized', { customer: { ...ana, phone: '' } }],
  ['a zone that does not exist', 'order-ready', { customer: { ...ana, timeZone: 'Mars/Olympus' } }],
  ['a text that comes to nothing', 'order-received', { customer: ana, itemName: '' }],
  ['a text that is too long', 'payment-due', { customer: ana, serviceName: '電'.repeat(2_000) }],
  ['a page that is none', 'payment-due', { customer: ana, paymentUrl: 'not a page' }],
  ['nobody at all', 'outage-notice', { affected: [] }],
])('%s is refused', async (_what, route, fields) => {
  expect((await oneOf(route, fields)).kind).toBe('refused')
})

test('what nobody can read is poison, and what another topic is for is refused', () => {
  const kindOf = (event: InputRecord['event']) => asking(record('payment-due', event)).asked.map(({ kind }) => kind)
  expect(kindOf(null)).toEqual(['poison'])
  expect(kindOf({ name: NAMES.get('payment-due') ?? '', fields: null })).toEqual(['poison'])
  expect(kindOf({ name: 'jp.example.shop.OrderReady', fields: {} })).toEqual(['refused'])
  expect(kindOf({ name: 'jp.example.shop.OrderReady', fields: null })).toEqual(['refused'])
})

describe('calling off', () => {
  test('is an order, by the time of its event, and notifies nobody', async () => {
    const { asked, orders } = await ofEvent('reservation-cancelled', { reservationId: 'R-1' })
    expect(asked).toEqual([])
    expect(orders).toEqual([
      {
        position: 'reservation-cancelled/2/5/0',
        kind: 'cancel',
        subject: 'reservation/R-1',
        cancelledAt: T - 1_000,
        channel: null,
      },
    ])
    expect((await oneOf('reservation-reminder', { customer: ana, reservationId: 'R-1' })).subject).toBe('reservation/R-1')
  })

  test('of nothing in particular is refused', async () => {
    expect((await oneOf('invoice-settled', { invoiceId: '' })).kind).toBe('refused')
  })

  test('the time in the header comes first', async () => {
    const { orders } = await ofEvent('invoice-settled', {}, { ce_time: '2026-08-10T12:00:00+09:00' })
    expect(orders[0]?.cancelledAt).toBe(Date.parse('2026-08-10T12:00:00+09:00'))
  })
})

describe('the plan of a run', () => {
  const plan = planOf(11, 2_000)

  test('is the same for the same seed', () => {
    const shape = (each: typeof plan) => each.map(({ at, route, key, notifications }) => [at, route, key, notifications])
    expect(shape(planOf(11, 2_000))).toEqual(shape(plan))
    expect(shape(planOf(12, 2_000))).not.toEqual(shape(plan))
  })

  test('has events and every kind of poison for every topic', () => {
    for (const route of ROUTES) {
      const kinds = plan
        .filter((each) => each.route === route)
        .map(({ content }) => ('how' in content ? content.how : content.kind))
      expect(new Set(kinds), route).toEqual(new Set(['event', 'not-framed', 'unknown-schema', 'cut', 'null']))
    }
  })
})
