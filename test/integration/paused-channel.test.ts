import { describe, expect, test, vi } from 'vitest'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { outageNotice, paymentDue } from './events.ts'
import { type Installation, install, installRunning } from './installation.ts'
import { metricOf, untilMetric } from './metrics.ts'
import { PATIENCE_MS } from './patience.ts'
import { tsuchi } from './tsuchi-command.ts'

const people = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => ({ id: `C-${from + n}`, phone: phoneOf('reachable', from + n) }))
const logged = (at: Installation, event: string) =>
  at.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.event === event)
const pausedPartitions = (at: Installation, cause: string) => {
  const [worker] = at.workers.slice(-1)
  if (!worker) throw new Error('no worker')
  return metricOf(worker, 'tsuchi_channel_paused_partitions', { channel: 'main', cause })
}

describe.concurrent('LINE says that nothing more may be sent', () => {
  test.for([
    ['forbidden', 403],
    ['monthly-limit', 429],
  ] as const)(
    '%s: one is tried now and then, and when LINE takes it all that waited goes, once',
    async ([kind, status], { expect, onTestFinished }) => {
      const at = await installRunning({ partitions: 1, config: { channels: { main: { probeEvery: 'PT1S' } } } })
      onTestFinished(at.close)
      expect([await pausedPartitions(at, kind), logged(at, 'channel-paused')]).toEqual([0, []])
      at.simulator.faults.add({ kind, endpoint: 'flexible' }) // tokens are still given
      const events = people(20).map((customer) => paymentDue(customer))
      const first = await at.produce('payment-due', ...events.slice(0, 1))
      await vi.waitUntil(async () => (await pausedPartitions(at, kind)) === 1, { timeout: PATIENCE_MS, interval: 20 })
      expect(logged(at, 'channel-paused')).toEqual([
        expect.objectContaining({
          level: 50,
          channel: 'main',
          cause: kind,
          msg: expect.stringMatching(/sends nothing on main/),
        }),
      ])
      const before = at.sends().length // the first, and a probe if a second has passed
      const others = await at.produce('payment-due', ...events.slice(1))

      await vi.waitUntil(() => at.sends().length >= before + 3, { timeout: PATIENCE_MS, interval: 20 })
      const refused = at.sends()
      expect(new Set(refused.map((send) => send.status))).toEqual(new Set([status]))
      const probes = refused.slice(before)
      const gaps = probes.slice(1).map(({ receivedAt }, n) => receivedAt - (probes[n]?.receivedAt ?? 0))
      expect(Math.min(...gaps), 'at most one in each interval').toBeGreaterThan(950)
      expect(at.results.all().filter(({ terminal }) => terminal)).toEqual([])

      at.simulator.faults.clear()
      const ends = await Promise.all([...first, ...others].map((place) => at.results.endOf(place)))
      expect(new Set(ends.map((end) => end.status))).toEqual(new Set(['accepted']))
      expect(at.sends().filter((send) => send.status === 200)).toHaveLength(20)
      await vi.waitUntil(async () => (await pausedPartitions(at, kind)) === 0, { timeout: PATIENCE_MS, interval: 20 })
      expect(logged(at, 'channel-resumed')).toEqual([expect.objectContaining({ channel: 'main' })])
      await expectSound(at)
    },
  )
})

test('a channel that an operator pauses stays so over a restart, with and without the store, until it is resumed; then all goes', async ({
  onTestFinished,
}) => {
  const at = await install({ config: { channels: { other: { token: { kind: 'long-lived', token: 'none' } } } } })
  onTestFinished(at.close)
  const first = await at.startWorker({ state: 'kept' })
  const before = await at.produceOne('payment-due', paymentDue({ id: 'C-99', phone: phoneOf('reachable', 99) }))
  await at.results.endOf(before)

  const pausing = await tsuchi(at, ['channels', 'pause', 'main'])
  expect(pausing).toMatchObject({ code: 0, stderr: expect.stringMatching(/tsuchi channels resume main/) })
  await untilMetric(first, 'tsuchi_channel_paused_partitions', { channel: 'main', cause: 'operator' }, (count) => count === 3)
  const places = await at.produce('payment-due', ...people(9).map((customer) => paymentDue(customer)))
  await untilMetric(first, 'tsuchi_notifications', { state: 'queued' }, (count) => count === 9)
  await first.stop()

  for (const state of ['kept', 'begun anew']) {
    const next = await at.startWorker({ state })
    await untilMetric(next, 'tsuchi_notifications', { state: 'queued' }, (count) => count === 9)
    expect(await metricOf(next, 'tsuchi_channel_paused_partitions', { channel: 'main', cause: 'operator' })).toBe(3)
    await next.stop()
  }
  // Nobody runs when it is resumed.
  expect(await tsuchi(at, ['channels', 'resume', 'main'])).toMatchObject({ code: 0 })
  expect(at.sends()).toHaveLength(1)
  const last = await at.startWorker({ state: 'kept' })
  const ends = await Promise.all(places.map((place) => at.results.endOf(place)))
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['accepted']))
  expect(at.sends()).toHaveLength(10)
  expect(await metricOf(last, 'tsuchi_channel_paused_partitions')).toBe(0)
  await expectSound(at)
})

test('a channel that is paused in the midst of its sends: what has left is not called back, nothing else leaves, and nothing is lost', async ({
  onTestFinished,
}) => {
  const at = await installRunning({
    simulator: { latencyMs: 100 },
    config: { channels: { main: { limits: { flexible: 60 } } } },
  })
  onTestFinished(at.close)
  const [worker] = at.workers
  if (!worker) throw new Error('no worker')
  const place = await at.produceOne('outage-notice', outageNotice(people(400)))
  await vi.waitUntil(() => at.sends().length > 10, { timeout: PATIENCE_MS, interval: 10 })
  await tsuchi(at, ['channels', 'pause', 'main'])
  const operator = { channel: 'main', cause: 'operator' }
  await untilMetric(worker, 'tsuchi_channel_paused_partitions', operator, (count) => count === 3)
  await untilMetric(worker, 'tsuchi_notifications', { state: 'sending' }, (count) => count === 0)
  const left = at.sends().length
  expect(left).toBeLessThan(400)
  await untilMetric(worker, 'tsuchi_notifications', { state: 'queued' }, (count) => count === 400 - left)
  await at.results.caughtUp()
  expect(at.results.all().filter(({ status }) => status === 'accepted')).toHaveLength(left)
  expect(at.sends()).toHaveLength(left)

  await tsuchi(at, ['channels', 'resume', 'main'])
  await at.results.endOf(place, 399)
  const ends = await at.results.untilTerminal(400)
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['accepted']))
  expect(at.sends()).toHaveLength(400)
  await expectSound(at)
})

test('a channel that is not configured cannot be paused: the operator is told which there are', async ({ onTestFinished }) => {
  const at = await install()
  onTestFinished(at.close)
  const { code, stderr } = await tsuchi(at, ['channels', 'pause', 'mian'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/no channel mian: it has main/)
  expect(stderr).not.toMatch(/ {4}at /) // no stack
})
