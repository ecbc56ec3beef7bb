import { expect, onTestFinished, test } from 'vitest'
import type { Feedback } from '../../src/domain/input.ts'
import { openFeedbackWriter } from '../../src/kafka/feedback-writer.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { paymentDue, reservationCancelled, reservationReminder } from './events.ts'
import { install } from './installation.ts'
import { untilMetric } from './metrics.ts'
import { quietInTokyoNow } from './quiet-now.ts'

/* While nobody dispatched, much was said, and much fell due. */

const HOUR_MS = 3_600_000
/** More than a task reads at once. */
const MANY = 700
const people = Array.from({ length: MANY }, (_, n) => ({ id: `C-${n}`, phone: phoneOf('reachable', n) }))

test('what was called off while nobody dispatched is not sent, though its time has come', async () => {
  const { clock, forward } = adjustableClock()
  const at = await install({
    partitions: 1,
    furtherRoutes: ['reservation-cancelled'],
    routes: { 'reservation-reminder': { quietHours: quietInTokyoNow() } },
  })
  onTestFinished(at.close)
  const all = await at.startWorker({ clock })
  await at.produce('reservation-reminder', ...people.map((each) => reservationReminder(each, { reservationId: each.id })))
  await untilMetric(all, 'tsuchi_notifications', { state: 'queued' }, (count) => count === MANY)
  await all.stop()

  const intake = await at.startWorker({ clock, stages: ['intake'] })
  await at.produce('reservation-cancelled', ...people.map(({ id }) => reservationCancelled(id)))
  await untilMetric(intake, 'tsuchi_intake_requests_total', { kind: 'mark' }, (count) => count === MANY)
  await intake.stop()
  forward(3 * HOUR_MS)
  await at.startWorker({ clock, stages: ['dispatch'] })

  const ends = await at.results.untilTerminal(MANY)
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['cancelled']))
  expect(at.sends()).toEqual([])
})

test('of what LINE delivered while nobody dispatched, no other channel is told', async () => {
  const { clock, forward } = adjustableClock()
  const at = await install({ partitions: 1, webhook: 'unregistered' })
  onTestFinished(at.close)
  const inTime = { dueDate: '2099-12-31' }
  const all = await at.startWorker({ clock, stages: ['intake', 'dispatch'] })
  await at.produce('payment-due', ...people.map((each) => paymentDue(each, inTime)))
  await untilMetric(all, 'tsuchi_notifications', { state: 'accepted' }, (count) => count === MANY)
  await all.stop()

  const feedback = await openFeedbackWriter(at.kafka, at.topics.feedback, { of: () => NEWEST_FORMAT })
  onTestFinished(() => feedback.close())
  const deliveredAt = clock.now()
  await feedback.write(
    0,
    at.sends().map(({ deliveryTag }): Feedback => ({ kind: 'receipt', deliveryTag: deliveryTag ?? '', deliveredAt })),
  )
  forward(7 * HOUR_MS) // another channel is due after six
  await at.startWorker({ clock, stages: ['dispatch'] })

  const ends = await at.results.untilTerminal(MANY)
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['delivered']))
  expect(at.results.all().filter(({ status }) => status === 'fallback_due')).toEqual([])
})
