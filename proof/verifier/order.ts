import { createEarliest, type Earliest } from './earliest.ts'
import type { Findings } from './findings.ts'
import type { Asked, Breach } from './history.ts'
import type { Commit, EntrySeen, Known, MarkSeen, SubjectAsked } from './known.ts'

/** Invariant 6: to one person one notification is being sent at a time, and those of a line (one person's on a channel, urgent ones apart)
 *  go in the order of release and arrival. One that is sent again after it was unknown is exempt from the order; one that is set back is
 *  waited for. */
export const checkOrder = (known: Known): Findings => {
  const breaches: Breach[] = []
  let checked = 0
  for (const commits of known.commits.values()) {
    const queue = createQueue(known)
    for (const commit of commits) {
      queue.take(commit)
      checked += commit.sent.length
      for (const { tag, entry } of commit.sent)
        for (const what of queue.faultsOf(entry)) breaches.push({ invariant: 6, what, where: `${tag} of ${entry.position}` })
    }
  }
  return { checked, breaches }
}

/** One partition, as its journal tells it up to a commit. */
const createQueue = ({ asked }: Known) => {
  const entries = new Map<string, EntrySeen>()
  const sendingTo = new Map<string, Set<string>>()
  const lines = new Map<string, Earliest<EntrySeen>>()
  const marks = new Map<string, SubjectAsked>()

  const put = (entry: EntrySeen): void => {
    const { notificationId: id, recipientRef, state } = entry
    entries.set(id, entry)
    if (recipientRef === null) return
    const underWay = sendingTo.get(recipientRef) ?? new Set()
    sendingTo.set(recipientRef, underWay)
    if (state === 'sending') underWay.add(id)
    else underWay.delete(id)
    if (state !== 'queued' || entry.resend) return
    const line = lines.get(lineOf(entry)) ?? createEarliest(goesBefore)
    lines.set(lineOf(entry), line)
    line.put(entry)
  }

  const isCalledOff = (position: string): boolean => {
    const was = asked.get(position)
    const mark = marks.get(was?.subject ?? '')
    return was !== undefined && mark !== undefined && isBarred(was, mark)
  }

  return {
    take: (commit: Commit): void => {
      for (const mark of commit.marks) marks.set(mark.subject, learned(marks.get(mark.subject), mark))
      for (const entry of commit.entries) put(entry)
    },
    faultsOf: function* (entry: EntrySeen): Iterable<string> {
      const { notificationId, recipientRef, resend } = entry
      if (recipientRef === null) return yield 'it is sent to nobody'
      const others = [...(sendingTo.get(recipientRef) ?? [])].filter((id) => id !== notificationId)
      if (others.length > 0) yield `it is being sent to the same person as ${others.join(', ')}`
      if (resend) return
      const waits = (other: EntrySeen) => entries.get(other.notificationId) === other && !isCalledOff(other.position)
      const ahead = lines.get(lineOf(entry))?.first(waits)
      if (ahead && goesBefore(ahead, entry))
        yield `it is sent before ${ahead.notificationId} of ${ahead.position}, which is ahead of it in its line`
    },
  }
}

const lineOf = ({ recipientRef, channel, urgent }: EntrySeen): string => `${recipientRef}/${channel}/${urgent}`

const goesBefore = (a: EntrySeen, b: EntrySeen): boolean =>
  a.releaseAt === b.releaseAt ? a.arrival < b.arrival : a.releaseAt < b.releaseAt

const learned = (known: SubjectAsked | undefined, { cancelledAt, revision }: MarkSeen): SubjectAsked => ({
  cancelledAt: Math.max(known?.cancelledAt ?? Number.NEGATIVE_INFINITY, cancelledAt ?? Number.NEGATIVE_INFINITY),
  revision: Math.max(known?.revision ?? Number.NEGATIVE_INFINITY, revision ?? Number.NEGATIVE_INFINITY),
})

const isBarred = ({ eventTime, revision }: Asked, mark: SubjectAsked): boolean =>
  eventTime <= mark.cancelledAt || (revision !== null && revision < mark.revision)
