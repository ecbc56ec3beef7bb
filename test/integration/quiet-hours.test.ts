import { expect, onTestFinished, test } from 'vitest'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { expectSound } from './audit.ts'
import { outageNotice, paymentDue } from './events.ts'
import { install } from './installation.ts'

const HOUR_MS = 3_600_000

/** Wall-clock time in a zone, `HH:MM:SS`. */
const clockIn = (zone: string, instant: number) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', timeStyle: 'medium' }).format(instant)

test('in the quiet hours of where the person lives, a bill waits for their end, also over a restart; an outage does not', async () => {
  const ends = Math.ceil(Date.now() / 1_000) * 1_000 + HOUR_MS
  const quietHours = { from: clockIn('Asia/Bangkok', ends - 2 * HOUR_MS), until: clockIn('Asia/Bangkok', ends) }
  const { clock, forward } = adjustableClock()
  const at = await install({ partitions: 1, routes: { 'payment-due': { quietHours } } })
  onTestFinished(at.close)
  const first = await at.startWorker({ clock })
  const wake = async () => at.results.endOf(await at.produceOne('payment-due', paymentDue({ id: 'C-4', phone: wakeful ?? '' })))
  const [bangkok, tokyo, urgent, wakeful] = [1, 2, 3, 4].map((n) => phoneOf('reachable', n))
  const bill = await at.produceOne('payment-due', paymentDue({ id: 'C-1', phone: bangkok ?? '', timeZone: 'Asia/Bangkok' }))
  const elsewhere = await at.produceOne('payment-due', paymentDue({ id: 'C-2', phone: tokyo ?? '' }))
  const outage = await at.produceOne(
    'outage-notice',
    outageNotice([{ id: 'C-3', phone: urgent ?? '', timeZone: 'Asia/Bangkok' }]),
  )

  // In Tokyo it is two hours later: past the end.
  expect(await at.results.endOf(elsewhere)).toMatchObject({ status: 'accepted' })
  expect(await at.results.endOf(outage)).toMatchObject({ status: 'accepted' })
  const waiting = await at.results.until('the bill to wait', () => at.results.about(bill)[0])
  expect(waiting).toMatchObject({ status: 'queued', reason: 'quiet-hours', terminal: false, releaseAt: ends })

  await first.stop()
  await at.startWorker({ clock })
  await wake()
  expect(at.sends(bangkok)).toEqual([])

  // Almost: the rest it waits for by itself.
  const ahead = ends - 1_000 - clock.now()
  forward(ahead)
  await wake()
  expect(await at.results.endOf(bill)).toMatchObject({ status: 'accepted', attempts: 1 })
  const [send, ...more] = at.sends(bangkok)
  expect(more).toEqual([])
  expect((send?.receivedAt ?? 0) + ahead, 'on the clock of the worker').toBeGreaterThanOrEqual(ends)
  await expectSound(at)
})
