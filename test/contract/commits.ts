import type { Committed, TaskJournal } from '../../src/dispatch/task-journal.ts'
import type { Attribution } from '../../src/domain/attribution.ts'
import type { Result } from '../../src/domain/result.ts'
import type { StateChanges } from '../../src/domain/state.ts'
import { entryOf, NOON, positionOf } from '../unit/notification-builder.ts'

/** The nth commit: its one entry, result and position. */
export const commitOf = (n: number, changes: Partial<Committed> = {}): Committed => ({
  entries: [entryOf(n)],
  marks: [],
  pauses: [],
  coverages: [],
  forgotten: [],
  results: [resultOf(n)],
  attributions: [],
  position: { requests: n, feedback: 0 },
  unreadable: [],
  tooOld: [],
  ...changes,
})

/** Nothing but a position. */
export const positionOnly = (requests: number): Committed =>
  commitOf(0, { entries: [], results: [], position: { requests, feedback: 0 } })

export const resultOf = (n: number): Result => ({
  resultId: `r${n}`,
  notificationId: `n${n}`,
  sequence: 1,
  status: 'accepted',
  terminal: true,
  corrects: null,
  reason: null,
  detail: null,
  purpose: 'bill-finalized',
  route: 'bill',
  channel: 'main',
  endpoint: 'template',
  customerId: `C-${n}`,
  recipientRef: `r${n}`,
  subject: null,
  position: positionOf(n),
  event: { source: 'jp.example', id: `e${n}`, type: 'jp.example.Bill', time: NOON },
  duplicateOf: null,
  attempts: 1,
  deliveryTag: `t${n}`,
  lineRequestId: null,
  httpStatus: null,
  property: null,
  receivedAt: NOON,
  releaseAt: NOON,
  sentAt: NOON,
  deliveredAt: null,
  decidedAt: NOON,
  cost: null,
  fallback: null,
  traceparent: null,
})

export const attributionOf = (n: number): Attribution => ({
  notificationId: `n${n}`,
  userId: 'U0123',
  customerId: `C-${n}`,
  recipientRef: `r${n}`,
  channel: 'main',
  route: 'bill',
  purpose: 'bill-finalized',
  subject: null,
  webhookEventId: 'w1',
  linkedAt: NOON,
  sentAt: NOON,
  decidedAt: NOON,
})

export interface Restored {
  /** In order: `n1 queued`, `mark m`, `pause main`, `coverage main`, `-entry/n1`, `@7` for a position. */
  readonly facts: readonly string[]
  /** The offset after each portion. */
  readonly nexts: readonly number[]
}

export const restoredBy = async (journal: TaskJournal, from = 0): Promise<Restored> => {
  const facts: string[] = []
  const nexts: number[] = []
  await journal.restore(from, (changes, next) => {
    facts.push(...factsIn(changes))
    nexts.push(next)
  })
  return { facts, nexts }
}

const factsIn = ({ entries = [], marks = [], pauses = [], coverages = [], forgotten = [], position }: StateChanges): string[] => [
  ...entries.map(({ notificationId, state }) => `${notificationId} ${state}`),
  ...marks.map(({ subject }) => `mark ${subject}`),
  ...pauses.map(({ channel }) => `pause ${channel}`),
  ...coverages.map(({ channel }) => `coverage ${channel}`),
  ...forgotten.map((key) => `-${key}`),
  ...(position ? [`@${position.requests}`] : []),
]
