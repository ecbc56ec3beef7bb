import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { check } from '../../src/check/check.ts'
import { faultsOfFailure } from '../../src/check/failed-look.ts'
import { linesOf, reportOf, verdictOf } from '../../src/check/report.ts'
import type { Clock } from '../../src/clock.ts'
import { BILL, BILL_ROUTE, type Files, folderOf } from './route-folder.ts'

const NOON = Date.parse('2026-12-01T12:00:00+09:00')
const clock: Clock = { now: () => NOON, monotonic: () => 0 }

const CONFIG = `environment: development
kafka: { brokers: [localhost:9092] }
registry: { url: http://localhost:8081 }
privacy: { pepper: "\${TSUCHI_PEPPER}", sealingKeys: ["\${TSUCHI_SEALING_KEY}"] }
channels:
  main: { provider: line-simulator, baseUrl: http://localhost:9090, token: { kind: stateless, clientId: "1", clientSecret: "\${SECRET}" } }
`
const SOUND: Files = { 'tsuchi.yaml': CONFIG, 'routes/bill.yaml': BILL_ROUTE, 'routes/bill.avsc': BILL }

/** Offline, in a folder with these files; no variable is set. */
const offline = async (files: Files, options: { strict?: boolean; writes?: Readonly<Record<string, string>> } = {}) => {
  const folder = folderOf({ ...SOUND, ...files })
  const lines: string[] = []
  const sections = await check({
    file: join(folder, 'tsuchi.yaml'),
    env: {},
    clock,
    kafkaFor: () => {
      throw new Error('the brokers were asked')
    },
    offline: true,
    strict: options.strict ?? false,
    writerSchemas: Object.entries(options.writes ?? {}).map(([topic, file]) => ({ topic, file: join(folder, file) })),
    onSection: (section) => lines.push(...linesOf(section)),
  })
  const said = [...lines, verdictOf(sections)].map((line) => line.replaceAll(`${folder}/`, ''))
  return { said, report: reportOf(sections) }
}

test('offline it needs neither brokers nor secrets, and says so', async () => {
  expect((await offline({})).said).toEqual([
    '✓ configuration: tsuchi.yaml, development, 1 channel; TSUCHI_PEPPER, TSUCHI_SEALING_KEY, SECRET not set, and not needed offline',
    '✓ routes: 1 in routes/',
    '✓ channels: main (line-simulator, live) over 12 partitions',
    '– offline: neither brokers nor registry nor LINE were asked',
    'nothing is wrong',
  ])
})

test('what others answered, and is quoted, does not steer the terminal', () => {
  const section = {
    name: 'LINE',
    looked: '1 channel',
    skipped: false,
    well: [],
    faults: ['U\u001b[2J\nU'],
    warnings: ['U\u202e'],
  }
  expect(linesOf(section)).toEqual(['✗ LINE: 1 channel', '  ✗ U�[2J�U', '  ! U�'])
})

test('offline it needs no addresses either', async () => {
  const addresses = CONFIG.replace('[localhost:9092]', '["${BROKER}"]')
    .replace('http://localhost:8081', '"${REGISTRY}"')
    .replace('http://localhost:9090', '"${LINE}"')
  const { said } = await offline({ 'tsuchi.yaml': addresses })
  expect(said[0]).toContain('; BROKER, REGISTRY, TSUCHI_PEPPER, TSUCHI_SEALING_KEY, LINE, SECRET not set, and not needed offline')
  expect(said.at(-1)).toBe('nothing is wrong')
})

test('a faulty configuration is told with all its faults, and ends it: nothing can be looked at without one', async () => {
  const { said, report } = await offline({ 'tsuchi.yaml': CONFIG.replace('kafka:', 'kafkaa:') })
  expect(said).toEqual([
    '✗ configuration: tsuchi.yaml; without it nothing else can be looked at',
    expect.stringMatching(/^ {2}✗ kafka: write a mapping of brokers/),
    expect.stringMatching(/^ {2}✗ kafkaa: no such setting; there are environment, kafka,/),
    '2 faults',
  ])
  expect(report.faults.map(({ section }) => section)).toEqual(['configuration', 'configuration'])
})

test('faults of routes and channels are told together, each in its section', async () => {
  const { said, report } = await offline({
    'tsuchi.yaml': CONFIG.replace('main: {', 'main: { limits: { flexible: 2 }, headers: { x-line-retry-key: a },'),
    'routes/faulty.yaml': BILL_ROUTE.replace('route: bill', 'route: bill-2').replace(
      'purpose: bill-finalized',
      'purpose: coupons',
    ),
  })
  expect(said).toContainEqual(expect.stringMatching(/^ {2}✗ routes\/faulty\.yaml:2 purpose: found "coupons"; write one of /))
  expect(said).toContainEqual(expect.stringMatching(/^ {2}✗ channels\.main\.limits\.flexible: /))
  expect(said).toContainEqual(
    '  ✗ channels.main: header x-line-retry-key: LINE answers 400 to a notification message that carries one; remove it',
  )
  expect([...new Set(report.faults.map(({ section }) => section))]).toEqual(['routes', 'channels'])
})

describe('holidays', () => {
  const ending = (last: string): Files => ({
    'tsuchi.yaml': `${CONFIG}holidays: holidays.yaml\n`,
    'holidays.yaml': `JP: [2026-01-01, ${last}]\n`,
  })

  test.each(['2026-11-23', '2026-12-30'])('that end with %s, gone by or within 30 days, are a warning', async (last) => {
    const { said } = await offline(ending(last))
    expect(said.slice(0, 2)).toEqual([
      expect.stringMatching(/^! configuration: tsuchi\.yaml/),
      `  ! holidays: the holidays of JP end with ${last}: until later ones are added, there are none`,
    ])
    expect(said.at(-1)).toBe('no faults, 1 warning')
  })

  test('that last longer are none', async () => {
    expect((await offline(ending('2027-01-01'))).said.at(-1)).toBe('nothing is wrong')
  })

  test('with --strict a warning is a fault', async () => {
    const { said, report } = await offline(ending('2026-11-23'), { strict: true })
    expect(said.at(-1)).toBe('1 fault')
    expect(report).toEqual({
      faults: [
        {
          section: 'configuration',
          message: 'holidays: the holidays of JP end with 2026-11-23: until later ones are added, there are none',
        },
      ],
      warnings: [],
    })
  })
})

describe("a producer's schema", () => {
  test('that every route can read', async () => {
    const { said } = await offline({ 'new.avsc': BILL }, { writes: { bills: 'new.avsc' } })
    expect(said.slice(2, 4)).toEqual(['✓ writer schema: new.avsc for bills', '  ✓ route bill can read it'])
  })

  test('is not tried with routes that have faults, which is said', async () => {
    const { said } = await offline(
      { 'new.avsc': BILL, 'routes/faulty.yaml': 'route: faulty\n' },
      { writes: { bills: 'new.avsc' } },
    )
    expect(said).toContain('  ! routes with faults were left out, and may break as well: mend them, and ask again')
  })

  test('that is not there, or is no schema by itself', async () => {
    const { said } = await offline(
      { 'half.avsc': '{"type":"record","name":"A","fields":[{"name":"b","type":"jp.example.B"}]}' },
      { writes: { bills: 'none.avsc', others: 'half.avsc' } },
    )
    expect(said).toContain('  ✗ none.avsc: cannot be read (ENOENT): name the .avsc file')
    expect(said).toContain(
      '  ✗ half.avsc: is not an Avro schema by itself (undefined type name: jp.example.B): give one .avsc with all that it refers to',
    )
  })
})

describe('a look that fails', () => {
  test('for want of an ACL says so, and where to see which', () => {
    const denied = Object.assign(new kafkajs.KafkaJSError('Not authorized to access topics'), {
      type: 'TOPIC_AUTHORIZATION_FAILED',
    })
    expect(faultsOfFailure(denied)).toEqual([
      'not looked at: the brokers do not allow it to this user (an ACL on a topic). See "access"',
    ])
  })

  test('for want of brokers says what to mend', () => {
    const [fault] = faultsOfFailure(new kafkajs.KafkaJSConnectionError('Connection timeout'))
    expect(fault).toMatch(
      /^the brokers could not be asked \(Connection timeout\)\. Are kafka\.brokers right, and the brokers up\?/,
    )
  })

  test('by a fault of ours is not passed off as one of the installation', () => {
    expect(() => faultsOfFailure(new TypeError('undefined is not a function'))).toThrow('undefined is not a function')
  })
})

test('a duration of days where minutes are meant is warned of', async () => {
  const { said } = await offline({
    'tsuchi.yaml': `${CONFIG}quietHours: none\nreleaseSpread: P300D\nshutdown: { budget: PT49H }\n`,
  })
  expect(said).toContain('  ! releaseSpread: 7,200 h; write a duration below 24 h, such as PT10M')
  expect(said).toContain('  ! shutdown.budget: 49 h; write a duration below 24 h, such as PT10M')
})

test('a channel that works, and is hardly meant so, is warned of', async () => {
  const production = CONFIG.replace('environment: development', 'environment: production')
  expect((await offline({ 'tsuchi.yaml': production })).said).toContain(
    '  ! channels.main.provider: line-simulator in production, so nobody gets anything: write line, or environment: development',
  )
  const odd = CONFIG.replace('provider: line-simulator,', `mode: shadow, allow: [${'ab'.repeat(32)}],`)
  const { said } = await offline({ 'tsuchi.yaml': odd })
  expect(said).toContain('  ! channels.main.allow: has no effect with mode: shadow; take it away, or write mode: allow-list')
  const deaf = CONFIG.replace('provider: line-simulator,', `webhook: { destination: U${'a'.repeat(32)}, secrets: [abc] },`)
  expect((await offline({ 'tsuchi.yaml': deaf })).said).toContain(
    '  ! channels.main.receipts: none, though its webhooks are taken: accepted is the end, whatever LINE tells of the delivery; write receipts: webhook once events are seen to come',
  )
  expect(said).toContain("  ! channels.main.baseUrl: http, so numbers' hashes, messages and the token go in the clear: use https")
})
