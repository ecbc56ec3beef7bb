import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { type Leash, leash } from '../dev/leash.ts'
import { type Stack, startStack } from '../dev/stack.ts'
import { systemClock } from '../src/clock.ts'
import { patchKafkajs } from '../src/kafka/kafkajs-patches.ts'
import { deleteTopics } from './delete-topics.ts'
import { type Deployment, type DeploymentOptions, deploy } from './deployment.ts'
import { type Events, openEvents } from './events.ts'
import { type Line, lineAt } from './line.ts'
import { type BenchRoute, layOutRoutes } from './routes.ts'
import type { Bench } from './scenario.ts'
import { printed } from './waiting.ts'

/** Kafka, registry, LINE, routes and their topics: what several deployments of tsuchi may share, and what a bare loop needs. */
export interface Installation {
  readonly stack: Stack
  readonly kafka: Kafka
  readonly line: Line
  readonly events: Events
  readonly routes: string
  readonly topicOf: (route: BenchRoute) => string
  /** tsuchi's own topics and groups, fresh. The first one makes the topics of the routes too; events can be produced from then on. */
  deploy(options?: DeploymentOptions): Promise<Deployment>
  /** Any other program, in its own process. */
  launch(name: string, command: readonly string[]): Leash
}

export interface InstallationOptions {
  /** How long LINE takes to answer, ms. */
  readonly latency: number
  /** Requests per second that LINE takes; left out: any number. */
  readonly rateLimit?: number
  /** How many requests LINE's log keeps. */
  readonly remembers: number
}

const ANY_NUMBER = 1_000_000
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url))

export const openInstallation = async (bench: Bench, options: InstallationOptions): Promise<Installation> => {
  const { say, cleanUp, profiles } = bench
  patchKafkajs()
  const directory = await mkdtemp(join(tmpdir(), 'tsuchi-bench-'))
  cleanUp.defer(() => rm(directory, { recursive: true, force: true }))
  const stack = await startStack({ onProgress: say })
  cleanUp.defer(() => stack.stop())

  const prefix = `bench-${randomBytes(3).toString('hex')}`
  const kafka = new Kafka({ brokers: stack.brokers, clientId: 'bench', logLevel: logLevel.NOTHING })
  if (stack.kind === 'given') cleanUp.defer(() => deleteTopics(kafka, prefix))
  const topicOf = (route: BenchRoute) => `${prefix}.events.${route}`
  const routes = await layOutRoutes(directory, topicOf)
  const env = {
    ...process.env,
    TSUCHI_PEPPER: randomBytes(32).toString('base64'),
    TSUCHI_SEALING_KEY: randomBytes(32).toString('base64'),
    TSUCHI_STATE: join(directory, 'state'), // each worker has its own: see deployment.ts
  }
  let launched = 0
  const launch = (name: string, command: readonly string[], more: Readonly<Record<string, string>> = {}): Leash => {
    const child = leash([process.execPath, ...command], join(directory, `${name}-${launched++}`), { ...env, ...more })
    cleanUp.defer(() => child.end())
    return child
  }

  const rateLimit = options.rateLimit ?? ANY_NUMBER
  const simulator = launch('line', [
    ...[CLI, 'line-simulator', '--port', '0', '--no-log-bodies', '--latency', String(options.latency)],
    ...['--rate-limit', String(rateLimit), '--log-entries', String(options.remembers)],
  ])
  const line = lineAt(await printed(simulator, /^(http:\/\/\S+)$/m))
  const events = await openEvents({ kafka, registryUrl: stack.registryUrl, topicOf, now: systemClock.now, cleanUp })

  let deployed = 0
  return {
    ...{ stack, kafka, line, events, routes, topicOf, launch },
    deploy: (each = {}) => {
      const name = `${prefix}-${deployed++}`
      const around = { say, directory, name, stack, lineUrl: line.url, rateLimit, routes, launch, profiles }
      return deploy({ ...around, isFirst: deployed === 1 }, each)
    },
  }
}
