import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { outageNotice, paymentDue, reservationReminder } from './events.ts'
import { type Installation, installRunning } from './installation.ts'

describe('a lane that lets 7 a second through', () => {
  let at: Installation
  beforeAll(async () => {
    at = await installRunning({ partitions: 1, config: { channels: { main: { limits: { flexible: 10 } } } } })
    return at.close
  })

  test('an outage overtakes the backlog of what can wait', async () => {
    const backlog = Array.from({ length: 18 }, (_, n) => phoneOf('reachable', n))
    const urgent = [100, 101, 102].map((n) => phoneOf('reachable', n))
    await at.produce('payment-due', ...backlog.map((phone, n) => paymentDue({ id: `C-${n}`, phone })))
    await expect.poll(() => at.sends().length, { timeout: 10_000, interval: 10 }).toBeGreaterThanOrEqual(2)
    await at.produce('outage-notice', outageNotice(urgent.map((phone, n) => ({ id: `U-${n}`, phone }))))

    const ends = await at.results.untilTerminal(21)
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['accepted']))
    const outage = ends.filter(({ purpose }) => purpose === 'outage')
    const decided = Math.min(...outage.map(({ sentAt }) => sentAt ?? 0))
    const later = new Set(
      ends.flatMap(({ purpose, sentAt, deliveryTag }) => (purpose !== 'outage' && (sentAt ?? 0) >= decided ? [deliveryTag] : [])),
    )
    expect(later.size, 'bills that were still waiting').toBeGreaterThan(8)
    const order = at
      .sends()
      .flatMap(({ to, deliveryTag }) =>
        urgent.some((phone) => digestOf(phone) === to) ? ['outage'] : later.has(deliveryTag) ? ['bill'] : [],
      )
    expect(order).toEqual([...outage.map(() => 'outage'), ...[...later].map(() => 'bill')])
    // Within each kind, as they arrived.
    const bills = at.sends().flatMap(({ to }) => (backlog.some((phone) => digestOf(phone) === to) ? [to] : []))
    expect(bills).toEqual(backlog.map(digestOf))
  })

  test('what LINE holds back until it is of no use ends expired', async () => {
    const phone = phoneOf('reachable', 200)
    at.simulator.faults.add({ kind: 'rate-limited', retryAfterSeconds: 60, to: digestOf(phone) })
    const startsAt = Date.now() + 1_500
    const place = await at.produceOne('reservation-reminder', reservationReminder({ id: 'C-200', phone }, { startsAt }))
    const end = await at.results.endOf(place)
    expect(end).toMatchObject({ status: 'expired', reason: 'expires-at', attempts: 1 })
    expect(end.decidedAt).toBeGreaterThanOrEqual(startsAt)
    expect(end.decidedAt - startsAt, 'noticed when it happens, not when LINE may be asked again').toBeLessThan(30_000)
    expect(at.sends(phone)).toMatchObject([{ status: 429 }])
    await expectSound(at)
  })
})

test('with progress switched off, results are only ends', async () => {
  const at = await installRunning({
    config: { results: { progress: false } },
    routes: { 'payment-due': { unknown: { wait: 'PT0.2S' } } },
  })
  onTestFinished(at.close)
  const [sent, lost, nobody] = [phoneOf('reachable', 1), phoneOf('reachable', 2), phoneOf('not-on-line', 1)]
  at.simulator.faults.add({ kind: 'server-error', to: digestOf(lost) })
  const events = [sent, lost, nobody].map((phone, n) => paymentDue({ id: `C-${n}`, phone }))
  const places = await at.produce('payment-due', ...events)
  const ends = await Promise.all(places.map((place) => at.results.endOf(place)))
  expect(ends.map(({ status }) => status)).toEqual(['accepted', 'unconfirmed', 'unreachable'])
  await at.results.caughtUp()
  expect(at.results.all()).toHaveLength(3)
  expect(at.results.all().map(({ sequence, terminal }) => ({ sequence, terminal }))).toEqual(
    ends.map(() => ({ sequence: 0, terminal: true })),
  )
  await expectSound(at)
})
