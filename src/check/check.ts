import { dirname, relative } from 'node:path'
import type { Kafka } from 'kafkajs'
import { accessFaults } from '../access.ts'
import { surveyConfigured, undemanding } from '../app.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { formatFault } from '../intake/route-fault.ts'
import type { RoutesSurvey } from '../intake/routes.ts'
import { createRegistry } from '../kafka/event-reader.ts'
import { createRegistryApi } from '../kafka/registry-api.ts'
import { withAdmin } from '../kafka/topics.ts'
import type { Environment } from '../variables.ts'
import { channelsOf } from './channels.ts'
import { readConfiguration } from './configuration.ts'
import { credentials } from './credentials.ts'
import { eventTopics } from './event-topics.ts'
import { faultsOfFailure, LookTimeout } from './failed-look.ts'
import { count, type Findings, type Section } from './findings.ts'
import { immutables } from './immutables.ts'
import { ownTopics } from './own-topics.ts'
import { schemas } from './schemas.ts'
import { type WriterSchema, writerSchema } from './writer-schemas.ts'

export interface CheckOptions {
  /** Of the configuration. */
  readonly file: string
  readonly env: Environment
  readonly clock: Clock
  readonly kafkaFor: (config: Config) => Kafka
  /** Asks neither brokers nor registry nor LINE, and needs no secrets. */
  readonly offline: boolean
  /** Warnings count as faults. */
  readonly strict: boolean
  readonly writerSchemas: readonly WriterSchema[]
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
  const look = async (name: string, work: () => Promise<Findings>): Promise<boolean> => {
    try {
      say(name, await within(LOOK_MS, work()))
      return true
    } catch (error) {
      say(name, { looked: 'could not be looked at', faults: faultsOfFailure(error) })
      return false
    }
  }

  const { clock, offline } = options
  const { config, findings } = readConfiguration({ ...options, now: clock.now() })
  say('configuration', findings)
  if (!config) return sections

  const survey = surveyConfigured(config, clock.now())
  say('routes', routesFindings(config, survey))
  // What still waits for LINE's review can be read, and asked about, all the same.
  const known = surveyConfigured(undemanding(config), clock.now())
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

  const kafka = options.kafkaFor(config)
  if (await look('brokers', () => brokers(kafka, config))) {
    await look('access', () => access(config, routes))
    await look('topics', () => withAdmin(kafka, (admin) => ownTopics(admin, config, routes)))
    await look('immutables', () => immutables(kafka, config))
    await look('events', () => withAdmin(kafka, (admin) => eventTopics(admin, routes)))
  } else say('access, topics, immutables, events', { looked: 'not looked at without brokers', skipped: true })
  await look('schemas', () => schemas({ api: registry, client: createRegistry(config.registry) }, config, routes))
  await look('credentials', () => credentials(config, channels.usable))
  return sections
}

const LEFT_OUT = 'routes with faults were left out, and may break as well: mend them, and ask again'

/** A person waits. */
const LOOK_MS = 60_000

const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new LookTimeout(`no answer within ${ms / 1_000} s: try again, and look at the network`)),
    ms,
  )
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
