import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config.ts'
import { lookAtFile } from '../../src/preview/look-at.ts'
import type { Preview, Recipient } from '../../src/preview/preview.ts'
import { formatLine } from '../../src/preview/styled-line.ts'
import { type Told, tell } from '../../src/preview/tell.ts'
import { type Files, folderOf } from './route-folder.ts'

export interface LookOptions {
  /** ISO 8601. */
  readonly at: string
  /** Settings of the channel `main`. */
  readonly channel?: object
  /** Further settings of the configuration. */
  readonly config?: object
  /** Instead of the shipped ones: a folder `routes`. */
  readonly routes?: Files
  readonly env?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly route?: string
  readonly most?: number
  readonly onProgress?: (done: number, total: number) => void
}

/** Looks at an event in a file, with a configuration of the test's own. */
export const look = async (event: string | object, options: LookOptions): Promise<Told> => {
  const { at, channel, config, routes, env = {}, headers = {}, route, most = 3, onProgress } = options
  const file = typeof event === 'string' ? event : 'event.json'
  const folder = folderOf({
    'tsuchi.yaml': stringify({
      kafka: { brokers: ['localhost:1'] },
      registry: { url: 'http://localhost:1' },
      privacy: { pepper: '${PEPPER}', sealingKeys: ['${KEY}'] },
      routes: routes ? 'routes' : resolve('routes'),
      channels: { main: { token: { kind: 'long-lived', token: '${TOKEN}' }, ...channel } },
      ...config,
    }),
    ...(typeof event === 'string' ? {} : { 'event.json': JSON.stringify(event) }),
    ...Object.fromEntries(Object.entries(routes ?? {}).map(([name, text]) => [`routes/${name}`, text])),
  })
  return lookAtFile(
    {
      config: loadConfig(join(folder, 'tsuchi.yaml'), env, { unset: 'stand-in' }),
      now: Temporal.Instant.from(at).epochMilliseconds,
      most,
      ...(onProgress && { onProgress }),
    },
    { file: typeof event === 'string' ? file : join(folder, file), routeName: route, headers: new Map(Object.entries(headers)) },
  )
}

/** What a person reads, without colours. */
export const linesOf = (told: Told): string[] => tell(told).map((line) => formatLine(line, { color: false }))

/** The value of a line of the preview: `what happens`. */
export const rowOf = (told: Told, label: string): string | undefined =>
  linesOf(told)
    .find((line) => line.startsWith(`${label} `))
    ?.slice(16)

/** The frames that are drawn, with what is on their lines. */
export const frameOf = (told: Told): string[] => linesOf(told).filter((line) => /^[┌│└]/.test(line))

export const example = (name: string): Record<string, unknown> => JSON.parse(readFileSync(`examples/${name}.json`, 'utf8'))

export const only = ({ recipients }: Preview): Recipient => {
  const [recipient, ...more] = recipients
  if (!recipient || more.length > 0) throw new Error(`${recipients.length} recipients`)
  return recipient
}

/** All that may be secret. */
export const SECRETS = {
  PEPPER: Buffer.alloc(32, 7).toString('base64'),
  KEY: Buffer.alloc(32, 8).toString('base64'),
  TOKEN: 'token',
}
