/** What is left to chance, from one seed: each name has its own, so that less of one thing does not change all others. */
export interface Chance {
  /** From 0 to below `most`, whole. With seed 0 always 0: the calmest of all worlds. */
  below(name: string, most: number): number
}

export const createChance = (seed: number): Chance => {
  const states = new Map<string, number>()
  return {
    below: (name, most) => {
      if (seed === 0 || most <= 1) return 0
      const state = ((states.get(name) ?? seedOf(seed, name)) + 0x6d2b79f5) | 0
      states.set(name, state)
      return Math.floor(mixed(state) * most)
    },
  }
}

/** FNV-1a. */
const seedOf = (seed: number, name: string): number => {
  let hash = 0x811c9dc5 ^ seed
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash | 0
}

/** Mulberry32: from 0 to below 1. */
const mixed = (state: number): number => {
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}
