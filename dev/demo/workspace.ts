import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseDocument, stringify } from 'yaml'
import { PUBLISHED } from './domain-events.ts'
import type { Night } from './night.ts'

/** A directory of its own for everything the demo writes. */
export interface Workspace {
  readonly directory: string
  readonly configFile: string
  /** The environment with what the configuration names ${…}: new secrets for every demo. */
  readonly env: NodeJS.ProcessEnv
  remove(): Promise<void>
}

export interface Surroundings {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly simulatorUrl: string
  /** Of tsuchi's topics and groups. */
  readonly prefix: string
  readonly quietHours: Night['quietHours']
}

/** How long LINE may take, instead of ten seconds. */
const DEADLINE = 'PT3S'
/** How often the webhook says that it has listened, instead of every 15 s. */
const HEARTBEAT = 'PT1S'

export const CHANNEL_ID = '1234567890'
/** Of LINE's account: what its webhooks call it. */
export const DESTINATION = 'U6b1d2c7e5a9f4038b7c6d5e4f3a29180'

/** Said to whoever watches: these are not the settings they would get. */
export const CHANGES = `routes as shipped, but for topics of this demo's own; settings as by default, but for receipts: webhook, quiet hours, deadline: ${DEADLINE}, heartbeatEvery: ${HEARTBEAT}, a made-up price, and what one broker is enough for`

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))

/** Puts the shipped routes there, changed in one line only: their topic. */
export const openWorkspace = async (topicOf: (topic: string) => string): Promise<Workspace> => {
  const directory = await mkdtemp(join(tmpdir(), 'tsuchi-demo-'))
  const routes = join(directory, 'routes')
  const topics = new Set(Object.values(PUBLISHED).map(({ topic }) => topic))
  await mkdir(routes)
  await cp(join(REPOSITORY, 'schemas', 'events'), join(directory, 'schemas', 'events'), { recursive: true })
  for (const name of (await readdir(join(REPOSITORY, 'routes'))).filter((file) => file.endsWith('.yaml'))) {
    const route = parseDocument(await readFile(join(REPOSITORY, 'routes', name), 'utf8'))
    if (!topics.has(String(route.get('topic')))) continue // the demo has no events for it
    route.set('topic', topicOf(String(route.get('topic'))))
    await writeFile(join(routes, name), String(route))
  }
  const secret = (bytes: number) => randomBytes(bytes).toString('base64')
  return {
    directory,
    configFile: join(directory, 'tsuchi.yaml'),
    env: {
      ...process.env,
      TSUCHI_PEPPER: secret(32),
      TSUCHI_SEALING_KEY: secret(32),
      LINE_CHANNEL_SECRET: secret(16),
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

export const writeConfig = async ({ configFile }: Workspace, around: Surroundings): Promise<void> => {
  const config = {
    environment: 'development',
    kafka: { brokers: around.brokers, group: around.prefix },
    registry: { url: around.registryUrl },
    topics: { prefix: around.prefix, partitions: 4, replication: 1 },
    privacy: { pepper: '${TSUCHI_PEPPER}', sealingKeys: ['${TSUCHI_SEALING_KEY}'] },
    routes: 'routes',
    quietHours: around.quietHours,
    channels: {
      main: {
        provider: 'line-simulator',
        baseUrl: around.simulatorUrl,
        token: {
          kind: 'stateless',
          clientId: CHANNEL_ID,
          clientSecret: '${LINE_CHANNEL_SECRET}',
          url: `${around.simulatorUrl}/oauth2/v3/token`,
        },
        deadline: DEADLINE,
        receipts: 'webhook',
        webhook: { destination: DESTINATION, secrets: ['${LINE_CHANNEL_SECRET}'] },
        price: { currency: 'JPY', template: 3, flexible: 3.5 },
      },
    },
    webhook: { host: '127.0.0.1', port: 0, heartbeatEvery: HEARTBEAT },
    http: { host: '127.0.0.1', port: 0 },
    shutdown: { budget: 'PT5S' },
  }
  await writeFile(configFile, `# Written by the demo.\n${stringify(config)}`)
}
