import type { MarkRequest, Request } from '../domain/request.ts'
import { type About, faultOf, nobodyAt, refused } from './about.ts'
import type { CancellingRoute, NotifyingRoute } from './route.ts'
import { readRevision, readSubject } from './subject.ts'

/** One mark for each subject that the event calls off. What cannot be understood is refused: somebody may be notified of it still. */
export const callOff = (about: About<CancellingRoute>, scopes: readonly object[]): Request[] => {
  const { route, reading } = about
  if (reading.fault !== null) return [refused(about, nobodyAt(0), reading.fault)]
  const subjects = new Set<string>()
  const refusals: Request[] = []
  for (const [index, scope] of scopes.entries()) {
    const named = readSubject(route.subject, scope)
    if (named.kind === 'subject') subjects.add(named.subject)
    else refusals.push(refused(about, nobodyAt(index), faultOf(route, index, named)))
  }
  return [
    ...Array.from(subjects, (subject) => markOf(about, { subject, cancelledAt: reading.time, revision: null })),
    ...refusals,
  ]
}

/** One mark for each subject that the event has a revision of: the highest, if it has several. It counts though its recipient be
 *  refused: what earlier revisions say is out of date. An event of which nothing may be sent says nothing here either. */
export const revisionMarks = (about: About<NotifyingRoute>, scopes: readonly object[]): MarkRequest[] => {
  const { route, reading } = about
  if (route.subject === null || route.revision === null || reading.fault !== null) return []
  const highest = new Map<string, number>()
  for (const scope of scopes) {
    const named = readSubject(route.subject, scope)
    const numbered = readRevision(route.revision, scope)
    if (named.kind !== 'subject' || numbered.kind !== 'revision') continue
    highest.set(named.subject, Math.max(highest.get(named.subject) ?? 0, numbered.revision))
  }
  return Array.from(highest, ([subject, revision]) => markOf(about, { subject, cancelledAt: null, revision }))
}

/** Workers' clocks need not agree to the second: a mark must outlive whatever it may bar. */
const CLOCKS_APART_MS = 3_600_000

const markOf = ({ route, reading, context }: About, learned: Omit<MarkRequest['marking'], 'forgetAt'>): MarkRequest => ({
  kind: 'mark',
  marking: { ...learned, forgetAt: Math.max(reading.time, context.now) + route.dedupeWindowMs + CLOCKS_APART_MS },
})
