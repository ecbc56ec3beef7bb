import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compileRoute, type RouteSurroundings } from './compile-route.ts'
import { readEventSchema, type SchemaReading } from './event-schema.ts'
import type { Route } from './route.ts'
import { type NotifyingDocument, type RouteDocument, readRouteDocument } from './route-document.ts'
import { type Fault, quote } from './route-fault.ts'
import { RoutesError } from './routes-error.ts'

export interface RoutesFolder extends RouteSurroundings {
  readonly directory: string
}

/** Reads every `*.yaml` of the folder. Throws RoutesError with all faults of all of them. */
export const loadRoutes = ({ directory, ...surroundings }: RoutesFolder): Route[] => {
  const documents = filesOf(directory).map((file) => readRouteDocument(file, readFileSync(file, 'utf8')))
  const routes: Route[] = []
  const faults: Fault[] = []
  for (const document of documents) {
    const compiled = compileRoute(document, schemaOf(document), surroundings)
    if ('id' in compiled) routes.push(compiled)
    else faults.push(...compiled)
  }
  faults.push(...clashes(documents), ...forgetful(documents))
  if (faults.length > 0) throw new RoutesError(faults.toSorted(byPlace), routes)
  return routes
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

const filesOf = (directory: string): string[] => {
  const names = namesIn(directory)
  const files = names.filter((name) => /\.ya?ml$/.test(name)).toSorted()
  if (files.length > 0) return files.map((name) => join(directory, name))
  const found = names.length === 0 ? 'no files' : 'no *.yaml'
  throw new RoutesError([{ file: directory, line: null, field: '', found, remedy: 'name the folder with the route files' }])
}

const namesIn = (directory: string): string[] => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

const schemaOf = ({ file, sound }: RouteDocument): SchemaReading | null => {
  if (sound.schema === undefined) return null
  try {
    return readEventSchema(readFileSync(join(dirname(file), sound.schema), 'utf8'))
  } catch {
    return { kind: 'faulty', message: `${join(dirname(file), sound.schema)} cannot be read` }
  }
}

const clashes = (documents: readonly RouteDocument[]): Fault[] => {
  const faults: Fault[] = []
  const names = new Map<string, string>()
  const events = new Map<string, string>()
  for (const { file, sound, fault } of documents) {
    if (sound.route !== undefined) {
      const first = names.get(sound.route)
      if (first) faults.push(fault(['route'], quote(sound.route), `choose another name: ${first} has this one`))
      else names.set(sound.route, file)
    }
    if (sound.topic !== undefined && sound.event !== undefined) {
      const key = `${sound.topic} ${sound.event}`
      const first = events.get(key)
      if (first) {
        faults.push(
          fault(
            ['event'],
            `${quote(sound.event)} of topic ${sound.topic}`,
            `remove one of the two routes: ${first} has the same`,
          ),
        )
      } else events.set(key, file)
    }
  }
  return faults
}

/** Routes whose marks could be forgotten before the last notification that they bar has come: late, but not too late to be sent. */
const forgetful = (documents: readonly RouteDocument[]): Fault[] =>
  documents.flatMap((document) => {
    const { dedupeWindow } = document.sound
    const mark = markOf(document)
    if (dedupeWindow === undefined || !mark) return []
    const [latest] = documents
      .flatMap((other) => (other.kind === 'notify' && other !== document && mark.bars(other) ? [other] : []))
      .toSorted((a, b) => (b.sound.maxAge ?? 0) - (a.sound.maxAge ?? 0))
    if (!latest || (latest.sound.maxAge ?? 0) <= dedupeWindow) return []
    const found = `less than maxAge of ${latest.file}, which has the same subject`
    return [document.fault(['dedupeWindow'], found, `make dedupeWindow longer, or that maxAge shorter: ${mark.otherwise}`)]
  })

interface MarkOfRoute {
  readonly bars: (other: NotifyingDocument) => boolean
  readonly otherwise: string
}

const markOf = (document: RouteDocument): MarkOfRoute | undefined => {
  if (document.kind === 'cancel') {
    const kind = document.sound.cancels?.kind
    return {
      bars: ({ sound }) => kind !== undefined && sound.subject?.kind === kind,
      otherwise: 'what was called off would be sent if it came late',
    }
  }
  const { subject, revision } = document.sound
  if (subject === undefined || revision === undefined) return undefined
  return {
    bars: ({ sound }) => sound.revision !== undefined && sound.subject?.kind === subject.kind,
    otherwise: 'what was replaced would be sent if it came late',
  }
}

const byPlace = (a: Fault, b: Fault): number => a.file.localeCompare(b.file) || (a.line ?? 0) - (b.line ?? 0)
