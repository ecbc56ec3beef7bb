import type { Request } from '../domain/request.ts'
import { describe } from '../value-shape.ts'
import { type About, type InterpretContext, nobodyAt, refused } from './about.ts'
import type { Advertised } from './advertising.ts'
import { readEvent } from './event-facts.ts'
import { callOff, revisionMarks } from './marks.ts'
import { type Notices, notify } from './notify.ts'
import type { Route } from './route.ts'
import { scopesOf, wholeScope, withoutNulls } from './scopes.ts'
import type { SourceRecord } from './source-record.ts'

export type Interpretation =
  | { readonly kind: 'requests'; readonly requests: readonly Request[]; readonly advertised: readonly Advertised[] }
  /** Its dedupe window has ended: what became of it, if it was read before, may have been forgotten. */
  | { readonly kind: 'too-old' }

/** Turns an event into requests, at least one: what it says of its subjects, for every partition, then one for each recipient, in the
 *  order it names them. A recipient that is refused harms no other. The raw number does not leave this function. Pure, save the
 *  random IV of the seal.
 *
 *  `event` is what the reader schema decodes to: unions unwrapped, longs as numbers. */
export const interpret = (...given: Parameters<typeof interpreting>): Interpretation => {
  const work = interpreting(...given)
  for (let step = work.next(); ; step = work.next()) if (step.done) return step.value
}

/** The same, with pauses. */
export function* interpreting(
  route: Route,
  event: unknown,
  record: SourceRecord,
  context: InterpretContext,
): Generator<void, Interpretation> {
  if (typeof event !== 'object' || event === null) throw new TypeError(`route ${route.id}: the event is ${describe(event)}`)
  const whole = withoutNulls(event)
  const reading = readEvent(route, wholeScope(whole), record, context.now)
  if (reading.time + route.dedupeWindowMs <= context.now) return { kind: 'too-old' }
  return { kind: 'requests', ...(yield* noticesOf({ route, reading, record, context }, scopesOf(route, whole))) }
}

function* noticesOf(about: About, scopes: readonly object[]): Generator<void, Notices> {
  const { route } = about
  if (scopes.length === 0) {
    const needed = route.kind === 'cancel' ? 'an event must name at least one' : 'an event must name at least one recipient'
    const detail = `${route.recipients?.text}: found an empty list; ${needed}`
    return { requests: [refused(about, nobodyAt(0), { reason: 'no-recipients', detail })], advertised: [] }
  }
  if (route.kind === 'cancel') return { requests: callOff({ ...about, route }, scopes), advertised: [] }
  const notifying = { ...about, route }
  // Marks first: in every partition they then lie before what they do not bar, and after what they do.
  const marks = revisionMarks(notifying, scopes)
  const { requests, advertised } = yield* notify(notifying, scopes)
  return { requests: [...marks, ...requests], advertised }
}
