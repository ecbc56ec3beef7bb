import type { Committed, InputBounds, TaskJournal } from '../../src/dispatch/task-journal.ts'
import type { Entry } from '../../src/domain/entry.ts'
import type { Result } from '../../src/domain/result.ts'
import type { StateChanges } from '../../src/domain/state.ts'

type JournalRecord = StateChanges | { readonly epoch: number }

/** One partition of the journal, and of the results committed with it: outlives its owners. */
export interface MemoryLog {
  /** A commit, or an epoch marker, each: their places are their offsets. */
  readonly records: JournalRecord[]
  readonly results: Result[]
  /** Offsets of requests that were set aside. */
  readonly tooOld: number[]
  /** The last owner to have fenced the others. */
  owner: number | undefined
  /** Of the inputs. Unless it is said, all that lies there has been consumed. */
  bounds: InputBounds | undefined
}

/** What happens between a journal's call and its effect. Each may wait, or throw. */
export interface JournalHooks {
  restoring?: () => Promise<void>
  /** Somebody asks how far the inputs go. */
  looking?: () => void
  committing?: () => Promise<void>
  /** The commit was made; its answer is on its way. */
  committed?: () => Promise<void>
  closing?: () => Promise<void>
}

export const createLog = (...entries: readonly Entry[]): MemoryLog => ({
  records: entries.length > 0 ? [{ entries, position: { requests: 100, feedback: 100 } }] : [],
  results: [],
  tooOld: [],
  owner: undefined,
  bounds: undefined,
})

/** A journal over it, with an owner's fence. `calls` notes what was asked of it, in order. */
export const createMemoryJournal = (log: MemoryLog, calls: string[], hooks: JournalHooks = {}): TaskJournal => {
  let epoch: number | undefined
  return {
    fence: async () => {
      calls.push('fence')
      epoch = log.records.length
      log.owner = epoch
      log.records.push({ epoch })
      return epoch
    },
    restore: async (from, onPortion) => {
      calls.push(from === 0 ? 'restore' : `restore from ${from}`)
      await hooks.restoring?.()
      for (const [offset, record] of log.records.entries())
        if (offset >= from) onPortion('epoch' in record ? {} : record, offset + 1)
    },
    inputs: async () => {
      hooks.looking?.()
      return log.bounds ?? consumedIn(log)
    },
    commit: async ({ results, tooOld, entries, marks, pauses, forgotten, position }: Committed) => {
      calls.push('commit')
      await hooks.committing?.()
      if (log.owner !== epoch) throw new Error('fenced')
      log.records.push({ entries, marks, pauses, forgotten, position })
      log.results.push(...results)
      log.tooOld.push(...tooOld.map(({ offset }) => offset))
      const next = log.records.length
      await hooks.committed?.()
      calls.push('committed')
      return next
    },
    close: async () => {
      await hooks.closing?.()
      calls.push('closed')
    },
  }
}

const consumedIn = ({ records }: MemoryLog): InputBounds => {
  const positions = records.flatMap((record) => ('position' in record && record.position ? [record.position] : []))
  const { requests, feedback } = positions.at(-1) ?? { requests: 0, feedback: 0 }
  return { requests: { low: 0, high: requests }, feedback: { low: 0, high: feedback }, groupHasRead: false }
}

/** A gate that whoever calls `pass` waits at until it is opened, or broken. */
export const createGate = () => {
  const { promise: opened, resolve: open, reject: fail } = Promise.withResolvers<void>()
  const { promise: arrival, resolve: reached } = Promise.withResolvers<void>()
  opened.catch(() => undefined)
  return {
    pass: () => {
      reached()
      return opened
    },
    /** Resolves once somebody waits. */
    arrival,
    open,
    break: (error: Error) => fail(error),
  }
}
