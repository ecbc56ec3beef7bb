import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HashedPhone } from '../../src/domain/phone.ts'
import { createSealer, openContent, sealContent } from '../../src/domain/seal.ts'

const oldKey = new Uint8Array(32).fill(1)
const newKey = new Uint8Array(32).fill(2)
const content = {
  to: 'ab'.repeat(32) as HashedPhone,
  message: { endpoint: 'flexible', messages: [{ type: 'text', text: 'お知らせ' }] },
} as const

describe('a seal', () => {
  test('opens to what was sealed, whatever it was', () => {
    const { seal, open } = createSealer([newKey])
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (plain, aad) => {
        expect(Buffer.from(open(seal(plain, aad), aad))).toEqual(Buffer.from(plain))
      }),
    )
  })

  test('never looks the same twice, and does not show what it holds', () => {
    const { seal } = createSealer([newKey])
    const plain = Buffer.from('+819012340199')
    expect(seal(plain, 'n')).not.toEqual(seal(plain, 'n'))
    expect(Buffer.from(seal(plain, 'n')).includes(plain)).toBe(false)
  })

  test('of an old key opens after a new one was put first', () => {
    const sealed = createSealer([oldKey]).seal(Buffer.from('x'), 'n')
    const rotated = createSealer([newKey, oldKey])
    expect(Buffer.from(rotated.open(sealed, 'n')).toString()).toBe('x')
    expect(() => createSealer([oldKey]).open(rotated.seal(Buffer.from('x'), 'n'), 'n')).toThrow(
      expect.objectContaining({ code: 'unknown-key' }),
    )
  })

  test('does not open for another notification', () => {
    const { seal, open } = createSealer([newKey])
    expect(() => open(seal(Buffer.from('x'), 'one'), 'other')).toThrow(expect.objectContaining({ code: 'not-authentic' }))
  })

  test('does not open once any byte is changed', () => {
    const { seal, open } = createSealer([newKey])
    const sealed = Buffer.from(seal(Buffer.from('x'), 'n'))
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => open(changed, 'n')).toThrow(expect.objectContaining({ name: 'SealError' }))
    }
  })

  test('without its key says which key is missing and which are known', () => {
    const sealed = createSealer([oldKey]).seal(Buffer.from('x'), 'n')
    expect(() => createSealer([newKey]).open(sealed, 'n')).toThrow(
      'Sealed with key 72cd6e84; known: 75877bb4. Add the missing key.',
    )
  })

  test('cut short says so', () => {
    expect(() => createSealer([newKey]).open(randomBytes(31), 'n')).toThrow('found 31, at least 32 wanted')
  })
})

describe('sealing keys', () => {
  test.each([
    ['none', [], 'No sealing key given'],
    ['a short one', [newKey, new Uint8Array(16)], 'Sealing key 2: found 16 bytes, 32 wanted.'],
    ['the same one twice', [newKey, newKey], 'A sealing key is given twice'],
  ])('%s are refused', (_, keys, message) => expect(() => createSealer(keys)).toThrow(message))
})

describe('the content of a request', () => {
  const { seal, open } = createSealer([newKey])

  test('opens to address and message', () => {
    expect(openContent(sealContent(content, 'n', seal), 'n', open)).toEqual(content)
  })

  test.each(['not JSON', '{"to":1}', 'null'])('that is %s is refused without being quoted', (plain) => {
    const sealed = seal(Buffer.from(plain), 'n')
    expect(() => openContent(sealed, 'n', open)).toThrow(expect.objectContaining({ code: 'not-content' }))
  })
})
