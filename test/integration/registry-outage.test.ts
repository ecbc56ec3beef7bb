import { expect, inject, onTestFinished, test } from 'vitest'
import { openUrlProxy } from '../../dev/cuttable-proxy.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { paymentDue } from './events.ts'
import { installRunning } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'

test.each([
  ['is cut', 'cut'],
  ['swallows everything', 'stall'],
] as const)('while the way to the registry %s, intake waits and says so; nothing is lost, and it goes on', async (_what, how) => {
  const registry = await openUrlProxy(inject('registryUrl'))
  onTestFinished(registry.close)
  const at = await installRunning({ registryUrl: registry.url })
  onTestFinished(at.close)

  await registry[how]()
  const events = Array.from({ length: 20 }, (_, n) => paymentDue({ id: `C-${n}`, phone: phoneOf('reachable', n) }))
  await at.produce('payment-due', ...events)
  const told = () => at.log.filter((line) => line.includes('"event":"intake-stalled"'))
  await expect.poll(() => told().length, { timeout: PATIENCE_MS, interval: 20 }).toBeGreaterThan(0)
  expect(JSON.parse(told()[0] ?? '')).toMatchObject({ cause: 'registry', msg: expect.stringContaining('schema registry') })
  const metrics = await (await fetch(`${at.workers[0]?.url}/metrics`)).text()
  expect(metrics).toMatch(/^tsuchi_intake_stalled\{cause="registry"\} 1$/m)
  expect([at.results.all(), at.sends()]).toEqual([[], []])

  await registry.mend()
  const ends = await at.results.untilTerminal(20)
  expect(ends.map(({ status }) => status)).toEqual(events.map(() => 'accepted'))
  expect(await (await fetch(`${at.workers[0]?.url}/metrics`)).text()).not.toMatch(/^tsuchi_intake_stalled\{.*\} 1$/m)
  expect(at.log.filter((line) => line.includes('"event":"intake-resumed"'))).not.toEqual([])
  await expectSound(at)
})

test('with a schema it knows, intake needs no registry', async () => {
  const registry = await openUrlProxy(inject('registryUrl'))
  onTestFinished(registry.close)
  const at = await installRunning({ registryUrl: registry.url })
  onTestFinished(at.close)
  await at.results.endOf(await at.produceOne('payment-due', paymentDue({ id: 'C-1', phone: phoneOf('reachable', 1) })))
  await registry.cut()
  const place = await at.produceOne('payment-due', paymentDue({ id: 'C-2', phone: phoneOf('reachable', 2) }))
  expect(await at.results.endOf(place)).toMatchObject({ status: 'accepted' })
})
