import avsc, { type Schema, type Type } from 'avsc'
import type { Route } from '../intake/route.ts'
import { measuredType, misreadingsOf } from './measures.ts'
import { readsName, schemaBreaks } from './schema-breaks.ts'

/** A route and the schema it reads with, for comparison with those that are written. */
export interface Reader {
  readonly route: Route
  readonly type: Type
}

export const readersOf = (routes: readonly Route[], topic: string): readonly Reader[] =>
  routes.filter((route) => route.topic === topic).map((route) => ({ route, type: measuredType(route.schema.json as Schema) }))

/** A route that takes records of the written schema, and what keeps it from reading them. */
export interface Reading {
  readonly route: Route
  readonly breaks: readonly string[]
  /** What it can read, and takes for something else. */
  readonly misreadings: readonly string[]
  /** It takes them by the header `ce_type`: whether they carry it, no schema tells. */
  readonly byCeType: boolean
}

/** The routes that are meant for records of this schema. */
export const readingsOf = (readers: readonly Reader[], written: Type): readonly Reading[] =>
  readers
    .filter(({ route, type }) => route.event === written.name || (isCeType(route) && readsName(type, written.name)))
    .map(({ route, type }) => ({
      route,
      breaks: schemaBreaks(type, written),
      misreadings: misreadingsOf(type, written),
      byCeType: route.event !== written.name,
    }))

/** What a route's readers go by, for messages: `route a reads x.A, route b reads x.B`. */
export const readersText = (readers: readonly Reader[]): string =>
  readers
    .map(({ route }) =>
      isCeType(route)
        ? `route ${route.id} reads ${route.schema.name} with ce_type ${route.event}`
        : `route ${route.id} reads ${route.event}`,
    )
    .join(', ')

/** A route for a record's name has a schema of that name, or an alias that is the name. */
const isCeType = ({ event, schema }: Route): boolean => {
  const type = avsc.Type.forSchema(schema.json as Schema)
  return !readsName(type, event)
}
