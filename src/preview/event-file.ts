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
  const { route, event, how, notes } = findRoute(routes, { name, json: jsonOf(name, textOf(file)), ceType }, routeName)
  return {
    route,
    how,
    notes,
    record: { position: { topic: route.topic, partition: 0, offset: 0 }, headers, timestamp: now },
    // By the name that leads to this route, whatever others of its topic are for.
    reading: { kind: 'event', recordName: route.event, as: () => ({ kind: 'value', value: event }) },
  }
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (cause) {
    throw new PreviewError(
      `${file} cannot be read (${(cause as NodeJS.ErrnoException).code}): name a file with an event as JSON, or - for stdin`,
    )
  }
}

const jsonOf = (name: string, text: string): unknown => {
  const reading = readJson(text)
  if (reading.kind === 'value') return reading.value
  throw new PreviewError(`${name} is not JSON: line ${reading.line}, column ${reading.column}: wanted ${reading.wanted}`)
}
