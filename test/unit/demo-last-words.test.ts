import { expect, test } from 'vitest'
import { reasonIn } from '../../dev/demo/last-words.ts'

const frames = (n: number): string[] => Array.from({ length: n }, (_, i) => `    at step${i} (file:///tsuchi/src/x.ts:${i}:1)`)
const info = '{"level":30,"event":"started"}'

test('of an error that nobody caught the reason is shown, however many frames come after it', () => {
  const trace = [
    'node:internal/process/x:1',
    '    throw it',
    '    ^',
    '',
    "TypeError: Cannot read properties of undefined (reading 'at')",
  ]
  expect(reasonIn([info, ...trace, ...frames(12), '', 'Node.js v26.1.0', ''].join('\n'))).toBe(
    [
      "TypeError: Cannot read properties of undefined (reading 'at')",
      ...frames(6),
      '…',
      ...frames(12).slice(-1),
      '',
      'Node.js v26.1.0',
    ].join('\n'),
  )
})

test.each([
  '{"level":50,"event":"task-failed","message":"a task failed"}',
  '{"level":60,"event":"ended","message":"the end"}',
  'Error: something',
  'KafkaJSNonRetriableError [ERR_X]: something',
])('the last error is the reason, and what came before is not shown: %s', (error) => {
  expect(reasonIn(['Error: an older one', info, error, '{"level":30,"event":"draining"}'].join('\n'))).toBe(
    `${error}\n{"level":30,"event":"draining"}`,
  )
})

test('without an error, the end; a long line is cut', () => {
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`)
  expect(reasonIn(lines.join('\n'))).toBe(lines.slice(-10).join('\n'))
  expect(reasonIn(`Error: ${'x'.repeat(1_000)}`)).toHaveLength(401)
})
