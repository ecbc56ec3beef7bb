import { digestOf } from '../src/line-simulator/people.ts'
import type { Worker } from './deployment.ts'
import { createFollower } from './follow.ts'
import type { Installation } from './installation.ts'
import type { Line, Send } from './line.ts'
import type { Bench } from './scenario.ts'
import { pause } from './waiting.ts'

export interface Released {
  /** After the opening. */
  readonly firstS: number
  readonly seconds: number
  readonly sent: number
  readonly perSecond: number
  readonly refused: number
  readonly isOver: boolean
  readonly cpuPer10k: number
  readonly transactionsPerSecond: number
  /** From the decision until it is committed, mean, ms. */
  readonly transactionMs: number
  readonly rssMb: number
  /** After the outage event was produced, s: the first and the last urgent request at LINE; null when not all came. */
  readonly urgentFirstS: number | null
  readonly urgentLastS: number | null
  readonly urgentSent: number
}

/** The outage comes when the backlog flows. */
const OUTAGE_AFTER_MS = 2_000
const TRANSACTION = 'tsuchi_commit_duration_seconds'

/** Watches LINE from the opening on, and has the outage happen. */
export const release = async (
  { say }: Bench,
  given: {
    readonly at: Installation
    readonly worker: Worker
    readonly outage: { readonly phones: readonly string[]; readonly send: () => Promise<void> }
    readonly opensAt: number
    readonly releaseSeconds: number
    readonly waiting: number
  },
): Promise<Released> => {
  const { at, worker, outage, opensAt, waiting } = given
  const urgent = new Set(outage.phones.map(digestOf))
  const follow = watch(at.line, urgent)
  const before = await worker.metrics()
  await pause(opensAt + OUTAGE_AFTER_MS - Date.now())
  const producedAt = Date.now()
  await outage.send()
  let rssMb = 0
  let said = Date.now()
  const ends = opensAt + given.releaseSeconds * 1_000
  while (Date.now() < ends && follow.sent() < waiting + urgent.size) {
    await pause(1_000)
    await follow.look()
    rssMb = Math.max(rssMb, (await worker.metrics()).rssMb)
    if (Date.now() - said < 10_000) continue
    said = Date.now()
    say(`${follow.sent()} sent, ${follow.urgent().length} of them urgent, ${Math.round(rssMb)} MB at most`)
  }
  const after = await worker.metrics()
  const grown = (name: string) => after.sum(name) - before.sum(name)
  const transactions = grown(`${TRANSACTION}_count`)
  const times = follow.urgent()
  const isAll = times.length >= urgent.size
  const seconds = (follow.lastAt() - opensAt) / 1_000
  return {
    firstS: (follow.firstAt() - opensAt) / 1_000,
    ...{ seconds, rssMb, urgentSent: times.length, sent: follow.sent() },
    perSecond: follow.sent() / seconds,
    cpuPer10k: ((after.cpuSeconds - before.cpuSeconds) / follow.sent()) * 10_000,
    transactionsPerSecond: transactions / seconds,
    transactionMs: (grown(`${TRANSACTION}_sum`) / transactions) * 1_000,
    refused: (await at.line.stats()).flexible.limited.byBucket,
    isOver: follow.sent() >= waiting + urgent.size,
    urgentFirstS: times.length > 0 ? (Math.min(...times) - producedAt) / 1_000 : null,
    urgentLastS: isAll ? (Math.max(...times) - producedAt) / 1_000 : null,
  }
}

const watch = (line: Line, urgent: ReadonlySet<string>) => {
  const urgentAt: number[] = []
  let sent = 0
  let firstAt = 0
  let lastAt = 0
  const count = ({ status, to, at }: Send): void => {
    if (status !== 200) return
    sent++
    if (firstAt === 0) firstAt = at
    lastAt = at
    if (to !== null && urgent.has(to)) urgentAt.push(at)
  }
  return {
    ...createFollower(line, count),
    sent: () => sent,
    firstAt: () => firstAt,
    lastAt: () => lastAt,
    urgent: () => urgentAt,
  }
}
