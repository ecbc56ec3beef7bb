/** One partition of a topic, as brokers keep it. No offset is given twice, and some are nobody's: the end of a transaction takes one, and what
 *  was aborted, compacted away or deleted keeps its own. */
export interface PartitionLog {
  /** The first offset that is kept, and the one after the last. */
  low(): number
  high(): number
  /** From here on nothing can be read yet: the first transaction that has not ended begins here. */
  lastStable(): number
  append(record: Written, at: number): number
  /** As part of a transaction: cannot be read before it is committed. */
  write(transaction: object, record: Written): number
  end(transaction: object, how: 'commit' | 'abort', at: number): void
  /** What can be read at and after an offset. */
  read(from: number, most: number): readonly Kept[]
  /** Below an offset, keeps the last record of each key. What lies there takes part only once it is stable. Tombstones stay for a while. */
  compact(below: number, now: number): void
  deleteBefore(offset: number): void
  /** All that was ever committed, whatever became of it since. */
  everCommitted(): readonly Kept[]
}

export interface Written {
  readonly key: string
  readonly value: Buffer | null
}

export interface Kept extends Written {
  readonly offset: number
  readonly committedAt: number
}

interface Slot extends Written {
  readonly offset: number
  /** Infinity: its transaction has not ended. */
  committedAt: number
  /** Of a tombstone that compaction has met: when it may go. */
  goesAt?: number
}

/** Kafka's default for `delete.retention.ms`. */
export const TOMBSTONES_STAY_MS = 86_400_000

export const createPartitionLog = (): PartitionLog => {
  let slots: Slot[] = []
  const committed: Slot[] = []
  const open = new Map<object, Slot[]>()
  let low = 0
  let high = 0

  const lastStable = () => Math.min(high, ...[...open.values()].map(([first]) => first?.offset ?? high))
  const put = ({ key, value }: Written, committedAt: number): Slot => {
    const slot = { offset: high++, key, value, committedAt }
    slots.push(slot)
    return slot
  }

  return {
    low: () => low,
    high: () => high,
    lastStable,
    append: (record, at) => {
      const slot = put(record, at)
      committed.push(slot)
      return slot.offset
    },
    write: (transaction, record) => {
      const slot = put(record, Number.POSITIVE_INFINITY)
      const written = open.get(transaction)
      if (written) written.push(slot)
      else open.set(transaction, [slot])
      return slot.offset
    },
    end: (transaction, how, at) => {
      const written = open.get(transaction)
      if (!written) throw new Error('a transaction ends where it wrote nothing')
      open.delete(transaction)
      high++ // the marker that says so
      if (how === 'abort') {
        const aborted = new Set(written)
        slots = slots.filter((slot) => !aborted.has(slot))
        return
      }
      for (const slot of written) slot.committedAt = at
      committed.push(...written)
    },
    read: (from, most) => {
      const begin = firstAt(slots, from)
      return slots.slice(begin, Math.min(begin + most, firstAt(slots, lastStable())))
    },
    compact: (below, now) => {
      const until = firstAt(slots, Math.min(below, lastStable()))
      const clean = slots.slice(0, until)
      const last = new Map(clean.map((slot) => [slot.key, slot]))
      const kept = clean.filter((slot) => {
        if (last.get(slot.key) !== slot) return false
        if (slot.value !== null) return true
        slot.goesAt ??= now + TOMBSTONES_STAY_MS
        return now < slot.goesAt
      })
      slots = [...kept, ...slots.slice(until)]
    },
    deleteBefore: (offset) => {
      low = Math.max(low, Math.min(offset, high))
      slots = slots.slice(firstAt(slots, low))
    },
    everCommitted: () => committed.toSorted((a, b) => a.offset - b.offset),
  }
}

/** The place of the first slot at or after an offset. */
const firstAt = (slots: readonly Slot[], offset: number): number => {
  let from = 0
  let until = slots.length
  while (from < until) {
    const middle = (from + until) >>> 1
    if ((slots[middle]?.offset ?? offset) < offset) from = middle + 1
    else until = middle
  }
  return from
}
