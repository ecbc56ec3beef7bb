import { dirname, relative } from 'node:path'
import type { Kafka } from 'kafkajs'
import { accessFaults } from '../access.ts'
import { surveyConfigured, undemanding } from '../app.ts'
import type { Clock } from '../clock.ts'
import type { Environment } from '../config/variables.ts'
import type { Config } from '../config.ts'
import { formatFault } from '../intake/route-fault.ts'
import type { RoutesSurvey } from '../intake/routes.ts'
import { MUTE_REMEDY } from '../kafka/client.ts'
import { createRegistry } from '../kafka/event-reader.ts'
import { createRegistryApi } from '../kafka/registry-api.ts'
import { withAdmin } from '../kafka/topics.ts'
import { channelsOf } from './channels.ts'
import { readConfiguration } from './configuration.ts'
import { credentials } from './credentials.ts'
import { eventTopics } from './event-topics.ts'
import { faultsOfFailure, LookTimeout } from './failed-look.ts'
import { count, type Findings, type Section } from './findings.ts'
import { hostWarnings } from './host.ts'
import { immutables } from './immutables.ts'
import { ownTopics } from './own-topics.ts'
import { schemas } from './schemas.ts'
import { type WriterSchema, writerSchema } from './writer-schemas.ts'

export interface CheckOptions {
  /** Of the configuration. */
  readonly file: string
  readonly env?: Environment
  readonly clock: Clock
  readonly kafkaFor: (config: Config) => Kafka
  /** Asks neither brokers nor registry nor LINE, and needs no secrets. */
  readonly offline: boolean
  /** Warnings count as faults. */
  readonly strict: boolean
  readonly writerSchemas: readonly WriterSchema[]
  /** How long the brokers may take to answer at all: 10 s, if it is not said. */
  readonly brokersMs?: number
  /** Called as each section is done. */
  readonly onSection: (section: Section) => void
}

/** What would keep a worker from doing what it promises, each fault with its remedy. Looks only; changes nothing. A look that fails is a
 *  fault of its section, and the others still run. */
export const check = async (options: CheckOptions): Promise<readonly Section[]> => {
  const sections: Section[] = []
  const say = (name: string, { looked, skipped = false, well = [], faults = [], warnings = [] }: Findings): void => {
    const found = options.strict ? { faults: [...faults, ...warnings], warnings: [] } : { faults, warnings }
    const section = { name, looked, skipped, well, ...found }
    sections.push(section)
    options.onSection(section)
  }
  /** Returns whether it could be looked at. */
  const look = async (
    name: string,
    work: () => Promise<Findings>,
    { ms, remedy }: Patience = { ms: LOOK_MS, remedy: 'try again, and look at the network' },
  ): Promise<boolean> => {
    try {
      say(name, await within(work(), { ms, remedy }))
      return true
    } catch (error) {
      say(name, { looked: 'could not be looked at', faults: faultsOfFailure(error) })
      return false
    }
  }

  const { clock, offline } = options
  const { config, findings } = readConfiguration({ ...options, now: clock.now() })
  say(
    'configuration',
    config && !offline ? { ...findings, warnings: [...(findings.warnings ?? []), ...(await hostWarnings(config))] } : findings,
  )
  if (!config) return sections

  const survey = surveyConfigured(config, clock.now())
  say('routes', routesFindings(config, survey))
  // What still waits for LINE's review can be read, and asked about, all the same.
  const known = survey.faults.length === 0 ? survey : surveyConfigured(undemanding(config), clock.now())
  const { routes } = known
  const registry = createRegistryApi(config.registry)
  for (const each of options.writerSchemas)
    await look('writer schema', async () => {
      const found = await writerSchema(each, routes, offline ? null : registry)
      return known.faults.length === 0 ? found : { ...found, warnings: [...(found.warnings ?? []), LEFT_OUT] }
    })
  const channels = await channelsOf(config, clock.monotonic)
  say('channels', channels.findings)
  if (offline) {
    say('offline', { looked: 'neither brokers nor registry nor LINE were asked', skipped: true })
    return sections
  }

  const asked = async () => brokers(options.kafkaFor(config), config)
  if (await look('brokers', asked, { ms: options.brokersMs ?? BROKERS_MS, remedy: muteRemedyOf(config) })) {
    const kafka = options.kafkaFor(config)
    await look('access', () => access(config, routes))
    await look('topics', () => withAdmin(kafka, (admin) => ownTopics(admin, config, routes)))
    await look('immutables', () => immutables(kafka, config))
    await look('events', () => withAdmin(kafka, (admin) => eventTopics(admin, routes)))
  } else say('access, topics, immutables, events', { looked: 'not looked at without brokers', skipped: true })
  const asking = {
    api: registry,
    client: createRegistry(config.registry),
    until: clock.monotonic() + SCHEMAS_MS,
    monotonic: clock.monotonic,
  }
  await look('schemas', () => schemas(asking, config, routes))
  await look('credentials', () => credentials(config, channels.usable))
  return sections
}

const LEFT_OUT = 'routes with faults were left out, and may break as well: mend them, and ask again'

/** A person waits. */
const LOOK_MS = 60_000
/** Whoever refuses the connection has done so by then, seven times. */
const BROKERS_MS = 10_000
/** What was found until then is told; a request more ends before the look does. */
const SCHEMAS_MS = 45_000

interface Patience {
  readonly ms: number
  /** What to do when nothing came of it. */
  readonly remedy: string
}

const muteRemedyOf = ({ kafka: { brokers } }: Config): string => `${brokers.join(', ')} (kafka.brokers): ${MUTE_REMEDY}`

const within = async <T>(work: Promise<T>, { ms, remedy }: Patience): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new LookTimeout(`no answer within ${ms / 1_000} s: ${remedy}`)), ms)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

const routesFindings = (config: Config, { routes, faults, warnings }: RoutesSurvey): Findings => ({
  looked:
    faults.length === 0
      ? `${routes.length} in ${placeOf(config)}`
      : `${routes.length} sound, and ${count(new Set(faults.map(({ file }) => file)).size, 'file')} with faults, in ${placeOf(config)}`,
  faults: faults.map(formatFault),
  warnings: warnings.map(formatFault),
})

/** As the configuration names it, mostly. */
const placeOf = ({ file, routes }: Config): string => {
  const path = relative(dirname(file), routes)
  return path.startsWith('..') ? routes : `${path}/`
}

const brokers = async (kafka: Kafka, { kafka: { brokers: given } }: Config): Promise<Findings> => {
  const cluster = await withAdmin(kafka, (admin) => admin.describeCluster())
  return { looked: `${count(cluster.brokers.length, 'broker')}, found by ${given.join(', ')}` }
}

const access = async (config: Config, routes: Parameters<typeof accessFaults>[2]): Promise<Findings> => ({
  looked: 'what a worker, and this command, must be allowed',
  faults: await accessFaults(config, ['intake', 'dispatch', 'check'], routes),
})
