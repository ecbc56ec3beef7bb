import { execFileSync } from 'node:child_process'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { check } from '../../src/check/check.ts'
import { faultsOfFailure } from '../../src/check/failed-look.ts'
import { hostWarnings } from '../../src/check/host.ts'
import { linesOf } from '../../src/check/report.ts'
import { systemClock } from '../../src/clock.ts'
import { wordsOf } from '../../src/commands/fail.ts'
import { kafkaFor } from '../../src/commands/kafka-for.ts'
import { connectionOf } from '../../src/config/kafka-connection.ts'
import { loadConfig } from '../../src/config.ts'
import { closedPort } from './line-peer.ts'
import { BILL, BILL_ROUTE, type Files, folderOf } from './route-folder.ts'

const KEY = Buffer.alloc(32).toString('base64')
const fileWith = (settings: { kafka: string; port?: number; rest?: string }, files: Files = {}): string =>
  join(
    folderOf({
      'tsuchi.yaml': `kafka: ${settings.kafka}
registry: { url: "http://127.0.0.1:${settings.port ?? 1}" }
privacy: { pepper: "${KEY}", sealingKeys: ["${KEY}"] }
channels:
  main: { provider: line-simulator, baseUrl: "http://127.0.0.1:${settings.port ?? 1}", token: { kind: long-lived, token: a } }
${settings.rest ?? 'state: memory'}
`,
      'routes/bill.yaml': BILL_ROUTE,
      'routes/bill.avsc': BILL,
      ...files,
    }),
    'tsuchi.yaml',
  )

/** A further channel, before all other settings. */
const WITH_WEBHOOK =
  '  shop: { provider: line-simulator, baseUrl: "http://127.0.0.1:1", token: { kind: long-lived, token: a }, webhook: { destination: U8e742f61d673b39c7fff3cecb7536ef0, secrets: [a] } }'

/** Of everything, as a person sees it. */
const said = async (file: string): Promise<string[]> => {
  const lines: string[] = []
  await check({
    file,
    env: {},
    clock: systemClock,
    kafkaFor: (config) => kafkaFor(config, 'check'),
    offline: false,
    strict: false,
    writerSchemas: [],
    brokersMs: 100,
    onSection: (section) => lines.push(...linesOf(section)),
  })
  return lines
}

/** Takes connections, and says nothing. */
const mutePort = async (): Promise<number> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const MUTE =
  'write host and port of a listener of the brokers; does another service listen there, is a broker hanging, does a firewall swallow the answers, or does the listener want TLS (kafka.ssl)?'

test('what takes connections and says nothing is a fault of kafka.brokers, and the rest is looked at all the same', async () => {
  const port = await mutePort()
  const lines = await said(fileWith({ kafka: `{ brokers: ["127.0.0.1:${port}"] }`, port: await closedPort() }))
  expect(lines).toContain('✗ brokers: could not be looked at')
  expect(lines).toContain(`  ✗ no answer within 0.1 s: 127.0.0.1:${port} (kafka.brokers): ${MUTE}`)
  expect(lines).toContain('– access, topics, immutables, events: not looked at without brokers')
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}✗ the schema registry could not be asked \(ECONNREFUSED\)/))
  expect(lines).toContainEqual(expect.stringMatching(/^✗ credentials: 1 channel/))
})

test('no command prints a stack for it', () => {
  const error = new Error('Connection was taken, and nothing said')
  expect(wordsOf(error)).toBe(
    `Kafka: what kafka.brokers names took the connection, and did not answer as a broker\nRemedy: ${MUTE}`,
  )
  expect(faultsOfFailure(error)).toEqual([
    `kafka.brokers: what is there took the connection, and did not answer as a broker: ${MUTE}`,
  ])
  expect(wordsOf(new Error('a bug'))).toContain('check-hosts.test.ts')
})

const WANTED = 'write the path of a file in PEM, which has a line -----BEGIN CERTIFICATE-----'

test.each([
  [
    'ca: nope.pem',
    `kafka.ssl.ca: the file cannot be read (ENOENT); ${WANTED}; a relative path counts from the folder of the configuration`,
  ],
  ['ca: text.pem', `kafka.ssl.ca: the file is not PEM, or holds no such thing; ${WANTED}`],
  ['ca: broken.pem', expect.stringMatching(/^kafka\.ssl\.ca: TLS cannot use the file \(ERR_OSSL_\w+\); write the path/)],
  ['ca: "-----BEGIN CERTIFICATE-----"', `kafka.ssl.ca: found the PEM itself; ${WANTED}`],
])('kafka.ssl { %s } is a fault with its field, in check and in every command', async (ssl, fault) => {
  const file = fileWith(
    { kafka: `{ brokers: ["127.0.0.1:1"], ssl: { ${ssl} } }` },
    { 'text.pem': 'c4nary', 'broken.pem': '-----BEGIN CERTIFICATE-----\nc4nary\n-----END CERTIFICATE-----\n' },
  )
  const connect = () => connectionOf(loadConfig(file, {}), 'test')
  expect(connect).toThrow(expect.objectContaining({ name: 'ConfigError', faults: [fault] }))
  expect(connect).not.toThrow(/c4nary/)
  const lines = await said(file)
  expect(lines.map((line) => line.replace('  ✗ ', ''))).toContainEqual(fault)
  expect(lines).toContainEqual(expect.stringMatching(/^✗ credentials/))
})

test('a key without its certificate, one that is none, and one of another certificate', () => {
  const [first, second] = [selfSigned(), selfSigned()]
  const faults = (ssl: string): unknown => {
    const file = fileWith(
      { kafka: `{ brokers: ["127.0.0.1:1"], ssl: ${ssl} }` },
      { 'cert.pem': first.cert, 'key.pem': first.key, 'other.pem': second.key },
    )
    try {
      return Object.keys(Object(connectionOf(loadConfig(file, {}), 'test').ssl))
    } catch (error) {
      return error instanceof Error && 'faults' in error ? error.faults : error
    }
  }
  expect(faults('{ ca: cert.pem, cert: cert.pem, key: key.pem }')).toEqual(['ca', 'cert', 'key'])
  expect(faults('{ key: key.pem }')).toEqual([
    'kafka.ssl.cert: there is none for kafka.ssl.key; name the file of its certificate, or leave the key out',
  ])
  expect(faults('{ cert: cert.pem }')).toEqual([
    'kafka.ssl.key: there is none for kafka.ssl.cert; name the file of its key, or leave the certificate out',
  ])
  expect(faults('{ cert: key.pem, key: cert.pem }')).toEqual([
    `kafka.ssl.cert: the file is not PEM, or holds no such thing; ${WANTED}`,
    `kafka.ssl.key: the file is not PEM, or holds no such thing; ${WANTED.replace('CERTIFICATE', 'PRIVATE KEY')}`,
  ])
  expect(faults('{ cert: cert.pem, key: other.pem }')).toEqual([
    expect.stringMatching(
      /^kafka\.ssl\.key: TLS cannot use it with kafka\.ssl\.cert \(ERR_OSSL_\w+\); name the key that the certificate was made for$/,
    ),
  ])
})

const selfSigned = (): { readonly cert: string; readonly key: string } => {
  const folder = folderOf({ keep: '' })
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const made = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=test',
    '-keyout',
    key,
    '-out',
    cert,
  ]
  execFileSync('openssl', ['req', '-x509', ...made], { stdio: 'ignore' })
  return { cert: execFileSync('cat', [cert], { encoding: 'utf8' }), key: execFileSync('cat', [key], { encoding: 'utf8' }) }
}

test.each([
  ['state: { directory: state }\nhttp: { host: 127.0.0.1 }', []],
  ['state: memory\nhttp: { host: localhost }', []],
  [
    'state: { directory: /proc/tsuchi/state }',
    [
      'state.directory: /proc/tsuchi/state cannot be written or made (EROFS); if workers run on this machine, as this user, name a folder that they may write, or give them this one',
    ],
  ],
  [
    'state: { directory: routes/bill.yaml }',
    [expect.stringMatching(/^state\.directory: .*\/routes\/bill\.yaml cannot be written or made \(ENOTDIR\); /)],
  ],
  [
    'state: memory\nhttp: { host: 192.0.2.1 }',
    [
      'http.host: nothing can listen at 192.0.2.1 (EADDRNOTAVAIL); if workers run on this machine, as this user, write an address of it, such as 0.0.0.0 for all it has',
    ],
  ],
  ['state: memory\nwebhook: { host: 192.0.2.1 }', []],
  [
    `${WITH_WEBHOOK}\nstate: memory\nwebhook: { host: 192.0.2.1 }`,
    [
      'webhook.host: nothing can listen at 192.0.2.1 (EADDRNOTAVAIL); if workers run on this machine, as this user, write an address of it, such as 0.0.0.0 for all it has',
    ],
  ],
  [`${WITH_WEBHOOK}\nstate: memory\nwebhook: { host: 192.0.2.1, topic: signed }`, []],
])('what a worker needs of its machine: %s', async (rest, warnings) => {
  const file = fileWith({ kafka: '{ brokers: ["127.0.0.1:1"] }', rest })
  expect(await hostWarnings(loadConfig(file, {}))).toEqual(warnings)
})
