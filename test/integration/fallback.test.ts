import { beforeAll, describe, expect, test } from 'vitest'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { expectSound } from './audit.ts'
import { outageNotice, paymentDue, reservationCancelled, reservationReminder } from './events.ts'
import { type Installation, install } from './installation.ts'
import { untilMetric } from './metrics.ts'
import { quietInTokyoNow } from './quiet-now.ts'
import type { Place } from './results.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

describe('a channel on which nothing can be sent for some hours', () => {
  const { clock, forward } = adjustableClock()
  let at: Installation
  const said = (place: Place) => at.results.about(place).map(({ status, terminal }) => (terminal ? `${status}, the end` : status))
  const untilSaid = (place: Place, status: string) =>
    at.results.until(status, () => at.results.about(place).find((result) => result.status === status))
  const wake = () => at.produceOne('reservation-cancelled', reservationCancelled('R-of-nobody', { occurredAt: clock.now() }))
  const customer = (n: number, timeZone: string | null = null) => ({ id: `C-${n}`, phone: phoneOf('reachable', n), timeZone })

  beforeAll(async () => {
    at = await install({
      partitions: 1, // what one is refused pauses the channel for all
      furtherRoutes: ['reservation-cancelled'],
      config: { channels: { main: { probeEvery: 'PT100H' } } },
      routes: {
        'payment-due': { fallbackAfter: 'PT10M', expires: 'P3D' },
        'reservation-reminder': { quietHours: quietInTokyoNow(), fallbackAfter: 'PT2H' },
      },
    })
    await at.startWorker({ clock, state: 'kept' })
    return at.close
  })

  test('whoever waits is to be told by other means, once, and what LINE takes in time is not; then each has its end', async () => {
    const intime = await at.produceOne('payment-due', paymentDue(customer(1)))
    await at.results.endOf(intime)
    at.simulator.faults.add({ kind: 'forbidden', endpoint: 'flexible' })
    const bills = await at.produce('payment-due', ...[2, 3, 4].map((n) => paymentDue(customer(n))))
    const worker = at.workers[0]
    if (!worker) throw new Error('no worker')
    const untilQueued = (wanted: number) =>
      untilMetric(worker, 'tsuchi_notifications', { state: 'queued' }, (count) => count === wanted)
    await untilQueued(3)
    forward(15 * MINUTE_MS)
    await wake()
    for (const place of bills)
      expect(await untilSaid(place, 'fallback_due')).toMatchObject({ terminal: false, reason: 'fallback-after', fallback: 'sms' })

    const called = await at.produceOne(
      'reservation-reminder',
      reservationReminder(customer(5, 'Asia/Bangkok'), { reservationId: 'R-5' }),
    )
    const asleep = await at.produceOne('reservation-reminder', reservationReminder(customer(6)))
    await untilSaid(asleep, 'queued')
    await untilQueued(5)
    await at.produceOne('reservation-cancelled', reservationCancelled('R-5'))
    expect(await at.results.endOf(called)).toMatchObject({ status: 'cancelled' })

    // It might have gone at the end of its quiet hours, within an hour from now: another channel is due two hours after that.
    forward(2.5 * HOUR_MS)
    await wake()
    await worker.stop()
    await at.startWorker({ clock, state: 'kept' })
    expect(said(asleep)).toEqual(['queued'])
    forward(1 * HOUR_MS)
    await wake()
    expect(await untilSaid(asleep, 'fallback_due')).toMatchObject({ terminal: false, fallback: 'sms' })

    at.simulator.faults.clear()
    forward(100 * HOUR_MS)
    await wake()
    for (const place of bills) await at.results.endOf(place)
    await at.results.endOf(asleep)
    await at.results.caughtUp()
    expect(new Set(said(intime))).toEqual(new Set(['sending', 'accepted, the end']))
    for (const place of bills) {
      expect(said(place).filter((status) => status === 'fallback_due')).toHaveLength(1)
      expect(said(place).at(-1)).toMatch(/the end$/)
    }
    expect(said(called).filter((status) => status === 'fallback_due')).toEqual([])
    await expectSound(at)
  })

  test('who is not on LINE is to be told by other means at once, and only once', async () => {
    const phone = phoneOf('not-on-line', 1)
    const place = await at.produceOne('payment-due', paymentDue({ id: 'C-20', phone }, { occurredAt: clock.now() }))
    expect(await at.results.endOf(place)).toMatchObject({ status: 'unreachable', fallback: 'sms' })
    await at.results.caughtUp()
    expect(new Set(said(place))).toEqual(new Set(['sending', 'unreachable, the end']))
    expect(at.sends(phone)).toMatchObject([{ to: digestOf(phone) }])
    const outage = await at.produceOne('outage-notice', outageNotice([customer(21)], { occurredAt: clock.now() }))
    expect(await at.results.endOf(outage)).toMatchObject({ status: 'accepted' })
    await expectSound(at)
  })
})
