import type { Clock } from '../clock.ts'
import type { StateChanges, Store } from '../domain/state.ts'
import type { TaskJournal } from './task-journal.ts'

/** So many records between two syncs: a million of them in one transaction would be one long stall at the end. */
const SYNC_RECORDS = 20_000
/** Of a store that is only half restored: it is too old for anybody else. */
const NEVER = 0

/** Fences whoever owned the partition before, and brings the store up to the own marker in the journal. */
export const restore = async (options: {
  readonly journal: TaskJournal
  readonly store: Store
  readonly clock: Clock
  readonly onRebuild: (reason: 'ahead-of-the-log') => void
}): Promise<{
  readonly epoch: number
  /** Wall clock after the fence: everything before it is in the store. */
  readonly fencedAt: number
  readonly restored: { readonly from: number; readonly records: number }
}> => {
  const { journal, store, clock } = options
  const epoch = await journal.fence()
  const fencedAt = clock.now()
  if (store.resumeFrom() > epoch) {
    // Of another life of the topic, or of records that were lost.
    store.reset()
    options.onRebuild('ahead-of-the-log')
  }
  const from = store.resumeFrom()
  let records = 0
  await journal.restore(from, (changes, next) => {
    const before = records
    records += sizeOf(changes)
    store.apply(changes, next)
    if (Math.floor(before / SYNC_RECORDS) < Math.floor(records / SYNC_RECORDS)) store.sync(NEVER)
  })
  store.sync(fencedAt)
  return { epoch, fencedAt, restored: { from, records } }
}

const sizeOf = ({ entries = [], marks = [], pauses = [], coverages = [], forgotten = [] }: StateChanges): number =>
  entries.length + marks.length + pauses.length + coverages.length + forgotten.length
