import { expect, test } from 'vitest'
import { createMetrics } from '../../src/observability/metrics.ts'
import { tellOfWebhook } from '../../src/stages/tell-webhook.ts'

test('why something is not stored is logged by name, once for each, and never with its message', () => {
  const lines: object[] = []
  const tell = tellOfWebhook({ metrics: createMetrics(), log: { warn: (line: object) => lines.push(line) } } as never)
  for (const error of [new TypeError('quotes U0123'), new TypeError('quotes U4567'), new RangeError('quotes U89ab'), 'U89ab'])
    tell.notStored(error)
  expect(lines).toEqual(['TypeError', 'RangeError', 'string'].map((error) => ({ event: 'webhook-not-stored', error })))
})
