import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { deleteTopics } from '../../bench/delete-topics.ts'
import { printed } from '../../bench/waiting.ts'
import { type CuttableProxy, openProxy, openUrlProxy } from '../../dev/cuttable-proxy.ts'
import { leash } from '../../dev/leash.ts'
import { type Stack, startStack } from '../../dev/stack.ts'
import { patchKafkajs } from '../../src/kafka/kafkajs-patches.ts'
import { topicNames } from '../../src/kafka/topics.ts'
import type { Quiet } from '../verifier/history.ts'
import { layOutRoutes, type RouteName } from './inputs/routes.ts'

/** Everything but the workers: Kafka, registry, LINE, topics, schemas, and the workers' configuration. */
export interface Installation {
  readonly stack: Stack
  /** A client of nobody's but the run's. */
  kafka(purpose: string): Kafka
  readonly line: { readonly url: string; readonly way: CuttableProxy }
  readonly registry: CuttableProxy
  readonly names: ReturnType<typeof topicNames>
  readonly group: string
  readonly topicOf: (route: RouteName) => string
  readonly config: string
  readonly env: NodeJS.ProcessEnv
  /** Lays the routes out anew; workers that start from then on know this window. */
  setQuiet(quiet: Quiet): Promise<void>
  /** LINE sends the events of the channel with receipts there. */
  setWebhook(url: string): Promise<void>
}

export const PARTITIONS = 12
export const CHANNELS = {
  receipts: { clientId: '2000000001', receipts: 'webhook' },
  plain: { clientId: '2000000002', receipts: 'none' },
} as const
export type ChannelName = keyof typeof CHANNELS
export const WEBHOOK_PATH = '/line/webhook'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
/** LINE's own are unknown; soon enough for a run, and for longer than all workers and the broker may be away one after the other. */
const REDELIVERY_GAPS_MS = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]
const ATTEMPT_DEADLINE = 'PT2S'

export const openInstallation = async (options: {
  readonly directory: string
  /** Requests per second, of each channel and endpoint. */
  readonly limit: number
  readonly remembers: number
  readonly quiet: Quiet
  readonly say: (line: string) => void
  readonly signal: AbortSignal
  readonly cleanUp: AsyncDisposableStack
}): Promise<Installation> => {
  const { directory, limit, say, signal, cleanUp } = options
  patchKafkajs()
  const stack = await startStack({ onProgress: say, signal })
  cleanUp.defer(() => stack.stop())
  const prefix = `chaos-${randomBytes(3).toString('hex')}`
  const kafka = (purpose: string) =>
    new Kafka({
      brokers: stack.brokers,
      clientId: `${prefix}-${purpose}`,
      logLevel: logLevel.NOTHING,
      connectionTimeout: 3_000,
      retry: { initialRetryTime: 100, retries: 15, maxRetryTime: 2_000 },
    })
  if (stack.kind === 'given') cleanUp.defer(() => deleteTopics(kafka('clean-up'), prefix))

  const env = {
    ...process.env,
    TSUCHI_PEPPER: randomBytes(32).toString('base64'),
    TSUCHI_SEALING_KEY: randomBytes(32).toString('base64'),
    LINE_CHANNEL_SECRET: randomBytes(16).toString('hex'),
    TSUCHI_STATE: join(directory, 'state'), // each worker has its own
  }
  const launch = (name: string, args: readonly string[]) => {
    const child = leash([process.execPath, CLI, ...args], join(directory, name), env)
    cleanUp.defer(() => child.end())
    return child
  }
  const simulator = launch('line', [
    ...['line-simulator', '--port', '0', '--no-log-bodies', '--log-entries', String(options.remembers)],
    ...['--rate-limit', String(limit), '--latency', '10', '--redelivery-gaps', REDELIVERY_GAPS_MS.join(',')],
  ])
  const lineUrl = await printed(simulator, /^(http:\/\/\S+)$/m)
  const way = await openProxy({ host: '127.0.0.1', port: Number(new URL(lineUrl).port) })
  cleanUp.defer(() => way.close())
  const registry = await openUrlProxy(stack.registryUrl)
  cleanUp.defer(() => registry.close())

  const topicOf = (route: RouteName) => `${prefix}.events.${route}`
  const routes = await layOutRoutes(directory, topicOf, options.quiet)
  const destination = `U${randomBytes(16).toString('hex')}`
  const config = join(directory, 'tsuchi.yaml')
  const around = {
    brokers: stack.brokers,
    registryUrl: registry.url,
    lineUrl: `http://${way.address}`,
    prefix,
    routes,
    limit,
    destination,
  }
  await writeFile(config, JSON.stringify(configOf(around)))
  for (const args of [
    ['topics', 'create', '--events'],
    ['schemas', 'register', '--events'],
  ]) {
    const child = launch(args.join('-'), [...args, '--config', config])
    await child.whenEnded
    if (child.ended()?.status !== 0) throw new Error(`tsuchi ${args.join(' ')}:\n${await child.logTail()}`)
  }

  return {
    ...{ stack, kafka, registry, topicOf, config, env, group: prefix },
    line: { url: lineUrl, way },
    names: topicNames(prefix),
    setQuiet: async (quiet) => {
      await layOutRoutes(directory, topicOf, quiet)
    },
    setWebhook: async (url) => {
      const body = { channel: CHANNELS.receipts.clientId, url, secret: env.LINE_CHANNEL_SECRET, destination, redeliver: true }
      const answer = await fetch(`${lineUrl}/_simulator/webhooks`, { method: 'POST', body: JSON.stringify(body) })
      if (!answer.ok) throw new Error(`the simulator takes no webhook: ${await answer.text()}`)
    },
  }
}

const configOf = (around: {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly lineUrl: string
  readonly prefix: string
  readonly routes: string
  readonly limit: number
  readonly destination: string
}) => ({
  environment: 'development',
  kafka: { brokers: around.brokers, group: around.prefix },
  registry: { url: around.registryUrl },
  topics: { prefix: around.prefix, partitions: PARTITIONS, replication: 1 },
  privacy: { pepper: '${TSUCHI_PEPPER}', sealingKeys: ['${TSUCHI_SEALING_KEY}'] },
  routes: around.routes,
  quietHours: 'none',
  channels: Object.fromEntries(
    Object.entries(CHANNELS).map(([name, { clientId, receipts }]) => [
      name,
      {
        provider: 'line-simulator',
        baseUrl: around.lineUrl,
        // For whoever watches the sockets: the path does not tell the channel.
        headers: { 'x-channel': name },
        token: {
          kind: 'stateless',
          ...{ clientId, clientSecret: '${LINE_CHANNEL_SECRET}', url: `${around.lineUrl}/oauth2/v3/token` },
        },
        deadline: ATTEMPT_DEADLINE,
        probeEvery: 'PT3S',
        limits: { template: around.limit, flexible: around.limit },
        receipts,
        ...(receipts === 'webhook' && { webhook: { destination: around.destination, secrets: ['${LINE_CHANNEL_SECRET}'] } }),
      },
    ]),
  ),
  webhook: { host: '127.0.0.1', port: 0, path: WEBHOOK_PATH, heartbeatEvery: 'PT1S' },
  state: { directory: '${TSUCHI_STATE}' },
  http: { host: '127.0.0.1', port: 0 },
  shutdown: { budget: 'PT8S' },
})
