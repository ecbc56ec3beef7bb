import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readEventFile } from '../../src/event-text/event-file.ts'
import { readJson } from '../../src/event-text/json-text.ts'
import { folderOf } from './route-folder.ts'

const reading = (content: string | Buffer) => () => {
  const file = join(folderOf({}), 'event.json')
  writeFileSync(file, content)
  return readEventFile(file)
}

test('an event is read, with a byte order mark or without', () => {
  expect(reading('{"amount":1}')()).toEqual({ amount: 1 })
  expect(reading('\ufeff{"amount":1}')()).toEqual({ amount: 1 })
})

test.each([
  ['[{}]', 'a list'],
  ['"090-1234-0101"', 'a text of the shape 999-9999-9999 (13 characters)'],
  ['7', 'a number'],
  ['null', 'nothing'],
])('%s is no event', (text, found) => {
  expect(reading(text)).toThrow(
    expect.objectContaining({
      name: 'EventFileError',
      message: expect.stringMatching(/event\.json: an event is a JSON object, found /),
    }),
  )
  expect(reading(text)).toThrow(`found ${found}`)
})

test('what is not UTF-8 is refused with the byte, a slip with its place, and a field that stands twice', () => {
  const cut = Buffer.from('{"a":"さ"}')
  expect(reading(Buffer.from([...cut.subarray(0, 7), 0xff]))).toThrow(
    /event\.json is not UTF-8, at byte 7 \(counted from 0\): save it as UTF-8$/,
  )
  expect(reading(Buffer.from('\ufeff{}', 'utf16le'))).toThrow(/is not UTF-8, at byte 0 /)
  expect(reading('{ "phone": "090-1234-5678" ')).toThrow(/event\.json is not JSON: line 1, column 28: wanted , or \}$/)
  expect(reading('{"a":1,"a":2}')).toThrow(
    /event\.json: line 1, column 8: its object has this field already; take one of the two away$/,
  )
})

test('a file that is not there is named, with what else there is', () => {
  expect(() => readEventFile('/nowhere/event.json')).toThrow(
    '/nowhere/event.json cannot be read (ENOENT): name a file with an event as JSON, or - for stdin',
  )
})

test.each([
  ['{"a": 1,\n "b": tru}', 2, 7, 'a value'],
  ['{"a": 1,\n "b": 2', 2, 8, ', or }'],
  ['{"a": 1,}', 1, 9, 'a field name in double quotes'],
  ["{'a': 1}", 1, 2, 'a field name in double quotes'],
  ['{"a" 1}', 1, 6, ':'],
  ['[1 2]', 1, 4, ', or ]'],
  ['{"a": 01}', 1, 7, 'a value'],
  ['{"a": "090\n"}', 1, 7, 'a text that ends, without line breaks, and with \\\\ for a backslash'],
  ['{} {}', 1, 4, 'the end'],
  ['', 1, 1, 'a value'],
  ['{', 1, 2, 'a field name in double quotes, or }'],
])('in %j JSON ends in line %i, column %i, where it has %s', (text, line, column, wanted) => {
  expect(readJson(text)).toEqual({ kind: 'broken', line, column, wanted })
})

test('a file that begins with a byte order mark is JSON all the same', () => {
  expect(readJson('\ufeff{"a":"\\u00e9\u0080"}')).toEqual({ kind: 'value', value: { a: 'é\u0080' } })
})

test.each([
  ['{"a": 1,\n "b": 2, "a": 3}', 2, 10],
  ['{"b":{"a":1,"\\u0061":2}}', 1, 13],
])('a field that an object has twice is told by its place: %s', (text, line, column) => {
  expect(readJson(text)).toEqual({ kind: 'twice', line, column })
})

test('objects beside and in each other may have the same fields', () => {
  expect(readJson('[{"a":{"a":1}},{"a":2}]')).toEqual({ kind: 'value', value: [{ a: { a: 1 } }, { a: 2 }] })
})
