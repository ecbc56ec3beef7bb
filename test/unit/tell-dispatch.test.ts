import { expect, test } from 'vitest'
import { createMetrics } from '../../src/observability/metrics.ts'
import { askTasks, tellOf } from '../../src/stages/tell-dispatch.ts'

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

test('the log says who held a partition when, by the epoch that its delivery tags have', () => {
  const lines: object[] = []
  const write = (line: object) => void lines.push(line)
  const tell = tellOf({ metrics: createMetrics(), log: { info: write, warn: write } } as never)
  tell({ kind: 'task-opened', partition: 3, epoch: 57, ms: 12.4, from: 40, records: 17 })
  tell({ kind: 'task-closed', partition: 3, epoch: 57 })
  tell({ kind: 'task-failed', partition: 4, epoch: 61, error: new TypeError('fenced') })
  tell({ kind: 'task-failed', partition: 5, epoch: null, error: new TypeError('it never came so far') })
  expect(lines).toEqual([
    { event: 'task-opened', partition: 3, epoch: 57, ms: 12, from: 40, records: 17 },
    { event: 'task-closed', partition: 3, epoch: 57 },
    { event: 'task-failed', partition: 4, epoch: 61, error: 'TypeError' },
    { event: 'task-failed', partition: 5, epoch: undefined, error: 'TypeError' },
  ])
})
