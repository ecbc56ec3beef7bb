import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { identityKeyOf, notificationIdOf, poisonIdOf, refusedIdOf } from '../../src/domain/identity.ts'

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
