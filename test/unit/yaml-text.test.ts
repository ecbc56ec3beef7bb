import { describe, expect, test } from 'vitest'
import { readYaml } from '../../src/yaml-text.ts'

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
/** Nine copies of nine copies of nine … */
const FLOOD = Array.from(
  { length: 9 },
  (_, index) => `a${index}: &a${index} [${Array.from({ length: 9 }, () => (index === 0 ? 'x' : `*a${index - 1}`)).join()}]`,
).join('\n')

describe('a text is a fault', () => {
  const WRITE_OUT = 'write out what it stands for'
  test.each<[what: string, text: string, line: number | null, found: string, remedy: string]>([
    ['with a tab', 'a:\n\tb: 1', 2, 'not YAML (TAB_AS_INDENT)', 'indent with spaces'],
    ['that says it twice', 'a: 1\na: 2', 2, 'not YAML (DUPLICATE_KEY)', 'write each setting once'],
    ['that is no YAML', 'a: 1\nb: {', 2, 'not YAML (BAD_INDENT)', expect.stringContaining('mend the YAML')],
    ['with an alias to nothing', 'a: 1\nb: *secret', 2, 'an alias without an anchor', 'put a text that begins with * in quotes'],
    ['with an alias to itself', 'a: 1\nb: &b [*b]', 2, 'an alias within what it stands for', WRITE_OUT],
    ['with a circle', 'a: &a\n  b: &b\n    c: [*a]', 3, 'an alias within what it stands for', WRITE_OUT],
    ['with a flood of copies', FLOOD, null, 'aliases that make too many copies', 'write out what they stand for'],
    [
      'that is endless',
      'x'.repeat(1_000_001),
      null,
      'more than 1,000,000 characters',
      'name the file that is meant, or write less',
    ],
    ['with a key that would be lost', 'a:\n  __proto__: 1', 2, 'a key that nothing can have', 'write another'],
    ['101 deep', nested(101), null, 'lists and mappings more than 100 deep', 'nest less'],
    ['20,000 deep', nested(20_000), 1, 'lists and mappings more than 100 deep', 'nest less'],
  ])('%s', (_, text, line, found, remedy) => {
    expect(readYaml(text)).toMatchObject({ kind: 'faulty', fault: { line, found, remedy } })
    expect(JSON.stringify(readYaml(text))).not.toContain('secret')
  })
})

test('an alias stands for what its anchor has, and 100 levels are fine', () => {
  expect(readYaml('a: &a [1]\nb: *a\n')).toMatchObject({ kind: 'read', value: { a: [1], b: [1] } })
  expect(readYaml(nested(100))).toMatchObject({ kind: 'read' })
  expect(readYaml('a: &a 1\nb: *a\nc: &a 2\nd: *a\n')).toMatchObject({ kind: 'read', value: { a: 1, b: 1, c: 2, d: 2 } })
})

/** Each used to be compared with all others: half a minute. */
test('20,000 keys and 20,000 aliases are looked at once', { timeout: 30_000 }, () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: &k${index} 1`).join('\n')
  expect(readYaml(keys)).toMatchObject({ kind: 'read' })
  expect(readYaml(`a: &a 1\nb: [${'*a,'.repeat(20_000)}]`)).toMatchObject({
    fault: { found: 'aliases that make too many copies' },
  })
})
