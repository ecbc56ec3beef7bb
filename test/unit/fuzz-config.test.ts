import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { type Config, ConfigError, loadConfig, summaryOf } from '../../src/config.ts'
import { channelRulesOf, lineClientOf } from '../../src/stages/channels.ts'
import { runsOf } from './fuzz-runs.ts'
import { CANARY, misfilled, spoilt } from './spoilt-yaml.ts'

/* Whatever stands in the configuration, in the files that it names and in the environment, reading it ends soon: in a configuration that
   works, or in faults with place and remedy. No secret is in either. */

const KEY = Buffer.from(`${CANARY}-key-of-32-bytes....`).subarray(0, 32).toString('base64').padEnd(44, '=')

const ENV: Readonly<Record<string, string>> = {
  PEPPER: Buffer.from(`${CANARY} is the pepper of this installation`).toString('base64'),
  KEY: Buffer.alloc(32, CANARY).toString('base64'),
  SECRET: `${CANARY}-secret`,
  EMPTY: '',
  NESTED: '${SECRET}',
  YAML: `{ a: [1, *b], "${CANARY}": !x`,
  LINES: `${CANARY}\nline\r\n`,
  FILE_FILE: '/nowhere/at/all',
}
const SECRETS = [CANARY, KEY, ENV.PEPPER ?? '', ENV.KEY ?? '']

const CONFIG = `environment: development
kafka:
  brokers: [localhost:9092, "[::1]:9093"]
  clientId: tsuchi
  group: tsuchi
  ssl: { ca: ca.pem }
  sasl: { mechanism: plain, username: tsuchi, password: "\${SECRET}" }
registry: { url: http://localhost:8081, username: tsuchi, password: "\${SECRET}" }
topics: { prefix: tsuchi, partitions: 12, replication: 3 }
privacy: { pepper: "\${PEPPER}", sealingKeys: ["\${KEY}", "\${KEY}"] }
routes: routes
bannedWords: words.yaml
holidays: holidays.yaml
recipients: { country: JP, zone: Asia/Tokyo, spacing: PT10M, perDay: 5 }
quietHours:
  - { from: "21:00", until: "08:00" }
  - { from: "08:00", until: "10:00", on: [sat, holiday, 2027-01-01] }
releaseSpread: PT5M
channels:
  main:
    token: { kind: stateless, clientId: "1234", clientSecret: "\${SECRET}" }
    mode: allow-list
    allow: [${'ab'.repeat(32)}]
    catalogue: catalogue.json
    headers: { x-partner-key: "\${SECRET}" }
    receipts: webhook
    webhook: { destination: U${'0'.repeat(32)}, secrets: ["\${SECRET}"], forward: https://example.jp/line }
    limits: { template: 2000, flexible: 2000 }
    deadline: PT10S
    connections: 512
    probeEvery: PT10M
    price: { currency: JPY, template: 5, flexible: 5.5 }
  other:
    provider: line-simulator
    baseUrl: http://localhost:9090
    token: { kind: long-lived, token: "\${SECRET}" }
state: { directory: state }
http: { host: 0.0.0.0, port: 8080 }
log: { level: info }
webhook: { port: 8082, path: /line/webhook, answerWithin: PT1S, bodyLimit: 262144 }
shutdown: { budget: PT20S }
`
const WORDS = `- { id: coupon, pattern: "クーポン|coupon", says: "it is advertising" }
- { id: sale, pattern: "(割引|値引き){1,3}", says: "so is this" }
`
const HOLIDAYS = `JP: [2026-01-01, 2026-12-31]
TW:
  - 2026-10-10
`
const CATALOGUE = JSON.stringify({ templates: [{ key: 'a', title: '停電' }], items: [{ key: 'b' }], buttons: [] })
const FILES = { 'tsuchi.yaml': CONFIG, 'words.yaml': WORDS, 'holidays.yaml': HOLIDAYS, 'catalogue.json': CATALOGUE }

const folder = mkdtempSync(join(tmpdir(), 'tsuchi-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true }))

const load = (files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = ENV): Config => {
  for (const [name, text] of Object.entries({ ...FILES, ...files })) writeFileSync(join(folder, name), text)
  return loadConfig(join(folder, 'tsuchi.yaml'), env)
}

const expectNoSecret = (text: string): void => {
  for (const secret of SECRETS) expect(text).not.toContain(secret)
}

const expectSomething = (text: string): void => expect(text.length).toBeGreaterThan(100)

/** Everything that an error may be logged with. */
const allOf = (error: unknown): string =>
  error instanceof Error
    ? `${error.stack} ${error.message} ${error.cause === undefined ? '' : allOf(error.cause)}`
    : String(error)

const expectNamedOutcome = async (read: () => Config, expectSummary = expectNoSecret): Promise<void> => {
  let config: Config
  try {
    config = read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expectNoSecret(allOf(error))
    expect(error.faults.length).toBeGreaterThan(0)
    expect(error.message.length).toBeLessThan(100_000)
    for (const fault of error.faults) {
      expect(fault).toMatch(/^\S.*: \S.{5,}$/s)
      expect(fault).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
      expect(fault.length).toBeLessThan(1_500)
    }
    return
  }
  expectSummary(JSON.stringify(summaryOf(config)))
  channelRulesOf(config)
  for (const channel of Object.values(config.channels)) {
    // What timers, Avro and LINE's client are given.
    for (const ms of [channel.deadline, config.shutdown.budget])
      expect(ms).toSatisfy((n: number) => Number.isInteger(n) && n > 0 && n < 2 ** 31)
    for (const price of Object.values(channel.price ?? {}))
      if (typeof price === 'number') expect(price * 10_000).toBeLessThan(2 ** 53)
    try {
      await lineClientOf(channel, () => 0).close()
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      expectNoSecret(error.message)
    }
  }
}

test('what is spoilt here is sound by itself', () => {
  expect(Object.keys(load({}).channels)).toEqual(['main', 'other'])
})

describe('ends in a configuration that works, or in faults with place and remedy, without a secret:', () => {
  test('a configuration with whatever in it', { timeout: 0 }, async () => {
    await fc.assert(
      // Where a name or a path is asked for, the text of a secret is one, and is told as such.
      fc.asyncProperty(spoilt(CONFIG), (text) => expectNamedOutcome(() => load({ 'tsuchi.yaml': text }), expectSomething)),
      runsOf(100),
    )
  })

  test('a configuration with whatever in the place of its secrets', { timeout: 0 }, async () => {
    await fc.assert(
      fc.asyncProperty(misfilled(CONFIG), (text) => expectNamedOutcome(() => load({ 'tsuchi.yaml': text }))),
      runsOf(50),
    )
  })

  test.each(['words.yaml', 'holidays.yaml', 'catalogue.json'] as const)(
    'a file %s with whatever in it',
    { timeout: 0 },
    async (name) => {
      await fc.assert(
        fc.asyncProperty(spoilt(FILES[name]), (text) => expectNamedOutcome(() => load({ [name]: text }))),
        runsOf(30),
      )
    },
  )

  test('variables with whatever in them', { timeout: 0 }, async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }).map((each) => `${CANARY}${each}`),
      fc.constantFrom(
        '',
        ' ',
        '\n',
        '\0',
        `${CANARY}\n`,
        '${SECRET}',
        '${',
        `${CANARY}: [*a]`,
        `$& ${CANARY} $1`,
        CANARY.repeat(50_000),
      ),
    )
    const env = fc.dictionary(fc.constantFrom('PEPPER', 'KEY', 'SECRET'), text, { minKeys: 1 })
    await fc.assert(
      fc.asyncProperty(env, (given) => expectNamedOutcome(() => load({}, { ...ENV, ...given }))),
      runsOf(30),
    )
  })
})
