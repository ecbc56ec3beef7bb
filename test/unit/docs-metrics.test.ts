import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createMetrics } from '../../src/observability/metrics.ts'

const ROOT = join(import.meta.dirname, '../..')
const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((page) => join('docs', page))]

test('every metric, and every label, that the documents name is there', async () => {
  const { registry } = createMetrics()
  const known = new Map(
    registry.getMetricsAsArray().map((metric) => [metric.name, 'labelNames' in metric ? (metric.labelNames as string[]) : []]),
  )
  const named = pages.flatMap((page) => [
    ...readFileSync(join(ROOT, page), 'utf8').matchAll(/\b(tsuchi_[a-z_]+[a-z])(?:\{([a-z]+)!?=)?/g),
  ])
  expect(named.length).toBeGreaterThan(10)
  for (const [text, name = '', label] of named) {
    expect([...known.keys()], text).toContain(name)
    if (label !== undefined) expect(known.get(name), text).toContain(label)
  }
})
