import { describe, expect, test } from 'vitest'
import { readPattern } from '../../src/intake/word-pattern.ts'

describe('a pattern is refused that', () => {
  test.each([
    ['is no regular expression', '(クーポン', "write a regular expression, as JavaScript's with the flags iu are"],
    ['is empty', '', 'write one that matches no empty text'],
    ['matches everything', '(?:クーポン)?', 'write one that matches no empty text'],
    ['is long', 'あ'.repeat(301), 'write at most 300 characters: make two patterns of it'],
    ['repeats without end', 'ポイント.*進呈', 'say how often at most, such as {0,20}, in place of * and +'],
    ['repeats without end, by number', 'a{2,}', 'say how often at most, such as {0,20}, in place of * and +'],
    ['refers back', '(割|引)\\1', 'take names and back references of groups away'],
    ['names a group', '(?<word>割引)', 'take names and back references of groups away'],
    ['repeats what repeats', '(?:a{0,9}){0,9}b', 'repeat less, or less often within what is repeated: it might take too long'],
    ['repeats alternatives', '(?:a|a|[ab]){1,12}c', 'repeat less, or less often within what is repeated: it might take too long'],
    [
      'may do without much',
      `${'a?'.repeat(20)}${'a'.repeat(20)}`,
      'repeat less, or less often within what is repeated: it might take too long',
    ],
    ['is long when written out', '(?:.{100}){4}', 'repeat less, or less often within what is repeated: it might take too long'],
  ])('%s', (_, pattern, remedy) => expect(readPattern(pattern)).toEqual({ kind: 'faulty', remedy }))
})

test.each([
  [String.raw`\bsale\b`, 'SALE2026', true],
  [String.raw`\bsale\b`, 'big_sale_now', true],
  [String.raw`\bsale\b`, 'セールSALE開催', true],
  [String.raw`\bsale\b`, 'Salesforce', false],
  [String.raw`\bsale\b`, 'wholesale', false],
  [String.raw`\b100\b`, 'A100円', true],
  [String.raw`\b100\b`, '1100円', false],
])('\\b is the edge of letters, or of digits: %s in %s is %s', (pattern, text, found) => {
  const reading = readPattern(pattern)
  expect(reading.kind === 'pattern' && reading.pattern.test(text)).toBe(found)
})

test.each([
  ['a class with what would repeat', '[*+?(){}]x', '+x'],
  ['an escaped sign', String.raw`\(\+\*\?\{x`, '(+*?{x'],
  ['a bounded gap', 'ポイント.{0,8}進呈', 'ポイントを5倍進呈'],
  ['what must not follow', 'セール(?!ス)', 'セール'],
  ['what must not go before', '(?<!ホール)セール', 'セール'],
  ['a property', String.raw`\p{Sc}\d{1,5}引`, '¥500引'],
  ['another width, in the pattern', '５０％', '50%'],
  ['signs of another width, which mean themselves', '（割引）？', '(割引)?'],
])('%s is taken', (_, pattern, text) => {
  const reading = readPattern(pattern)
  expect(reading.kind === 'pattern' && reading.pattern.exec(text)?.[0]).toBe(text)
})
