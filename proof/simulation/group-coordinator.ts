import type { Claims } from '../../src/kafka/co-partition-assigner.ts'
import type { SimulatedTime } from './time.ts'

export type Refusal = 'UNKNOWN_MEMBER_ID' | 'ILLEGAL_GENERATION' | 'REBALANCE_IN_PROGRESS'

export class GroupError extends Error {
  override readonly name = 'GroupError'
  readonly code: Refusal

  constructor(code: Refusal) {
    super(code)
    this.code = code
  }
}

export interface Joined {
  readonly member: string
  readonly generation: number
  /** The leader is told who all the members are, and shares out. */
  readonly members: readonly Claims[] | null
}

export type Shares = ReadonlyMap<string, readonly number[]>

/** Kafka's coordinator of one group, as brokers do it: whoever joins makes all others join again, and who does not come, or is not heard of,
 *  is a member no more, and does not know it. */
export interface GroupCoordinator {
  join(member: string | null, claims: ReadonlyMap<number, number>): Promise<Joined>
  sync(member: string, generation: number, shares: Shares | null): Promise<readonly number[]>
  heartbeat(member: string, generation: number): Promise<void>
  leave(member: string): void
}

const SESSION_MS = 10_000
const REBALANCE_MS = 3_000

interface Member {
  readonly id: string
  claims: ReadonlyMap<number, number>
  joining: PromiseWithResolvers<Joined> | undefined
  syncing: PromiseWithResolvers<readonly number[]> | undefined
  seenAt: number
}

/** `slowness`: how much longer everything may take, as a world in which nothing happens is looked after more rarely. */
export const createGroupCoordinator = (options: {
  readonly time: SimulatedTime
  readonly slowness: () => number
}): GroupCoordinator => {
  const { time } = options
  const sessionMs = () => SESSION_MS * options.slowness()
  const members = new Map<string, Member>()
  let generation = 0
  let named = 0
  let phase: 'empty' | 'joining' | 'syncing' | 'stable' = 'empty'
  let shares: Shares = new Map()
  let callOff = () => {}

  const refuse = (code: Refusal) => Promise.reject(new GroupError(code))

  const watch = (member: Member) => {
    time.after(Math.max(100, member.seenAt + sessionMs() - time.elapsed()), () => {
      if (members.get(member.id) !== member) return
      if (member.joining || time.elapsed() - member.seenAt < sessionMs()) return watch(member)
      remove(member)
    })
  }

  const remove = (member: Member) => {
    members.delete(member.id)
    member.joining?.reject(new GroupError('UNKNOWN_MEMBER_ID'))
    member.syncing?.reject(new GroupError('UNKNOWN_MEMBER_ID'))
    if (phase === 'joining') completeIfAll()
    else rebalance()
  }

  const rebalance = () => {
    for (const member of members.values()) {
      member.syncing?.reject(new GroupError('REBALANCE_IN_PROGRESS'))
      member.syncing = undefined
    }
    phase = 'joining'
    callOff()
    callOff = time.after(REBALANCE_MS * options.slowness(), complete)
    completeIfAll()
  }

  const completeIfAll = () => {
    if ([...members.values()].every(({ joining }) => joining)) complete()
  }

  const complete = () => {
    callOff()
    for (const member of members.values()) if (!member.joining) members.delete(member.id)
    if (members.size === 0) {
      phase = 'empty'
      return
    }
    generation++
    phase = 'syncing'
    const claims = [...members.values()].map((member): Claims => ({ member: member.id, claims: member.claims }))
    const [leader] = claims
    for (const member of members.values()) {
      member.joining?.resolve({ member: member.id, generation, members: member.id === leader?.member ? claims : null })
      member.joining = undefined
      member.seenAt = time.elapsed()
    }
  }

  const known = (id: string, of: number): Member | Refusal => {
    const member = members.get(id)
    if (!member) return 'UNKNOWN_MEMBER_ID'
    member.seenAt = time.elapsed()
    return of === generation ? member : 'ILLEGAL_GENERATION'
  }

  return {
    join: (id, claims) => {
      const before = id === null ? undefined : members.get(id)
      if (id !== null && !before) return refuse('UNKNOWN_MEMBER_ID')
      const member: Member = before ?? {
        id: `m${named++}`,
        claims,
        joining: undefined,
        syncing: undefined,
        seenAt: time.elapsed(),
      }
      member.claims = claims
      member.joining = Promise.withResolvers()
      members.set(member.id, member)
      if (!before) watch(member)
      const { promise } = member.joining
      if (phase === 'joining') completeIfAll()
      else rebalance()
      return promise
    },
    sync: (id, of, given) => {
      const member = known(id, of)
      if (typeof member === 'string') return refuse(member)
      if (phase === 'joining') return refuse('REBALANCE_IN_PROGRESS')
      if (given && phase === 'syncing') {
        shares = given
        phase = 'stable'
        for (const each of members.values()) each.syncing?.resolve(shares.get(each.id) ?? [])
      }
      if (phase === 'stable') return Promise.resolve(shares.get(id) ?? [])
      member.syncing = Promise.withResolvers()
      return member.syncing.promise
    },
    heartbeat: async (id, of) => {
      const member = known(id, of)
      if (typeof member === 'string') throw new GroupError(member)
      if (phase === 'joining') throw new GroupError('REBALANCE_IN_PROGRESS')
    },
    leave: (id) => {
      const member = members.get(id)
      if (member) remove(member)
    },
  }
}
