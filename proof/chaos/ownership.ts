import type { Ownership } from '../verifier/history.ts'
import type { Life } from './fleet.ts'
import type { Ended, Frozen } from './worker.ts'

/** Who held which partition from when to when, by what workers log of it and by what was done to them. */
export interface Held extends Ownership {
  readonly openedAt: number
  /** From when on it did nothing for the partition: it was killed, stood still, or had given it up. */
  readonly idleFrom: number | null
  /** How the partition was taken from it. `ended` may be worse: it was killed as it handed over. */
  readonly lostBy: Ownership['ended']
  /** When it began to stand still for longer than its session, as the last before its end; null: it did not. */
  readonly frozenFrom: number | null
}

/** A worker that stands still for longer is no member of its group any more. */
const SESSION_MS = 10_000
/** How soon after it wakes it has found that out. */
const FINDS_OUT_WITHIN_MS = 30_000

export const ownershipsOf = (lives: readonly Life[]): Held[] =>
  lives.flatMap(heldIn).sort((a, b) => a.partition - b.partition || a.openedAt - b.openedAt)

const heldIn = ({ worker, lines, ended }: Life): Held[] => {
  const all: Held[] = []
  const end = (index: number, how: Ownership['ended'], at: number) => {
    const held = all[index]
    if (!held) return
    const frozen = worker.frozen.findLast(
      ({ from, until }) =>
        from > held.openedAt && until !== null && until - from > SESSION_MS && until <= at && at < until + FINDS_OUT_WITHIN_MS,
    )
    const isStopped = frozen && (how === 'planned' || how === 'fault')
    const ended = isStopped ? 'stopped' : how
    const idleFrom = isStopped ? frozen.from : at
    all[index] = { ...held, ended, lostBy: ended, endedAt: at, idleFrom, frozenFrom: frozen?.from ?? null }
  }
  const openOf = (partition: number) => all.findLastIndex((held) => held.partition === partition && held.endedAt === null)
  const lastOf = (partition: number) => all.findLastIndex((held) => held.partition === partition)

  const opened = (partition: number, epoch: number, openedAt: number) =>
    all.push({
      ...{ worker: worker.name, partition, epoch, openedAt },
      ...{ ended: 'none', lostBy: 'none', endedAt: null, idleFrom: null, frozenFrom: null },
    })

  for (const { event, trueTime, partition: which, epoch: said } of lines) {
    const partition = Number(which)
    const epoch = Number(said)
    if (event === 'task-opened') opened(partition, epoch, trueTime)
    if (event === 'task-closed' && openOf(partition) < 0) opened(partition, epoch, trueTime) // lost as it was opened
    if (event === 'task-closed') end(openOf(partition), 'planned', trueTime)
    if (event === 'task-failed') end(openOf(partition), 'fault', trueTime)
    if (event === 'close-failed' || event === 'handover-failed') end(lastOf(partition), 'fault', trueTime)
  }
  if (!ended) return all.map((held) => interrupted(held, worker.frozen))
  const isInOrder = ended.how === 'stopped'
  for (const [index, held] of all.entries()) {
    if (held.endedAt === null) end(index, ended.how === 'killed' ? 'killed' : isInOrder ? 'planned' : 'fault', ended.at)
    else if (held.ended === 'planned' && !isInOrder && ended.how !== 'killed' && held.endedAt > ended.at - STOPPING_MS)
      all[index] = { ...held, ended: 'fault', lostBy: 'fault' } // it did not come to the end of its stop
  }
  return all.map((held) => interrupted(held, worker.frozen, ended))
}

/** How long answers to what has left may still come after a partition was given up, and be handed over: an attempt's deadline, and some. */
const HANDING_OVER_MS = 3_000

/** One that was given up as planned, but killed, or made to stand still, before it can have handed over what it still awaited. */
const interrupted = (held: Held, frozen: readonly Frozen[], ended?: Ended): Held => {
  const { endedAt } = held
  if (held.ended !== 'planned' || endedAt === null) return held
  const isSoon = (at: number) => at >= endedAt && at < endedAt + HANDING_OVER_MS
  if (frozen.some(({ from, until }) => isSoon(from) && (until === null || until - from > HANDING_OVER_MS)))
    return { ...held, ended: 'stopped' }
  return ended?.how === 'killed' && isSoon(ended.at) ? { ...held, ended: 'killed' } : held
}

const STOPPING_MS = 20_000

/** How long nobody held a partition, ms, each time it changed hands, by how its owner had lost it. `away`: in that time the broker was not
 *  there, so nobody could take it. */
export type Gaps = Readonly<Record<'planned' | 'killed' | 'stopped' | 'fault' | 'away', readonly number[]>>

/** When the broker was not there, ms since the epoch. */
export type Away = readonly { readonly from: number; readonly until: number }[]

export const gapsBetween = (held: readonly Held[], away: Away): Gaps => {
  const gaps: Record<keyof Gaps, number[]> = { planned: [], killed: [], stopped: [], fault: [], away: [] }
  for (const [n, next] of held.entries()) {
    const before = held[n - 1]
    if (!before || before.partition !== next.partition || before.idleFrom === null || before.lostBy === 'none') continue
    // Of one that was killed as it woke, others may have taken it before.
    const isTaken = before.frozenFrom !== null && next.openedAt < before.idleFrom
    const idleFrom = isTaken && before.frozenFrom !== null ? before.frozenFrom : before.idleFrom
    const isAway = away.some(({ from, until }) => idleFrom < until && next.openedAt > from)
    gaps[isAway ? 'away' : isTaken ? 'stopped' : before.lostBy].push(Math.max(0, next.openedAt - idleFrom))
  }
  return gaps
}
