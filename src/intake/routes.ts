import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { findingsAmong } from './among-routes.ts'
import { compileRoute, type RouteSurroundings } from './compile-route.ts'
import { readEventSchema, type SchemaReading } from './event-schema.ts'
import type { Route } from './route.ts'
import { type RouteDocument, readRouteDocument } from './route-document.ts'
import type { Fault, Findings } from './route-fault.ts'
import { RoutesError } from './routes-error.ts'

export interface RoutesFolder extends RouteSurroundings {
  readonly directory: string
}

/** With any fault nothing is to be run. Warnings tell of what may be meant, and probably is not. */
export interface RoutesSurvey extends Findings {
  /** Those without a fault of their own. */
  readonly routes: readonly Route[]
}

/** The routes, if all of them are sound. Throws RoutesError otherwise. */
export const soundRoutesOf = ({ routes, faults }: RoutesSurvey): readonly Route[] => {
  if (faults.length > 0) throw new RoutesError(faults, routes)
  return routes
}

/** Reads every `*.yaml` of the folder, and says what is wrong with them: by file, from the top. */
export const surveyRoutes = ({ directory, ...surroundings }: RoutesFolder): RoutesSurvey => {
  const files = filesOf(directory)
  if ('found' in files) return { routes: [], faults: [files], warnings: [] }
  const texts = files.map(textOf)
  const documents = texts.flatMap((each) => ('text' in each ? readRouteDocument(each.file, each.text) : []))
  const compiled = documents.map((document) => compileRoute(document, schemaOf(document), surroundings))
  const findings = [...compiled, findingsAmong(documents)]
  return {
    routes: compiled.flatMap(({ route }) => route ?? []),
    faults: [...texts.flatMap((each) => ('text' in each ? [] : each)), ...findings.flatMap(({ faults }) => faults)].toSorted(
      byPlace,
    ),
    warnings: findings.flatMap(({ warnings }) => warnings).toSorted(byPlace),
  }
}

/** What a record says it is: in the header `ce_type`, and by the full name of its Avro record. */
export interface EventNames {
  readonly topic: string
  readonly ceType: string | undefined
  readonly recordName: string
}

/** A route for the CloudEvents type comes before one for the record's name. */
export const routeFor = (routes: readonly Route[], { topic, ceType, recordName }: EventNames): Route | undefined =>
  routes.find((route) => route.topic === topic && route.event === ceType) ??
  routes.find((route) => route.topic === topic && route.event === recordName)

const filesOf = (directory: string): readonly string[] | Fault => {
  const names = namesIn(directory)
  const files = names.filter((name) => /\.ya?ml$/.test(name)).toSorted()
  if (files.length > 0) return files.map((name) => join(directory, name))
  const found = names.length === 0 ? 'no files' : 'no *.yaml'
  return { file: directory, line: null, field: '', found, remedy: 'name the folder with the route files' }
}

const namesIn = (directory: string): string[] => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

const textOf = (file: string): { readonly file: string; readonly text: string } | Fault => {
  try {
    return { file, text: readFileSync(file, 'utf8') }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    return {
      file,
      line: null,
      field: '',
      found: `what cannot be read (${code})`,
      remedy: 'make it a file that may be read, or move it away',
    }
  }
}

const schemaOf = ({ file, sound }: RouteDocument): SchemaReading | null => {
  if (sound.schema === undefined) return null
  const path = resolve(dirname(file), sound.schema)
  try {
    return readEventSchema(readFileSync(path, 'utf8'))
  } catch {
    return { kind: 'faulty', message: `${path} cannot be read` }
  }
}

const byPlace = (a: Fault, b: Fault): number => a.file.localeCompare(b.file) || (a.line ?? 0) - (b.line ?? 0)
