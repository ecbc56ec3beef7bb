import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { channelSetting } from './config/channel-setting.ts'
import type { Holidays } from './config/holidays.ts'
import { readNamedFiles } from './config/named-files.ts'
import { quietHoursConflicts, quietHoursSetting } from './config/quiet-hours-setting.ts'
import { bytes, duration, mapping, text, url, whole, zone } from './config/setting-values.ts'
import { type Environment, fillIn } from './config/variables.ts'
import { webhookSetting } from './config/webhook-setting.ts'
import { SERVED_COUNTRIES } from './domain/phone.ts'
import type { QuietWindow } from './domain/request.ts'
import { faultList } from './fault-list.ts'
import type { BannedWords } from './intake/banned-words.ts'
import { formatField } from './intake/route-fault.ts'
import { printable } from './printable-text.ts'
import { type Catalogue, SHIPPED_CATALOGUE } from './providers/line/catalogue.ts'
import { readYaml } from './yaml-text.ts'

/** Everything that can be set. Defaults are here and nowhere else; durations become ms, secrets become bytes. */
export type Config = Omit<z.infer<typeof ConfigFile>, 'holidays' | 'bannedWords' | 'channels'> & {
  readonly file: string
  /** Variables that are not set, and that were not needed: what they stand for is none. */
  readonly standIns: readonly string[]
  /** Null without a file of them. */
  readonly holidays: Holidays | null
  readonly bannedWords: BannedWords
  readonly channels: Readonly<Record<string, ChannelConfig>>
}
export type ChannelConfig = Omit<z.infer<typeof channelSetting>, 'catalogue'> & {
  /** Null: whoever receives its messages knows the keys himself, as the simulator does. */
  readonly catalogue: Catalogue | null
}

/** Every fault of the configuration at once. Quotes no value: a secret may stand in the wrong place. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor(file: string, faults: readonly string[]) {
    const told = faults.map((fault) => printable(fault))
    super(faultList(printable(file), told, '  '))
    this.faults = told
  }
}

/** Reads the file and fills in `${NAME}` from the environment: the variable NAME, or the content of the file that NAME_FILE names
 *  (how container platforms hand over secrets). Relative paths count from the configuration file.
 *  `unset: 'stand-in'` is for what needs no secrets: what a message looks like, whether routes are sound. */
export const loadConfig = (
  file: string,
  env: Environment = process.env,
  { unset = 'fault' }: { readonly unset?: 'fault' | 'stand-in' } = {},
): Config => {
  const written = plainOf(file)
  const filled = fillIn(written, env, unset)
  const folder = dirname(file)
  const named = readNamedFiles({ filled: filled.value, written }, folder)
  const faults = [...filled.faults.map(({ path, message }) => `${formatPath(path)}: ${message}`), ...named.faults]
  const parsed = ConfigFile.safeParse(filled.value)
  if (!parsed.success) faults.push(...unknownTo(faults, parsed.error.issues.flatMap(faultsOf)))
  else faults.push(...conflictsIn(parsed.data))
  if (faults.length > 0 || !parsed.success) throw new ConfigError(file, faults)
  const { routes, state, channels } = parsed.data
  return {
    ...parsed.data,
    holidays: named.holidays,
    bannedWords: named.bannedWords,
    channels: mapValues(channels, (each, name) => ({
      ...each,
      catalogue: named.catalogues.get(name) ?? (each.provider === 'line' ? SHIPPED_CATALOGUE : null),
    })),
    routes: resolve(folder, routes),
    state: state === 'memory' ? state : { directory: resolve(folder, state.directory) },
    file: resolve(file),
    standIns: filled.standIns,
  }
}

/** What a worker runs with, for its first log line: everything but the secrets. */
export const summaryOf = (config: Config): object => ({
  ...config,
  kafka: { ...config.kafka, sasl: config.kafka.sasl && { ...config.kafka.sasl, password: REDACTED } },
  registry: { ...config.registry, password: config.registry.password && REDACTED },
  privacy: { pepper: REDACTED, sealingKeys: `${REDACTED} (${config.privacy.sealingKeys.length})` },
  holidays:
    config.holidays &&
    Object.fromEntries(
      Object.entries(config.holidays).map(([country, dates]) => [country, `${dates.length} to ${dates.at(-1)}`]),
    ),
  bannedWords: undefined,
  channels: mapValues(config.channels, ({ token, headers, catalogue, allow, webhook, ...channel }) => ({
    ...channel,
    webhook: webhook && {
      ...webhook,
      secrets: `${REDACTED} (${webhook.secrets.length})`,
      forward: webhook.forward && new URL(webhook.forward).origin,
    },
    allow: allow.length,
    catalogue:
      catalogue && `${catalogue.templates.size} templates, ${catalogue.items.size} items, ${catalogue.buttons.size} buttons`,
    headers: Object.keys(headers),
    token: token.kind === 'stateless' ? { ...token, clientSecret: REDACTED } : { kind: token.kind },
  })),
})

const mapValues = <T, U>(values: Readonly<Record<string, T>>, map: (value: T, key: string) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value, key)]))

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }
/** What the configuration leaves out is left out, for those who tell the two apart. */
export const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>

const REDACTED = '[secret]'

/** Nobody is rung up at night for a bill. */
const NIGHT: readonly QuietWindow[] = [{ from: '21:00', until: '08:00', on: null }]
const BROKER = 'write host:port, such as broker-1.example.jp:9092'

const broker = z
  .string({ error: BROKER })
  .regex(/^[^\s:/]{1,255}:\d{1,5}$|^\[[0-9a-fA-F:]{2,45}\]:\d{1,5}$/, { error: BROKER })
  .refine((address) => Number(address.slice(address.lastIndexOf(':') + 1)) <= 65_535, { error: BROKER })

const NAME = 'write a name of at most 200 characters'
const named = z.string({ error: NAME }).regex(/^\P{Cc}{1,200}$/u, { error: NAME })

const ConfigFile = mapping({
  environment: z.enum(['production', 'development'], { error: 'write production or development' }).default('production'),
  kafka: mapping({
    brokers: z
      .array(broker, {
        error: 'write a list of host:port',
      })
      .min(1, { error: 'name at least one broker' }),
    clientId: named.default('tsuchi'),
    group: named.default('tsuchi'),
    ssl: z
      .union([
        z.boolean(),
        mapping({
          ca: text('write a path').optional(),
          cert: text('write a path').optional(),
          key: text('write a path').optional(),
        }),
      ])
      .default(false),
    sasl: mapping({
      mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512'], { error: 'write plain, scram-sha-256 or scram-sha-512' }),
      username: text('write a name'),
      password: text('write the password, as ${NAME}'),
    }).optional(),
  }),
  registry: mapping({
    url,
    username: text('write a name').optional(),
    password: text('write the password, as ${NAME}').optional(),
  }),
  topics: mapping({
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,100}$/, { error: 'write letters, digits, dots, dashes' })
      .default('tsuchi'),
    partitions: whole(1, 1_000).default(12),
    replication: whole(1, 9).default(3),
  }).prefault({}),
  privacy: mapping({
    pepper: bytes(32, false, 'TSUCHI_PEPPER'),
    sealingKeys: z
      .array(bytes(32, true, 'TSUCHI_SEALING_KEY'), { error: 'write a list of keys' })
      .min(1, { error: 'give at least one key' }),
  }),
  routes: text('write the path of a folder').default('routes'),
  bannedWords: text('write the path of a file').optional(),
  recipients: mapping({
    country: z.enum(SERVED_COUNTRIES, { error: `write ${SERVED_COUNTRIES.join(', ')}` }).default('JP'),
    zone: zone.default('Asia/Tokyo'),
    spacing: duration().optional(),
    perDay: whole(1, 1_000).optional(),
  }).prefault({}),
  quietHours: quietHoursSetting('none').default(NIGHT),
  releaseSpread: duration({ none: true }).default(0),
  holidays: text('write the path of a file').optional(),
  channels: z
    .record(named, channelSetting, {
      error: (issue) => (issue.code === 'invalid_key' ? `${NAME} for the channel` : 'write a mapping of channels'),
    })
    .refine((channels) => Object.keys(channels).length > 0, {
      error: 'name at least one channel',
    }),
  state: z
    .union([z.literal('memory'), mapping({ directory: text('write the path of a folder') })], {
      error: 'write memory, or { directory: state }',
    })
    .default({ directory: 'state' }),
  results: mapping({ progress: z.boolean({ error: 'write true or false' }).default(true) }).prefault({}),
  deadLetters: mapping({
    values: z.enum(['sealed', 'omitted'], { error: 'write sealed or omitted' }).default('sealed'),
  }).prefault({}),
  http: mapping({ host: text('write a host').default('0.0.0.0'), port: whole(0, 65_535).default(8080) }).prefault({}),
  log: mapping({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], { error: 'write trace, debug, info, warn, error or silent' })
      .default('info'),
  }).prefault({}),
  webhook: webhookSetting.prefault({}),
  shutdown: mapping({ budget: duration({ mostDays: 7 }).default(20_000) }).prefault({}),
})

const plainOf = (file: string): unknown => {
  const yaml = readYaml(readText(file))
  if (yaml.kind === 'read') return yaml.value
  const { line, column, found, remedy } = yaml.fault
  throw new ConfigError(file, [`${line === null ? '(the whole file)' : `line ${line}, column ${column}`}: ${found}; ${remedy}`])
}

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(file, [`cannot be read (${(cause as NodeJS.ErrnoException).code}): name the file with --config`])
  }
}

const conflictsIn = ({ quietHours, releaseSpread, holidays, channels }: z.infer<typeof ConfigFile>): string[] => {
  const conflicts =
    quietHours === 'none' ? [] : quietHoursConflicts(quietHours, { spreadMs: releaseSpread, hasHolidays: holidays !== undefined })
  return [
    ...conflicts.map(({ found, remedy }) => `quietHours: found ${found}; ${remedy}`),
    ...sharedDestinations(channels).map(
      ([first, name]) =>
        `channels.${name}.webhook.destination: found that of channels.${first}; of two channels only one can be told of an account's events: leave the webhook of one out`,
    ),
  ]
}

/** Pairs of channels whose webhooks are of the same account. */
const sharedDestinations = (channels: z.infer<typeof ConfigFile>['channels']): [string, string][] =>
  Object.entries(channels).flatMap(([name, { webhook }], place, all): [string, string][] => {
    const before = all.slice(0, place).find(([, other]) => webhook && other.webhook?.destination === webhook.destination)
    return before ? [[before[0], name]] : []
  })

const formatPath = (path: readonly PropertyKey[]): string =>
  formatField(path.map((part) => (typeof part === 'number' ? part : String(part)))) || '(the whole file)'

const faultsOf = (issue: z.core.$ZodIssue): string[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => `${formatPath([...issue.path, LIKE_A_SETTING.test(key) ? key : ''])}: ${issue.message}`)
    : [`${formatPath(issue.path)}: ${issue.message}`]

/** What else stands where a setting should may be a secret. */
const LIKE_A_SETTING = /^[A-Za-z_-]{1,40}$/

/** Of one place one fault is enough. */
const unknownTo = (faults: readonly string[], others: readonly string[]): string[] => {
  const places = new Set(faults.map(placeIn))
  return others.filter((fault) => !places.has(placeIn(fault)))
}

const placeIn = (fault: string): string => fault.slice(0, fault.indexOf(': '))
