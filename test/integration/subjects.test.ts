import { beforeAll, describe, expect, test, vi } from 'vitest'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { expectSound } from './audit.ts'
import {
  invoiceSettled,
  orderNews,
  outageNotice,
  outageRestored,
  paymentDue,
  reservationCancelled,
  reservationReminder,
} from './events.ts'
import { type Installation, install, installRunning } from './installation.ts'
import { metricOf, untilMetric } from './metrics.ts'
import { PATIENCE_MS } from './patience.ts'
import { quietInTokyoNow } from './quiet-now.ts'
import type { Place } from './results.ts'

/** It is quiet in Tokyo, until the clock is put forward; in Bangkok it is not. */
describe('a worker on whose clock it is quiet', () => {
  const { clock, forward } = adjustableClock()
  let at: Installation
  let lastPerson = 0
  const somebody = () => {
    lastPerson += 1
    return { id: `C-${lastPerson}`, phone: phoneOf('reachable', lastPerson) }
  }
  const awake = () => ({ ...somebody(), timeZone: 'Asia/Bangkok' })
  const untilWaiting = (place: Place, index = 0) =>
    at.results.until('it to wait', () => at.results.about(place, index).find(({ reason }) => reason === 'quiet-hours'))
  const endOf = async (place: Place, index?: number) => {
    const { status, reason } = await at.results.endOf(place, index)
    return [status, reason]
  }
  /** What the event says of its subject is known to whoever reads requests from now on. */
  const untilMarked = async (produce: () => Promise<unknown>) => {
    const [intake] = at.workers
    if (!intake) throw new Error('no worker reads events')
    const marks = () => metricOf(intake, 'tsuchi_intake_requests_total', { kind: 'mark' })
    const before = await marks()
    await produce()
    await untilMetric(intake, 'tsuchi_intake_requests_total', { kind: 'mark' }, (count) => count > before)
  }

  beforeAll(async () => {
    const quietHours = quietInTokyoNow()
    at = await install({
      furtherRoutes: [
        'reservation-cancelled',
        'invoice-settled',
        'outage-restored',
        'order-received',
        'order-shipped',
        'order-ready',
      ],
      routes: {
        'reservation-reminder': { quietHours },
        'payment-due': { quietHours },
        'ride-reminder': { subject: { kind: 'reservation', id: 'reservationId' }, unknown: { policy: 'resend', wait: 'PT10M' } },
        'outage-notice': { quietHours },
        'outage-restored': { quietHours: 'none' },
        'order-received': { quietHours },
        'order-shipped': { quietHours },
        'order-ready': { quietHours },
      },
    })
    await at.startWorker({ stages: ['intake'], clock })
    await at.startWorker({ stages: ['dispatch'], clock })
    return at.close
  })

  test('a reservation called off while its reminder waits: cancelled, and nobody is written to', async () => {
    const customer = somebody()
    const reminder = await at.produceOne('reservation-reminder', reservationReminder(customer, { reservationId: 'R-1' }))
    const other = await at.produceOne('reservation-reminder', reservationReminder(awake(), { reservationId: 'R-1-other' }))
    await untilWaiting(reminder)
    await at.produceOne('reservation-cancelled', reservationCancelled('R-1'))
    expect(await endOf(reminder)).toEqual(['cancelled', 'cancellation'])
    expect(at.sends(customer.phone)).toEqual([])
    expect(await endOf(other)).toEqual(['accepted', null])
  })

  test('it reaches the number the customer had, and the one they have now', async () => {
    const customer = somebody()
    const moved = { ...somebody(), id: customer.id }
    const first = await at.produceOne('reservation-reminder', reservationReminder(customer, { reservationId: 'R-2' }))
    await untilWaiting(first)
    const second = await at.produceOne('reservation-reminder', reservationReminder(moved, { reservationId: 'R-2' }))
    await untilWaiting(second)
    await at.produceOne('reservation-cancelled', reservationCancelled('R-2'))
    expect(await Promise.all([first, second].map((place) => endOf(place)))).toEqual(Array(2).fill(['cancelled', 'cancellation']))
    expect([...at.sends(customer.phone), ...at.sends(moved.phone)]).toEqual([])
  })

  test('a cancellation that comes first bars the reminder that comes after; a reservation made anew under its number is reminded of', async () => {
    const called = Date.now()
    await untilMarked(() => at.produceOne('reservation-cancelled', reservationCancelled('R-3', { occurredAt: called })))
    const [late, anew] = await Promise.all(
      [called - 60_000, called + 1].map((occurredAt) =>
        at.produceOne('reservation-reminder', reservationReminder(awake(), { reservationId: 'R-3', occurredAt })),
      ),
    )
    if (!late || !anew) throw new Error('nothing was produced')
    expect([await endOf(late), await endOf(anew)]).toEqual([
      ['cancelled', 'cancellation'],
      ['accepted', null],
    ])
  })

  test('what LINE has put off is not tried again once it is called off: cancelled, as nothing was sent', async () => {
    const customer = awake()
    at.simulator.faults.add({ kind: 'rate-limited', retryAfterSeconds: 600, to: digestOf(customer.phone) })
    const reminder = await at.produceOne('reservation-reminder', reservationReminder(customer, { reservationId: 'R-5' }))
    await vi.waitUntil(() => at.sends(customer.phone).length === 1, { timeout: PATIENCE_MS, interval: 10 })
    await at.produceOne('reservation-cancelled', reservationCancelled('R-5'))
    expect(await at.results.endOf(reminder)).toMatchObject({ status: 'cancelled', reason: 'cancellation', attempts: 1 })
    expect(at.sends(customer.phone)).toHaveLength(1)
  })

  test('what may have been delivered is not sent again once it is called off, and its end does not claim that nothing was sent', async () => {
    const customer = awake()
    at.simulator.faults.add({ kind: 'server-error', to: digestOf(customer.phone) })
    const reminder = await at.produceOne('ride-reminder', reservationReminder(customer, { reservationId: 'R-6' }))
    await at.results.until('it to be unknown', () => at.results.about(reminder).find(({ status }) => status === 'unknown'))
    await untilMarked(() => at.produceOne('reservation-cancelled', reservationCancelled('R-6')))
    forward(600_000)
    await at.produceOne('reservation-cancelled', reservationCancelled('R-of-nobody')) // wakes every partition
    expect(await at.results.endOf(reminder)).toMatchObject({ status: 'unconfirmed', attempts: 1, fallback: null })
    expect(at.sends(customer.phone)).toHaveLength(1)
  })

  test('an invoice that is settled is not asked for', async () => {
    const bill = await at.produceOne('payment-due', paymentDue(somebody(), { invoiceId: 'INV-1' }))
    await untilWaiting(bill)
    await at.produceOne('invoice-settled', invoiceSettled('INV-1'))
    expect(await endOf(bill)).toEqual(['cancelled', 'cancellation'])
  })

  test('a cancellation that is read while the owner of the partitions restarts is obeyed by the next', async () => {
    const reminders = await at.produce(
      'reservation-reminder',
      ...[somebody(), somebody(), somebody()].map((customer) => reservationReminder(customer, { reservationId: 'R-4' })),
    )
    await Promise.all(reminders.map((place) => untilWaiting(place)))
    await at.workers.at(-1)?.stop()
    await untilMarked(() => at.produceOne('reservation-cancelled', reservationCancelled('R-4')))
    expect(reminders.flatMap((place) => at.results.about(place)).filter(({ terminal }) => terminal)).toEqual([])
    await at.startWorker({ stages: ['dispatch'], clock })
    expect(await Promise.all(reminders.map((place) => endOf(place)))).toEqual(Array(3).fill(['cancelled', 'cancellation']))
  })

  test('a later revision of an outage supersedes what waits of the one before; the parts of one revision leave each other alone', async () => {
    const people = [somebody(), somebody(), somebody(), somebody()]
    const incident = { incidentId: 'INC-1' }
    const [one, other] = await at.produce(
      'outage-notice',
      outageNotice(people.slice(0, 2), { ...incident, revision: 1 }),
      outageNotice(people.slice(2), { ...incident, revision: 1 }),
    )
    if (!one || !other) throw new Error('nothing was produced')
    await Promise.all([one, other].flatMap((place) => [0, 1].map((index) => untilWaiting(place, index))))
    expect(at.results.all().filter(({ subject, terminal }) => subject === 'incident/INC-1' && terminal)).toEqual([])

    const told = people.map((person) => ({ ...person, timeZone: 'Asia/Bangkok' }))
    const [part, rest] = await at.produce(
      'outage-notice',
      outageNotice(told.slice(0, 2), { ...incident, revision: 2 }),
      outageNotice(told.slice(2), { ...incident, revision: 2 }),
    )
    if (!part || !rest) throw new Error('nothing was produced')
    for (const place of [one, other])
      for (const index of [0, 1]) expect(await endOf(place, index)).toEqual(['superseded', 'newer-revision'])
    for (const place of [part, rest]) for (const index of [0, 1]) expect(await endOf(place, index)).toEqual(['accepted', null])
    expect(people.map(({ phone }) => at.sends(phone).length)).toEqual([1, 1, 1, 1])
  })

  test('news for one person supersedes what waits for thousands', async () => {
    const crowd = Array.from({ length: 2_000 }, (_, n) => ({ id: `X-${n}`, phone: phoneOf('reachable', 10_000 + n) }))
    const incident = { incidentId: 'INC-3' }
    const notice = await at.produceOne('outage-notice', outageNotice(crowd, { ...incident, revision: 1 }))
    const ofCrowd = (status: string) =>
      at.results.all().filter((result) => result.subject === 'incident/INC-3' && result.status === status).length
    await at.results.until('all to wait', () => ofCrowd('queued') === crowd.length)
    await at.produceOne('outage-notice', outageNotice([awake()], { ...incident, revision: 2 }))
    await at.results.until('all to be superseded', () => ofCrowd('superseded') === crowd.length)
    expect(await endOf(notice, crowd.length - 1)).toEqual(['superseded', 'newer-revision'])
  })

  test('that it is over is told to those who were told of it, or are just being told, and to nobody who still waited to be', async () => {
    const [told, being, asleep, never] = [awake(), awake(), somebody(), somebody()]
    const incident = { incidentId: 'INC-2' }
    at.simulator.faults.add({ kind: 'slow', ms: 1_500, to: digestOf(being.phone), count: 1 })
    const notice = await at.produceOne('outage-notice', outageNotice([told, being, asleep], { ...incident, revision: 1 }))
    expect(await endOf(notice)).toEqual(['accepted', null])
    await vi.waitUntil(() => at.sends(being.phone).length === 1, { timeout: PATIENCE_MS, interval: 10 })
    await untilWaiting(notice, 2)
    const restored = await at.produceOne(
      'outage-restored',
      outageRestored([told, being, asleep, never], { ...incident, revision: 2 }),
    )
    expect(await Promise.all([0, 1, 2].map((index) => endOf(notice, index)))).toEqual([
      ['accepted', null],
      ['accepted', null],
      ['superseded', 'newer-revision'],
    ])
    expect(await Promise.all([0, 1, 2, 3].map((index) => endOf(restored, index)))).toEqual([
      ['accepted', null],
      ['accepted', null],
      ['cancelled', 'not-notified'],
      ['cancelled', 'not-notified'],
    ])
    expect([told, being, asleep, never].map(({ phone }) => at.sends(phone).length)).toEqual([2, 2, 0, 0])
  })

  test('an order is one story: who sleeps reads its last state in the morning, who is awake reads every one as it comes', async () => {
    const [sleeper, reader] = [somebody(), awake()]
    const tell = async (route: 'order-received' | 'order-shipped' | 'order-ready') => {
      const slept = await at.produceOne(route, orderNews(sleeper, 'O-1'))
      const read = await at.produceOne(route, orderNews(reader, 'O-2'))
      await untilWaiting(slept)
      expect(await endOf(read)).toEqual(['accepted', null])
      return slept
    }
    const received = await tell('order-received')
    const shipped = await tell('order-shipped')
    expect(await endOf(received)).toEqual(['superseded', 'newer-revision'])
    const ready = await tell('order-ready')
    expect(await endOf(shipped)).toEqual(['superseded', 'newer-revision'])
    expect([at.sends(sleeper.phone).length, at.sends(reader.phone).length]).toEqual([0, 3])

    forward(2 * 3_600_000)
    await at.produceOne('reservation-cancelled', reservationCancelled('R-of-nobody')) // wakes every partition
    expect(await endOf(ready)).toEqual(['accepted', null])
    expect(at.sends(sleeper.phone).map(({ endpoint }) => endpoint)).toEqual(['template'])
    await expectSound(at)
  })
})

test('a revision that comes in the midst of the one before: nobody reads old news after new, and everybody reads the new', async ({
  onTestFinished,
}) => {
  const at = await installRunning({
    simulator: { latencyMs: 100 },
    partitions: 1,
    config: { channels: { main: { limits: { flexible: 10 } } } },
  })
  onTestFinished(at.close)
  const area = (revision: number) => `area-${revision}.`
  const people = Array.from({ length: 60 }, (_, n) => ({ id: `C-${n}`, phone: phoneOf('reachable', n) }))
  const notice = (revision: number) => outageNotice(people, { incidentId: 'INC-1', revision, area: area(revision) })
  await at.produceOne('outage-notice', notice(1))
  await vi.waitUntil(() => at.sends().length > 6, { timeout: PATIENCE_MS, interval: 10 })
  await at.produceOne('outage-notice', notice(2))
  const ends = await at.results.untilTerminal(120)
  const counts = (status: string) => ends.filter((end) => end.status === status).length
  expect(counts('accepted') + counts('superseded')).toBe(120)
  expect(counts('superseded'), 'came in the midst').toBeGreaterThan(0)
  for (const { phone } of people) {
    const read = at.sends(phone).map(({ body }) => [1, 2].filter((revision) => body?.includes(area(revision))))
    expect([[[2]], [[1], [2]]]).toContainEqual(read)
  }
  await expectSound(at)
})
