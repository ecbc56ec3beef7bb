import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDeliveryTag, parseDeliveryTag, tagPrefix } from '../../src/domain/delivery-tag.ts'

const id = fc.record({
  partition: fc.nat({ max: 999 }),
  incarnation: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 12, maxLength: 12 }),
  epoch: fc.maxSafeNat(),
  counter: fc.maxSafeNat(),
})

describe('a delivery tag', () => {
  test('names its intention and no other', () => {
    fc.assert(
      fc.property(id, (intention) => {
        expect(parseDeliveryTag(formatDeliveryTag(intention))).toEqual(intention)
      }),
    )
    fc.assert(
      fc.property(id, id, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other))
        expect(formatDeliveryTag(one)).not.toBe(formatDeliveryTag(other))
      }),
    )
  })

  test('is within what LINE and relays take, and of harmless characters', () => {
    fc.assert(
      fc.property(id, (intention) => {
        expect(formatDeliveryTag(intention)).toMatch(/^[0-9a-z_]{16,50}$/)
      }),
    )
  })

  test('begins alike for all intentions of one owner, and for nobody else’s', () => {
    fc.assert(
      fc.property(id, id, (one, other) => {
        expect(formatDeliveryTag(one).startsWith(tagPrefix(one))).toBe(true)
        const same = one.partition === other.partition && one.incarnation === other.incarnation && one.epoch === other.epoch
        expect(formatDeliveryTag(other).startsWith(tagPrefix(one))).toBe(same)
      }),
    )
    expect(formatDeliveryTag({ partition: 1, incarnation: '0'.repeat(12), epoch: 36, counter: 0 })).not.toContain(
      tagPrefix({ partition: 1, incarnation: '0'.repeat(12), epoch: 1 }),
    )
  })

  test.each([
    '',
    'order-4711',
    't_1_0123456789ab_2',
    't_1_0123456789ab_2_3_4',
    ' t_1_0123456789ab_2_3',
    't_1_0123456789ab_2_3\n',
    't_1_0123456789AB_2_3',
    't_1_0123456789a_2_3',
    't_-1_0123456789ab_2_3',
    't_1_0123456789ab__3',
    `t_1_0123456789ab_${'z'.repeat(12)}_3`,
  ])('that is not ours is told apart (%j)', (tag) => expect(parseDeliveryTag(tag)).toBeUndefined())

  test('of another system is never read as ours by accident', () => {
    fc.assert(
      fc.property(fc.string(), (tag) => {
        expect(parseDeliveryTag(tag)).toBeUndefined()
      }),
    )
  })
})
