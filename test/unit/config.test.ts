import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Config, ConfigError, loadConfig, summaryOf } from '../../src/config.ts'
import { folderOf } from './route-folder.ts'

const PEPPER = randomBytes(32).toString('base64')
const SEALING_KEY = randomBytes(32).toString('base64')
const ENV = { PEPPER, SEALING_KEY, SECRET: 'channel-secret' }

const LEAST = `kafka: { brokers: [localhost:9092] }
registry: { url: http://localhost:8081 }
privacy: { pepper: "\${PEPPER}", sealingKeys: ["\${SEALING_KEY}"] }
channels:
  main:
    token: { kind: stateless, clientId: "1234", clientSecret: "\${SECRET}" }
`

const load = (text: string, env: Readonly<Record<string, string>> = ENV, files: Readonly<Record<string, string>> = {}): Config =>
  loadConfig(join(folderOf({ 'tsuchi.yaml': text, ...files }), 'tsuchi.yaml'), env)

/** The faults of a configuration. */
const faultsOf = (text: string, env: Readonly<Record<string, string>> = ENV): readonly string[] => {
  try {
    load(text, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

/** The least configuration with some text replaced. */
const changed = (from: string, to: string): string => {
  if (!LEAST.includes(from)) throw new Error(`the least configuration has no ${from}`)
  return LEAST.replace(from, to)
}

describe('the least configuration', () => {
  test('is enough: everything else has a default', () => {
    const config = load(LEAST)
    expect(config).toMatchObject({
      kafka: { clientId: 'tsuchi', group: 'tsuchi', ssl: false },
      topics: { prefix: 'tsuchi', partitions: 12, replication: 3 },
      recipients: { country: 'JP', zone: 'Asia/Tokyo' },
      quietHours: [{ from: '21:00', until: '08:00', on: null }],
      releaseSpread: 0,
      holidays: null,
      results: { progress: true },
      deadLetters: { values: 'sealed' },
      http: { host: '0.0.0.0', port: 8_080 },
      log: { level: 'info' },
      shutdown: { budget: 20_000 },
    })
    expect(config.channels.main).toMatchObject({
      baseUrl: 'https://api.line.me',
      receipts: 'none',
      limits: { template: 2_000, flexible: 2_000 },
      deadline: 10_000,
      connections: 512,
      probeEvery: 600_000,
    })
  })

  test('limits nobody', () => {
    const { spacing, perDay } = load(LEAST).recipients
    expect([spacing, perDay]).toEqual([undefined, undefined])
  })

  test('keeps its state beside itself, wherever the worker is started', () => {
    const config = load(LEAST)
    expect(config.state).toEqual({ directory: join(dirname(config.file), 'state') })
    expect(load(`${LEAST}state: { directory: /var/lib/tsuchi }`).state).toEqual({ directory: '/var/lib/tsuchi' })
    expect(load(`${LEAST}state: memory`).state).toBe('memory')
  })

  test('finds routes beside itself, wherever the worker is started', () => {
    const config = load(LEAST)
    expect(config.routes).toBe(join(dirname(config.file), 'routes'))
    expect(load(`${LEAST}routes: /etc/tsuchi/routes`).routes).toBe('/etc/tsuchi/routes')
  })

  test('turns secrets into bytes and durations into milliseconds', () => {
    const { privacy, shutdown } = load(`${LEAST}shutdown: { budget: PT1M30S }`)
    expect(privacy.pepper).toEqual(Buffer.from(PEPPER, 'base64'))
    expect(privacy.sealingKeys).toEqual([Buffer.from(SEALING_KEY, 'base64')])
    expect(shutdown.budget).toBe(90_000)
  })
})

describe('limits', () => {
  test('of a person, and of a channel that is paused', () => {
    const limited = changed('token:', 'probeEvery: PT1H\n    token:')
    const config = load(`${limited}recipients: { spacing: PT5M, perDay: 3 }`)
    expect(config.recipients).toMatchObject({ spacing: 300_000, perDay: 3 })
    expect(config.channels.main?.probeEvery).toBe(3_600_000)
  })
})

describe('a channel', () => {
  const REF = 'ab'.repeat(32)
  const withChannel = (settings: string) => changed('token:', `${settings}\n    token:`)

  test('is live, of LINE, and knows the published keys, if nothing else is said', () => {
    const { main } = load(LEAST).channels
    expect(main).toMatchObject({ provider: 'line', mode: 'live', allow: [], advertising: 'warn' })
    expect(main?.catalogue?.templates.get('ride_reservation_reminder_ja')?.title).toBe('ご乗車予約のリマインド')
    expect(load(LEAST).environment).toBe('production')
  })

  test('may be limited to some people, or to nobody', () => {
    expect(load(withChannel(`mode: allow-list\n    allow: [${REF}]`)).channels.main).toMatchObject({
      mode: 'allow-list',
      allow: [REF],
    })
    expect(load(withChannel('mode: shadow')).channels.main?.mode).toBe('shadow')
    expect(JSON.stringify(summaryOf(load(withChannel(`mode: allow-list\n    allow: [${REF}]`))))).not.toContain(REF)
  })

  test('has the keys of its own file, beside the configuration', () => {
    const catalogue = JSON.stringify({ templates: [{ key: 'power_cut_ja', title: '停電' }], items: [], buttons: [] })
    const config = load(withChannel('catalogue: keys.json'), ENV, { 'keys.json': catalogue })
    expect([...(config.channels.main?.catalogue?.templates.keys() ?? [])]).toEqual(['power_cut_ja'])
  })

  test('of the simulator has no keys of its own: the simulator looks', () => {
    const config = load(withChannel('provider: line-simulator\n    baseUrl: http://localhost:9090'))
    expect(config.channels.main?.catalogue).toBeNull()
  })

  test.each([
    [
      'to LINE that calls itself the simulator',
      'provider: line-simulator',
      'channels.main.baseUrl: write the URL of the simulator',
    ],
    [
      'to another host of LINE that does',
      'provider: line-simulator\n    baseUrl: https://api-data.line.me',
      'channels.main.baseUrl: write the URL of the simulator',
    ],
    [
      'to LINE by its name with a dot',
      'provider: line-simulator\n    baseUrl: https://api.line.me.',
      'channels.main.baseUrl: write the URL of the simulator',
    ],
    [
      'with a phone number on its list',
      'mode: allow-list\n    allow: ["+819012345678"]',
      'channels.main.allow[0]: write a recipientRef',
    ],
    ['with a mode that does not exist', 'mode: staging', 'channels.main.mode: write live, allow-list or shadow'],
    ['with a catalogue that is not there', 'catalogue: nowhere.json', 'nowhere.json cannot be read (ENOENT)'],
    ['with a catalogue that is none', 'catalogue: tsuchi.yaml', 'tsuchi.yaml is not JSON: give it the shape {"templates"'],
    ['with half a measure against advertising', 'advertising: sometimes', 'channels.main.advertising: write warn or refuse'],
  ])('%s is a fault', (_, settings, words) => expect(faultsOf(withChannel(settings)).join('\n')).toContain(words))
})

test('the configuration for development is sound, and reads the shipped routes', () => {
  const config = loadConfig(join(import.meta.dirname, '../../deploy/development.yaml'), {
    KAFKA_BROKERS: 'localhost:9092',
    SCHEMA_REGISTRY_URL: 'http://localhost:8081',
  })
  expect(config).toMatchObject({ environment: 'development', routes: join(import.meta.dirname, '../../routes') })
  expect(config.channels.main).toMatchObject({ provider: 'line-simulator' })
})

test('what needs no secrets is read without them, and says which are not there', () => {
  const file = join(folderOf({ 'tsuchi.yaml': LEAST }), 'tsuchi.yaml')
  expect(loadConfig(file, { PEPPER }, { unset: 'stand-in' }).standIns).toEqual(['SEALING_KEY', 'SECRET'])
  expect(loadConfig(file, ENV, { unset: 'stand-in' }).standIns).toEqual([])
})

describe('quiet hours', () => {
  test('may be left out, all in all', () => expect(load(`${LEAST}quietHours: none`).quietHours).toBe('none'))

  test('may end softly', () => {
    expect(load(`${LEAST}releaseSpread: PT5M`).releaseSpread).toBe(300_000)
    expect(load(`${LEAST}releaseSpread: none`).releaseSpread).toBe(0)
  })

  const FREE = `${LEAST}quietHours: [{ from: "21:00", until: "08:00" }, { from: "08:00", until: "12:00", on: [sun, holiday] }]
holidays: holidays.yaml
`

  test('may know holidays, from a file beside the configuration', () => {
    const config = load(FREE, ENV, { 'holidays.yaml': 'JP: [2027-01-01, 2026-12-31]\nTW: [2026-10-10]\n' })
    expect(config.holidays).toEqual({ JP: ['2026-12-31', '2027-01-01'], TW: ['2026-10-10'] })
    expect(config.quietHours).toEqual([
      { from: '21:00', until: '08:00', on: null },
      { from: '08:00', until: '12:00', on: [7, 'holiday'] },
    ])
    expect(summaryOf(config)).toMatchObject({ holidays: { JP: '2 to 2027-01-01', TW: '1 to 2026-10-10' } })
  })

  test('that mean holidays need to be told them', () => {
    expect(faultsOf(FREE.replace('holidays: holidays.yaml\n', ''))).toEqual([
      'quietHours: found holiday, but no holidays in the configuration; name the file with their dates there as holidays, or take holiday away',
    ])
  })

  test('must leave time for all who waited', () => {
    expect(faultsOf(`${LEAST}quietHours: { from: "13:00", until: "12:00" }\nreleaseSpread: PT1H1S`)).toEqual([
      'quietHours: found less time open at any stretch than releaseSpread; shorten releaseSpread in the configuration, or these windows',
    ])
    expect(faultsOf(`${LEAST}quietHours: { from: "13:00", until: "12:00" }\nreleaseSpread: PT1H`)).toEqual([])
  })

  test('faults of the holidays come with all others', () => {
    const faults = faultsOf(FREE.replace('url: http', 'url: ftp'))
    expect(faults).toHaveLength(2)
    expect(faults.join('\n')).toMatch(/holidays: \S+holidays\.yaml cannot be read \(ENOENT\): name the file/)
  })
})

describe('a secret', () => {
  const secretIn = (config: Config): string | undefined => {
    const token = config.channels.main?.token
    return token?.kind === 'stateless' ? token.clientSecret : undefined
  }

  test('comes from the environment', () => expect(secretIn(load(LEAST))).toBe('channel-secret'))

  test('comes from the file that NAME_FILE names, without the newline at its end', () => {
    const folder = folderOf({ secret: 'from-a-file\n' })
    expect(secretIn(load(LEAST, { PEPPER, SEALING_KEY, SECRET_FILE: join(folder, 'secret') }))).toBe('from-a-file')
  })

  test('in the variable itself goes before the file', () => {
    expect(secretIn(load(LEAST, { ...ENV, SECRET_FILE: '/nowhere' }))).toBe('channel-secret')
  })

  test('is taken as it is, whatever is in it', () => {
    const odd = `"${'$'}{PEPPER}: #{[`
    expect(secretIn(load(LEAST, { ...ENV, SECRET: odd }))).toBe(odd)
  })

  test('may stand in the midst of a text', () => {
    const text = changed('http://localhost:8081', '"http://${HOST}:${PORT}/v7"')
    expect(load(text, { ...ENV, HOST: 'registry', PORT: '8080' }).registry.url).toBe('http://registry:8080/v7')
  })

  test.each([
    ['is not set', { PEPPER, SEALING_KEY }, 'channels.main.token.clientSecret: ${SECRET} is not set: set SECRET, or SECRET_FILE'],
    ['has a file that is not there', { PEPPER, SEALING_KEY, SECRET_FILE: '/nowhere' }, 'that SECRET_FILE names (ENOENT)'],
  ])('that %s is one fault, with a remedy', (_, env, words) => {
    expect(faultsOf(LEAST, env)).toEqual([expect.stringContaining(words)])
  })

  test('that is written as a shell would is a fault, and what stands there is not quoted', () => {
    expect(faultsOf(changed('${SECRET}', '${SECRET:-CANARY}'))).toEqual([
      'channels.main.token.clientSecret: between ${ and } there is no name of a variable: write capital letters, digits and underscores, and nothing else',
    ])
  })

  test('in the place of a path is not quoted', () => {
    for (const setting of ['holidays', 'bannedWords']) {
      const faults = faultsOf(`${LEAST}${setting}: "\${SECRET}"\n`, { ...ENV, SECRET: 'a//CANARY' })
      expect(faults).toEqual([expect.stringMatching(new RegExp(`^${setting}: the file cannot be read \\(ENOENT\\): name`))])
    }
    const named = faultsOf(`${LEAST}holidays: "\${SECRET}.yaml"\n`, { ...ENV, SECRET: 'CANARY' })
    expect(named).toEqual([expect.stringContaining('/${SECRET}.yaml cannot be read (ENOENT)')])
  })

  test('that is empty is a fault', () => {
    expect(faultsOf(LEAST, { ...ENV, SECRET: '' })).toEqual([
      'channels.main.token.clientSecret: write the channel secret, as ${NAME}',
    ])
  })
})

describe('a fault', () => {
  test('is not the only one said: all of them are, each with its place', () => {
    const text = `kafka: { brokers: [] }
registry: { url: localhost:8081, pasword: x }
topics: { partitions: 0, prefix: "no spaces" }
privacy: { pepper: short, sealingKeys: ["\${MISSING}"] }
quietHours: { from: 24:00, until: 25:00, on: [] }
releaseSpread: soon
holidays: nowhere.yaml
state: disk
recipients: { zone: Asia/Tokio, country: US, spacing: PT0S, perDay: 0 }
shutdown: { budget: 20s }
channels:
  main: { token: { kind: magic } }
nonsense: 1
`
    const places = faultsOf(text).map((fault) => fault.slice(0, fault.indexOf(': ')))
    expect(places.toSorted()).toEqual(
      [
        'kafka.brokers',
        'registry.url',
        'registry.pasword',
        'topics.partitions',
        'topics.prefix',
        'privacy.pepper',
        'privacy.sealingKeys[0]',
        'quietHours.from',
        'quietHours.until',
        'quietHours.on',
        'releaseSpread',
        'holidays',
        'state',
        'recipients.spacing',
        'recipients.perDay',
        'recipients.zone',
        'recipients.country',
        'shutdown.budget',
        'channels.main.token.kind',
        'nonsense',
      ].toSorted(),
    )
  })

  test.each([
    [
      'a limit of zero',
      'token:',
      'limits: { template: 0 }\n    token:',
      'channels.main.limits.template: write a whole number from 1',
    ],
    [
      'a setting that does not exist',
      'registry:',
      'regsitry: 1\nregistry:',
      'regsitry: no such setting; there are environment, kafka, registry',
    ],
    [
      'a password in the place of a setting',
      'registry:',
      'hunter2: 1\nregistry:',
      '(a key): no such setting; there are environment, kafka, registry',
    ],
    ['no channel', LEAST.slice(LEAST.indexOf('channels:')), 'channels: {}', 'channels: name at least one channel'],
    [
      'a section without content',
      'registry: {',
      'topics:\nregistry: {',
      'topics: write a mapping of prefix, partitions, replication',
    ],
    [
      'a part of a millisecond',
      'token:',
      'deadline: PT0.0005S\n    token:',
      'channels.main.deadline: write an ISO 8601 duration',
    ],
    [
      'a deadline that no timer can wait for',
      'token:',
      'deadline: P30D\n    token:',
      'channels.main.deadline: write an ISO 8601 duration above zero, such as PT10S, at most P7D',
    ],
    ['a time to stop in that no timer can wait for', 'registry:', 'shutdown: { budget: P30D }\nregistry:', 'at most P7D'],
    ['a port that is none', 'localhost:9092', 'localhost:99999', 'kafka.brokers[0]: write host:port'],
    [
      'a price that no result can hold',
      'token:',
      'price: { currency: JPY, template: 1e15, flexible: 3 }\n    token:',
      'channels.main.price.template: write a number from 0 to 1000000',
    ],
    [
      'a token that no header can hold',
      '{ kind: stateless, clientId: "1234", clientSecret: "${SECRET}" }',
      '{ kind: long-lived, token: "a\\n" }',
      'channels.main.token.token: write the channel access token, as ${NAME}, without spaces or line breaks',
    ],
    ['a channel that an object cannot have', 'main:', '__proto__:', 'a key that nothing can have; write another'],
    ['a channel without a name', 'main:', '"":', 'write a name of at most 200 characters'],
    [
      'quiet hours that every notification would carry',
      'registry:',
      `quietHours: [${'{ from: "01:00", until: "01:01" }, '.repeat(51)}]\nregistry:`,
      'quietHours: write at most 50 windows',
    ],
    ['a duration of zero', 'registry:', 'shutdown: { budget: PT0S }\nregistry:', 'shutdown.budget: write an ISO 8601 duration'],
    [
      'a duration that depends on the calendar',
      'registry:',
      'shutdown: { budget: P1M }\nregistry:',
      'shutdown.budget: write an ISO 8601',
    ],
    [
      'quiet hours of no length',
      'registry:',
      'quietHours: { from: "08:00", until: "08:00" }\nregistry:',
      'quietHours: make from and until differ',
    ],
    [
      'receipts without a webhook',
      'token:',
      'receipts: webhook\n    token:',
      'channels.main.webhook: receipts come by webhook, so write',
    ],
    [
      'an answer that LINE does not wait for',
      'registry:',
      'webhook: { answerWithin: PT5S }\nregistry:',
      'webhook.answerWithin: write an ISO 8601 duration from PT0.1S to PT1.9S',
    ],
    [
      'an interval of the webhook that is no duration',
      'registry:',
      'webhook: { heartbeatEvery: often }\nregistry:',
      'webhook.heartbeatEvery: write an ISO 8601 duration from PT0.1S to PT1H',
    ],
    [
      'two channels that want the events of one account',
      'token:',
      'webhook: &one { destination: U00000000000000000000000000000000, secrets: [a] }\n    token: &token { kind: long-lived, token: t }\n  second:\n    webhook: *one\n    token: *token\n  third:\n    token:',
      'channels.second.webhook.destination: found that of channels.main',
    ],
    ['receipts of another kind', 'token:', 'receipts: mail\n    token:', 'channels.main.receipts: write none, or webhook'],
    [
      'a currency that is none',
      'token:',
      'price: { currency: yen, template: 3, flexible: 3 }\n    token:',
      'channels.main.price.currency',
    ],
    ['a sealing key of the wrong length', '"${SEALING_KEY}"', '"c2hvcnQ="', 'privacy.sealingKeys[0]: write base64 of 32 bytes'],
    ['a pepper that is no base64', '"${PEPPER}"', `"${'!'.repeat(64)}"`, 'privacy.pepper: write base64 of at least 32 bytes'],
    ['a password in a URL', 'http://localhost', 'http://me:CANARY@localhost', 'registry.url: leave user and password out'],
    ['a key written twice', 'registry:', 'kafka: 1\nregistry:', 'line 2, column 1: not YAML (DUPLICATE_KEY)'],
    ['YAML that is none', 'registry:', 'registry: }', ''],
    ['an alias to nothing', 'localhost:9092', '*nothing', 'an alias without an anchor; put a text that begins with * in quotes'],
    [
      'an alias in a circle',
      'registry:',
      'log: &around { level: *around }\nregistry:',
      'line 2, column 23: an alias within what it stands for; write out what it stands for',
    ],
    [
      'what is nested without end',
      'registry:',
      `log: ${'['.repeat(20_000)}${']'.repeat(20_000)}\nregistry:`,
      'lists and mappings more than 100 deep; nest less',
    ],
  ])('is %s', (_, from, to, words) => {
    const faults = faultsOf(changed(from, to))
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.join('\n')).toContain(words)
  })

  test('is an empty file', () =>
    expect(faultsOf('')).toEqual([expect.stringContaining('(the whole file): write a mapping of environment, kafka')]))

  test('is a file that is not there', () => {
    expect(() => loadConfig('/nowhere/tsuchi.yaml', {})).toThrow('cannot be read (ENOENT): name the file with --config')
  })

  test.each([
    ['privacy.pepper', changed('"${PEPPER}"', 'CANARY')],
    ['privacy.sealingKeys', changed('["${SEALING_KEY}"]', 'CANARY')],
    ['token', changed('{ kind: stateless, clientId: "1234", clientSecret: "${SECRET}" }', 'CANARY')],
    ['token.kind', changed('stateless', 'CANARY')],
    ['registry.url', changed('http://localhost:8081', 'CANARY')],
    ['a password in a URL', changed('http://localhost', 'http://me:CANARY@localhost')],
    ['limits', `${LEAST}    limits: { template: CANARY }\n`],
    ['a line that cannot be read', `${LEAST}    limits: "CANARY" CANARY\n`],
    ['what follows a brace too many', changed('registry: {', 'registry: {} } password CANARY {')],
    ['an alias to nothing', changed('localhost:9092', '*CANARY')],
  ])('is never quoted: a secret may stand in the wrong place (%s)', (_, text) => {
    const faults = faultsOf(text)
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.join('\n')).not.toContain('CANARY')
  })
})

describe('the summary of a configuration', () => {
  const canary = (name: string) => `CANARY-${name}`
  const key = Buffer.from('CANARY'.repeat(6).slice(0, 32)).toString('base64')
  const text = `kafka:
  brokers: [localhost:9092]
  sasl: { mechanism: plain, username: worker, password: "${canary('sasl')}" }
registry: { url: http://localhost:8081, username: reader, password: "${canary('registry')}" }
privacy: { pepper: "${key}", sealingKeys: ["${key}"] }
channels:
  main:
    headers: { X-Partner-Key: "${canary('header')}" }
    token: { kind: stateless, clientId: "1234", clientSecret: "${canary('secret')}" }
  other:
    token: { kind: long-lived, token: "${canary('token')}" }
`

  test('holds no secret', () => {
    const summary = JSON.stringify(summaryOf(load(text)))
    expect(summary).not.toContain('CANARY')
    expect(summary).not.toContain(key)
    expect(summary).not.toContain(JSON.stringify(Buffer.from(key, 'base64')).slice(-20))
  })

  test('holds the rest', () => {
    expect(summaryOf(load(text))).toMatchObject({
      kafka: { brokers: ['localhost:9092'], sasl: { username: 'worker', password: '[secret]' } },
      registry: { username: 'reader', password: '[secret]' },
      privacy: { sealingKeys: '[secret] (1)' },
      channels: {
        main: { headers: ['X-Partner-Key'], token: { kind: 'stateless', clientId: '1234', clientSecret: '[secret]' } },
        other: { token: { kind: 'long-lived' } },
      },
    })
  })

  test('of a configuration without passwords invents none', () => {
    expect(JSON.parse(JSON.stringify(summaryOf(load(LEAST))))).toMatchObject({ registry: { url: 'http://localhost:8081' } })
    expect(JSON.stringify(summaryOf(load(LEAST)))).not.toContain('"password"')
  })
})
