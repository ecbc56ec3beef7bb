import { join } from 'node:path'
import type { Store } from '../domain/state.ts'
import { decodeJournal, encodeOnceMore } from '../kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../kafka/internal-records.ts'
import type { PartitionFormats } from '../kafka/partition-formats.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { openSqliteStore } from '../store/sqlite-store.ts'
import { lockStateDirectory } from '../store/state-directory.ts'
import type { StoredFact } from '../store/stored-fact.ts'
import type { Parts } from './stage.ts'

/** The stores of this worker's partitions. */
export interface Stores {
  /** Waits until an earlier task of the partition has closed its own. */
  open(partition: number): Promise<Store>
  /** Counts, and says, that one is built anew. */
  rebuilt(partition: number, reason: string): void
  release(): void
}

/** `deleteRetentionMs`: how long the journal keeps tombstones. A store that has not been told of the log for half of that may have missed
 *  some, and is built anew. */
export const openStores = (
  { config, clock, log, metrics }: Parts,
  options: {
    readonly incarnation: string
    readonly deleteRetentionMs: number
    readonly formats: Pick<PartitionFormats, 'of'>
  },
): Stores => {
  const { state } = config
  const rebuilt = (partition: number, reason: string) => {
    metrics.storeRebuilds.inc({ reason })
    log.info({ event: 'store-rebuild', partition, reason }, 'the store is built anew from the journal')
  }
  if (state === 'memory') return { open: async () => createMemoryStore(), rebuilt, release: () => undefined }
  const lock = lockStateDirectory(state.directory)
  const closed = new Map<number, Promise<void>>()
  return {
    open: async (partition) => {
      await closed.get(partition)
      const written = () => options.formats.of(partition)
      const store = openSqliteStore({
        file: join(state.directory, `partition-${partition}.sqlite`),
        partition,
        incarnation: options.incarnation,
        now: clock.now(),
        oldestSyncMs: options.deleteRetentionMs / 2,
        codec: {
          encode: (fact) => encodeOnceMore(fact, written()),
          decode: decodeFact,
          formats: { newest: NEWEST_FORMAT, written },
        },
        onRebuild: (reason) => rebuilt(partition, reason),
      })
      const { promise, resolve } = Promise.withResolvers<void>()
      closed.set(partition, promise)
      return {
        ...store,
        close: () => {
          try {
            store.close()
          } finally {
            resolve()
          }
        },
      }
    },
    rebuilt,
    release: () => lock.release(),
  }
}

const decodeFact = (bytes: Uint8Array): StoredFact => {
  const value = decodeJournal(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  if (value.kind === 'entry' || value.kind === 'mark' || value.kind === 'pause' || value.kind === 'coverage') return value
  throw new Error(`a store holds a ${value.kind}, which it was never given`)
}
