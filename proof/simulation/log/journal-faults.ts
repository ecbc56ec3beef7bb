/** What may go wrong between a journal and the log. Awaited wherever the real thing awaits an answer: it may take its time, or throw, as if the
 *  connection had broken. */
export interface JournalFaults {
  at(point: JournalPoint): Promise<void>
}

export type JournalPoint =
  /** Before the transactional id is taken. */
  | 'fence'
  /** It is taken: whoever had it before can commit nothing more. Nothing is written yet. */
  | 'fenced'
  /** Before a batch is written: of the epoch marker, of the journal, of the results … */
  | 'write'
  /** All is written, and the request to commit leaves now. Throws: it never arrives, and what was written is aborted in the end; or see
   *  CommitOnItsWay. */
  | 'commit'
  /** It was made, and the answer is on its way. */
  | 'committed'
  /** Before the first portion of a restore, and before each. */
  | 'restore'
  | 'portion'
  | 'inputs'
  | 'close'

export const NO_FAULTS: JournalFaults = { at: async () => {} }

/** Thrown at `commit`: the request is on its way, and nobody will hear the answer. It arrives when `arrives` resolves, and is refused if by then
 *  the id is somebody else's. From then on the commit is made, whoever takes the id; it can be read when `told` resolves, or the id is taken. */
export class CommitOnItsWay extends Error {
  override readonly name = 'CommitOnItsWay'
  readonly arrives: Promise<void>
  readonly told: Promise<void>

  constructor(arrives: Promise<void>, told: Promise<void> = Promise.resolve()) {
    super('the connection was closed before the answer to a commit came')
    this.arrives = arrives
    this.told = told
  }
}
