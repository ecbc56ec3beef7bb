import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import type { EventReading } from '../intake/event-reading.ts'
import type { Route } from '../intake/route.ts'
import type { SourceRecord } from '../intake/source-record.ts'
import { type FoundRoute, findRoute } from './find-route.ts'
import { readJson } from './json-text.ts'
import { PreviewError } from './preview-error.ts'

/** An event from a file, as if it lay in the topic of its route. */
export interface EventRecord extends Pick<FoundRoute, 'route' | 'how' | 'notes'> {
  readonly record: SourceRecord
  readonly reading: EventReading
}

export interface EventOptions {
  /** `-` is stdin. */
  readonly file: string
  readonly routeName: string | undefined
  readonly headers: ReadonlyMap<string, string>
  /** Stands for when the record was produced. */
  readonly now: number
}

/** Throws PreviewError, which quotes nothing of the event. */
export const readEventFile = (routes: readonly Route[], { file, routeName, headers, now }: EventOptions): EventRecord => {
  const name = file === '-' ? 'the event' : file
  const ceType = headers.get('ce_type')
  const { route, event, how, notes } = findRoute(
    routes,
    { name, json: jsonOf(name, textOf(name, bytesOf(file))), ceType },
    routeName,
  )
  return {
    route,
    how,
    notes: [...notes, ...typeNotes(route, ceType)],
    record: { position: { topic: route.topic, partition: 0, offset: 0 }, headers, timestamp: now },
    // By the name that leads to this route, whatever others of its topic are for.
    reading: { kind: 'event', recordName: route.event, as: () => ({ kind: 'value', value: event }) },
  }
}

/** A record without the header would not find a route that goes by it: it ends refused, as no-route. */
const typeNotes = ({ id, event, schema }: Route, ceType: string | undefined): string[] =>
  ceType === undefined && schema.name !== event
    ? [
        `A record finds route ${id} only by the header ce_type: ${event}, as the schema's record is ${schema.name}. If producers write no such header, correct the route's event.`,
      ]
    : []

const bytesOf = (file: string): Buffer => {
  try {
    return readFileSync(file === '-' ? 0 : file)
  } catch (cause) {
    throw new PreviewError(
      `${file} cannot be read (${(cause as NodeJS.ErrnoException).code}): name a file with an event as JSON, or - for stdin`,
    )
  }
}

/** Without a character that stands for what could not be read: it would go out to people. */
const textOf = (name: string, bytes: Buffer): string => {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let [sound, broken] = [0, bytes.length + 1]
  while (broken - sound > 1) {
    const middle = (sound + broken) >>> 1
    if (mayGoOn(bytes.subarray(0, middle))) sound = middle
    else broken = middle
  }
  throw new PreviewError(`${name} is not UTF-8, at byte ${sound} (counted from 0): save it as UTF-8`)
}

/** Its end may be the middle of a character. */
const mayGoOn = (bytes: Buffer): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

const jsonOf = (name: string, text: string): unknown => {
  const reading = readJson(text)
  if (reading.kind === 'value') return reading.value
  const { line, column } = reading
  if (reading.kind === 'twice')
    throw new PreviewError(`${name}: line ${line}, column ${column}: its object has this field already; take one of the two away`)
  throw new PreviewError(`${name} is not JSON: line ${line}, column ${column}: wanted ${reading.wanted}`)
}
