import type { StateChanges, Store } from '../../src/domain/state.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'

/** How a store is found again. */
export type DiskFate = 'kept' | 'older' | 'none'

/** The store files of one worker's machine: what was synced outlives the process. */
export interface Disk {
  /** The store of a partition, as it was when it was last synced. */
  open(partition: number, now: number): Store
  /** `older`: somebody put a backup in its place. */
  lose(fate: DiskFate): void
}

/** Not told of the log for so long: half of the time for which Kafka keeps tombstones. */
const OLDEST_SYNC_MS = 43_200_000

interface Write {
  readonly changes: StateChanges
  readonly next: number
}

interface File {
  readonly writes: readonly Write[]
  readonly next: number
  readonly syncedAt: number
}

export const createDisk = (): Disk => {
  const files = new Map<number, readonly File[]>()

  return {
    open: (partition, now) => {
      const kept = files.get(partition)?.at(-1)
      const file = kept && now - kept.syncedAt <= OLDEST_SYNC_MS ? kept : EMPTY
      const store = createMemoryStore()
      for (const { changes, next } of file.writes) store.apply(changes, next)
      let writes = file.writes
      let { next } = file
      return {
        ...store,
        resumeFrom: () => next,
        apply: (changes, to) => {
          store.apply(changes, to)
          writes = [...writes, { changes, next: to }]
          next = to
        },
        sync: (syncedAt) => {
          files.set(partition, [...(files.get(partition) ?? []), { writes, next, syncedAt }])
        },
        reset: () => {
          store.reset()
          writes = []
          next = 0
        },
      }
    },
    lose: (fate) => {
      if (fate === 'kept') return
      for (const [partition, versions] of files)
        files.set(partition, fate === 'none' ? [] : versions.slice(0, Math.ceil(versions.length / 2)))
    },
  }
}

const EMPTY: File = { writes: [], next: 0, syncedAt: 0 }
