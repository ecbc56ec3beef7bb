import type { Lane } from './entry.ts'
import type { Endpoint } from './message.ts'
import type { Cost } from './result.ts'
import type { TaskPosition } from './state.ts'

/** What a step may know besides state and inputs. */
export interface Moment {
  /** Wall clock, ms since the epoch. */
  readonly now: number
  readonly owner: Owner
  /** First counter not yet used for an intention. */
  readonly counter: number
  /** How many sends each lane can start within the next tens of milliseconds. */
  readonly permits: ReadonlyMap<Lane, number>
  /** The task's own barrier written at this instant has been read: silence up to it is certain. */
  readonly silentTo: number
  /** Where the inputs ended when the task was opened, or woke. Until it has read so far, somebody may have called off, paused, or told of
   *  what is due. */
  readonly readUntil: TaskPosition
  readonly policy: Policy
}

/** Who may send for a partition: there is one at a time. */
export interface Owner {
  readonly partition: number
  readonly incarnation: string
  /** Offset of the epoch marker in the journal. */
  readonly epoch: number
  /** When intentions of earlier owners can no longer be answered, by this owner's clock from its own fence. Infinite: there are none. */
  readonly orphansFrom: number
}

export interface Policy {
  /** Publish results of notifications still on their way. */
  readonly progress: boolean
  readonly cost: (channel: string, endpoint: Endpoint) => Cost | null
  /** The company's own list of those who want nothing. */
  readonly isOptedOut: (customerId: string) => boolean
  /** Whether the channel writes to this person: on one that is limited to an allow-list, not to everybody. */
  readonly mayReach: (channel: string, recipientRef: string) => boolean
  /** Whether the channel does everything but the call: then nobody is to be written to in another way either. */
  readonly isShadow: (channel: string) => boolean
  /** Whether the channel sends only what LINE has reviewed: what was made while it was not live may not have been. */
  readonly wantsReview: (channel: string) => boolean
  /** The least time between two notifications to one person, ms; 0: none. */
  readonly spacingMs: number
  /** The most notifications to one person in any 24 hours; infinite: no cap. */
  readonly perDay: number
  /** Whether somebody listens for LINE's delivery events on this channel: then an accepted notification has not ended. */
  readonly awaitsReceipt: (channel: string) => boolean
  /** How rarely a paused channel is tried, ms. */
  readonly probeEveryMs: (channel: string) => number
}
