import type { Findings } from './findings.ts'
import type { Asked, Breach, Ownership, ResultSeen } from './history.ts'
import { type Known, parseTag } from './known.ts'
import { memoryFaults } from './memory.ts'
import { openFrom } from './quiet.ts'
import { RECEIPT_MS } from './rightful-end.ts'

/** What is heard of silence is heard a while later: heartbeats, and a step. */
const HEARD_WITHIN_MS = 3_600_000

/** What a lost task left behind it. */
export interface Stranded {
  readonly worker: string
  readonly partition: number
  readonly epoch: number
  readonly ended: Ownership['ended']
  readonly unknowns: number
}

/** What has rightly not ended. */
export interface Open {
  /** LINE took it, and the person never sees it: a day of silence has not passed. */
  readonly silent: number
  /** It has been quiet for as long as it could have gone. */
  readonly quiet: number
}

/** Invariant 8: in calm everything settles; a task that is handed over leaves nothing unknown, one that is killed no more than it can have
 *  had in hand; and memory does not grow. */
export const checkSettling = (known: Known): Findings & { readonly open: Open; readonly stranded: readonly Stranded[] } => {
  const breaches: Breach[] = []
  const blame = (where: string, what: string) => void breaches.push({ invariant: 8, what, where })
  const open = { silent: 0, quiet: 0 }
  for (const asked of known.asked.values()) {
    const results = known.resultsAt.get(asked.position) ?? []
    const last = results.findLast(({ status }) => status !== 'fallback_due') // that another channel is due says nothing of this one
    if (!last) continue // told by one-end.ts
    if (results.some(({ terminal }) => terminal)) {
      const state = known.lastEntry.get(last.notificationId)?.state
      if (state !== undefined && state !== 'done')
        blame(asked.position, `it ended ${last.status}, and its entry is still ${state}`)
    } else if (mayBeSilent(known, asked, last)) open.silent++
    else if (mayBeQuiet(known, asked, last)) open.quiet++
    else
      blame(
        asked.position,
        `not settled: the last that was said of it is ${last.status}${last.reason === null ? '' : ` (${last.reason})`}`,
      )
  }
  const stranded = strandedBy(known, blame)
  const memory = memoryFaults(known.history)
  for (const { worker, what } of memory.faults) blame(worker, what)
  for (const { worker, why } of known.history.endedAlone ?? []) blame(worker, `it ended by itself: ${why}`)
  return { checked: known.asked.size + known.history.ownerships.length + memory.checked, breaches, open, stranded }
}

const mayBeSilent = ({ history, postsOf }: Known, { fate, channel }: Asked, { status, notificationId }: ResultSeen): boolean => {
  const taken = (postsOf.get(notificationId) ?? []).filter((post) => post.taken).at(-1)
  if (status !== 'accepted' || fate !== 'silent' || !taken || !history.settings.awaitsReceipts.includes(channel ?? ''))
    return false
  return history.endedAt < Math.max(taken.at, history.calmFrom) + RECEIPT_MS + HEARD_WITHIN_MS
}

const mayBeQuiet = (
  { history, lastEntry }: Known,
  { quiet, producedAt }: Asked,
  { status, notificationId }: ResultSeen,
): boolean => {
  if (status !== 'queued' || quiet === null || lastEntry.get(notificationId)?.state !== 'queued') return false
  return openFrom(quiet, Math.max(history.calmFrom, producedAt)) > history.endedAt
}

const strandedBy = ({ history }: Known, blame: (where: string, what: string) => void): readonly Stranded[] => {
  const owners = new Map(history.ownerships.map((each) => [`${each.partition}/${each.epoch}`, each]))
  const left = new Map<Ownership, number>()
  for (const { status, reason, deliveryTag, position } of history.results) {
    if (status !== 'unknown' || reason !== 'crash') continue
    const id = parseTag(deliveryTag ?? '')
    const owner = owners.get(`${id?.partition}/${id?.epoch}`)
    if (!owner) blame(position, `unknown by a crash of an owner that nobody saw: ${deliveryTag ?? 'it has no tag'}`)
    else if (owner.ended === 'planned')
      blame(position, `${nameOf(owner)} was handed over as planned, and left it unknown: ${deliveryTag}`)
    else if (owner.ended === 'none')
      blame(position, `${nameOf(owner)} was never lost, and it is unknown by a crash: ${deliveryTag}`)
    else left.set(owner, (left.get(owner) ?? 0) + 1)
  }
  const most = history.settings.mostPerKilledTask
  for (const [owner, unknowns] of left)
    if (unknowns > most)
      blame(nameOf(owner), `it was lost (${owner.ended}), and left ${unknowns} unknown: at most ${most} can have been in hand`)
  return history.ownerships
    .filter(({ ended }) => ended !== 'none')
    .map((owner) => ({
      worker: owner.worker,
      partition: owner.partition,
      epoch: owner.epoch,
      ended: owner.ended,
      unknowns: left.get(owner) ?? 0,
    }))
}

const nameOf = ({ worker, partition, epoch }: Ownership): string => `partition ${partition} of ${worker}, epoch ${epoch}`
