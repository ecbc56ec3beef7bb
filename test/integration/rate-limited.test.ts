import { beforeAll, expect, test } from 'vitest'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { paymentDue } from './events.ts'
import { type Installation, installRunning } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'

let at: Installation
beforeAll(async () => {
  // One partition, so that there is one order of arrival; one connection, so that what leaves first is first at LINE.
  at = await installRunning({ partitions: 1, config: { channels: { main: { connections: 1, limits: { flexible: 200 } } } } })
  return at.close
})

test('429: the lane waits, nothing is lost, and what was refused goes before what came after it', async () => {
  const phones = Array.from({ length: 40 }, (_, n) => phoneOf('reachable', n))
  const [first = ''] = phones
  const events = phones.map((phone, n) => paymentDue({ id: `C-${n}`, phone }))
  at.simulator.faults.add({ kind: 'rate-limited', to: digestOf(first), count: 1 })
  await at.produce('payment-due', ...events.slice(0, 1))
  await expect.poll(() => at.sends(first).length, { timeout: PATIENCE_MS, interval: 5 }).toBe(1)
  await at.produce('payment-due', ...events.slice(1))

  const ends = await at.results.untilTerminal(phones.length)
  expect(ends.map(({ status }) => status)).toEqual(phones.map(() => 'accepted'))
  const [refused, again, ...more] = at.sends(first)
  expect([refused?.status, again?.status, more]).toEqual([429, 200, []])
  expect((again?.receivedAt ?? 0) - (refused?.receivedAt ?? 0), 'back-off').toBeGreaterThanOrEqual(1_000)
  expect(ends.map(({ attempts }) => attempts).toSorted()).toEqual([...phones.slice(1).map(() => 1), 2])

  const order = at.sends().map(({ to }) => phones.findIndex((phone) => digestOf(phone) === to))
  expect(order.slice(0, 2)).toEqual([0, 0])
  expect(order.toSorted((a, b) => a - b)).toEqual([0, ...phones.keys()])
  await expectSound(at)
})
