import { expect, onTestFinished, test } from 'vitest'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { paymentDue } from './events.ts'
import { install } from './installation.ts'
import { metricOf, untilMetric } from './metrics.ts'

/** What a text of the message shows. */
const named = (index: number, name: string) => paymentDue({ id: `C-${index}`, phone: phoneOf('reachable', index), name })

test('an event that makes a message read like advertising is sent and counted on a channel that warns', async () => {
  const at = await install({ partitions: 1 })
  onTestFinished(at.close)
  const worker = await at.startWorker()
  for (const [index, name] of ['クーポン太郎', '山田 花子', 'クーポン太郎'].entries())
    expect(await at.results.endOf(await at.produceOne('payment-due', named(index + 1, name)))).toMatchObject({
      status: 'accepted',
    })
  await untilMetric(worker, 'tsuchi_advertising_total', { route: 'payment-due', word: 'coupon' }, (count) => count === 2)
  expect(await metricOf(worker, 'tsuchi_advertising_total')).toBe(2)
  await expectSound(at)
})

test('and refused on one that refuses, by property and word and without the text', async () => {
  const at = await install({ partitions: 1, config: { channels: { main: { advertising: 'refuse' } } } })
  onTestFinished(at.close)
  await at.startWorker()
  const refused = await at.results.endOf(await at.produceOne('payment-due', named(1, 'クーポン太郎')))
  expect(refused).toMatchObject({
    status: 'refused',
    reason: 'advertising',
    detail: expect.stringMatching(
      /^messages\[0\]\.contents\.\S+\.text: an offer of a coupon \(coupon\); reword it, or name the text in advertising\.except of the route$/,
    ),
  })
  expect(await at.results.endOf(await at.produceOne('payment-due', named(2, '山田 花子')))).toMatchObject({ status: 'accepted' })
  expect(at.sends()).toHaveLength(1)
  await expectSound(at)
})
