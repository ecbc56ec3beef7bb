import type { Kafka } from 'kafkajs'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { TaskJournal } from '../dispatch/task-journal.ts'
import type { Sealer } from '../domain/seal.ts'
import type { Logger } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'

/** What every stage is made of. */
export interface Parts {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** A client of its own for each purpose: kafkajs shares caches within one. */
  readonly kafka: (purpose: string) => Kafka
  /** One that soon gives up, for what is looked at while starting. */
  readonly kafkaAtStart: Kafka
  readonly sealer: Sealer
  /** A client has died for good, or state cannot be trusted: the process ends, in order, with an error. */
  readonly onFatal: (error: Error) => void
  /** Laid around every task's journal: where tests put their crash points. */
  readonly aroundJournal: (journal: TaskJournal) => TaskJournal
}

export interface Stage {
  /** What is missing until it does its work; empty when ready. */
  waitingFor(): readonly string[]
  /** Stops in order, within so long, but for leaving groups and closing connections. */
  stop(withinMs: number): Promise<void>
}
