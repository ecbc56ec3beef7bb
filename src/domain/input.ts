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
  /** LINE says that the person can see the message of this intention: its delivery event. */
  | { readonly kind: 'receipt'; readonly deliveryTag: string; readonly deliveredAt: number }
  /** The person linked their LINE account by a notification: LINE's account link event. */
  | Link
  /** Written by a webhook: every event of these channels that LINE sent to it from then until then is in feedback, before this. */
  | { readonly kind: 'heartbeat'; readonly channels: readonly string[]; readonly from: number; readonly until: number }
  /** Written by a webhook: something that LINE sent of these channels from then until then may be lost, whoever else listened. */
  | { readonly kind: 'hole'; readonly channels: readonly string[]; readonly from: number; readonly until: number }
  /** An outcome known to a task that no longer owned the partition. */
  | { readonly kind: 'handover'; readonly report: OutcomeReport }
  /** Written by a task to itself: once it is read, everything written to feedback before `at` has been read. */
  | { readonly kind: 'barrier'; readonly epoch: number; readonly at: number }

export interface Link {
  readonly kind: 'link'
  readonly notificationId: string
  /** LINE's name of the person for this provider. */
  readonly userId: string
  readonly webhookEventId: string
  /** By LINE's clock. */
  readonly linkedAt: number
}
