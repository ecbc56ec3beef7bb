import { createHash, createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Config } from '../../src/config.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { outageNotice, paymentDue } from './events.ts'
import { type Installation, install } from './installation.ts'
import { metricOf, untilMetric } from './metrics.ts'
import { quietInTokyoNow } from './quiet-now.ts'
import { tsuchi } from './tsuchi-command.ts'

const customer = (n: number) => ({ id: `C-${n}`, phone: phoneOf('reachable', n) })

/** As the documents say how it is made, not as the code makes it. */
const refOf = (at: Installation, phone: string): string =>
  createHmac('sha256', Buffer.from(at.env.TSUCHI_PEPPER ?? '', 'base64'))
    .update(createHash('sha256').update(phone).digest('hex'))
    .digest('hex')

const withMain = ({ config }: Installation, changes: Partial<Config['channels'][string]>): Config => {
  const { main } = config.channels
  if (!main) throw new Error('no channel main')
  return { ...config, channels: { ...config.channels, main: { ...main, ...changes } } }
}

test('an allow-list: those on it get everything, nobody else gets anything, and their results say why', async () => {
  const at = await install()
  onTestFinished(at.close)
  const staff = customer(1)
  const worker = await at.startWorker({ config: withMain(at, { mode: 'allow-list', allow: [refOf(at, staff.phone)] }) })
  const outage = await at.produceOne('outage-notice', outageNotice([staff, customer(2), customer(3)]))
  const bill = await at.produceOne('payment-due', paymentDue(customer(2)))

  expect(await at.results.endOf(outage)).toMatchObject({ status: 'accepted', recipientRef: refOf(at, staff.phone) })
  const refusal = { status: 'refused', reason: 'not-on-allow-list', terminal: true, attempts: 0, fallback: null, cost: null }
  for (const end of [await at.results.endOf(outage, 1), await at.results.endOf(outage, 2), await at.results.endOf(bill)])
    expect(end).toMatchObject(refusal)
  expect(at.sends()).toHaveLength(1)
  expect(at.sends(staff.phone)).toHaveLength(1)
  const info = { channel: 'main', provider: 'line-simulator', mode: 'allow-list' }
  expect(await metricOf(worker, 'tsuchi_channel_info', info)).toBe(1)
  await expectSound(at)
})

test('a shadow does everything but the call: duplicates, quiet hours and limits are as if it were live, and nobody hears of it', async () => {
  const at = await install({ routes: { 'payment-due': { quietHours: quietInTokyoNow() } } })
  onTestFinished(at.close)
  await at.startWorker({ config: withMain(at, { mode: 'shadow' }) })
  const event = outageNotice([customer(1), customer(2)])
  const outage = await at.produceOne('outage-notice', event)
  for (const end of [await at.results.endOf(outage), await at.results.endOf(outage, 1)])
    expect(end).toMatchObject({ status: 'refused', reason: 'shadow', attempts: 0, sentAt: expect.any(Number), cost: null })
  expect(new Set(at.results.about(outage).map(({ status }) => status))).toEqual(new Set(['sending', 'refused']))
  const again = await at.produceOne('outage-notice', event)
  expect(await at.results.endOf(again)).toMatchObject({ status: 'duplicate' })
  const bill = await at.produceOne('payment-due', paymentDue(customer(3)))
  await at.results.until('the bill to wait', () => at.results.about(bill).find(({ reason }) => reason === 'quiet-hours'))

  expect(at.sends()).toEqual([])
  expect(at.simulator.log.count().total, 'not even a token was asked for').toBe(0)
})

test('what was queued while the channel was a shadow, unreviewed, is not sent when it goes live', async () => {
  const at = await install()
  onTestFinished(at.close)
  const shadow = await at.startWorker({ config: withMain(at, { provider: 'line', mode: 'shadow' }) })
  await tsuchi(at, ['channels', 'pause', 'main'])
  const bill = await at.produceOne('payment-due', paymentDue(customer(1)))
  await untilMetric(shadow, 'tsuchi_notifications', { state: 'queued' }, (count) => count === 1)
  await shadow.stop()

  // Only intake reads routes, and would not start: this worker knows but what was queued.
  await at.startWorker({ stages: ['dispatch'], config: withMain(at, { provider: 'line', mode: 'live' }) })
  await tsuchi(at, ['channels', 'resume', 'main'])
  expect(await at.results.endOf(bill)).toMatchObject({ status: 'refused', reason: 'not-reviewed', attempts: 0 })
  expect(at.sends()).toEqual([])
  await expectSound(at)
})

test('what is called a simulator and is something else: no worker starts', async () => {
  const at = await install()
  onTestFinished(at.close)
  const other = createServer((_, response) => response.writeHead(404).end('{}')).listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const baseUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  await expect(at.startWorker({ config: withMain(at, { baseUrl }), mayDie: true })).rejects.toThrow(
    /channels\.main\.baseUrl: found HTTP 404 at \/_simulator, and not as the simulator does; provider is line-simulator, and real people/,
  )
  other.closeAllConnections()
  await new Promise((resolve) => other.close(resolve))
  const nowhere = 'http://127.0.0.1:2' // a port that was free a moment ago somebody may have taken
  await expect(at.startWorker({ config: withMain(at, { baseUrl: nowhere }), mayDie: true })).rejects.toThrow(
    /found ECONNREFUSED; .*Start `tsuchi line-simulator`/,
  )
})
