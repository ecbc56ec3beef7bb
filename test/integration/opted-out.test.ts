import { beforeAll, describe, expect, test } from 'vitest'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { expectSound } from './audit.ts'
import { outageNotice, paymentDue, reservationReminder } from './events.ts'
import { type Installation, install } from './installation.ts'
import { untilMetric } from './metrics.ts'
import { quietInTokyoNow } from './quiet-now.ts'

describe('a company keeps a list of those who want nothing', () => {
  const { clock, forward } = adjustableClock()
  let at: Installation
  const customer = (n: number) => ({ id: `C-${n}`, phone: phoneOf('reachable', n) })
  const listed = new Set<string>()
  /** Written as any producer would, and heard of by the worker. */
  const list = async (id: string, what: 'out' | 'in again') => {
    await at.produceRaw(at.topics.optOuts, { key: id, value: what === 'out' ? '{"since":"2026-01-05"}' : null })
    if (what === 'out') listed.add(id)
    else listed.delete(id)
    const worker = at.workers.at(-1)
    if (worker) await untilMetric(worker, 'tsuchi_opted_out_customers', {}, (count) => count === listed.size)
  }

  beforeAll(async () => {
    at = await install({ routes: { 'reservation-reminder': { quietHours: quietInTokyoNow() } } })
    await list('C-1', 'out')
    await at.startWorker({ clock })
    return at.close
  })

  test('who was on it before the worker began is refused, of many the event names only they, and however urgent it is', async () => {
    const place = await at.produceOne('outage-notice', outageNotice([customer(1), customer(2)]))
    expect(await at.results.endOf(place)).toMatchObject({
      status: 'refused',
      reason: 'opted-out',
      customerId: 'C-1',
      attempts: 0,
    })
    expect(await at.results.endOf(place, 1)).toMatchObject({ status: 'accepted' })
    expect([1, 2].map((n) => at.sends(phoneOf('reachable', n)).length)).toEqual([0, 1])
  })

  test('who comes on it while it works is refused; off it again, they get what is produced anew', async () => {
    const event = paymentDue(customer(3))
    await list('C-3', 'out')
    const refused = await at.produceOne('payment-due', event)
    expect(await at.results.endOf(refused)).toMatchObject({ status: 'refused', reason: 'opted-out' })
    await list('C-3', 'in again')
    const anew = await at.produceOne('payment-due', event)
    expect(await at.results.endOf(anew)).toMatchObject({ status: 'accepted' })
    expect(at.sends(phoneOf('reachable', 3))).toHaveLength(1)
  })

  test('who comes on it while their notification waits for the morning is not written to, also over a restart', async () => {
    const [out, wavering] = [customer(4), customer(5)]
    const places = await at.produce('reservation-reminder', reservationReminder(out), reservationReminder(wavering))
    for (const place of places)
      await at.results.until('it to wait', () => at.results.about(place).find(({ reason }) => reason === 'quiet-hours'))
    await list('C-4', 'out')
    await list('C-5', 'out')
    await list('C-5', 'in again')
    await at.workers.at(-1)?.stop()
    forward(2 * 3_600_000)
    await at.startWorker({ clock })
    const [first, second] = await Promise.all(places.map((place) => at.results.endOf(place)))
    expect(first).toMatchObject({ status: 'refused', reason: 'opted-out', attempts: 0 })
    expect(second).toMatchObject({ status: 'accepted' })
    expect([at.sends(out.phone).length, at.sends(wavering.phone).length]).toEqual([0, 1])
    await expectSound(at)
  })
})
