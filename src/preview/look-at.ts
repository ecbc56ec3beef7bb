import type { Kafka } from 'kafkajs'
import type { Config } from '../config.ts'
import { sourceOf } from '../intake/intake.ts'
import { EXAMPLE_TOKEN } from '../intake/link-token-place.ts'
import { createEventReader, createRegistry } from '../kafka/event-reader.ts'
import { eventRecordOf } from './event-record.ts'
import { type LenientRoutes, lenientRoutes } from './lenient-routes.ts'
import { hasPepper, previewOf } from './preview.ts'
import { PreviewError } from './preview-error.ts'
import type { Told } from './tell.ts'
import { type RecordPlace, recordAt } from './topic-record.ts'

interface Look {
  readonly config: Config
  /** As of when, ms since the epoch. */
  readonly now: number
  /** The most recipients that are shown. */
  readonly most: number
  readonly onProgress?: (done: number, total: number) => void
}

/** An event in a file. Needs nothing but the configuration, its routes and their schemas. Throws EventFileError and PreviewError. */
export const lookAtFile = async (
  { config, now, most, ...progress }: Look,
  source: { readonly file: string; readonly routeName: string | undefined; readonly headers: ReadonlyMap<string, string> },
): Promise<Told> => {
  const known = lenientRoutes(config, now)
  const event = orFaults(known, () => eventRecordOf(known.routes, { ...source, now }))
  const preview = await previewOf({ ...event, config, routes: [event.route], value: null, now, ...progress })
  const from = source.file === '-' ? 'stdin' : source.file
  return {
    preview,
    config,
    from,
    most,
    how: event.how,
    review: known.reviewOf(event.route),
    notes: notesOf(known, config, event),
  }
}

/** A record of a topic. Throws PreviewError, and RegistryUnavailableError. */
export const lookAtRecord = async ({ config, now, most, ...progress }: Look, kafka: Kafka, place: RecordPlace): Promise<Told> => {
  const known = lenientRoutes(config, now)
  const record = await recordAt(kafka, place)
  const { value } = record
  const reading = await createEventReader(createRegistry(config.registry)).read(value)
  const preview = await previewOf({
    config,
    routes: known.routes,
    record: sourceOf(record, record),
    value,
    reading,
    now,
    ...progress,
  })
  const { route } = preview
  return {
    preview,
    config,
    from: `${record.topic}/${record.partition} at offset ${record.offset}`,
    most,
    how: 'by the type of the record',
    review: route && known.reviewOf(route),
    notes: notesOf(known, config, { route, notes: [] }),
  }
}

/** The route that was looked for may be one of those with faults. */
const orFaults = <T>({ faults }: LenientRoutes, look: () => T): T => {
  try {
    return look()
  } catch (error) {
    if (!(error instanceof PreviewError) || faults.length === 0) throw error
    throw new PreviewError(
      `${error.message}\nRoutes with faults were not looked at:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
  }
}

const notesOf = (
  { faults }: LenientRoutes,
  config: Config,
  { route, notes }: { readonly route: Told['preview']['route']; readonly notes: readonly string[] },
): readonly string[] => {
  const isListed = route?.kind === 'notify' && config.channels[route.channel]?.mode === 'allow-list'
  return [
    ...notes,
    ...(isListed && !hasPepper(config)
      ? ['Whether the allow-list has them cannot be said without the pepper: set the variables that the configuration names.']
      : []),
    ...(route?.kind === 'notify' && route.message.hasLinkToken
      ? [`The link token in URLs is an example, ${EXAMPLE_TOKEN}: each notification has one of its own.`]
      : []),
    ...(faults.length > 0
      ? [`Other route files have faults: \`tsuchi check\` says which, and a worker does not start with them.`]
      : []),
  ]
}
