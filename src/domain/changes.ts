import type { Entry, Lane } from './entry.ts'
import type { Result } from './result.ts'
import type { TaskPosition } from './state.ts'

/** A decision to send, good once it is committed. */
export interface Intention {
  readonly deliveryTag: string
  readonly notificationId: string
  readonly lane: Lane
  readonly sealed: Uint8Array
  /** Wall clock: not to be started at or after this instant. */
  readonly startBy: number
  readonly traceparent: string | null
}

export interface Changes {
  readonly entries: readonly Entry[]
  readonly results: readonly Result[]
  readonly intentions: readonly Intention[]
  readonly position: TaskPosition
  readonly counter: number
  readonly silentTo: number
  /** Not everything that is due was done: step again at once. */
  readonly more: boolean
  /** Silence must be judged: a barrier is to be written now. */
  readonly barrierWanted: boolean
  /** Internal records that could not be read, for the dead letters. */
  readonly unreadable: readonly { readonly topic: 'requests' | 'feedback'; readonly offset: number }[]
  /** Reports that belong to no entry: counted, and without effect. */
  readonly strays: number
}
