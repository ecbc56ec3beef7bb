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

/** How long LINE may take, instead of ten seconds, and how long the truth of an unknown outcome is waited for, instead of ten minutes. */
const DEADLINE = 'PT3S'
const UNKNOWN_WAIT = 'PT3S'

/** Said to whoever watches: these are not the routes they would get. */
export const ROUTE_CHANGES = `topics of this demo's own, and unknown: { wait: ${UNKNOWN_WAIT} }; channel as by default, but for deadline: ${DEADLINE} and a made-up price`

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))

/** Puts the shipped routes there, changed in two lines only: their topic, and how long an unknown outcome is waited for. */
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
    if (route.has('message')) route.set('unknown', { wait: UNKNOWN_WAIT })
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
          clientId: '1234567890',
          clientSecret: '${LINE_CHANNEL_SECRET}',
          url: `${around.simulatorUrl}/oauth2/v3/token`,
        },
        deadline: DEADLINE,
        price: { currency: 'JPY', template: 3, flexible: 3.5 },
      },
    },
    http: { host: '127.0.0.1', port: 0 },
    shutdown: { budget: 'PT5S' },
  }
  await writeFile(configFile, `# Written by the demo.\n${stringify(config)}`)
}
