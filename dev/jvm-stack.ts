import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { brokerConfig, type GuardedUsers, guardedListener } from './broker-config.ts'
import { freePorts } from './free-ports.ts'
import { fetchJars, type Jars, jarDirectory } from './jvm/jars.ts'
import { type Leash, leash } from './leash.ts'
import { until, whyBrokersDoNotAnswer, whyRegistryDoesNotAnswer } from './ready.ts'
import type { Stack, StackOptions } from './stack.ts'
import { StackUnavailable } from './stack-unavailable.ts'

const run = promisify(execFile)

const READY_WITHIN_MS = 60_000
const BIND_ATTEMPTS = 5
const JVM = ['-XX:+UseSerialGC', '-XX:-UsePerfData']

export interface Java {
  readonly command: string
  /** 0: there is none. */
  readonly version: number
}

export const findJava = async (env: NodeJS.ProcessEnv): Promise<Java> => {
  const home = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin', 'java') : undefined
  const command = home !== undefined && existsSync(home) ? home : 'java'
  const answer = await run(command, ['-version']).catch(() => ({ stderr: '' }))
  const version = /version "(?:1\.)?(\d+)/.exec(answer.stderr)?.[1]
  return { command, version: Number(version ?? 0) }
}

export const whyNoJvm = async (java: Java, env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  if (java.version === 0) return 'there is no java on the PATH'
  if (java.version < 17) return `${java.command} is version ${java.version}`
  if (existsSync(await jarDirectory(env))) return undefined
  const maven = await run('mvn', ['--version']).catch(() => undefined)
  return maven === undefined ? 'there is no mvn on the PATH' : undefined
}

export const startJvmStack = async (
  options: StackOptions & { readonly java: Java; readonly env: NodeJS.ProcessEnv },
): Promise<Stack> => {
  const { onProgress, signal, java } = options
  const jars = await fetchJars(await jarDirectory(options.env), onProgress, signal)
  const began = performance.now()
  const directory = await mkdtemp(join(tmpdir(), 'tsuchi-stack-'))

  // The first fault of either gives the other up too.
  const failed = new AbortController()
  const giveUp = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  const orGiveUp = <T>(start: Promise<T>) =>
    start.catch((fault: unknown) => {
      failed.abort()
      throw fault
    })
  const [kafka, registry] = await Promise.allSettled([
    orGiveUp(startKafka({ java, jars, directory, overrides: options.brokerConfig ?? {}, signal: giveUp })),
    orGiveUp(startRegistry({ java, jars, directory, signal: giveUp })),
  ])
  if (kafka.status === 'rejected' || registry.status === 'rejected') {
    if (kafka.status === 'fulfilled') await kafka.value.end()
    if (registry.status === 'fulfilled') await registry.value.end()
    await rm(directory, { recursive: true, force: true })
    signal?.throwIfAborted()
    const faults = [kafka, registry].flatMap((start) => (start.status === 'rejected' ? [start.reason as unknown] : []))
    throw faults.find((fault) => !(fault instanceof Error && fault.name === 'AbortError')) ?? faults[0]
  }
  const broker = kafka.value
  const { registryUrl, end: endRegistry } = registry.value
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  onProgress(`Kafka at ${broker.address} and registry at ${registryUrl} on the local JVM, after ${seconds} s`)
  return {
    kind: 'jvm',
    brokers: [broker.address],
    registryUrl,
    stop: async () => {
      await Promise.all([broker.end(), endRegistry()])
      await rm(directory, { recursive: true, force: true })
    },
    restartBroker: broker.restart,
  }
}

/** A broker alone that lets nobody do what no ACL allows. */
export interface GuardedBroker {
  /** Whoever comes here may do everything. */
  readonly address: string
  /** Here a user shows a password, by PLAIN or SCRAM, and may do what ACLs allow. */
  readonly guardedAddress: string
  stop(): Promise<void>
}

export const startGuardedBroker = async (
  options: Pick<StackOptions, 'onProgress'> & {
    readonly java: Java
    readonly env: NodeJS.ProcessEnv
    readonly users: GuardedUsers
  },
): Promise<GuardedBroker> => {
  const { java, users } = options
  const jars = await fetchJars(await jarDirectory(options.env), options.onProgress, undefined)
  const directory = await mkdtemp(join(tmpdir(), 'tsuchi-stack-'))
  try {
    const { signal } = new AbortController()
    const broker = await startKafka({ java, jars, directory, overrides: {}, signal, users })
    return {
      address: broker.address,
      guardedAddress: broker.guardedAddress,
      stop: async () => {
        await broker.end()
        await rm(directory, { recursive: true, force: true })
      },
    }
  } catch (fault) {
    await rm(directory, { recursive: true, force: true })
    throw fault
  }
}

interface Start {
  readonly java: Java
  readonly jars: Jars
  readonly directory: string
  readonly signal: AbortSignal
}

const startKafka = async ({
  java,
  jars,
  directory,
  overrides,
  signal,
  users,
}: Start & { overrides: Readonly<Record<string, string>>; users?: GuardedUsers }) => {
  for (let attempt = 1; ; attempt += 1) {
    const [port = 0, controllerPort = 0, internalPort = 0, guardedPort = 0] = await freePorts(users ? 4 : 3)
    const host = '127.0.0.1'
    const address = `${host}:${port}`
    const home = join(directory, `kafka-${attempt}`)
    const usual = brokerConfig({ advertised: { host, port }, listenHost: host, controllerPort, internalPort })
    const properties = {
      ...usual,
      ...(users && guardedListener(usual, { host, port: guardedPort }, users)),
      'log.dirs': join(home, 'data'),
      ...overrides,
    }
    const file = join(home, 'server.properties')
    await mkdir(home, { recursive: true })
    await writeFile(file, toProperties(properties))

    const clusterId = `x${randomBytes(16).toString('base64url').slice(1)}` // one that begins with a hyphen would be taken for an option
    // C1 alone suffices for a second's work. The broker itself keeps C2, which costs nothing at the start and counts in a bench.
    const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file, ...(users ? scramOptions(users) : [])]
    await run(java.command, [...JVM, '-XX:TieredStopAtLevel=1', '-cp', jars.kafkaClasspath, ...format], { signal })

    const launch = () =>
      leash(
        [
          java.command,
          '-Xmx512m',
          ...JVM,
          '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
          '-Dorg.slf4j.simpleLogger.showDateTime=true',
          '-cp',
          jars.kafkaClasspath,
          'kafka.Kafka',
          file,
        ],
        home,
      )
    let broker = launch()
    const ready = (patience: AbortSignal | undefined) =>
      untilReady('Kafka', broker, () => whyBrokersDoNotAnswer([address], clusterId), patience)
    try {
      await ready(signal)
    } catch (fault) {
      const portTaken = /BindException|Address already in use/.test(await broker.log())
      await broker.end()
      if (portTaken && attempt < BIND_ATTEMPTS && !signal.aborted) continue
      throw fault
    }
    return {
      address,
      guardedAddress: `${host}:${guardedPort}`,
      end: () => broker.end(),
      restart: async (how: 'shutdown' | 'crash', downMs = 0) => {
        await broker.kill(how === 'crash' ? 'SIGKILL' : 'SIGTERM')
        await delay(downMs)
        broker = launch()
        await ready(undefined)
      },
    }
  }
}

const scramOptions = (users: GuardedUsers): string[] =>
  Object.entries(users).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  )

const startRegistry = async ({ java, jars, directory, signal }: Start) => {
  const home = join(directory, 'registry')
  // Port 0: the system chooses, and the log tells.
  const registry = leash(
    [
      java.command,
      '-Xmx256m',
      ...JVM,
      `-Djava.io.tmpdir=${home}`,
      '-Dquarkus.http.host=127.0.0.1',
      '-Dquarkus.http.port=0',
      '-Dquarkus.log.category."io.quarkus".level=INFO',
      '-Dquarkus.http.access-log.enabled=false',
      '-Dquarkus.banner.enabled=false',
      '-jar',
      jars.registryJar,
    ],
    home,
  )
  let registryUrl = ''
  const whyNot = async () => {
    const base = /Listening on: (http:\/\/127\.0\.0\.1:\d+)/.exec(await registry.log())?.[1]
    if (base === undefined) return 'it does not listen yet'
    registryUrl = `${base}/apis/ccompat/v7`
    return whyRegistryDoesNotAnswer(registryUrl)
  }
  try {
    await untilReady('The schema registry', registry, whyNot, signal)
  } catch (fault) {
    await registry.end()
    throw fault
  }
  return { registryUrl, end: () => registry.end() }
}

const untilReady = async (
  name: string,
  child: Leash,
  whyNot: () => Promise<string | undefined>,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const orEnded = async () => {
    const end = child.ended()
    if (end) throw new Error(`it ended with status ${end.status}`)
    return whyNot()
  }
  try {
    await until(orEnded, { withinMs: READY_WITHIN_MS, ...(signal && { signal }) })
  } catch (fault) {
    if (signal?.aborted) throw fault
    const objection = fault instanceof Error ? fault.message : String(fault)
    throw new StackUnavailable(`${name} did not start on the local JVM: ${objection}. The end of its log:
${await child.logTail()}`)
  }
}

const toProperties = (properties: Readonly<Record<string, string>>) =>
  Object.entries(properties)
    .map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('')
