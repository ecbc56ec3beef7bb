import { eventFileName, readEventFile } from '../event-text/event-file.ts'
import type { EventReading } from '../intake/event-reading.ts'
import type { Route } from '../intake/route.ts'
import type { SourceRecord } from '../intake/source-record.ts'
import { type FoundRoute, findRoute } from './find-route.ts'

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

/** Throws EventFileError and PreviewError, which quote nothing of the event. */
export const eventRecordOf = (routes: readonly Route[], { file, routeName, headers, now }: EventOptions): EventRecord => {
  const ceType = headers.get('ce_type')
  const { route, event, how, notes } = findRoute(
    routes,
    { name: eventFileName(file), json: readEventFile(file), ceType },
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
