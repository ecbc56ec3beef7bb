import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable } from '../../src/printable-text.ts'

test.each([
  ['an escape sequence', 'a\u001b[2Jb\u009bc', 'a�[2Jb�c'],
  ['ends of lines', 'a\r\nb\u2028c\u2029d\u0085e', 'a��b�c�d�e'],
  ['a turned direction', 'a\u202eb\u202cc\u2066d\u200fe', 'a�b�c�d�e'],
  ['what hides in the text', 'a\u180eb\u{e0041}c\ufff9d', 'a�b�c�d'],
  ['half a character', 'a\ud800b', 'a�b'],
  ['joined emoji, and parted words', '👨‍👩‍👧 ทด\u200bสอบ co\u00adop', '👨‍👩‍👧 ทด\u200bสอบ co\u00adop'],
  ['names in Japanese, with a variant of a character', '辻\u{e0100}さん', '辻\u{e0100}さん'],
])('%s', (_what, text, shown) => expect(printable(text)).toBe(shown))

test('a text is cut between characters, and says so', () => {
  expect(printable('😀'.repeat(3), 3)).toBe('😀'.repeat(3))
  expect(printable('😀'.repeat(4), 3)).toBe(`${'😀'.repeat(3)}…`)
  expect(printable('a\nbc', 2)).toBe('a�…')
  expect(printable('', 2)).toBe('')
})

// fast-check first lists every character there is: seconds, on a machine that does much else.
test('whatever others wrote is one line, steers nothing, and is shown the same twice', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 20 }), (text, most) => {
      const shown = printable(text, most)
      expect(shown).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
      expect(shown.isWellFormed()).toBe(true)
      expect([...shown].length).toBeLessThanOrEqual(most + 1)
      expect(printable(shown)).toBe(shown)
    }),
  )
})
