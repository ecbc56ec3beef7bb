import { existsSync } from 'node:fs'
import { startDockerStack, whyNoDocker } from './docker-stack.ts'
import { findJava, startJvmStack, whyNoJvm } from './jvm-stack.ts'
import { until, whyBrokersDoNotAnswer, whyRegistryDoesNotAnswer } from './ready.ts'
import { StackUnavailable } from './stack-unavailable.ts'

/** A real Kafka and a real schema registry (Confluent's API) for tests, the demo and the bench. */
export interface Stack {
  readonly kind: 'given' | 'docker' | 'jvm'
  readonly brokers: string[]
  readonly registryUrl: string
  /** Ends what was started for this stack and removes its data; leaves a given one alone. */
  stop(): Promise<void>
  /** Ends the broker (`crash`: as by kill -9) and starts it anew on the same port and data, at once or after so many ms. Only where we own
   *  its process. */
  restartBroker?(how: 'shutdown' | 'crash', downMs?: number): Promise<void>
}

export interface StackOptions {
  readonly onProgress: (line: string) => void
  /** Gives the start up. A stack that runs is ended by `stop` alone. */
  readonly signal?: AbortSignal
  /** Laid over the broker's configuration; a given stack keeps its own. */
  readonly brokerConfig?: Readonly<Record<string, string>>
}

/** In this order: what KAFKA_BROKERS and SCHEMA_REGISTRY_URL name, Docker, the local JVM. TSUCHI_STACK=docker or jvm asks for one.
 *  @throws StackUnavailable when there is none, with what would mend it. */
export const startStack = async (options: StackOptions): Promise<Stack> => {
  const env = process.env
  const wanted = env.TSUCHI_STACK || undefined
  if (wanted !== undefined && wanted !== 'docker' && wanted !== 'jvm') {
    throw new StackUnavailable(`TSUCHI_STACK=${wanted} is not known: set it to docker or jvm, or unset it`)
  }
  if (wanted === undefined && (env.KAFKA_BROKERS || env.SCHEMA_REGISTRY_URL)) return givenStack(env, options)

  let noDocker = 'TSUCHI_STACK=jvm is set'
  if (wanted !== 'jvm') {
    const attempt = (await whyNoDocker(env)) ?? (await startDockerStack(options))
    if (typeof attempt !== 'string') return attempt
    noDocker = attempt
  }
  let noJvm = 'TSUCHI_STACK=docker is set'
  if (wanted !== 'docker') {
    const java = await findJava(env)
    const attempt = (await whyNoJvm(java, env)) ?? (await startJvmStack({ ...options, java, env }))
    if (typeof attempt !== 'string') return attempt
    noJvm = attempt
  }
  throw new StackUnavailable(
    [
      'There is no Kafka and schema registry to work with. Any one of these mends it:',
      '  given   set KAFKA_BROKERS and SCHEMA_REGISTRY_URL to ones that run,',
      '          e.g. KAFKA_BROKERS=127.0.0.1:9092 SCHEMA_REGISTRY_URL=http://127.0.0.1:8080/apis/ccompat/v7',
      `  docker  start a Docker daemon that this user may talk to (now: ${noDocker})`,
      `  jvm     install Java 17 or later and Maven, e.g. ${installCommand()} (now: ${noJvm})`,
    ].join('\n'),
  )
}

const installCommand = () =>
  existsSync('/usr/bin/apt-get') ? 'apt-get install openjdk-17-jre-headless maven' : 'brew install openjdk@17 maven'

const ANSWER_WITHIN_MS = 10_000

const givenStack = async (env: NodeJS.ProcessEnv, { onProgress, signal }: StackOptions): Promise<Stack> => {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL } = env
  if (!KAFKA_BROKERS) {
    throw new StackUnavailable(
      'SCHEMA_REGISTRY_URL is set but KAFKA_BROKERS is not: set KAFKA_BROKERS too (host:port,…), or unset both',
    )
  }
  if (!SCHEMA_REGISTRY_URL) {
    throw new StackUnavailable('KAFKA_BROKERS is set but SCHEMA_REGISTRY_URL is not: set SCHEMA_REGISTRY_URL too, or unset both')
  }
  const brokers = KAFKA_BROKERS.split(',').map((broker) => broker.trim())
  const registryUrl = SCHEMA_REGISTRY_URL.replace(/\/+$/, '')
  const limits = { withinMs: ANSWER_WITHIN_MS, ...(signal && { signal }) }
  const remedy = 'start it, or unset KAFKA_BROKERS and SCHEMA_REGISTRY_URL to have a local stack started'
  await Promise.all([
    until(() => whyBrokersDoNotAnswer(brokers), limits).catch((cause: unknown) => {
      throw new StackUnavailable(`KAFKA_BROKERS=${KAFKA_BROKERS} does not answer (${reason(cause)}): ${remedy}`)
    }),
    until(() => whyRegistryDoesNotAnswer(registryUrl), limits).catch((cause: unknown) => {
      throw new StackUnavailable(`SCHEMA_REGISTRY_URL=${SCHEMA_REGISTRY_URL} does not answer (${reason(cause)}): ${remedy}`)
    }),
  ])
  onProgress(`Using the given Kafka at ${brokers.join(',')} and registry at ${registryUrl}`)
  return { kind: 'given', brokers, registryUrl, stop: async () => {} }
}

const reason = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))
