import type { Changes } from '../domain/changes.ts'
import type { StateChanges, TaskPosition } from '../domain/state.ts'

/** The log of one partition, as its owner sees it. Whatever throws ends the task: its state is then only what the log says. */
export interface TaskJournal {
  /** Writes an epoch marker: whoever owned the partition before can commit nothing more. Returns the marker's offset. */
  fence(): Promise<number>
  /** Replays the journal, from an offset (0 for all) to the own marker, in portions; `next` is the offset after each. */
  restore(from: number, onPortion: (changes: StateChanges, next: number) => void): Promise<void>
  /** Where the inputs begin and end now; and whether the group's offsets say that something of them was consumed. */
  inputs(): Promise<InputBounds>
  /** All of it or nothing, in one transaction. Returns the journal's offset after it. */
  commit(changes: Committed): Promise<number>
  close(): Promise<void>
}

/** What a commit writes. */
export type Committed = Pick<
  Changes,
  'entries' | 'marks' | 'pauses' | 'coverages' | 'forgotten' | 'results' | 'attributions' | 'position' | 'unreadable' | 'tooOld'
>

export interface InputBounds {
  readonly requests: { readonly low: number; readonly high: number }
  readonly feedback: { readonly low: number; readonly high: number }
  readonly groupHasRead: boolean
}

/** State that cannot be trusted, or not be read. Nothing is sent, and nobody but an operator can mend it. */
export class StateLostError extends Error {
  override readonly name: string = 'StateLostError'
}

/** Where to read on. Throws StateLostError if the journal and its inputs do not fit together. */
export const resumeAt = (partition: number, position: TaskPosition | undefined, bounds: InputBounds): TaskPosition => {
  if (!position) {
    if (bounds.groupHasRead || bounds.requests.low > 0 || bounds.feedback.low > 0)
      throw new StateLostError(
        `the journal of partition ${partition} is empty, but its inputs have been read before: the journal was lost, and with it what was sent. Restore the topic from a backup, or create all topics anew to begin without memory`,
      )
    return { requests: 0, feedback: 0 }
  }
  for (const input of ['requests', 'feedback'] as const) {
    const { low, high } = bounds[input]
    if (position[input] < low)
      throw new StateLostError(
        `partition ${partition} has consumed ${input} up to ${position[input]}, but the topic begins at ${low}: ${low - position[input]} records were deleted unread. Nobody can say what they were. Lengthen the retention of the topic, and create all topics anew to go on without memory`,
      )
    if (position[input] > high)
      throw new StateLostError(
        `partition ${partition} has consumed ${input} up to ${position[input]}, but the topic ends at ${high}: it was made anew under a journal that remembers the old one. Create all topics anew together`,
      )
  }
  return position
}

/** Where a task that reads all that lies there now comes to. */
export const endsOf = ({ requests, feedback }: InputBounds): TaskPosition => ({
  requests: requests.high,
  feedback: feedback.high,
})
