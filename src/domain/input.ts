import type { Outcome } from './outcome.ts'
import type { Request } from './request.ts'

/** Everything a task can learn, besides the passing of time. Offsets are those of its own partition. */
export type Input =
  | { readonly kind: 'request'; readonly offset: number; readonly request: Request }
  | { readonly kind: 'feedback'; readonly offset: number; readonly feedback: Feedback }
  /** An internal record that cannot be read: somebody else wrote to our topic, or a newer version did. Its bytes go to the dead letters. */
  | { readonly kind: 'unreadable'; readonly topic: 'requests' | 'feedback'; readonly offset: number }
  | { readonly kind: 'outcome'; readonly report: OutcomeReport }

/** What came of the intention with this tag. `at` is when it was known. */
export interface OutcomeReport {
  readonly deliveryTag: string
  readonly outcome: Outcome
  readonly at: number
}

/** What lies in the feedback topic. */
export type Feedback =
  /** An outcome known to a task that no longer owned the partition. */
  | { readonly kind: 'handover'; readonly report: OutcomeReport }
  /** Written by a task to itself: once it is read, everything written to feedback before `at` has been read. */
  | { readonly kind: 'barrier'; readonly epoch: number; readonly at: number }
