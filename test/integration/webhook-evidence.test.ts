import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import type { Worker } from '../../src/app.ts'
import type { Feedback } from '../../src/domain/input.ts'
import { decodeFeedback } from '../../src/kafka/internal-codec.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { closedPort, listen } from '../unit/line-peer.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { paymentDue } from './events.ts'
import { type Installation, type InstallationOptions, install } from './installation.ts'
import { metricOf, untilMetric } from './metrics.ts'
import type { Place } from './results.ts'
import { openTopicReader } from './topic-records.ts'

const HOUR_MS = 3_600_000
const BLOCKED = phoneOf('blocked', 1)

/** LINE has no URL yet, and nothing has come from it. */
const unregistered = async (config: InstallationOptions['config'] = {}): Promise<Installation> => {
  const at = await install({ partitions: 1, webhook: 'unregistered', config })
  onTestFinished(at.close)
  return at
}

const heartbeatsOf = async ({ kafka, topics }: Installation) => {
  const feedback: Feedback[] = []
  const reader = await openTopicReader({
    kafka,
    topics: [topics.feedback],
    isolation: 'committed',
    onRecord: ({ value }) => feedback.push(decodeFeedback(value)),
  })
  onTestFinished(() => reader.close())
  return async () => {
    await reader.caughtUp()
    return feedback.filter((each) => each.kind === 'heartbeat')
  }
}

const untilTested = (worker: Worker, outcome: string, times: number) =>
  untilMetric(worker, 'tsuchi_webhook_tests_total', { channel: 'main', outcome }, (count) => count >= times)

const lastOf = (at: Installation, place: Place) => at.results.about(place).at(-1)?.status

test('where LINE has the URL of somebody else, nobody is told to be undelivered, however long nothing is heard', async () => {
  let posts = 0
  const somebodyElse = createServer((request, response) => {
    posts += 1
    request.resume().on('end', () => response.end())
  })
  const port = await listen(somebodyElse)
  onTestFinished(() => {
    somebodyElse.closeAllConnections()
    somebodyElse.close()
  })
  const at = await unregistered()
  at.registerWebhook(`http://127.0.0.1:${port}/`)
  const heartbeats = await heartbeatsOf(at)
  const { clock, forward } = adjustableClock()
  const worker = await at.startWorker({ clock })

  const inTime = { dueDate: '2099-12-31' } // of what is too late for LINE, nobody is to write by SMS either
  const shown = await at.produceOne('payment-due', paymentDue({ id: 'C-1', phone: phoneOf('reachable', 1) }, inTime))
  const blocked = await at.produceOne('payment-due', paymentDue({ id: 'C-2', phone: BLOCKED }, inTime))
  await at.results.until('LINE to take both', (read) => read.filter(({ status }) => status === 'accepted').length === 2)
  for (let days = 1; days <= 3; days += 1) {
    forward(24 * HOUR_MS)
    await untilTested(worker, 'answered', days + 1)
  }
  await at.results.until('the time for SMS', (read) => read.filter(({ status }) => status === 'fallback_due').length === 2)
  const later = await at.produceOne('payment-due', paymentDue({ id: 'C-3', phone: phoneOf('reachable', 2) }, inTime))
  await at.results.endOf(later) // whatever it is: in order, so that all days have been judged

  expect(posts).toBeGreaterThan(3)
  expect(await heartbeats()).toEqual([])
  expect([lastOf(at, shown), lastOf(at, blocked)]).toEqual(['fallback_due', 'fallback_due'])
  expect(await metricOf(worker, 'tsuchi_receipts_covered_until_seconds', { channel: 'main' })).toBe(0)
  expect(at.log.filter((line) => line.includes('"webhook-elsewhere"'))).toEqual([
    expect.stringContaining(
      "LINE's test of the webhook of main was answered, and nothing came here: another process took it, or the URL in LINE's console is somebody else's",
    ),
  ])
})

test('where it reaches us, its own test proves it before anything is sent, and a day of silence is one', async () => {
  const port = await closedPort()
  const at = await unregistered({ webhook: { port } })
  at.registerWebhook(`http://127.0.0.1:${port}/line/webhook`)
  const heartbeats = await heartbeatsOf(at)
  const { clock, forward } = adjustableClock()
  const worker = await at.startWorker({ clock })
  await untilTested(worker, 'answered', 1)
  await untilMetric(worker, 'tsuchi_webhook_checks_total', { channel: 'main' }, (count) => count === 1)
  await untilMetric(worker, 'tsuchi_receipts_covered_until_seconds', { channel: 'main' }, (until) => until > 0)

  const place = await at.produceOne('payment-due', paymentDue({ id: 'C-1', phone: BLOCKED }, { dueDate: '2099-12-31' }))
  await at.results.until('LINE to take it', () => lastOf(at, place) === 'accepted')
  for (const round of [2, 3, 4]) {
    forward(8 * HOUR_MS)
    await untilTested(worker, 'answered', round)
  }
  expect(await at.results.endOf(place)).toMatchObject({ status: 'undelivered', fallback: 'sms' })
  const said = await heartbeats()
  expect(said.length).toBeGreaterThan(0)
  for (const { channels } of said) expect(channels).toEqual(['main'])
  expect(at.log.join('\n')).not.toContain('"webhook-elsewhere"')
})

test('a secret that is not LINE’s: its own test finds it, and says what to look at', async () => {
  const port = await closedPort()
  const secrets = ['the secret of another channel']
  const at = await unregistered({ webhook: { port } })
  at.registerWebhook(`http://127.0.0.1:${port}/line/webhook`)
  const heartbeats = await heartbeatsOf(at)
  const { main } = at.config.channels
  if (!main?.webhook) throw new Error('no webhook')
  const config = { ...at.config, channels: { main: { ...main, webhook: { ...main.webhook, secrets } } } }
  const { clock, forward } = adjustableClock()
  const worker = await at.startWorker({ config, clock })
  await untilTested(worker, 'failed', 1)
  forward(HOUR_MS)
  await untilTested(worker, 'failed', 2) // as often as it looks, it would have said that it listens
  expect(at.log.filter((line) => line.includes('"webhook-not-reached"'))).toEqual([
    expect.stringContaining(
      "LINE's test of the webhook of main failed: ERROR_STATUS_CODE, status 401. Is the channel's secret among webhook.secrets",
    ),
  ])
  expect(await heartbeats()).toEqual([])
})
