import fc from 'fast-check'
import { AssignerProtocol, type Cluster, type GroupMember } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { type Claims, coPartitionAssigner, newestFormatIn, shareOut } from '../../src/kafka/co-partition-assigner.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'

const claimsOf = (member: string, claims: Readonly<Record<number, number>> = {}): Claims => ({
  member,
  claims: new Map(Object.entries(claims).map(([partition, epoch]) => [Number(partition), epoch])),
})
const shares = (partitions: number, ...members: readonly Claims[]) => Object.fromEntries(shareOut(partitions, members))

/** Some members, each claiming some partitions by epochs that no two markers share. */
const group = fc
  .record({
    partitions: fc.integer({ min: 1, max: 24 }),
    members: fc.array(fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }), { minLength: 1, maxLength: 7 }),
    shuffle: fc.nat({ max: 96 }),
  })
  .map(({ partitions, members, shuffle }) => ({
    partitions,
    members: members.map((held, m) => {
      const epochs = held.flatMap((yes, p) => (yes ? [[p, ((m * 31 + p * 17 + shuffle) % 97) + m / 10] as const] : []))
      return { member: `m${m}`, claims: new Map(epochs) }
    }),
  }))

const holderIn = (members: readonly Claims[], partition: number): string | undefined =>
  members
    .filter(({ claims }) => claims.has(partition))
    .toSorted((a, b) => (b.claims.get(partition) ?? 0) - (a.claims.get(partition) ?? 0))[0]?.member

describe('partitions are shared out', () => {
  test('each to one member, and nobody has two more than another', () => {
    fc.assert(
      fc.property(group, ({ partitions, members }) => {
        const held = [...shareOut(partitions, members).values()]
        expect(held.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, p) => p))
        const sizes = held.map(({ length }) => length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        expect(held).toHaveLength(members.length)
      }),
    )
  })

  test('so that a holder keeps what fits', () => {
    fc.assert(
      fc.property(group, ({ partitions, members }) => {
        const least = Math.floor(partitions / members.length)
        for (const [member, held] of shareOut(partitions, members)) {
          const claimed = Array.from({ length: partitions }, (_, p) => p).filter((p) => holderIn(members, p) === member)
          const kept = held.filter((p) => claimed.includes(p))
          expect(kept.length).toBeGreaterThanOrEqual(Math.min(claimed.length, least))
        }
      }),
    )
  })

  test('the same again when everybody claims what they were given', () => {
    fc.assert(
      fc.property(group, ({ partitions, members }) => {
        const first = shareOut(partitions, members)
        const claims = [...first].map(([member, held]) => ({ member, claims: new Map(held.map((p) => [p, p])) }))
        const again = shareOut(partitions, claims)
        for (const [member, held] of first) expect(again.get(member)).toEqual(held.toSorted((a, b) => a - b))
      }),
    )
  })

  test('the same by whoever leads', () => {
    fc.assert(
      fc.property(group, ({ partitions, members }) => {
        expect(shareOut(partitions, members.toReversed())).toEqual(shareOut(partitions, members))
      }),
    )
  })

  test('the highest epoch wins: who was stopped for a while loses', () => {
    expect(shares(2, claimsOf('zombie', { 0: 5, 1: 6 }), claimsOf('owner', { 0: 9 }))).toEqual({ owner: [0], zombie: [1] })
    expect(shares(2, claimsOf('owner', { 0: 9 }), claimsOf('zombie', { 0: 5 }))).toEqual({ owner: [0], zombie: [1] })
  })

  test('a second and a third member take only what is theirs', () => {
    const all = Object.fromEntries(Array.from({ length: 12 }, (_, p) => [p, p]))
    const two = shareOut(12, [claimsOf('a', all), claimsOf('b')])
    expect(two.get('a')).toEqual([0, 1, 2, 3, 4, 5])
    const claims = [...two].map(([member, held]) => claimsOf(member, Object.fromEntries(held.map((p) => [p, p]))))
    const three = shareOut(12, [...claims, claimsOf('c')])
    expect([...three.values()].map(({ length }) => length)).toEqual([4, 4, 4])
    for (const member of ['a', 'b']) expect(two.get(member)).toEqual(expect.arrayContaining(three.get(member) ?? []))
  })

  test('claims of partitions that do not exist are nothing', () => {
    expect(shares(1, claimsOf('a', { 7: 99, [-1]: 3 }), claimsOf('b', { 0: 1 }))).toEqual({ a: [], b: [0] })
  })

  test('more members than partitions: some have none', () => {
    expect(Object.values(shares(1, claimsOf('a'), claimsOf('b')))).toEqual([[0], []])
  })
})

describe('the group protocol', () => {
  const assigner = (claims: ReadonlyMap<number, number>) =>
    coPartitionAssigner({ partitions: 2, claims: () => claims })({ cluster: {} as Cluster, groupId: 'g', logger: {} as never })
  const memberOf = (memberId: string, userData: Buffer): GroupMember => ({
    memberId,
    memberMetadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics: ['requests', 'feedback'], userData }),
  })
  const assign = async (...members: GroupMember[]) => {
    const assigned = await assigner(new Map()).assign({ members, topics: ['requests', 'feedback'] })
    return new Map(
      assigned.map(({ memberId, memberAssignment }) => [
        memberId,
        AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment,
      ]),
    )
  }

  test('gives partition p of every topic to the same member, by the claims it sent', async () => {
    const { name, metadata } = assigner(new Map([[1, 40]])).protocol({ topics: ['requests', 'feedback'] })
    expect(name).toBe('tsuchi-co-partitioned')
    const assigned = await assign({ memberId: 'a', memberMetadata: metadata }, memberOf('b', Buffer.from('{"1":39,"0":2}')))
    expect(assigned.get('a')).toEqual({ requests: [1], feedback: [1] })
    expect(assigned.get('b')).toEqual({ requests: [0], feedback: [0] })
  })

  test('tells which formats of internal records each member knows, as far as it says so', () => {
    const { metadata } = assigner(new Map([[1, 40]])).protocol({ topics: ['requests', 'feedback'] })
    expect(newestFormatIn(metadata)).toBe(NEWEST_FORMAT)
    const told = (userData: string) => newestFormatIn(memberOf('b', Buffer.from(userData)).memberMetadata)
    expect([told('{"1":39,"format":7}'), told('{"1":39}'), told('no JSON'), told('null'), told('{"format":"7"}')]).toEqual([
      7, 1, 1, 1, 1,
    ])
    expect(newestFormatIn(Buffer.alloc(0))).toBe(1)
  })

  test('asks for claims anew at every join', () => {
    const claims = new Map<number, number>()
    const joined = assigner(claims)
    const before = joined.protocol({ topics: ['requests'] }).metadata
    claims.set(1, 40)
    expect(joined.protocol({ topics: ['requests'] }).metadata).not.toEqual(before)
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from('{"1":')],
    ['null', Buffer.from('null')],
    ['a number', Buffer.from('7')],
    ['epochs that are no numbers', Buffer.from('{"0":"x","1":{"a":1}}')],
  ])('a member that sends %s claims nothing, and gets its share', async (_, userData) => {
    const assigned = await assign(memberOf('stranger', userData), memberOf('z', Buffer.from('{"0":5}')))
    expect(assigned.get('z')).toEqual({ requests: [0], feedback: [0] })
    expect(assigned.get('stranger')).toEqual({ requests: [1], feedback: [1] })
  })

  test('a member whose metadata cannot be read gets its share', async () => {
    const assigned = await assign(
      { memberId: 'stranger', memberMetadata: Buffer.from([0]) },
      memberOf('z', Buffer.from('{"0":5}')),
    )
    expect([...assigned.values()]).toHaveLength(2)
  })
})
