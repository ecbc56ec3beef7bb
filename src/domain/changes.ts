import type { Attribution } from './attribution.ts'
import type { Coverage } from './coverage.ts'
import type { Entry, Lane } from './entry.ts'
import type { JournalKey } from './journal-key.ts'
import type { Mark } from './mark.ts'
import type { Pause } from './pause.ts'
import type { Purpose } from './purpose.ts'
import type { Result } from './result.ts'
import type { TaskPosition } from './state.ts'

/** How long a committed intention may wait to be started. A process stopped for longer starts nothing when it wakes, and so never
 *  sends what a new owner may meanwhile have settled. */
export const SEND_BY_MS = 2_000

/** A decision to send, good once it is committed. */
export interface Intention {
  readonly deliveryTag: string
  readonly notificationId: string
  readonly lane: Lane
  readonly purpose: Purpose
  readonly sealed: Uint8Array
  /** Wall clock of the decision: not to be started before it. One that was put back since makes another time of it, quiet hours perhaps. */
  readonly startFrom: number
  /** Wall clock: not to be started at or after this instant. */
  readonly startBy: number
  readonly traceparent: string | null
}

export interface Changes {
  readonly entries: readonly Entry[]
  readonly marks: readonly Mark[]
  readonly pauses: readonly Pause[]
  readonly coverages: readonly Coverage[]
  /** What need not be remembered any longer. */
  readonly forgotten: readonly JournalKey[]
  readonly results: readonly Result[]
  readonly attributions: readonly Attribution[]
  readonly intentions: readonly Intention[]
  readonly position: TaskPosition
  readonly counter: number
  readonly silentTo: number
  /** Intentions of earlier owners are still without an answer. */
  readonly orphans: boolean
  /** Not everything that is due was done: step again at once. */
  readonly more: boolean
  /** Silence must be judged: a barrier is to be written now. */
  readonly barrierWanted: boolean
  /** Internal records that could not be read, for the dead letters. */
  readonly unreadable: readonly { readonly topic: 'requests' | 'feedback'; readonly offset: number }[]
  /** Requests older than their window: what they are may have been forgotten, so they are set aside without a result. */
  readonly tooOld: readonly { readonly offset: number }[]
  /** Reports, receipts and links that belong to no entry: counted, and without effect. */
  readonly strays: number
}
