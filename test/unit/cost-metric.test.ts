import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Policy } from '../../src/domain/moment.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { tellOfCommits } from '../../src/stages/tell-dispatch.ts'
import { accepted, HOUR, NOON, ready, unreachable } from './notification-builder.ts'
import { sendOne, silentlyUnknown, startRun } from './step-run.ts'

const PRICE: Policy['cost'] = () => ({ tenThousandths: 35_000, currency: 'JPY' })

/** A run, and what the metric says of it. */
const priced = (policy: Partial<Policy> = {}) => {
  const metrics = createMetrics()
  const tell = tellOfCommits({ metrics, log: pino({ level: 'silent' }) }, 0)
  const run = startRun({ policy: { cost: PRICE, ...policy } })
  const costs = async () => {
    const { values } = await metrics.cost.get()
    return values.map(({ labels, value }) => `${Object.values(labels).join(' ')}: ${value}`)
  }
  return {
    run,
    costs,
    tell: (...all: Parameters<typeof tell>[0][]) => {
      for (const each of all) tell(each, 1)
    },
  }
}

const receiptOf = (deliveryTag: string) =>
  ({ kind: 'feedback', offset: 50, feedback: { kind: 'receipt', deliveryTag, deliveredAt: NOON + HOUR } }) as const

test('what LINE accepts on a channel without receipts may cost its price; what it refuses costs nothing', async () => {
  const { run, costs, tell } = priced()
  tell(run.report(sendOne(run, ready(1)), accepted), run.report(sendOne(run, ready(2)), unreachable))
  expect(await costs()).toEqual(['main template accepted JPY: 3.5'])
})

test('with receipts it costs when it is delivered, and not before', async () => {
  const { run, costs, tell } = priced({ awaitsReceipt: () => true })
  const tag = sendOne(run, ready(1))
  tell(run.report(tag, accepted))
  expect(await costs()).toEqual([])
  tell(run.step(receiptOf(tag)))
  expect(await costs()).toEqual(['main template delivered JPY: 3.5'])
})

test('a correction to delivered is charged; that it was unconfirmed before is not taken back, as the help says', async () => {
  const { run, costs, tell } = priced()
  const tag = silentlyUnknown(run)
  tell(run.step(), run.readBarrier(run.now), run.step(receiptOf(tag)))
  expect(await costs()).toEqual(['main template unconfirmed JPY: 3.5', 'main template delivered JPY: 3.5'])
  const { help } = (await createMetrics().registry.getMetricsAsJSON()).find(({ name }) => name === 'tsuchi_cost_total') ?? {}
  expect(help).toContain('both count')
})

test('without a price there is no cost', async () => {
  const { run, costs, tell } = priced({ cost: () => null })
  tell(run.report(sendOne(run, ready(1)), accepted))
  expect(await costs()).toEqual([])
})
