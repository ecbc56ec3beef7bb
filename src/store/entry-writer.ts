import { claimsBusinessKey, claimsIdentity, type Entry, type EntryState } from '../domain/entry.ts'
import type { StoreQueries } from './queries.ts'
import type { RecentEntries } from './recent-entries.ts'
import { changingColumns, identifyingColumns, packed, placeOf } from './row.ts'
import type { Turns } from './turns.ts'

/** The rows of entries, as one `apply` writes them. */
export interface EntryWriter {
  /** `body`: the entry, encoded. */
  put(entry: Entry, body: Uint8Array): void
  remove(entry: Entry): void
  /** After the last: finds out whose turn it is now. */
  end(): void
}

export interface EntryWriterOptions {
  readonly ask: StoreQueries
  readonly turns: Turns
  readonly recent: RecentEntries
  /** The entry in a row. */
  readonly at: (arrival: number) => Entry
  readonly count: (state: EntryState, by: 1 | -1) => void
}

export const createEntryWriter = ({ ask, turns, recent, at, count }: EntryWriterOptions): EntryWriter => {
  /** Whose queue was changed, and which rows were written, since the last `end`. */
  const recipients = new Set<string>()
  const touched = new Set<number>()

  const touch = ({ notification }: Entry): void => {
    if (notification) recipients.add(notification.recipientRef)
  }

  /** What is in the row of this name: mostly a step has changed it a moment ago, and there is no need to look. */
  const before = (notificationId: string): Known | undefined => {
    const entry = recent.named(notificationId)
    if (entry) return knownOf(entry)
    const row = ask.before.get(packed(notificationId))
    return row && { arrival: Number(row.arrival), state: row.state as EntryState, named: row.named === 1, keyed: row.keyed === 1 }
  }

  const insert = (entry: Entry, body: Uint8Array): void => {
    const fixed = identifyingColumns(entry)
    ask.insert.run(...Object.values(fixed), ...Object.values(changingColumns(entry, body, firstTurn(entry))))
    count(entry.state, 1)
  }

  /** Mostly nothing else is queued for its recipient, and then there is nothing to find out. */
  const firstTurn = (entry: Entry): 0 | 1 | null => {
    const { recipientRef } = entry.notification ?? {}
    if (placeOf(entry) === null || recipientRef === undefined || recipients.has(recipientRef)) return null
    if (turns.isFree(packed(recipientRef))) return entry.state === 'queued' ? turns.turnOf(entry) : null
    recipients.add(recipientRef)
    return null
  }

  const update = (known: Known, entry: Entry, body: Uint8Array): void => {
    ask.update.run(...Object.values(changingColumns(entry, body, null)), entry.arrival)
    count(known.state, -1)
    count(entry.state, 1)
    if (hasPlace(known.state) || hasPlace(entry.state)) touch(entry)
  }

  const remove = (entry: Entry): void => {
    ask.remove.run(entry.arrival)
    for (const tag of tagsOf(entry)) ask.removeTag.run(tag, entry.arrival)
    count(entry.state, -1)
    if (hasPlace(entry.state)) touch(entry)
  }

  return {
    put: (entry, body) => {
      const known = before(entry.notificationId)
      if (known && isStillAs(known, entry)) update(known, entry, body)
      else {
        if (known) remove(at(known.arrival))
        insert(entry, body)
      }
      for (const tag of tagsOf(entry)) ask.putTag.run(tag, entry.arrival)
      touched.add(entry.arrival)
    },
    remove,
    end: () => {
      for (const recipient of recipients) turns.settle(packed(recipient), touched)
      recipients.clear()
      touched.clear()
    },
  }
}

interface Known {
  readonly arrival: number
  readonly state: EntryState
  /** Whether it claims an identity, and a business key. */
  readonly named: boolean
  readonly keyed: boolean
}

const knownOf = (entry: Entry): Known => {
  const { arrival, state, notification } = entry
  const named = notification !== null && claimsIdentity(entry)
  return { arrival, state, named, keyed: claimsBusinessKey(entry) }
}

/** Whether what identifies it is as it was. It seldom is not: when it gives up its business key, or was forgotten and came again. */
const isStillAs = (known: Known, entry: Entry): boolean => {
  const { arrival, named, keyed } = knownOf(entry)
  return known.arrival === arrival && known.named === named && known.keyed === keyed
}

const hasPlace = (state: EntryState): boolean => state === 'queued' || state === 'sending'

const tagsOf = ({ deliveryTag, pastTags }: Entry): readonly string[] =>
  deliveryTag === null ? pastTags : [...pastTags, deliveryTag]
