import { kindOf, PEOPLE, type PersonState, type Reception, receptionOf } from './people.ts'

/** Everybody, as they are now: as their number says (people.ts) until they change their mind. */
export interface Population {
  reception(channel: string, digest: string): Reception
  /** What holds for every account. */
  change(digest: string, change: Partial<Omit<PersonState, 'blocks'>>): void
  /** Whether this person blocks the account of this channel, from now on; returns whether they did before. */
  block(channel: string, digest: string, blocks: boolean): boolean
  /** Everybody as at the start. */
  clear(): void
}

export const openPopulation = (): Population => {
  const changed = new Map<string, PersonState>()
  const blocking = new Map<string, boolean>()

  const stateOf = (channel: string, digest: string): PersonState => {
    const state = changed.get(digest) ?? PEOPLE[kindOf(digest)].state
    return { ...state, blocks: blocking.get(`${channel} ${digest}`) ?? state.blocks }
  }

  return {
    reception: (channel, digest) => {
      if (changed.size === 0 && blocking.size === 0) return PEOPLE[kindOf(digest)]
      return receptionOf(stateOf(channel, digest))
    },
    change: (digest, change) => {
      changed.set(digest, { ...(changed.get(digest) ?? PEOPLE[kindOf(digest)].state), ...change })
    },
    block: (channel, digest, blocks) => {
      const before = stateOf(channel, digest).blocks
      blocking.set(`${channel} ${digest}`, blocks)
      return before
    },
    clear: () => {
      changed.clear()
      blocking.clear()
    },
  }
}
