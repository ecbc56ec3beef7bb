import { createDispatcher } from '../../src/dispatch/dispatcher.ts'
import { createSender } from '../../src/dispatch/sender.ts'
import { openTask } from '../../src/dispatch/task.ts'
import type { TaskJournal } from '../../src/dispatch/task-journal.ts'
import { rateShare } from '../../src/dispatch/token-bucket.ts'
import type { Store } from '../../src/domain/state.ts'
import { shareOut } from '../../src/kafka/co-partition-assigner.ts'
import { createCoordinator } from './log/coordinator.ts'
import type { RecordInput } from './member.ts'

/** What workers are made of: the product, or something broken on purpose. */
export interface Build {
  readonly createDispatcher: typeof createDispatcher
  readonly openTask: typeof openTask
  readonly createSender: typeof createSender
  readonly rateShare: typeof rateShare
  readonly shareOut: typeof shareOut
  /** Of transactional ids, in the brokers. */
  readonly createCoordinator: typeof createCoordinator
  readonly aroundJournal: (journal: TaskJournal) => TaskJournal
  readonly aroundStore: (store: Store) => Store
  /** What a task is given of what was read. */
  readonly input: (input: RecordInput) => RecordInput
}

export const PRODUCT: Build = {
  createDispatcher,
  openTask,
  createSender,
  rateShare,
  shareOut,
  createCoordinator,
  aroundJournal: (journal) => journal,
  aroundStore: (store) => store,
  input: (input) => input,
}
