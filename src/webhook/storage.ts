import type { Claim } from './coverage-claim.ts'
import type { Taken } from './taker.ts'

/** Where what was taken is kept for good. */
export interface Storage {
  store(taken: Pick<Taken, 'feedback' | 'friendEvents'>): Storing
  /** To every partition of feedback, as each judges silence by itself, and the holes first. */
  claim(holes: readonly Claim[], claims: readonly Claim[]): Storing
}

/** Something's way there. */
export interface Storing {
  /** Resolves once all of it is durable; rejects if it is not, or cannot be known to be. Never an unhandled rejection. */
  readonly done: Promise<void>
  /** Nobody waits for it any more: what is not on its way is given up, and `done` rejects. What is on its way may still arrive. */
  abandon(): void
}
