import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { SERVED_COUNTRIES } from './domain/phone.ts'

/** Everything that can be set. Defaults are here and nowhere else; durations become ms, secrets become bytes. */
export type Config = z.infer<typeof ConfigFile> & { readonly file: string }
export type ChannelConfig = Config['channels'][string]

/** Every fault of the configuration at once. Quotes no value: a secret may stand in the wrong place. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor(file: string, faults: readonly string[]) {
    super(
      `${faults.length} fault${faults.length === 1 ? '' : 's'} in ${file}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
    this.faults = faults
  }
}

/** Reads the file and fills in `${NAME}` from the environment: the variable NAME, or the content of the file that NAME_FILE names
 *  (how container platforms hand over secrets). Relative paths count from the configuration file. */
export const loadConfig = (file: string, env: Readonly<Record<string, string | undefined>> = process.env): Config => {
  const faults: string[] = []
  const filled = fillIn(readYaml(file), env, [], faults)
  const parsed = ConfigFile.safeParse(filled)
  if (!parsed.success)
    faults.push(
      ...parsed.error.issues.flatMap(faultsOf).filter((fault) => !faults.some((known) => known.startsWith(pathIn(fault)))),
    )
  if (faults.length > 0 || !parsed.success) throw new ConfigError(file, faults)
  return { ...parsed.data, routes: resolve(dirname(file), parsed.data.routes), file: resolve(file) }
}

/** What a worker runs with, for its first log line: everything but the secrets. */
export const summaryOf = (config: Config): object => ({
  ...config,
  kafka: { ...config.kafka, sasl: config.kafka.sasl && { ...config.kafka.sasl, password: REDACTED } },
  registry: { ...config.registry, password: config.registry.password && REDACTED },
  privacy: { pepper: REDACTED, sealingKeys: `${REDACTED} (${config.privacy.sealingKeys.length})` },
  channels: Object.fromEntries(
    Object.entries(config.channels).map(([name, { token, headers, ...channel }]) => [
      name,
      {
        ...channel,
        headers: Object.keys(headers),
        token: token.kind === 'stateless' ? { ...token, clientSecret: REDACTED } : { kind: token.kind },
      },
    ]),
  ),
})

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }
/** What the configuration leaves out is left out, for those who tell the two apart. */
export const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>

const REDACTED = '[secret]'

const text = (remedy: string) => z.string({ error: remedy }).min(1, { error: remedy })
const whole = (least: number, most: number) => {
  const error = `write a whole number from ${least} to ${most}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}
const mapping = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `no such setting; there are ${Object.keys(shape).join(', ')}`
        : `write a mapping of ${Object.keys(shape).join(', ')}`,
  })

const bytes = (least: number, exactly: boolean, name: string) => {
  const remedy = `write base64 of ${exactly ? '' : 'at least '}${least} bytes, as \${${name}}; make one with: openssl rand -base64 ${least}`
  return z.string({ error: remedy }).transform((value, context) => {
    const decoded = Buffer.from(value, 'base64')
    const sound = /^[A-Za-z0-9+/]+={0,2}$/.test(value.trim()) && (exactly ? decoded.length === least : decoded.length >= least)
    if (sound) return decoded
    context.addIssue({
      code: 'custom',
      message: `${remedy} (found ${value.length} characters, ${decoded.length} bytes if they are base64)`,
    })
    return z.NEVER
  })
}

const duration = (remedy = 'write an ISO 8601 duration above zero, such as PT10S') =>
  z.string({ error: remedy }).transform((value, context) => {
    try {
      const ms = Temporal.Duration.from(value).total('milliseconds')
      if (ms > 0) return ms
    } catch {
      // said below
    }
    context.addIssue({ code: 'custom', message: remedy })
    return z.NEVER
  })

const URL_REMEDY = 'write a URL that begins with http:// or https://'
const NO_CREDENTIALS = 'leave user and password out of the URL: there are settings for them'
const url = z
  .url({ protocol: /^https?$/, error: URL_REMEDY })
  .refine((text) => !URL.canParse(text) || (new URL(text).username === '' && new URL(text).password === ''), {
    error: NO_CREDENTIALS,
  })
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, { error: 'write a time of day in quotes, such as "21:00"' })
const QUIET_REMEDY = 'write { from: "21:00", until: "08:00" } with two different times, or none'
const zone = text('write an IANA time zone, such as Asia/Tokyo').refine(isZone, {
  error: 'write an IANA time zone, such as Asia/Tokyo',
})
const rate = whole(1, 1_000_000)

const token = z.discriminatedUnion(
  'kind',
  [
    mapping({
      kind: z.literal('stateless'),
      clientId: text('write the channel id, in quotes'),
      clientSecret: text('write the channel secret, as ${NAME}'),
      url: url.optional(),
    }),
    mapping({ kind: z.literal('long-lived'), token: text('write the channel access token, as ${NAME}') }),
  ],
  { error: 'write { kind: stateless, clientId, clientSecret } or { kind: long-lived, token }' },
)

const channel = mapping({
  baseUrl: url.default('https://api.line.me'),
  paths: mapping({ template: text('write a path').optional(), flexible: text('write a path').optional() }).default({}),
  headers: z.record(z.string(), z.string({ error: 'write a text' })).default({}),
  token,
  receipts: z
    .literal('none', { error: 'write none: delivery events are not consumed yet, so an accepted notification is the end' })
    .default('none'),
  limits: mapping({ template: rate.default(2_000), flexible: rate.default(2_000) }).prefault({}),
  deadline: duration().default(10_000),
  connections: whole(1, 10_000).default(512),
  price: mapping({
    currency: z.string().regex(/^[A-Z]{3}$/, { error: 'write an ISO 4217 code, such as JPY' }),
    template: z.number({ error: 'write a number' }).min(0),
    flexible: z.number({ error: 'write a number' }).min(0),
  }).optional(),
})

const BROKER = 'write host:port, such as broker-1.example.jp:9092'

const ConfigFile = mapping({
  kafka: mapping({
    brokers: z
      .array(z.string({ error: BROKER }).regex(/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, { error: BROKER }), {
        error: 'write a list of host:port',
      })
      .min(1, { error: 'name at least one broker' }),
    clientId: text('write a name').default('tsuchi'),
    group: text('write a name').default('tsuchi'),
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
  recipients: mapping({
    country: z.enum(SERVED_COUNTRIES, { error: `write ${SERVED_COUNTRIES.join(', ')}` }).default('JP'),
    zone: zone.default('Asia/Tokyo'),
  }).prefault({}),
  quietHours: z
    .union(
      [
        z.literal('none'),
        mapping({ from: timeOfDay, until: timeOfDay }).refine(({ from, until }) => from !== until, { error: QUIET_REMEDY }),
      ],
      {
        error: QUIET_REMEDY,
      },
    )
    .default({ from: '21:00', until: '08:00' }),
  channels: z
    .record(z.string(), channel, { error: 'write a mapping of channels' })
    .refine((channels) => Object.keys(channels).length > 0, {
      error: 'name at least one channel',
    }),
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
  shutdown: mapping({ budget: duration().default(20_000) }).prefault({}),
})

function isZone(name: string): boolean {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId.length > 0
  } catch {
    return false
  }
}

/** Quotes nothing of the file: a secret may stand where the YAML is wrong. */
const readYaml = (file: string): unknown => {
  const document = parseDocument(readText(file))
  const faults = document.errors.map(
    ({ code, linePos }) => `line ${linePos?.[0].line ?? '?'}, column ${linePos?.[0].col ?? '?'}: not YAML (${code})`,
  )
  if (faults.length > 0) throw new ConfigError(file, faults)
  try {
    return document.toJS()
  } catch {
    throw new ConfigError(file, ['an alias without an anchor: put values that begin with * in quotes'])
  }
}

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(file, [`cannot be read (${(cause as NodeJS.ErrnoException).code}): name the file with --config`])
  }
}

type Path = readonly (string | number)[]

const fillIn = (value: unknown, env: Readonly<Record<string, string | undefined>>, path: Path, faults: string[]): unknown => {
  if (typeof value === 'string')
    return value.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
      const found = fromEnv(name, env)
      if (typeof found === 'string') return found
      faults.push(`${formatPath(path)}: \${${name}} ${found.fault}`)
      return ''
    })
  if (Array.isArray(value)) return value.map((each, index) => fillIn(each, env, [...path, index], faults))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fillIn(each, env, [...path, key], faults)]))
  return value
}

const fromEnv = (name: string, env: Readonly<Record<string, string | undefined>>): string | { readonly fault: string } => {
  if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) return { fault: 'is no variable: write capital letters, digits and underscores' }
  const direct = env[name]
  if (direct !== undefined) return direct
  const file = env[`${name}_FILE`]
  if (file === undefined) return { fault: `is not set: set ${name}, or ${name}_FILE to the path of a file that holds it` }
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    return { fault: `cannot be read from the file that ${name}_FILE names (${(cause as NodeJS.ErrnoException).code})` }
  }
}

const formatPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((so, part) => (typeof part === 'number' ? `${so}[${part}]` : `${so}${so && '.'}${String(part)}`), '') ||
  '(the whole file)'

const faultsOf = (issue: z.core.$ZodIssue): string[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => `${formatPath([...issue.path, key])}: ${issue.message}`)
    : [`${formatPath(issue.path)}: ${issue.message}`]

const pathIn = (fault: string): string => fault.slice(0, fault.indexOf(': ') + 2)
