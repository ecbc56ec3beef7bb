import { describe, expect, test, vi } from 'vitest'
import { openAgenda } from '../../src/line-simulator/agenda.ts'
import { openDeliveries } from '../../src/line-simulator/deliveries.ts'
import { openDeliveryStatistics } from '../../src/line-simulator/delivery-statistics.ts'
import { openHoldingRoom } from '../../src/line-simulator/holding-room.ts'
import { settle } from '../../src/line-simulator/options.ts'
import { digestOf, digestOfPerson, type PersonKind, phoneOf } from '../../src/line-simulator/people.ts'
import { openPopulation } from '../../src/line-simulator/population.ts'
import { openWebhookFaultBook } from '../../src/line-simulator/webhook-fault-book.ts'
import { startClock, template } from './line-simulator-fixture.ts'
import { eventsOf, startBoth } from './line-simulator-receiver.ts'

const to = (kind: PersonKind, n = 0) => template({}, { to: digestOfPerson(kind, n) })
const DAY = 86_400_000

/** A simulator, a receiver, and a clock; `told` is the data of all events so far, after all that was going to be sent was. */
const startAll = async (options: Parameters<typeof startBoth>[0] = {}) => {
  const { clock, advance } = startClock()
  const both = await startBoth({ clock, ...options })
  const told = async () => {
    await both.quiet()
    return eventsOf(both.receiver.requests).map(({ delivery }) => delivery?.data)
  }
  const consent = async (body: object) => (await both.admin('POST', '/people/consent', body)).json()
  const authenticate = async (body: object) => (await both.admin('POST', '/people/authentication', body)).json()
  return { ...both, advance, told, consent, authenticate }
}

describe('what becomes of an accepted notification', () => {
  test('who consents and has not blocked the account gets it, and the webhook is told', async () => {
    const { push, told } = await startAll()
    await push(to('reachable', 7))
    expect(await told()).toEqual([digestOfPerson('reachable', 7)])
  })

  test('is delivered after a delay, and a different one each time', async () => {
    const { push, simulator } = await startAll({ deliveryDelayMs: 3_600_000 })
    await push(to('reachable'))
    expect(simulator.deliveries.report()).toMatchObject({ onTheWay: 1, delivered: 0 })

    const due: number[] = []
    const deliveries = openDeliveries({
      ...settle({ latencyMs: 100, deliveryDelayMs: 30, deliveryJitterMs: 20 }),
      population: openPopulation(),
      statistics: openDeliveryStatistics(() => 0),
      announcer: { announce: () => {}, announceEarly: () => {}, lost: () => 0 },
      postman: { waiting: () => 0, toRedeliver: () => 0 },
      webhooks: { of: () => true },
      faults: openWebhookFaultBook(),
      agenda: { add: (at) => due.push(at), size: () => due.length, close: () => {} },
      monotonic: () => 1000,
      wallTime: () => 0,
    })
    const notification = {
      channel: '100',
      endpoint: 'template',
      to: digestOfPerson('reachable', 0),
      tag: null,
      unit: null,
    } as const
    const early = Array.from({ length: 200 }, () => deliveries.accept(notification, 'delivered'))
    expect(early.every((answer) => answer === undefined)).toBe(true)
    expect(new Set(due).size).toBe(200)
    expect([Math.floor(Math.min(...due)), Math.ceil(Math.max(...due))]).toEqual([1130, 1150])
  })

  test.each<[PersonKind, number]>([
    ['blocked', 202],
    ['not-on-line', 422],
    ['refuses', 422],
  ])('who is %s gets %i and never anything', async (kind, status) => {
    const { push, told, consent, simulator } = await startAll()
    expect((await push(to(kind))).status).toBe(status)
    await push(to('reachable'))
    expect(await told()).toEqual([digestOfPerson('reachable', 0)])
    expect(simulator.deliveries.report()).toMatchObject({ delivered: 1, held: 0 })
    expect(await consent({ to: digestOfPerson(kind, 0) })).toEqual({ people: 1, delivered: 0, deleted: 0, held: 0 })
  })

  test('blocked, then unblocked: what was sent meanwhile is not delivered, what is sent now is', async () => {
    const { push, told, admin } = await startAll()
    await push(template({}, { to: digestOfPerson('blocked', 1), templateKey: 'shipment_completed_ja' }))
    await admin('POST', '/friends/follow', { phone: phoneOf('blocked', 1) })
    expect(await told()).toEqual([undefined])
    await push(to('blocked', 1))
    expect(await told()).toEqual([undefined, digestOfPerson('blocked', 1)])
  })
})

describe('held until the person', () => {
  test('consents: then it is delivered, with the timestamp of that moment, and not again', async () => {
    const { push, told, consent, advance, receiver, simulator } = await startAll()
    await push(to('consent-pending'), { 'x-line-delivery-tag': 't_1_abcdef012345_1' })
    await push(to('consent-pending'), { 'x-line-delivery-tag': 't_2_abcdef012345_1' })
    expect(await told()).toEqual([])
    expect(simulator.deliveries.report()).toMatchObject({ held: 2, delivered: 0 })
    advance(DAY - 1)
    expect(await consent({ phone: phoneOf('consent-pending', 0) })).toEqual({ people: 1, delivered: 2, deleted: 0, held: 0 })
    expect((await told()).sort()).toEqual(['t_1_abcdef012345_1', 't_2_abcdef012345_1'])
    expect(eventsOf(receiver.requests).map(({ timestamp }) => timestamp)).toEqual(Array(2).fill(1_790_000_000_000 + DAY - 1))
    expect(await consent({ phone: phoneOf('consent-pending', 0) })).toMatchObject({ delivered: 0 })
    await push(to('consent-pending'))
    expect(await told()).toHaveLength(3)
  })

  test('for 24 hours: then it is deleted, and consent comes too late', async () => {
    const { push, told, consent, advance, simulator } = await startAll()
    await push(to('consent-pending'))
    advance(DAY)
    expect(simulator.deliveries.report()).toMatchObject({ held: 0, deleted: 1 })
    expect(await consent({ phone: phoneOf('consent-pending', 0) })).toMatchObject({ delivered: 0 })
    expect(await told()).toEqual([])
  })

  test('for less when the simulator is told so', async () => {
    const { push, advance, simulator } = await startAll({ holdMs: 5000 })
    await push(to('consent-pending'))
    advance(4999)
    expect(simulator.deliveries.report()).toMatchObject({ held: 1 })
    advance(1)
    expect(simulator.deliveries.report()).toMatchObject({ held: 0, deleted: 1 })
  })

  test('decides against it: it is deleted, and from then on LINE answers 422', async () => {
    const { push, told, consent } = await startAll()
    await push(to('consent-pending'))
    expect(await consent({ phone: phoneOf('consent-pending', 0), consent: 'off' })).toMatchObject({ deleted: 1, held: 0 })
    expect((await push(to('consent-pending'))).status).toBe(422)
    expect(await told()).toEqual([])
  })

  test('confirms the number by SMS', async () => {
    const { push, told, authenticate } = await startAll()
    await push(to('authentication-pending'))
    expect(await told()).toEqual([])
    expect(await authenticate({ phone: phoneOf('authentication-pending', 0) })).toMatchObject({ delivered: 1 })
    expect(await told()).toHaveLength(1)
  })

  test('has done both, if both are due', async () => {
    const { push, told, consent, authenticate } = await startAll()
    const phone = phoneOf('consent-and-authentication-pending', 0)
    await push(to('consent-and-authentication-pending'))
    expect(await consent({ phone })).toMatchObject({ delivered: 0, held: 1 })
    expect(await told()).toEqual([])
    expect(await authenticate({ phone })).toMatchObject({ delivered: 1, held: 0 })
    expect(await told()).toHaveLength(1)
  })

  test('takes another number in that dialog: it is deleted, and the old number is nobody’s', async () => {
    const { push, told, authenticate } = await startAll()
    await push(to('authentication-pending'))
    const phone = phoneOf('authentication-pending', 0)
    expect(await authenticate({ phone, outcome: 'number-changed' })).toMatchObject({ deleted: 1 })
    expect((await push(to('authentication-pending'))).status).toBe(422)
    expect(await told()).toEqual([])
  })

  test('blocks the account: it is deleted', async () => {
    const { push, admin, consent, simulator } = await startAll()
    await push(to('consent-pending'))
    await admin('POST', '/friends/unfollow', { phone: phoneOf('consent-pending', 0) })
    expect(simulator.deliveries.report()).toMatchObject({ held: 0, deleted: 1 })
    expect(await consent({ phone: phoneOf('consent-pending', 0) })).toMatchObject({ delivered: 0 })
  })

  test('who are many decide at once', async () => {
    const { push, told, consent } = await startAll()
    for (const n of [0, 1, 2, 3]) await push(to('consent-pending', n))
    expect(await consent({ first: phoneOf('consent-pending', 1), count: 2 })).toMatchObject({ people: 2, delivered: 2 })
    expect(await consent({ to: [digestOfPerson('consent-pending', 3), 'f'.repeat(64)] })).toMatchObject({
      people: 2,
      delivered: 1,
    })
    expect((await told()).sort()).toEqual([1, 2, 3].map((n) => digestOfPerson('consent-pending', n)).sort())
  })

  test('and everybody can be made as at the start', async () => {
    const { push, admin, consent, simulator } = await startAll()
    await consent({ phone: phoneOf('consent-pending', 0) })
    await admin('DELETE', '/people')
    await push(to('consent-pending'))
    expect(simulator.deliveries.report()).toMatchObject({ held: 1 })
  })

  test.each([
    [{}, 'say who: \\"phone\\", or \\"first\\" and \\"count\\", or \\"to\\"'],
    [{ phone: '09012345678' }, 'E.164'],
    [{ phone: '+819012345678', to: 'f'.repeat(64) }, 'say who'],
    [{ phone: '+819012345678', consent: 'maybe' }, 'consent'],
  ])('%o is refused with what is wrong', async (body, message) => {
    const { admin } = await startAll()
    const answer = await admin('POST', '/people/consent', body)
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(message)])
  })
})

describe('memory', () => {
  test('what is accepted beyond what may be in hand is counted, and not delivered', async () => {
    const { push, told, simulator } = await startAll({ maxPending: 2 })
    for (const n of [0, 1, 2]) expect((await push(to('consent-pending', n))).status).toBe(202)
    expect((await push(to('reachable'))).status).toBe(202)
    expect(await told()).toEqual([])
    expect(simulator.deliveries.report()).toMatchObject({ held: 2, overflowed: 2, delivered: 0 })
  })

  test('200,000 things to do later take one timer, and are done in their order', () => {
    vi.useFakeTimers()
    try {
      let now = 0
      const done: number[] = []
      const agenda = openAgenda({ monotonic: () => now })
      // Multiplying by a number without a common factor shuffles them.
      for (let n = 0; n < 200_000; n += 1) {
        const at = ((n * 7919) % 200_000) + 1
        agenda.add(at, () => done.push(at))
      }
      expect([agenda.size(), vi.getTimerCount()]).toEqual([200_000, 1])
      for (const step of [1, 99_999, 100_000]) {
        now += step
        vi.advanceTimersByTime(step)
        expect([done.length, agenda.size()]).toEqual([now, 200_000 - now])
      }
      expect(done.every((at, index) => at === index + 1)).toBe(true)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('what is due at the same moment is done in the order of adding; a closed agenda does nothing', () => {
    vi.useFakeTimers()
    try {
      const done: string[] = []
      const agenda = openAgenda({ monotonic: () => 10 })
      for (const name of ['a', 'b', 'c']) agenda.add(5, () => done.push(name))
      expect(done).toEqual([])
      vi.advanceTimersByTime(1)
      expect(done).toEqual(['a', 'b', 'c'])
      agenda.add(5, () => done.push('late'))
      agenda.close()
      expect([vi.getTimerCount(), agenda.size()]).toEqual([0, 0])
    } finally {
      vi.useRealTimers()
    }
  })

  test('what was held and is gone leaves nothing behind', () => {
    let now = 0
    const room = openHoldingRoom<{ to: string }>(10, () => now)
    for (let n = 0; n < 1000; n += 1) room.hold({ to: digestOf(`+81${n % 10}`) })
    room.review(digestOf('+810'), () => 'delivered')
    expect([room.size(), room.expired()]).toEqual([900, 0])
    now = 10
    expect([room.size(), room.expired()]).toEqual([0, 900])
  })
})
