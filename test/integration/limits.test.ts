import { expect, onTestFinished, test } from 'vitest'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { expectSound } from './audit.ts'
import { outageNotice, paymentDue, reservationCancelled, reservationReminder } from './events.ts'
import { install, installRunning } from './installation.ts'
import type { ObservedResult } from './results.ts'

const HOUR_MS = 3_600_000
const [person, other, third] = [1, 2, 3].map((n) => ({ id: `C-${n}`, phone: phoneOf('reachable', n) }))
if (!person || !other || !third) throw new Error('three people are needed')
const spoken = (results: readonly ObservedResult[]) => results.map(({ status, reason }) => [status, reason])

test('with spacing, one person is left in peace between two notifications; others and what is urgent do not wait, but the urgent one counts', async () => {
  const { clock, forward } = adjustableClock()
  const at = await installRunning({ partitions: 1, config: { recipients: { spacing: 'PT1H' } } }, { clock })
  onTestFinished(at.close)
  const first = await at.produceOne('payment-due', paymentDue(person))
  await at.results.endOf(first)
  const second = await at.produceOne('payment-due', paymentDue(person))
  await at.results.until('the second to wait', () => at.results.about(second).find(({ reason }) => reason === 'spacing'))
  const outage = await at.produceOne('outage-notice', outageNotice([person]))
  const elsewhere = await at.produceOne('payment-due', paymentDue(other))

  const urgentSent = (await at.results.endOf(outage)).sentAt ?? 0
  expect((await at.results.endOf(elsewhere)).status).toBe('accepted')
  expect(at.results.about(second).filter(({ terminal }) => terminal)).toEqual([])

  // Almost: the rest it waits for by itself.
  forward(urgentSent + HOUR_MS - 1_000 - clock.now())
  await at.results.endOf(await at.produceOne('payment-due', paymentDue(third)))
  const secondSent = (await at.results.endOf(second)).sentAt ?? 0
  expect(secondSent - urgentSent).toBeGreaterThanOrEqual(HOUR_MS)
  expect(at.sends(person.phone)).toHaveLength(3)
  await expectSound(at)
})

test('with a cap for the day, what is one too many waits until the day is over, and ends if it is of no use by then; what is urgent goes', async () => {
  const { clock, forward } = adjustableClock()
  const at = await install({
    config: { recipients: { perDay: 2 } },
    furtherRoutes: ['reservation-cancelled'],
    routes: { 'payment-due': { expires: 'P3D' } },
  })
  onTestFinished(at.close)
  await at.startWorker({ clock })
  const two = await at.produce('payment-due', paymentDue(person), paymentDue(person))
  await Promise.all(two.map((place) => at.results.endOf(place)))
  const waiting = await at.produceOne('payment-due', paymentDue(person))
  await at.results.until('the third to wait', () => at.results.about(waiting).find(({ reason }) => reason === 'daily-cap'))
  const outage = await at.produceOne('outage-notice', outageNotice([person]))
  expect((await at.results.endOf(outage)).status).toBe('accepted')

  const startsAt = Date.now() + 2 * HOUR_MS
  const reminder = await at.produceOne('reservation-reminder', reservationReminder(person, { startsAt }))
  const elsewhere = await at.produceOne('payment-due', paymentDue(other))
  expect((await at.results.endOf(elsewhere)).status).toBe('accepted')
  expect(at.sends(person.phone)).toHaveLength(3)

  const wake = () => at.produceOne('reservation-cancelled', reservationCancelled('R-of-nobody', { occurredAt: clock.now() }))
  forward(3 * HOUR_MS)
  await wake()
  expect(await at.results.endOf(reminder)).toMatchObject({ status: 'expired', attempts: 0 })

  // Two went with the first two, and one with the outage: from then on there is room.
  forward(22 * HOUR_MS)
  await wake()
  expect((await at.results.endOf(waiting)).status).toBe('accepted')
  expect(spoken(at.results.about(waiting)).filter(([status]) => status === 'queued')).toEqual([['queued', 'daily-cap']])
  expect(at.sends(person.phone)).toHaveLength(4)
  await expectSound(at)
})
