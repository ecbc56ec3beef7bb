/** Numbers by ids of 32 hex digits, at 32 to 64 bytes each: a day may have millions, and a Map of texts takes some 150 bytes for each, and
 *  no more than 16 million. Ids are digests, so their own bits are their hash. */
export interface IdTable {
  get(id: string): number | undefined
  set(id: string, value: number): void
}

export const createIdTable = (): IdTable => {
  let slots = 1 << 10
  let keys = new Uint32Array(slots * WORDS)
  let values = new Float64Array(slots).fill(Number.NaN)
  let size = 0

  /** The place of the id at this offset of `from`, or the free one where it belongs. */
  const placeOf = (from: Uint32Array, at: number): number => {
    for (let slot = (from[at] ?? 0) & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      if (Number.isNaN(values[slot])) return slot
      let word = 0
      while (word < WORDS && keys[slot * WORDS + word] === from[at + word]) word++
      if (word === WORDS) return slot
    }
  }

  const grow = (): void => {
    const [oldKeys, oldValues] = [keys, values]
    slots *= 2
    keys = new Uint32Array(slots * WORDS)
    values = new Float64Array(slots).fill(Number.NaN)
    for (const [slot, value] of oldValues.entries()) {
      if (Number.isNaN(value)) continue
      const place = placeOf(oldKeys, slot * WORDS)
      keys.set(oldKeys.subarray(slot * WORDS, (slot + 1) * WORDS), place * WORDS)
      values[place] = value
    }
  }

  const asked = new Uint32Array(WORDS)
  const find = (id: string): number => {
    for (let word = 0; word < WORDS; word++) asked[word] = Number.parseInt(id.slice(word * 8, (word + 1) * 8), 16)
    return placeOf(asked, 0)
  }

  return {
    get: (id) => {
      const value = values[find(id)]
      return Number.isNaN(value) ? undefined : value
    },
    set: (id, value) => {
      if (size >= slots * FULL) grow()
      const place = find(id)
      if (Number.isNaN(values[place])) size++
      keys.set(asked, place * WORDS)
      values[place] = value
    },
  }
}

/** 128 bits. */
const WORDS = 4
/** Fuller, and a search takes long. */
const FULL = 0.75
