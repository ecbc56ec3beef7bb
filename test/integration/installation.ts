import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { type IHeaders, Kafka } from 'kafkajs'
import { pino } from 'pino'
import { inject, vi } from 'vitest'
import { stringify } from 'yaml'
import { type StageName, stagesOf, startWorker, type Worker } from '../../src/app.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { createTopics } from '../../src/kafka/create-topics.ts'
import { createRegistry } from '../../src/kafka/event-reader.ts'
import type { StartFrom } from '../../src/kafka/intake-group.ts'
import { publishedBy, registerSchema } from '../../src/kafka/published-schemas.ts'
import { type TopicNames, topicNames } from '../../src/kafka/topics.ts'
import { digestOf } from '../../src/line-simulator/people.ts'
import type { LogEntry } from '../../src/line-simulator/request-log.ts'
import { type Simulator, startSimulator } from '../../src/line-simulator/simulator.ts'
import type { Parts } from '../../src/stages/stage.ts'
import { deleteTopics, makeTopics } from './domain-topics.ts'
import type { Event } from './events.ts'
import {
  type FurtherRoute,
  layOutRoutes,
  type RouteChanges,
  type RouteName,
  registerEventSchemas,
  topicsOf,
  USUAL_ROUTES,
} from './installed-routes.ts'
import { laidOver } from './laid-over.ts'
import { PATIENCE_MS } from './patience.ts'
import { observeResults, type Place, type ResultObserver } from './results.ts'

/** Everything one test needs, fresh: topics, groups, configuration, LINE. Workers are started by the test. */
export interface Installation {
  /** Prefix of its topics, and of its groups. */
  readonly name: string
  readonly directory: string
  readonly configFile: string
  /** What `configFile` wants from the environment. */
  readonly env: Readonly<Record<string, string>>
  readonly config: Config
  readonly topics: TopicNames
  /** The domain topic of each route. */
  readonly events: Readonly<Record<RouteName, string>>
  readonly kafka: Kafka
  readonly simulator: Simulator
  readonly results: ResultObserver
  /** What all workers have logged, at level trace: one JSON object each. */
  readonly log: readonly string[]
  /** In the order in which they were started. */
  readonly workers: readonly Worker[]
  /** Resolves when the worker says that it is ready. */
  startWorker(options?: WorkerOptions): Promise<Worker>
  /** Encodes through the registry, with the schema that is registered for the topic, and returns where the records lie. */
  produce(route: RouteName, ...events: readonly Event[]): Promise<readonly Place[]>
  produceOne(route: RouteName, event: Event, options?: RecordOptions): Promise<Place>
  encode(route: RouteName, event: Event): Promise<Buffer>
  /** As it is, to any topic. */
  produceRaw(topic: string, record: RawRecord): Promise<Place>
  /** Requests to send something, in the order in which LINE had them; to one phone, if it is given. */
  sends(phone?: string): readonly LogEntry[]
  /** LINE posts the events of channel main there from now on. */
  registerWebhook(url: string): void
  /** Stops what runs, and takes everything away. Idempotent. */
  close(): Promise<void>
}

export interface WorkerOptions {
  readonly stages?: readonly StageName[]
  readonly from?: StartFrom
  readonly clock?: Clock
  readonly config?: Config
  readonly aroundJournal?: Parts['aroundJournal']
  /** Where its stores are, in the installation's directory, or `memory`. Default: nowhere that another worker had. */
  readonly state?: string
  /** Its death is what the test is about: see `done`. Otherwise, whoever waits for results is told. */
  readonly mayDie?: true
}

export interface RecordOptions {
  readonly key?: Buffer | string
  readonly headers?: IHeaders
  readonly partition?: number
  /** Of the record, ms since the epoch. Default: now. */
  readonly timestamp?: number
}

export interface RawRecord extends RecordOptions {
  readonly value: Buffer | string | null
}

export interface InstallationOptions {
  /** Of tsuchi's own topics, and of the domain topics. Default 3: few are quick. */
  readonly partitions?: number
  /** Laid over the configuration, mapping by mapping. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly routes?: RouteChanges
  /** Shipped routes beside the usual ones. Each costs a topic. */
  readonly furtherRoutes?: readonly FurtherRoute[]
  readonly simulator?: Parameters<typeof startSimulator>[0]
  /** Channel main has receipts by webhook, and the simulator posts to the webhook of the worker that was started last; or nowhere, until the
   *  test says where. */
  readonly webhook?: true | 'unregistered'
  /** Whether the schema of results is registered. Default: it is. */
  readonly results?: 'unregistered'
  /** Other brokers than those that all tests share. */
  readonly brokers?: string[]
  /** Where tsuchi finds the registry; the test itself always asks the real one. */
  readonly registryUrl?: string
}

export const install = async (options: InstallationOptions = {}): Promise<Installation> => {
  const name = `it-${randomUUID().slice(0, 8)}`
  const partitions = options.partitions ?? 3
  const brokers = options.brokers ?? inject('brokers')
  const registryUrl = inject('registryUrl')
  const kafka = new Kafka({ brokers, clientId: 'test', logCreator: () => () => {}, retry: { initialRetryTime: 20 } })
  const simulator = await startSimulator({ ...PATIENT_LINE, ...options.simulator })
  const directory = await mkdtemp(join(tmpdir(), 'tsuchi-test-'))
  const env = {
    TSUCHI_PEPPER: randomBytes(32).toString('base64'),
    TSUCHI_SEALING_KEY: randomBytes(32).toString('base64'),
    LINE_CHANNEL_SECRET: randomBytes(16).toString('hex'),
    TSUCHI_STATE: 'state', // every worker has one of its own: see startWorker and spawnWorker
  }

  const routes = [...USUAL_ROUTES, ...(options.furtherRoutes ?? [])]
  await layOutRoutes(directory, name, routes, options.routes ?? {})
  const configFile = join(directory, 'tsuchi.yaml')
  const defaults = {
    environment: 'development',
    kafka: { brokers, group: name },
    registry: { url: options.registryUrl ?? registryUrl },
    topics: { prefix: name, partitions, replication: 1 },
    privacy: { pepper: '${TSUCHI_PEPPER}', sealingKeys: ['${TSUCHI_SEALING_KEY}'] },
    state: { directory: '${TSUCHI_STATE}' },
    quietHours: 'none', // tests run at any hour
    channels: {
      main: {
        provider: 'line-simulator',
        baseUrl: simulator.url,
        token: {
          kind: 'stateless',
          clientId: LINE_CHANNEL,
          clientSecret: '${LINE_CHANNEL_SECRET}',
          url: `${simulator.url}/oauth2/v3/token`,
        },
        deadline: 'PT20S', // of a busy machine: whoever tests a time-out says less
      },
    },
    http: { host: '127.0.0.1', port: 0 },
    shutdown: { budget: 'PT20S' },
  }
  const settings = options.webhook ? laidOver(defaults, withWebhook) : defaults
  await writeFile(configFile, stringify(laidOver(settings, options.config ?? {})))
  const config = loadConfig(configFile, env)

  const topics = topicNames(name)
  const events = topicsOf(name)
  await makeTopics(
    kafka,
    routes.map((route) => events[route]),
    partitions,
  )
  await createTopics({
    kafka,
    names: topics,
    partitions,
    replication: 1,
    pepper: config.privacy.pepper,
    group: name,
    onProgress: () => {},
  })
  const published = options.results === 'unregistered' ? [] : publishedBy(topics)
  for (const { topic, schema } of published)
    await registerSchema(createRegistry({ url: registryUrl }), topic, schema, 'published')

  const registry = new SchemaRegistry({ host: registryUrl })
  const schemaIds = await registerEventSchemas(registry, events, routes)
  const producer = kafka.producer({ allowAutoTopicCreation: false, metadataMaxAge: 0 }) // 0: tests add partitions
  await producer.connect()
  const results = await observeResults({ kafka, topic: topics.results, registryUrl })

  const log: string[] = []
  const logger = pino({ level: 'trace', base: null }, { write: (line: string) => log.push(line) })
  const workers: Worker[] = []
  const encode = (route: RouteName, event: Event) => {
    const id = schemaIds.get(route)
    if (id === undefined) throw new Error(`route ${route} is not installed`)
    return registry.encode(id, event)
  }
  const send = async (topic: string, records: readonly RawRecord[]): Promise<Place[]> => {
    const places: Place[] = []
    // One by one: a batch would spread over the partitions, and its places could not be told.
    for (const { timestamp, ...record } of records) {
      const message = { key: null, ...record, ...(timestamp !== undefined && { timestamp: String(timestamp) }) }
      const [written] = await producer.send({ topic, acks: -1, messages: [message] })
      if (written?.baseOffset === undefined) throw new Error(`${topic} took nothing: kafkajs knows of no such partition`)
      places.push({ topic, partition: written.partition, offset: Number(written.baseOffset) })
    }
    return places
  }
  const registerWebhook = (url: string) => {
    const secret = config.channels.main?.webhook?.secrets[0] ?? ''
    simulator.webhooks.set({ channel: LINE_CHANNEL, url, secret, destination: DESTINATION })
  }
  /** As by the button of LINE's console: the webhook has heard of LINE when this is over. */
  const verifyWebhook = async () => {
    const body = JSON.stringify({ channel: LINE_CHANNEL })
    await fetch(`${simulator.url}/_simulator/webhooks/check`, { method: 'POST', body })
  }
  let closed: Promise<void> | undefined
  const close = async () => {
    for (const worker of workers) await worker.stop()
    await Promise.all([results.close(), producer.disconnect(), simulator.stop()])
    await deleteTopics(kafka, [...Object.values(topics), ...Object.values(events)])
    await rm(directory, { recursive: true })
  }

  return {
    name,
    directory,
    configFile,
    env,
    config,
    topics,
    events,
    kafka,
    simulator,
    results,
    log,
    workers,
    startWorker: async (given = {}) => {
      const { stages = stagesOf(given.config ?? config), from, clock = systemClock, aroundJournal } = given
      const folder = given.state ?? `state-${workers.length}`
      const state = folder === 'memory' ? folder : { directory: join(directory, folder) }
      const worker = await startWorker({
        config: { ...(given.config ?? config), state },
        stages,
        from,
        clock,
        log: logger,
        ...(aroundJournal && { aroundJournal }),
      })
      workers.push(worker)
      if (options.webhook === true && worker.webhookUrl) {
        registerWebhook(worker.webhookUrl)
        await verifyWebhook()
      }
      if (!given.mayDie) worker.done.catch((error: Error) => results.giveUp(error))
      try {
        await untilReady(worker)
      } catch (fault) {
        await worker.stop()
        throw fault
      }
      return worker
    },
    produce: async (route, ...each) =>
      send(events[route], await Promise.all(each.map(async (event) => ({ value: await encode(route, event) })))),
    produceOne: async (route, event, record = {}) =>
      only(await send(events[route], [{ ...record, value: await encode(route, event) }])),
    encode,
    produceRaw: async (topic, record) => only(await send(topic, [record])),
    sends: (phone) =>
      [...simulator.log.after(0, Number.POSITIVE_INFINITY)].filter(
        ({ endpoint, to }) => endpoint !== 'token' && (phone === undefined || to === digestOf(phone)),
      ),
    registerWebhook,
    close: () => {
      closed ??= close()
      return closed
    },
  }
}

/** The same with one worker that is ready. */
export const installRunning = async (options: InstallationOptions = {}, worker: WorkerOptions = {}): Promise<Installation> => {
  const at = await install(options)
  try {
    await at.startWorker(worker)
    return at
  } catch (fault) {
    await at.close()
    throw fault
  }
}

/** Asks `/readyz` until it says so. Rejects with the fault of a worker that dies before. */
export const untilReady = async (worker: Pick<Worker, 'url' | 'done'>): Promise<void> => {
  let fault: Error | undefined
  worker.done.catch((error: Error) => {
    fault = error
  })
  await vi.waitUntil(async () => fault !== undefined || (await fetch(`${worker.url}/readyz`).then((answer) => answer.ok)), {
    timeout: PATIENCE_MS,
    interval: 20,
  })
  if (fault) throw fault
}

const only = (places: readonly Place[]): Place => {
  const [place] = places
  if (!place) throw new Error('nothing was produced')
  return place
}

/** What a busy machine does not take in time is not lost: LINE waits longer, and sends again what was refused. */
const PATIENT_LINE = { webhookTimeoutMs: 20_000, redeliver: true, redeliveryGapsMs: Array.from({ length: 60 }, () => 500) }

/** Of channel main. */
export const LINE_CHANNEL = '2001234567'
export const DESTINATION = 'U8e742f61d673b39c7fff3cecb7536ef0'

const withWebhook = {
  channels: { main: { receipts: 'webhook', webhook: { destination: DESTINATION, secrets: ['${LINE_CHANNEL_SECRET}'] } } },
  webhook: { host: '127.0.0.1', port: 0, heartbeatEvery: 'PT1S' },
}
