import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { businessKeyOf, identityKeyOf, notificationIdOf, poisonIdOf, refusedIdOf } from '../../src/domain/identity.ts'

const identity = { source: 'jp.example.billing', id: 'e1', customer: 'C-1', recipientRef: 'r1', occurrence: 0 }
const PEPPER = Buffer.alloc(32, 1)
const position = { topic: 'billing.payment-due', partition: 3, offset: 41, index: 0 }

describe('the identity of a notification', () => {
  test('is the same for the same event, customer and recipient', () => {
    expect(identityKeyOf({ ...identity })).toBe(identityKeyOf({ ...identity }))
    expect(identityKeyOf(identity)).toMatch(/^[0-9a-f]{32}$/)
  })

  test.each([
    ['source', { source: 'jp.example.other' }],
    ['id', { id: 'e2' }],
    ['customer', { customer: 'C-2' }],
    ['absent customer', { customer: null }],
    ['recipient', { recipientRef: 'r2' }],
    ['occurrence', { occurrence: 1 }],
  ])('differs by %s', (_, change) => expect(identityKeyOf({ ...identity, ...change })).not.toBe(identityKeyOf(identity)))

  test('an absent customer is not one with an empty name', () => {
    expect(identityKeyOf({ ...identity, customer: null })).not.toBe(identityKeyOf({ ...identity, customer: '' }))
  })

  test('does not depend on where one part ends and the next begins', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        (source, id, customer) => {
          const moved = { ...identity, source: source + id, id: customer, customer: '' }
          const same = source + id === source && customer === id && customer === ''
          expect(identityKeyOf({ ...identity, source, id, customer }) === identityKeyOf(moved)).toBe(same)
        },
      ),
    )
  })
})

describe('the business key of a notification', () => {
  const said = { route: 'bill', recipientRef: 'r1', values: ['I-1', null] }

  test('is the same for the same route, recipient and values', () => {
    expect(businessKeyOf({ ...said })).toBe(businessKeyOf({ ...said }))
    expect(businessKeyOf(said)).toMatch(/^[0-9a-f]{32}$/)
  })

  test.each([
    ['route', { route: 'other' }],
    ['recipient', { recipientRef: 'r2' }],
    ['value', { values: ['I-2', null] }],
    ['order of values', { values: [null, 'I-1'] }],
    ['number of values', { values: ['I-1'] }],
    ['empty value', { values: ['I-1', ''] }],
  ])('differs by %s', (_, change) => expect(businessKeyOf({ ...said, ...change })).not.toBe(businessKeyOf(said)))

  test('does not depend on where one value ends and the next begins', () => {
    const text = fc.string({ unit: 'binary' }).filter((each) => each.isWellFormed())
    const values = fc.array(fc.option(text), { maxLength: 4 })
    fc.assert(
      fc.property(values, values, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b)
        expect(businessKeyOf({ ...said, values: a }) === businessKeyOf({ ...said, values: b })).toBe(same)
      }),
    )
    expect(businessKeyOf({ ...said, values: ['ab', 'c'] })).not.toBe(businessKeyOf({ ...said, values: ['a', 'bc'] }))
  })
})

describe('the id of a notification', () => {
  test('is the same for the same position and identity, and another for another position or identity', () => {
    const id = notificationIdOf(position, 'k')
    expect(notificationIdOf({ ...position }, 'k')).toBe(id)
    expect(notificationIdOf({ ...position, offset: 42 }, 'k')).not.toBe(id)
    expect(notificationIdOf({ ...position, index: 1 }, 'k')).not.toBe(id)
    expect(notificationIdOf(position, 'l')).not.toBe(id)
  })

  test('of a refused request comes from its position and what the event calls itself', () => {
    const id = refusedIdOf(position, { source: 's', id: '1' })
    expect(refusedIdOf(position, { source: 's', id: '1' })).toBe(id)
    expect(refusedIdOf(position, { source: null, id: null })).not.toBe(id)
    expect(refusedIdOf({ ...position, index: 1 }, { source: 's', id: '1' })).not.toBe(id)
  })

  test('of a poison record comes from its position and bytes', () => {
    const id = poisonIdOf(position, Buffer.from('a'), PEPPER)
    expect(poisonIdOf(position, Buffer.from('a'), PEPPER)).toBe(id)
    expect(poisonIdOf(position, Buffer.from('b'), PEPPER)).not.toBe(id)
  })
})
