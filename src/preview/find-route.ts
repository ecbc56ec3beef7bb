import { basename } from 'node:path'
import { type Fit, fitTo, linesOf, strangerNote } from '../event-text/event-fit.ts'
import type { Route } from '../intake/route.ts'
import { routeFor } from '../intake/routes.ts'
import { nearest } from '../nearest.ts'
import { PreviewError } from './preview-error.ts'

/** The route of an event that lies in no topic. */
export interface FoundRoute {
  readonly route: Route
  /** What intake would decode. */
  readonly event: unknown
  /** Why it is this one, for whoever asked. */
  readonly how: string
  readonly notes: readonly string[]
}

export interface EventText {
  /** The path it was read from, or `the event` of stdin. */
  readonly name: string
  readonly json: object
  /** Of the header `ce_type`. */
  readonly ceType: string | undefined
}

/** By its name, or by the schema: the one that the event fits, without a field that the schema lacks (it may be a misspelt one, and a
 *  schema of few fields would fit most events). Throws PreviewError. */
export const findRoute = (routes: readonly Route[], event: EventText, name: string | undefined): FoundRoute => {
  const { json } = event
  if (name !== undefined) return byName(routes, event, name)
  const tried = routes.map((route) => ({ route, fit: fitTo(route.schema.json, json) }))
  const candidates = tried.filter(({ route, fit }) => distanceOf(fit) === 0 && isMeant(routes, route, event))
  const [only, ...more] = candidates
  if (!only) throw new PreviewError(whyNone(tried, event))
  if (more.length > 0)
    throw new PreviewError(
      `${event.name} fits the schemas of ${candidates.length} routes:\n${candidates.map(({ route }) => `  ${route.id} (${route.file})`).join('\n')}\nSay which with --route, or with --header ce_type=…`,
    )
  return found(only, 'the only route whose schema the event fits')
}

interface Tried {
  readonly route: Route
  readonly fit: Fit
}

const byName = (routes: readonly Route[], event: EventText, name: string): FoundRoute => {
  const route = routes.find(({ id }) => id === name)
  if (!route)
    throw new PreviewError(
      `there is no route "${name}"; nearest: ${
        nearest(
          name,
          routes.map(({ id }) => id),
        ).join(', ') || 'there is none'
      }`,
    )
  const fit = fitTo(route.schema.json, event.json)
  if (fit.misfits.length > 0)
    throw new PreviewError(`${event.name} does not fit the schema of route ${route.id} (${route.schema.name}):\n${linesOf(fit)}`)
  return found({ route, fit }, 'by --route')
}

const found = ({ route, fit }: Tried, how: string): FoundRoute => ({
  route,
  event: fit.value,
  how,
  notes: fit.strangers.map(strangerNote),
})

/** A type that is given must lead there, as it would from a record. */
const isMeant = (routes: readonly Route[], route: Route, { ceType }: EventText): boolean =>
  ceType === undefined || routeFor(routes, { topic: route.topic, ceType, recordName: route.schema.name }) === route

const whyNone = (tried: readonly Tried[], { name, ceType }: EventText): string => {
  const stem = basename(name, '.json')
  const named = tried.find(({ route }) => route.id === stem)
  const closest = named ?? tried.toSorted((a, b) => distanceOf(a.fit) - distanceOf(b.fit))[0]
  if (!closest) return 'the configuration has no route'
  const { route, fit } = closest
  if (distanceOf(fit) === 0)
    return `${name} fits the schema of ${route.id} (${route.file}), but that is not where ce_type ${ceType} leads: leave --header ce_type out, or mend it`
  const others = tried.map(({ route: { id } }) => id).join(', ')
  const remedy =
    fit.misfits.length === 0
      ? `Mend the event; or, if its producers send more than the route sees, give --route ${route.id}`
      : `Mend the event, or say with --route which it is for: ${others}`
  return `${name} fits the schema of no route. Nearest, by ${named ? 'its name' : 'its fields'}, is ${route.id} (${route.file}):\n${linesOf(fit)}\n${remedy}`
}

/** Fields that are wrong, or not in common. */
const distanceOf = ({ misfits, strangers }: Fit): number => misfits.length + strangers.length
