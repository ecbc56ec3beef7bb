import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const DOCS = join(import.meta.dirname, '../../docs')
const PAGE = readFileSync(join(DOCS, 'guarantees.md'), 'utf8')
const [TEXT = '', ...NOTES] = PAGE.split(/^(?=\[\^)/m)

/** Each note: the tests it names, as a file and words of their titles. */
const notes = new Map(
  NOTES.map((note) => {
    const [, name = '', text = ''] = /^\[\^([a-z-]+)\]: (.*)$/s.exec(note) ?? []
    return [
      name,
      [...text.matchAll(/\[[^\]]+\]\((\.\.\/[^)]+)\): “([^”]+)”/g)].map(([, file = '', title = '']) => ({ file, title })),
    ]
  }),
)

/** Bullets and rows of tables, but for heads and what sums up the rest: each says something that must hold. */
const statements = TEXT.replace(/^## In short$.*?(?=^## )/ms, '')
  .split(/\n(?=- |\| |\n|#)/)
  .map((part) => part.trim())
  .filter((part) => part.startsWith('- ') || (part.startsWith('| ') && !part.startsWith('| The process dies')))

describe('the guarantees', () => {
  test.each(statements)('name a test: %s', (statement) => {
    const marks = [...statement.matchAll(/\[\^([a-z-]+)\]/g)].map(([, name = '']) => name)
    expect(marks.length).toBeGreaterThan(0)
    expect([...notes.keys()]).toEqual(expect.arrayContaining(marks))
  })

  test.each([...notes])('by tests that there are: %s', (name, tests) => {
    expect(TEXT).toContain(`[^${name}]`)
    expect(tests.length).toBeGreaterThan(0)
    // A quote within a title is written with a backslash in the test.
    for (const { file, title } of tests)
      expect(readFileSync(join(DOCS, file), 'utf8').replaceAll("\\'", "'"), file).toContain(title)
  })

  test('are as many as there were: a page that says nothing would pass', () => {
    expect(statements.length).toBeGreaterThan(40)
  })
})
