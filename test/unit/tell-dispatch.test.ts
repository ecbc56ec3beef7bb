import { expect, test } from 'vitest'
import { createMetrics } from '../../src/observability/metrics.ts'
import { askTasks } from '../../src/stages/tell-dispatch.ts'

test('how far receipts are covered is said of channels that send: a shadow hears nothing, and wakes nobody', async () => {
  const metrics = createMetrics()
  const task = { count: () => ({}), pauses: () => [], pace: () => [], coverages: () => [] }
  const channel = (mode: string, receipts = 'webhook') => ({ mode, receipts })
  askTasks(
    metrics,
    { tasks: () => [task], opening: () => 0 } as never,
    { live: channel('live'), shadow: channel('shadow'), deaf: channel('live', 'none') } as never,
  )
  const said = (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('tsuchi_receipts_covered'))
  expect(said).toEqual(['tsuchi_receipts_covered_until_seconds{channel="live"} 0'])
})
