import type { TaskJournal } from '../../src/dispatch/task-journal.ts'
import type { Feedback } from '../../src/domain/input.ts'
import type { TaskPosition } from '../../src/domain/state.ts'
import type { InputTopic } from '../../src/kafka/dispatch-group.ts'

/** One fresh partition of every topic, in a model or on real brokers, with whoever comes to own it. */
export interface LogWorld {
  /** Somebody who is to own it, and has not fenced anybody yet. */
  open(): Promise<Owner>
  appendRequests(count: number): Promise<void>
  writeFeedback(feedback: readonly Feedback[]): Promise<void>
  /** As it lies there. */
  feedback(): Promise<readonly Feedback[]>
  deleteInputs(topic: InputTopic, before: number): Promise<void>
  commitGroupOffsets(position: TaskPosition): Promise<void>
  /** What a reader of committed records finds now: of the journal, and keys in order of what else a commit writes. */
  journal(): Promise<readonly JournalRecord[]>
  published(): Promise<Published>
  /** Of the journal: up to where it can be read, and where it ends. */
  ends(): Promise<{ readonly stable: number; readonly end: number }>
  /** Resolves once of each key only the last record is left. Its owner may have to write for that. */
  compact(owner: Owner): Promise<void>
  /** Resolves once a transaction that nobody ends has timed out. */
  transactionTimeout(): Promise<void>
}

export interface Owner extends TaskJournal {
  /** Their connection breaks at the next request to commit. */
  breakAtCommit(fate: CommitFate): void
}

export type CommitFate =
  /** It does not arrive. */
  | 'lost'
  /** It arrives; the answer does not. */
  | 'unheard'
  /** It arrives then, when whoever asked has given up. */
  | { readonly arrives: Promise<void> }

export interface JournalRecord {
  readonly offset: number
  readonly key: string
  readonly tombstone: boolean
}

export interface Published {
  readonly results: readonly string[]
  readonly attributions: readonly string[]
  /** `<requests|feedback>/<offset>`, of what was set aside. */
  readonly deadLetters: readonly string[]
}
