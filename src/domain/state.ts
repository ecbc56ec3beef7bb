import type { Coverage } from './coverage.ts'
import type { Entry, EntryState, Lane, Line } from './entry.ts'
import type { JournalKey } from './journal-key.ts'
import type { Mark } from './mark.ts'
import type { Pause } from './pause.ts'

/** Next offset to read of each of a task's input topics. Part of the journal, so state and position cannot disagree. */
export interface TaskPosition {
  readonly requests: number
  readonly feedback: number
}

/** What `step` reads: what one partition remembers. Synchronous, and without effect. Times in ms since the epoch. */
export interface State {
  /** `undefined`: nothing was ever committed. */
  position(): TaskPosition | undefined
  get(notificationId: string): Entry | undefined
  /** The entry that claims this identity. */
  byIdentity(identityKey: string): Entry | undefined
  /** The entry that claims this business key: if several do, the last to arrive. */
  byBusinessKey(businessKey: string): Entry | undefined
  /** The entry whose intention, in force or past, has this tag. */
  byTag(deliveryTag: string): Entry | undefined
  /** Queued entries of a lane with `releaseAt` and `notBefore` at or before `now`, in order of departure. Only those whose turn it is:
   *  the first of their line (or resends), and nothing under way to the recipient. */
  waiting(lane: Lane, now: number): Iterable<Entry>
  /** Queued entries of a line in order of departure, resends left out. */
  inLine(line: Line): Iterable<Entry>
  /** Entries to this recipient in state `sending`. */
  sendingTo(recipientRef: string): Iterable<Entry>
  /** Entries to this recipient whose `lastSentAt` is after `since`. */
  reached(recipientRef: string, since: number): Iterable<Entry>
  /** Queued entries about a subject. */
  queuedAbout(subject: string): Iterable<Entry>
  mark(subject: string): Mark | undefined
  /** Marks that are `pending`. */
  pendingMarks(): Iterable<Mark>
  pause(channel: string): Pause | undefined
  pauses(): Iterable<Pause>
  coverage(channel: string): Coverage | undefined
  coverages(): Iterable<Coverage>
  /** Queued entries with `expiresAt` at or before `now`. */
  expired(now: number): Iterable<Entry>
  /** Entries in state `sending`. */
  inFlight(): Iterable<Entry>
  /** Entries of a channel in state `unknown` or `accepted` with `settleAt` at or before `until`. */
  unsettled(channel: string, until: number): Iterable<Entry>
  /** Channels that have entries in those states. */
  unsettledChannels(): Iterable<string>
  /** Entries with `fallbackAt` at or before `now`. */
  fallbackDue(now: number): Iterable<Entry>
  /** Keys of entries whose `forgetAtOf` is at or before `now`, and of marks whose `forgetAt` is, unless pending. */
  forgettable(now: number): Iterable<JournalKey>
  /** When the first of those comes about; `undefined`: never, as things stand. */
  nextForget(): number | undefined
  /** The earliest instant after `now` at which `waiting`, `expired`, `unsettled` or `fallbackDue` will yield something they do not
   *  yield now, or a pause is to be probed. */
  nextWake(now: number): number | undefined
  /** Entries by state, for metrics. */
  count(): StateCount
}

export type StateCount = Readonly<Record<EntryState, number>>

/** What a commit, or the journal, adds to the state. Of one key, the last one counts. */
export interface StateChanges {
  readonly entries?: readonly Entry[]
  readonly marks?: readonly Mark[]
  readonly pauses?: readonly Pause[]
  readonly coverages?: readonly Coverage[]
  readonly forgotten?: readonly JournalKey[]
  readonly position?: TaskPosition
}

/** The store behind it, built from the journal and disposable. */
export interface Store extends State {
  /** The journal offset up to which everything is in it: a restore reads on from there. */
  resumeFrom(): number
  /** Only what is committed. `next` is the journal offset after it. */
  apply(changes: StateChanges, next: number): void
  /** Makes what was applied survive the end of the process. `at`: wall clock of when the log was certainly known to its end. */
  sync(at: number): void
  /** Forgets everything, to be built anew from the start of the journal. */
  reset(): void
  close(): void
}
