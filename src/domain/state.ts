import type { Entry, Lane } from './entry.ts'

/** Next offset to read of each of a task's input topics. Part of the journal, so state and position cannot disagree. */
export interface TaskPosition {
  readonly requests: number
  readonly feedback: number
}

/** What `step` reads: one partition's entries. Synchronous, and without effect. */
export interface State {
  /** `undefined`: nothing was ever committed. */
  position(): TaskPosition | undefined
  get(notificationId: string): Entry | undefined
  /** The entry that claims this identity. */
  byIdentity(identityKey: string): Entry | undefined
  /** The entry whose intention, in force or past, has this tag. */
  byTag(deliveryTag: string): Entry | undefined
  /** Queued entries of a lane with `releaseAt` and `notBefore` at or before `now`, in order of departure. */
  waiting(lane: Lane, now: number): Iterable<Entry>
  /** Queued entries with `expiresAt` at or before `now`. */
  expired(now: number): Iterable<Entry>
  /** Entries in state `sending`. */
  inFlight(): Iterable<Entry>
  /** Entries in state `unknown` with `settleAt` at or before `until`. */
  unsettled(until: number): Iterable<Entry>
  /** The earliest instant after `now` at which `waiting`, `expired` or `unsettled` will yield something they do not yield now. */
  nextWake(now: number): number | undefined
  /** Entries by state, for metrics. */
  count(): Readonly<Record<Entry['state'], number>>
}

/** The store behind it. `apply` is called only with what is committed. */
export interface Store extends State {
  apply(entries: Iterable<Entry>, position: TaskPosition | undefined): void
  close(): void
}
