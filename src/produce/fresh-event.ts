import { readTime } from '../intake/event-time.ts'
import { resolve } from '../intake/field-path.ts'
import type { Route } from '../intake/route.ts'
import { wholeScope } from '../intake/scopes.ts'
import { type Shift, shiftBetween, shifted } from './shifted.ts'

/** The same event as if it happened now, and as another one: a new id where the route finds it, now as its time, and all other times
 *  moved along by as much. */
export const freshEvent = (event: object, route: Route, { now, id }: { readonly now: number; readonly id: string }): object => {
  const moved = asObject(shifted(event, route.schema.json, shiftTo(now, event, route)))
  const timed = route.time ? withField(moved, route.time.segments, (was) => (typeof was === 'number' ? now : was)) : moved
  return route.identity ? withField(timed, route.identity.id.segments, (was) => (typeof was === 'number' ? now : id)) : timed
}

const shiftTo = (now: number, event: object, route: Route): Shift => {
  const time = route.time ? readTime(resolve(route.time, wholeScope(event))) : undefined
  if (time?.kind === 'instant') return shiftBetween(time.ms, now, route.eventZone)
  if (time?.kind === 'local')
    return shiftBetween(time.at.toZonedDateTime(route.eventZone).epochMilliseconds, now, route.eventZone)
  return { ms: 0, days: 0 }
}

const withField = (value: object, segments: readonly string[], change: (was: unknown) => unknown): object => {
  const [first = '', ...rest] = segments
  const was: unknown = Object.getOwnPropertyDescriptor(value, first)?.value
  // `event.occurredAt`, as a route may write it: the event itself.
  if (first === 'event' && was === undefined && rest.length > 0) return withField(value, rest, change)
  if (rest.length === 0) return { ...value, [first]: change(was) }
  return { ...value, [first]: withField(asObject(was), rest, change) }
}

const asObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})
