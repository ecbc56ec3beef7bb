import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { credentials } from '../../src/check/credentials.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { startSimulator } from '../../src/line-simulator/simulator.ts'
import { answer, closedPort, type Peer, startPeer } from './line-peer.ts'
import { start } from './line-simulator-fixture.ts'
import { folderOf } from './route-folder.ts'

const TOKEN = 'c4nary-t0ken'
const SECRET = 'c4nary-s3cret'

const channel = (settings: string): Config => {
  const text = `kafka: { brokers: [localhost:9092] }
registry: { url: http://localhost:8081 }
privacy: { pepper: "${Buffer.alloc(32).toString('base64')}", sealingKeys: ["${Buffer.alloc(32).toString('base64')}"] }
channels: { main: { ${settings} } }
`
  return loadConfig(join(folderOf({ 'tsuchi.yaml': text }), 'tsuchi.yaml'), {})
}
const longLived = (baseUrl: string, rest = '') =>
  channel(`baseUrl: ${baseUrl}, token: { kind: long-lived, token: ${TOKEN} }${rest}`)
const stateless = (baseUrl: string, rest = '') =>
  channel(`baseUrl: ${baseUrl}, token: { kind: stateless, clientId: "100", clientSecret: ${SECRET} }${rest}`)

const look = async (config: Config) => {
  const { well, faults, warnings } = await credentials(config, new Set(Object.keys(config.channels)))
  const said = JSON.stringify([well, faults, warnings])
  for (const secret of [TOKEN, SECRET]) expect(said).not.toContain(secret)
  return { well, faults, warnings }
}
const NOTHING = { well: [], faults: [], warnings: [] }

/** A relay that says this to everything. */
const relay = (status: number, body = '{}'): Promise<Peer> => startPeer(({ socket }) => socket.end(answer(status, body)))
const simulator = async (options: Parameters<typeof startSimulator>[0] = {}) => {
  const started = await startSimulator(options)
  onTestFinished(() => started.stop())
  return started
}

test('a stateless token that is issued is all that there is to ask', async () => {
  const { url } = await simulator({ channels: [{ clientId: '100', clientSecret: SECRET }] })
  expect(await look(stateless(url))).toEqual({ ...NOTHING, well: ['channels.main: a token was issued'] })
})

test('a wrong secret', async () => {
  const { url } = await simulator({ channels: [{ clientId: '100', clientSecret: 'another' }] })
  expect(await look(stateless(url))).toEqual({
    ...NOTHING,
    faults: ['channels.main.token: the token endpoint answered 400 invalid_request: check the channel id and secret'],
  })
})

test('in shadow a wrong secret is a warning: nothing is sent yet', async () => {
  const { url } = await simulator({ channels: [{ clientId: '100', clientSecret: 'another' }] })
  expect(await look(stateless(url, ', mode: shadow'))).toEqual({
    ...NOTHING,
    warnings: [
      'channels.main.token: the token endpoint answered 400 invalid_request: check the channel id and secret (mode is shadow, so nothing is sent yet)',
    ],
  })
})

test('a long-lived token that is known, shown with the headers that a partner wants', async () => {
  const peer = await relay(200, JSON.stringify({ userId: 'U1', basicId: '@a' }))
  const config = longLived(`${peer.origin}/line`, ', headers: { x-partner-key: abc }')
  expect(await look(config)).toEqual({ ...NOTHING, well: ['channels.main: the token is known'] })
  const [request] = peer.requests
  expect(request?.text).toMatch(/^GET \/line\/v2\/bot\/info HTTP/)
  expect([request?.header('authorization'), request?.header('x-partner-key')]).toEqual([`Bearer ${TOKEN}`, 'abc'])
})

test.each(['<html>log in</html>', '{}', 'null', '{"userId":1}', `{"userId":"${'U'.repeat(100_000)}"}`])(
  'whoever answers 200 to everything does not know the token: %.30s',
  async (body) => {
    const { origin } = await relay(200, body)
    expect(await look(longLived(origin))).toEqual({
      ...NOTHING,
      warnings: [
        "channels.main.token could not be tried: HTTP 200 at /v2/bot/info, but not with LINE's answer (JSON with userId). Is baseUrl right? If a relay answers so, send one message to yourself (mode: allow-list)",
      ],
    })
  },
)

test.each([401, 403])('a long-lived token that is refused with %i', async (status) => {
  const { origin } = await relay(status)
  expect(await look(longLived(origin))).toEqual({
    ...NOTHING,
    faults: [
      `channels.main.token: HTTP ${status} at /v2/bot/info; the token is not of this account, or was revoked: issue another in LINE's console`,
    ],
  })
})

test.each([404, 405, 302])('a relay that answers %i has no such question: a warning', async (status) => {
  const { origin } = await relay(status)
  expect(await look(longLived(origin))).toEqual({
    ...NOTHING,
    warnings: [
      `channels.main.token could not be tried: HTTP ${status} at /v2/bot/info, which a relay may not have. Send one message to yourself (mode: allow-list)`,
    ],
  })
})

test('a relay that is ill for the moment: a warning', async () => {
  const { origin } = await relay(503)
  expect(await look(longLived(origin))).toEqual({
    ...NOTHING,
    warnings: ['channels.main.token could not be tried: HTTP 503 at /v2/bot/info. Try again later'],
  })
})

test('nobody there', async () => {
  const port = await closedPort()
  expect(await look(longLived(`http://127.0.0.1:${port}`))).toEqual({
    ...NOTHING,
    faults: ['channels.main.baseUrl: ECONNREFUSED; check the URL, and that it can be reached from here'],
  })
})

test('what is called a simulator and is none gets neither token nor secret', async () => {
  const peer = await relay(200)
  const fault =
    'provider is line-simulator, and real people might get what is meant for it. Start `tsuchi line-simulator` and write the URL that it prints, or write provider: line'
  expect(await look(stateless(peer.origin, ', provider: line-simulator'))).toEqual({
    ...NOTHING,
    faults: [`channels.main.baseUrl: found HTTP 200 at /_simulator, and not as the simulator does; ${fault}`],
  })
  expect(peer.requests.map(({ text }) => text.split('\r\n')[0])).toEqual(['GET /_simulator HTTP/1.1'])
  const nobody = `http://127.0.0.1:${await closedPort()}`
  expect(await look(longLived(nobody, ', provider: line-simulator'))).toEqual({
    ...NOTHING,
    faults: [`channels.main.baseUrl: found ECONNREFUSED; ${fault}`],
  })
})

test('a simulator that is one', async () => {
  const { url } = await simulator({ longLivedTokens: [{ token: TOKEN, clientId: '100' }] })
  expect(await look(longLived(url, ', provider: line-simulator'))).toEqual({
    ...NOTHING,
    well: ['channels.main: the token is known'],
  })
})

test('the simulator tells whose token it is, as LINE does, and refuses one that it does not know', async () => {
  const { call, simulator: line } = await start()
  const known = await call('GET', '/v2/bot/info', { authorization: 'Bearer console-token' })
  expect([known.status, JSON.parse(known.text)]).toEqual([
    200,
    {
      userId: expect.stringMatching(/^U[0-9a-f]{32}$/),
      basicId: '@simulator',
      displayName: 'LINE simulator',
      chatMode: 'bot',
      markAsReadMode: 'auto',
    },
  ])
  expect((await call('GET', '/v2/bot/info', { authorization: 'Bearer another' })).status).toBe(401)
  expect((await call('GET', '/v2/bot/info', {})).status).toBe(401)
  expect((await call('POST', '/v2/bot/info', { authorization: 'Bearer console-token' })).status).toBe(404)
  expect([...line.log.after(0, 10)].map(({ endpoint }) => endpoint)).toEqual(['other', 'other', 'other', 'other'])
})

describe('of a channel that takes webhooks', () => {
  const BOT = `U${'a'.repeat(32)}`
  const OTHER = `U${'b'.repeat(32)}`
  const taking = (baseUrl: string, destination = BOT) =>
    longLived(baseUrl, `, receipts: webhook, webhook: { destination: ${destination}, secrets: [${SECRET}] }`)
  /** LINE's answer about the webhook, and to the wish that it test it. */
  const line = (status: number, body: object = {}, testStatus = 200, tested: object = REACHED): Promise<Peer> =>
    startPeer(({ socket, text }) => {
      if (text.startsWith('GET /v2/bot/info ')) socket.end(answer(200, JSON.stringify({ userId: BOT })))
      else if (text.startsWith('POST /v2/bot/channel/webhook/test ')) socket.end(answer(testStatus, JSON.stringify(tested)))
      else socket.end(answer(status, JSON.stringify(body)))
    })
  const REACHED = { success: true, statusCode: 200, reason: 'OK' }
  const REGISTERED = { endpoint: 'https://hooks.example.jp/line', active: true }
  const WELL = ['channels.main: the token is known', 'channels.main.webhook: destination is the account of the token']

  test('where LINE sends events is told, and what cannot be asked', async () => {
    const { origin } = await line(200, { endpoint: 'https://hooks.example.jp/line?key=c4nary-s3cret', active: true })
    expect(await look(taking(origin))).toEqual({
      ...NOTHING,
      well: [
        ...WELL,
        'channels.main.webhook: LINE sends events to https://hooks.example.jp/line. Whether it sends again what failed cannot be asked: switch on "Webhook redelivery" in LINE\'s console',
        'channels.main.webhook: LINE reaches it: a test without events was answered',
      ],
    })
  })

  test.each([
    [
      200,
      { success: false, statusCode: 0, reason: 'COULD_NOT_CONNECT', detail: 'https://hooks.example.jp/line?key=c4nary-s3cret' },
      "channels.main.webhook: LINE does not reach it: a test failed (COULD_NOT_CONNECT, status 0). If no worker runs that takes webhooks, start one, and check again. LINE's console has the URL and the errors: is it this webhook's, and do name, certificate and load balancer lead here?",
    ],
    [
      200,
      { success: false, statusCode: 401, reason: 'ERROR_STATUS_CODE' },
      "channels.main.webhook: LINE does not reach it: a test failed (ERROR_STATUS_CODE, status 401). If no worker runs that takes webhooks, start one, and check again. Is the channel's secret among webhook.secrets, and the body passed on byte for byte?",
    ],
    [
      404,
      {},
      'channels.main.webhook: LINE could not be asked to test whether it reaches it: HTTP 404. That events come is seen in tsuchi_webhook_events_total',
    ],
  ])(
    'LINE does not reach it, or cannot be asked (%i %j): a warning, as before the first start',
    async (status, tested, warning) => {
      const { origin } = await line(200, REGISTERED, status, tested)
      const { faults, warnings } = await look(taking(origin))
      expect([faults, warnings]).toEqual([[], [warning]])
    },
  )

  test('in shadow LINE is not asked to test anything', async () => {
    const { origin, requests } = await line(200, REGISTERED)
    await look(longLived(origin, `, mode: shadow, webhook: { destination: ${BOT}, secrets: [${SECRET}] }`))
    expect(requests.map(({ text }) => text.split(' ')[0])).toEqual(['GET', 'GET', 'GET'])
  })

  test('the destination of another account: a fault, with both', async () => {
    const { origin } = await line(200, { endpoint: 'https://hooks.example.jp/line', active: true })
    expect((await look(taking(origin, OTHER))).faults).toEqual([
      `channels.main.webhook.destination: ${OTHER}, and the token is of ${BOT}: no event of this channel would be taken for its own. Write the latter, or the token and secrets of the other account`,
    ])
  })

  test.each([
    [
      200,
      { endpoint: 'https://hooks.example.jp/line', active: false },
      'channels.main.webhook: LINE has https://hooks.example.jp/line for events, and sends none: switch on "Use webhook" in LINE\'s console',
    ],
    [
      404,
      {},
      "channels.main.webhook: LINE has no URL to send events to, or a relay does not tell: register in LINE's console where webhook.port is reached from outside, https and with webhook.path",
    ],
    [500, {}, "channels.main.webhook: where LINE sends events could not be asked: HTTP 500. Look in LINE's console"],
  ])('no events come (%i %j): a warning', async (status, body, warning) => {
    const { origin } = await line(status, body)
    expect(await look(taking(origin))).toEqual({ ...NOTHING, well: WELL, warnings: [warning] })
  })

  test('with a stateless token the same is asked; the simulator knows its bot and its webhook', async () => {
    const { url } = await simulator({
      channels: [{ clientId: '100', clientSecret: SECRET }],
      webhooks: [{ channel: '100', url: 'http://127.0.0.1:9/line' }],
    })
    const { warnings, faults } = await look(
      stateless(url, `, receipts: webhook, webhook: { destination: ${OTHER}, secrets: [${SECRET}] }`),
    )
    expect([warnings, faults]).toEqual([
      [expect.stringMatching(/^channels.main.webhook: LINE does not reach it: a test failed \(COULD_NOT_CONNECT, status 0\)\. /)],
      [expect.stringMatching(/destination: U[b]{32}, and the token is of U[0-9a-f]{32}:/)],
    ])
  })

  test('of the simulator, its options are named, and not a console that it does not have', async () => {
    const rest = `, provider: line-simulator, webhook: { destination: ${OTHER}, secrets: [${SECRET}] }`
    const { url } = await simulator({ channels: [{ clientId: '100', clientSecret: SECRET }] })
    expect((await look(stateless(url, rest))).warnings).toEqual([
      'channels.main.webhook: the simulator has no URL to send events to: start it with --webhook and the URL of webhook.port, with webhook.path',
    ])
    const { url: telling } = await simulator({
      channels: [{ clientId: '100', clientSecret: SECRET }],
      webhooks: [{ channel: '100', url: 'http://127.0.0.1:9/line' }],
    })
    expect((await look(stateless(telling, rest))).well).toContain(
      'channels.main.webhook: LINE sends events to http://127.0.0.1:9/line. Whether it sends again what failed cannot be asked: start the simulator with --redeliver',
    )
  })
})
