import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Worker } from '../../src/app.ts'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { expectSound } from './audit.ts'
import { outageNotice, paymentDue, reservationReminder } from './events.ts'
import { type Installation, install, installRunning } from './installation.ts'
import { untilMetric } from './metrics.ts'
import { PATIENCE_MS } from './patience.ts'
import { tsuchi } from './tsuchi-command.ts'

describe('a lane that lets 7 a second through', () => {
  const { clock, forward } = adjustableClock()
  let at: Installation
  let worker: Worker
  beforeAll(async () => {
    // One connection, so that what leaves first is first at LINE.
    const main = { connections: 1, limits: { flexible: 10 } }
    at = await install({ partitions: 1, config: { channels: { main } } })
    worker = await at.startWorker({ clock })
    return at.close
  })

  test('an outage overtakes the backlog of what can wait', async () => {
    const backlog = Array.from({ length: 18 }, (_, n) => phoneOf('reachable', n))
    const urgent = [100, 101, 102].map((n) => phoneOf('reachable', n))
    // Nothing goes before all are there, however long it takes to produce them.
    await tsuchi(at, ['channels', 'pause', 'main'])
    await untilMetric(worker, 'tsuchi_channel_paused_partitions', { channel: 'main', cause: 'operator' }, (count) => count === 1)
    await at.produce('payment-due', ...backlog.map((phone, n) => paymentDue({ id: `C-${n}`, phone })))
    await untilMetric(worker, 'tsuchi_notifications', { state: 'queued' }, (count) => count === 18)
    await at.produce('outage-notice', outageNotice(urgent.map((phone, n) => ({ id: `U-${n}`, phone }))))
    await untilMetric(worker, 'tsuchi_notifications', { state: 'queued' }, (count) => count === 21)
    await tsuchi(at, ['channels', 'resume', 'main'])

    const ends = await at.results.untilTerminal(21)
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['accepted']))
    // Within each kind, as they arrived.
    expect(at.sends().map(({ to }) => to)).toEqual([...urgent, ...backlog].map(digestOf))
  })

  test('what LINE holds back until it is of no use ends expired', async () => {
    const phone = phoneOf('reachable', 200)
    at.simulator.faults.add({ kind: 'rate-limited', retryAfterSeconds: 600, to: digestOf(phone) })
    const startsAt = clock.now() + 300_000
    const place = await at.produceOne('reservation-reminder', reservationReminder({ id: 'C-200', phone }, { startsAt }))
    await expect.poll(() => at.sends(phone).length, { timeout: PATIENCE_MS }).toBe(1)
    await untilMetric(worker, 'tsuchi_notifications', { state: 'queued' }, (count) => count === 1)
    // Almost: the rest it waits for by itself. What wakes it is refused, as nothing else goes on this lane.
    forward(startsAt - 1_000 - clock.now())
    await at.results.endOf(await at.produceOne('payment-due', paymentDue({ id: 'C-201', phone: '0312-99' })))
    const end = await at.results.endOf(place)
    expect(end).toMatchObject({ status: 'expired', reason: 'expires-at', attempts: 1 })
    expect(end.decidedAt).toBeGreaterThanOrEqual(startsAt)
    expect(end.decidedAt - startsAt, 'noticed when it happens, not when LINE may be asked again').toBeLessThan(300_000)
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
