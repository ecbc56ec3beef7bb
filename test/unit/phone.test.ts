import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type E164, hashPhone, readPhone, recipientRefOf, type ServedCountry, shapeOf } from '../../src/domain/phone.ts'

describe('a phone number is read as people write it', () => {
  test.each<[written: string, country: ServedCountry, e164: string]>([
    ['+819012345678', 'JP', '+819012345678'],
    ['090-1234-5678', 'JP', '+819012345678'],
    ['09012345678', 'JP', '+819012345678'],
    ['090 1234 5678', 'JP', '+819012345678'],
    ['(090) 1234-5678', 'JP', '+819012345678'],
    ['+81 (0)90-1234-5678', 'JP', '+819012345678'],
    ['０９０－１２３４－５６７８', 'JP', '+819012345678'],
    ['０９０ー１２３４ー５６７８', 'JP', '+819012345678'],
    ['＋８１９０１２３４５６７８', 'JP', '+819012345678'],
    ['\u202a090-1234-5678\u202c', 'JP', '+819012345678'],
    [' 090-1234-5678\n', 'JP', '+819012345678'],
    ['080-0000-1234', 'JP', '+818000001234'],
    ['060-1234-5678', 'JP', '+816012345678'],
    ['03-1234-5678', 'JP', '+81312345678'],
    ['081-234-5678', 'TH', '+66812345678'],
    ['+66 81 234 5678', 'JP', '+66812345678'],
    ['0912-345-678', 'TW', '+886912345678'],
    ['+886 912 345 678', 'JP', '+886912345678'],
  ])('%s, national in %s, is %s', (written, country, e164) => {
    expect(readPhone(written, country)).toMatchObject({ kind: 'phone', e164 })
  })

  test.each([
    ['nothing', ''],
    ['an emergency number', '110'],
    ['too short', '090-1234-567'],
    ['too long', '090-1234-56789'],
    ['a Thai number without its country code', '081-234-567'],
    ['letters', '1-800-FLOWERS'],
    ['two numbers', '090-1234-5678/080-1111-2222'],
    ['a switchboard', '03-1234-5678 ext. 12'],
    ['a note', '090-1234-5678 (母)'],
  ])('%s is unusable', (_, written) => {
    expect(readPhone(written, 'JP')).toMatchObject({ kind: 'unusable' })
  })

  test('a number of another country says which', () => {
    expect(readPhone('+1 415 555 2671', 'JP')).toMatchObject({ kind: 'country-not-served', country: 'US' })
  })

  test('a national number means the country it is read for, and no other', () => {
    expect(readPhone('090-1234-5678', 'TH')).toMatchObject({ kind: 'unusable' })
  })
})

describe('the hash that LINE looks up', () => {
  test.each([
    ['+818000001234', 'd41e0ad70dddfeb68f149ad6fc61574b9c5780ab7bcb2fba5517771ffbb2409c'],
    ['+819012345678', '3d06a39d40790f11761295e053029378ae28c4b4f6f301693005e079f3d4ca64'],
    ['+66812345678', '7fc93a279e8accbc8e77df576f2f1806df2b9cbff068711f3de71108184e6bb2'],
    ['+886912345678', '1315ec4a63ba3d2b8f5db63688770e89a402ee623ef33e4c8c2f36e48f271be0'],
  ])('of %s is %s', (number, hash) => {
    const reading = readPhone(number, 'JP')
    expect(reading.kind === 'phone' && hashPhone(reading.e164)).toBe(hash)
  })
})

describe('the reference of a recipient', () => {
  const hash = hashPhone('+819012345678' as E164)

  test('is the same under the same pepper, and another under another', () => {
    const pepper = new Uint8Array(32).fill(1)
    expect(recipientRefOf(hash, pepper)).toBe(recipientRefOf(hash, pepper))
    expect(recipientRefOf(hash, pepper)).not.toBe(recipientRefOf(hash, new Uint8Array(32).fill(2)))
    expect(recipientRefOf(hash, pepper)).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('the shape of a value', () => {
  test.each([
    ['090-1234-567', 'a text of the shape 999-9999-999 (12 characters)'],
    ['山田 taro', 'a text of the shape AA AAAA (7 characters)'],
    ['①②３', 'a text of the shape 999 (3 characters)'],
    ['a\u2028b\u0085', 'a text of the shape A?A? (4 characters)'],
    ['0'.repeat(30), `a text of the shape ${'9'.repeat(24)}… (30 characters)`],
  ])('of %s is %s', (value, shape) => expect(shapeOf(value)).toBe(shape))

  // fast-check first lists every character there is: seconds, on a machine that does much else.
  test('never holds a letter of the value or a digit other than 9', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (value) => {
        const [, quoted = ''] = /^a text of the shape (.*) \(\d+ characters\)$/su.exec(shapeOf(value)) ?? ['', value]
        expect(quoted.replaceAll('9', '').replaceAll('A', '')).not.toMatch(/[\p{N}\p{L}]/u)
      }),
    )
  })
})
