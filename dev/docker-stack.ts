import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { brokerConfig } from './broker-config.ts'
import { freePorts } from './free-ports.ts'
import { until, whyBrokersDoNotAnswer, whyRegistryDoesNotAnswer } from './ready.ts'
import type { Stack, StackOptions } from './stack.ts'
import { StackUnavailable } from './stack-unavailable.ts'

const KAFKA_IMAGE = 'apache/kafka:4.2.0'
const REGISTRY_IMAGE = 'apicurio/apicurio-registry:3.0.9'
const REGISTRY_PORT = 8080
const PING_WITHIN_MS = 2000
const READY_WITHIN_MS = 60_000
const BIND_ATTEMPTS = 5

/** A look of 2 s at most, before testcontainers, which takes longer to load, is asked. */
export const whyNoDocker = async (env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  const host = env.DOCKER_HOST
  if (host && !host.startsWith('unix://')) {
    const { hostname, port } = new URL(host)
    return (await connects(hostname, Number(port || 2375))) ? undefined : `nobody answers at DOCKER_HOST=${host}`
  }
  if (host) return (await pings(host.slice('unix://'.length))) ? undefined : `no daemon answers at DOCKER_HOST=${host}`
  const sockets = [
    '/var/run/docker.sock',
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, 'docker.sock')] : []),
    join(homedir(), '.docker', 'run', 'docker.sock'),
    join(homedir(), '.docker', 'desktop', 'docker.sock'),
  ].filter((path) => existsSync(path))
  const answers = await Promise.all(sockets.map(pings))
  if (answers.includes(true)) return undefined
  return sockets.length > 0
    ? `no daemon answers at ${sockets.join(', ')}`
    : 'there is no /var/run/docker.sock, and DOCKER_HOST is not set'
}

const pings = (socketPath: string) =>
  new Promise<boolean>((resolve) => {
    const ping = request({ socketPath, path: '/_ping', signal: AbortSignal.timeout(PING_WITHIN_MS) }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    ping.once('error', () => resolve(false))
    ping.end()
  })

const connects = (host: string, port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ host, port, signal: AbortSignal.timeout(PING_WITHIN_MS) })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })

type Testcontainers = typeof import('testcontainers')

/** A string says why Docker, although it answers, cannot serve here: another way is to be tried. */
export const startDockerStack = async (options: StackOptions): Promise<Stack | string> => {
  const { onProgress, signal } = options
  const testcontainers = await import('testcontainers')
  const client = await testcontainers.getContainerRuntimeClient()
  for (const image of [KAFKA_IMAGE, REGISTRY_IMAGE]) {
    signal?.throwIfAborted()
    const name = testcontainers.ImageName.fromString(image)
    if (await client.image.exists(name)) continue
    onProgress(`Pulling ${image}`)
    const present = await client.image.pull(name).then(
      () => client.image.exists(name),
      () => false,
    )
    if (present) continue
    onProgress(`Docker answers, but ${image} is neither there nor can it be pulled: not by Docker, then`)
    return `the daemon has no image ${image} and cannot pull it`
  }
  await keepReaper(testcontainers, onProgress)

  const began = performance.now()
  const host = client.info.containerRuntime.host
  const [kafka, registry] = await Promise.allSettled([
    startKafka(testcontainers, host, options),
    startRegistry(testcontainers, options.signal),
  ])
  const stop = async () => {
    const started = [kafka, registry].flatMap((start) => (start.status === 'fulfilled' ? [start.value.container.stop()] : []))
    await Promise.all(started)
  }
  if (kafka.status === 'rejected' || registry.status === 'rejected' || signal?.aborted) {
    await stop()
    signal?.throwIfAborted()
    const fault: unknown =
      kafka.status === 'rejected' ? kafka.reason : registry.status === 'rejected' ? registry.reason : undefined
    throw new StackUnavailable(`The stack did not start in Docker: ${reason(fault)}\nTSUCHI_STACK=jvm goes without Docker.`)
  }
  const { address } = kafka.value
  const { registryUrl } = registry.value
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  onProgress(`Kafka at ${address} and registry at ${registryUrl} in Docker, after ${seconds} s`)
  return { kind: 'docker', brokers: [address], registryUrl, stop }
}

/** Testcontainers' reaper removes our containers however we end. It is an image of its own, and may be missing alone. */
const keepReaper = async ({ getReaper, getContainerRuntimeClient }: Testcontainers, onProgress: (line: string) => void) => {
  try {
    await getReaper(await getContainerRuntimeClient())
  } catch (fault) {
    process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'
    onProgress(`Without testcontainers' reaper (${reason(fault)}): killed with -9, we would leave containers behind`)
  }
}

const startKafka = async ({ GenericContainer, Wait }: Testcontainers, host: string, options: StackOptions) => {
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted()
    // The broker must advertise a port that clients can reach, so it is chosen before the container runs.
    const [port = 0] = await freePorts(1)
    const config = {
      ...brokerConfig({ advertised: { host, port }, listenHost: '0.0.0.0', controllerPort: 19093, internalPort: 19092 }),
      ...options.brokerConfig,
    }
    const log = logTail()
    try {
      const container = await new GenericContainer(KAFKA_IMAGE)
        .withEnvironment({ KAFKA_HEAP_OPTS: '-Xmx512m', ...toEnvironment(config) })
        .withExposedPorts({ container: port, host: port })
        .withLogConsumer(log.consume)
        .withWaitStrategy(Wait.forLogMessage('Kafka Server started'))
        .withStartupTimeout(READY_WITHIN_MS)
        .start()
      const address = `${host}:${port}`
      await until(() => whyBrokersDoNotAnswer([address]), { withinMs: READY_WITHIN_MS })
      return { container, address }
    } catch (fault) {
      const portTaken = /port is already allocated|address already in use/i.test(String(fault))
      if (!portTaken || attempt === BIND_ATTEMPTS) throw new Error(`${KAFKA_IMAGE}: ${reason(fault)}\n${log.text()}`)
    }
  }
}

const startRegistry = async ({ GenericContainer, Wait }: Testcontainers, signal: AbortSignal | undefined) => {
  const log = logTail()
  const container = await new GenericContainer(REGISTRY_IMAGE)
    .withExposedPorts(REGISTRY_PORT)
    .withLogConsumer(log.consume)
    .withWaitStrategy(Wait.forHttp('/apis/ccompat/v7/subjects', REGISTRY_PORT))
    .withStartupTimeout(READY_WITHIN_MS)
    .start()
    .catch((fault: unknown) => {
      throw new Error(`${REGISTRY_IMAGE}: ${reason(fault)}\n${log.text()}`)
    })
  const registryUrl = `http://${container.getHost()}:${container.getMappedPort(REGISTRY_PORT)}/apis/ccompat/v7`
  await until(() => whyRegistryDoesNotAnswer(registryUrl), { withinMs: READY_WITHIN_MS, ...(signal && { signal }) })
  return { container, registryUrl }
}

const TAIL_LINES = 25

/** The end of a container's log, for an error message: when it fails to start, testcontainers removes it together with its log. */
const logTail = () => {
  let lines: string[] = []
  return {
    consume: (stream: Readable) => {
      stream.on('data', (chunk) => {
        lines = [...lines, ...String(chunk).trimEnd().split('\n')].slice(-TAIL_LINES)
      })
    },
    text: () => lines.join('\n'),
  }
}

const reason = (fault: unknown) => (fault instanceof Error ? fault.message : String(fault))

/** The image's own spelling: `a.b` is KAFKA_A_B. */
const toEnvironment = (config: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      `KAFKA_${key.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase()}`,
      value,
    ]),
  )
