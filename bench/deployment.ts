import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Leash } from '../dev/leash.ts'
import type { Stack } from '../dev/stack.ts'
import { CHANNEL } from './line.ts'
import { type Metrics, readMetrics } from './metrics.ts'
import { pause, printed } from './waiting.ts'
import type { WebhookAddress } from './webhook-address.ts'

/** tsuchi as its users run it, on topics of its own. */
export interface Deployment {
  readonly name: string
  /** Returns when it says that it has started. Workers with the same `state` share a store, one after the other. `only`: with one stage. */
  startWorker(options?: { readonly state?: string; readonly only?: 'webhook' }): Promise<Worker>
  /** Any other command of tsuchi's, to its end. */
  run(...args: readonly string[]): Promise<void>
  /** As when the disk is new. */
  forgetState(state: string): Promise<void>
}

export interface Worker {
  metrics(): Promise<Metrics>
  /** Returns how long it took from the launch, ms: to have joined, and to have restored what it has been given. */
  untilReady(): Promise<number>
  /** Asks once a second until it holds. @throws when the worker ends before, or `deadline` (wall clock, ms) comes. */
  until(holds: (metrics: Metrics) => boolean, deadline: number): Promise<Metrics>
  /** In order. */
  stop(): Promise<void>
  kill(): Promise<void>
}

export interface DeploymentOptions {
  /** Of everybody, in Japan. Left out: none. */
  readonly quietHours?: { readonly from: string; readonly until: string }
  readonly state?: 'memory'
  /** LINE's events come back. Left out: a notification ends as LINE accepts it. */
  readonly webhook?: WebhookAddress
  /** Requests that the webhook takes in a second; left out: its default. */
  readonly webhookRequestsPerSecond?: number
  /** Of a message, JPY. */
  readonly price?: number
}

interface Around {
  readonly say: (line: string) => void
  readonly directory: string
  readonly name: string
  readonly stack: Stack
  readonly lineUrl: string
  readonly rateLimit: number
  readonly routes: string
  readonly isFirst: boolean
  readonly profiles: string | undefined
  readonly launch: (name: string, command: readonly string[], env?: Readonly<Record<string, string>>) => Leash
}

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
export const PARTITIONS = 12
const ASK_EVERY_MS = 1_000
const READY_EVERY_MS = 20

export const deploy = async (around: Around, options: DeploymentOptions): Promise<Deployment> => {
  const { directory, name, launch } = around
  const config = join(directory, `${name}.yaml`)
  writeFileSync(config, JSON.stringify(configOf(around, options)))
  const run = async (...args: readonly string[]): Promise<void> => {
    const child = launch('command', [CLI, ...args, '--config', config])
    await child.whenEnded
    if (child.ended()?.status !== 0) throw new Error(`tsuchi ${args.join(' ')}:\n${await child.logTail()}`)
  }
  await run('topics', 'create', ...(around.isFirst ? ['--events'] : []))
  await run('schemas', 'register', ...(around.isFirst ? ['--events'] : []))

  const profile = around.profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${around.profiles}`]
  const stateOf = (state: string) => join(directory, `${name}-state-${state}`)
  let started = 0
  return {
    ...{ name, run },
    startWorker: async ({ state = `of-${started}`, only } = {}) => {
      const launchedAt = performance.now()
      const stages = only === undefined ? [] : ['--only', only]
      const command = [...profile, CLI, 'run', '--config', config, '--from', 'earliest', ...stages]
      const child = launch(`worker-${started++}`, command, { TSUCHI_STATE: stateOf(state) })
      const url = await printed(child, /"event":"started","http":"([^"]+)"/)
      return workerOf(child, url, launchedAt)
    },
    forgetState: (state) => rm(stateOf(state), { recursive: true, force: true }),
  }
}

const workerOf = (child: Leash, url: string, launchedAt: number): Worker => {
  const alive = async <T>(asking: Promise<T>): Promise<T> => {
    try {
      return await asking
    } catch (fault) {
      if (child.ended()) throw new Error(`the worker has ended:\n${await child.logTail()}`)
      throw fault
    }
  }
  const metrics = () => alive(readMetrics(url))
  return {
    metrics,
    untilReady: async () => {
      while (!(await alive(fetch(`${url}/readyz`))).ok) await pause(READY_EVERY_MS)
      return performance.now() - launchedAt
    },
    until: async (holds, deadline) => {
      for (;;) {
        const now = await metrics()
        if (holds(now)) return now
        if (Date.now() > deadline) throw new Error('the worker did not do in time what was waited for')
        await pause(ASK_EVERY_MS)
      }
    },
    stop: () => child.end(),
    kill: () => child.kill('SIGKILL'),
  }
}

const configOf = ({ name, stack, lineUrl, rateLimit, routes }: Around, options: DeploymentOptions) => ({
  environment: 'development',
  kafka: { brokers: stack.brokers, group: name },
  registry: { url: stack.registryUrl },
  topics: { prefix: name, partitions: PARTITIONS, replication: 1 },
  privacy: { pepper: '${TSUCHI_PEPPER}', sealingKeys: ['${TSUCHI_SEALING_KEY}'] },
  routes,
  quietHours: options.quietHours ?? 'none',
  channels: {
    main: {
      provider: 'line-simulator',
      baseUrl: lineUrl,
      token: { kind: 'stateless', clientId: CHANNEL, clientSecret: 'bench', url: `${lineUrl}/oauth2/v3/token` },
      limits: { template: rateLimit, flexible: rateLimit },
      ...(options.price !== undefined && { price: { currency: 'JPY', template: options.price, flexible: options.price } }),
      ...(options.webhook && { receipts: 'webhook', webhook: accountOf(options.webhook) }),
    },
  },
  ...(options.webhook && { webhook: listenerOf(options.webhook, options.webhookRequestsPerSecond) }),
  state: options.state ?? { directory: '${TSUCHI_STATE}' },
  http: { host: '127.0.0.1', port: 0 },
})

const accountOf = ({ destination, secret }: WebhookAddress) => ({ destination, secrets: [secret] })

const listenerOf = ({ port, path }: WebhookAddress, requestsPerSecond: number | undefined) => ({
  ...{ host: '127.0.0.1', port, path },
  ...(requestsPerSecond !== undefined && { requestsPerSecond }),
})
