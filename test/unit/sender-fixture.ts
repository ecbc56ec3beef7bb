import { type Clock, systemClock, systemTimers } from '../../src/clock.ts'
import { createPace } from '../../src/dispatch/pace.ts'
import { type AttemptFacts, createSender, type SenderLane } from '../../src/dispatch/sender.ts'
import type { Intention } from '../../src/domain/changes.ts'
import { type Lane, laneOf } from '../../src/domain/entry.ts'
import type { OutcomeReport } from '../../src/domain/input.ts'
import type { HashedPhone } from '../../src/domain/phone.ts'
import { createSealer, sealContent } from '../../src/domain/seal.ts'
import { createMemoryProvider, type MemoryProvider } from './memory-provider.ts'
import { MAIN, only } from './notification-builder.ts'

const sealer = createSealer([new Uint8Array(32).fill(1)])
export const OTHER = laneOf({ channel: 'main', endpoint: 'flexible' })
export const content = {
  to: 'ab'.repeat(32) as HashedPhone,
  message: { endpoint: 'template', templateKey: 'k', body: {} },
} as const

/** The nth, good for as long as send-by allows. */
export const intention = (n: number, changes: Partial<Intention> = {}): Intention => ({
  deliveryTag: `t${n}`,
  notificationId: `n${n}`,
  lane: MAIN,
  purpose: 'bill-finalized',
  sealed: sealContent(content, `n${n}`, sealer.seal),
  startFrom: Number.NEGATIVE_INFINITY,
  startBy: Number.POSITIVE_INFINITY,
  traceparent: null,
  ...changes,
})

export const many = (count: number, changes: Partial<Intention> = {}) =>
  Array.from({ length: count }, (_, n) => intention(n, changes))

interface Setting {
  readonly rate?: number
  readonly lanes?: readonly Lane[]
  readonly clock?: Clock
  readonly stillWanted?: (intention: Intention) => boolean
}

/** A sender with a pace of its own for each lane, which spares nothing at first, and what it reported. */
export const settingOf = ({ rate = 1_000, lanes = [MAIN], clock = systemClock, stillWanted = () => true }: Setting = {}) => {
  const provider: MemoryProvider = createMemoryProvider()
  const reports: OutcomeReport[] = []
  const attempts: AttemptFacts[] = []
  const faults: unknown[] = []
  const pace = () => createPace({ share: { rate, capacity: 2, burst: 2 }, now: clock.monotonic() })
  const laneMap = new Map<Lane, SenderLane>(lanes.map((lane) => [lane, { provider, pace: pace() }]))
  const sender = createSender({
    lanes: laneMap,
    open: sealer.open,
    clock,
    timers: systemTimers,
    stillWanted,
    onFault: (fault) => faults.push(fault),
    onReport: (report, attempt) => {
      reports.push(report)
      attempts.push(attempt)
    },
  })
  const outcomeOf = (tag: string) => only(reports.filter(({ deliveryTag }) => deliveryTag === tag)).outcome
  return { provider, reports, attempts, faults, sender, clock, outcomeOf }
}
