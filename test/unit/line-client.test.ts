import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { LineClientOptions } from '../../src/providers/line/client.ts'
import type { TokenEvent } from '../../src/providers/line/tokens.ts'
import { accepted, accepting, attempt, clientOf, notSent, TO, tag } from './line-attempts.ts'
import { answer, startPeer } from './line-peer.ts'

test.each([
  {
    endpoint: 'template',
    message: {
      endpoint: 'template',
      templateKey: 'shipment_completed_ja',
      body: {
        emphasizedItem: { itemKey: 'date_002_ja', content: '10' },
        buttons: [{ buttonKey: 'contact_ja', url: 'https://example.com/' }],
      },
    },
    path: '/relay/v2/bot/message/pnp/templated/push',
    body: `{"to":"${TO}","templateKey":"shipment_completed_ja","body":{"emphasizedItem":{"itemKey":"date_002_ja","content":"10"},"buttons":[{"buttonKey":"contact_ja","url":"https://example.com/"}]}}`,
  },
  {
    endpoint: 'flexible',
    message: { endpoint: 'flexible', messages: [{ type: 'text', text: 'hello' }] },
    path: '/relay/bot/pnp/push',
    body: `{"to":"${TO}","messages":[{"type":"text","text":"hello"}]}`,
  },
] as const)('the $endpoint endpoint gets these bytes and no others', async ({ message, path, body }) => {
  const peer = await accepting()
  const client = clientOf(`${peer.origin}/relay/`, { headers: { 'X-Partner-Key': 'k 1' } })

  expect(await client.send(attempt({ message }))).toEqual(accepted)
  expect(peer.connections.map(({ received }) => received)).toEqual([
    [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${peer.port}`,
      'connection: keep-alive',
      'content-type: application/json',
      'X-Partner-Key: k 1',
      'authorization: Bearer T0ken',
      'x-line-delivery-tag: t_0_0123456789ab_1_1',
      `content-length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  ])
})

test('a relay may have paths of its own', async () => {
  const peer = await accepting()
  await clientOf(peer.origin, { paths: { flexible: '/v9/lon' } }).send(attempt())
  expect(peer.requests[0]?.text).toMatch(/^POST \/v9\/lon HTTP/)
})

test.each([401, 429, 500, 503, 307])('a %i is not retried, nor followed', async (status) => {
  const peer = await startPeer(({ socket }) =>
    socket.write(answer(status, '{}', ['Location: /bot/pnp/push', 'X-Line-Request-Id: r1'])),
  )
  expect(await clientOf(peer.origin).send(attempt())).toMatchObject({ requestId: 'r1' })
  expect(peer.requests).toHaveLength(1)
})

test('closing waits for what is in flight; afterwards nothing is sent', async () => {
  const arrived = Promise.withResolvers<Socket>()
  const peer = await startPeer(({ socket }) => arrived.resolve(socket))
  const client = clientOf(peer.origin)
  const order: string[] = []
  const sending = client.send(attempt()).then((outcome) => order.push(outcome.kind))
  const socket = await arrived.promise
  const closing = client.close().then(() => order.push('closed'))
  expect(await client.send(attempt({ deliveryTag: tag(2) }))).toEqual(notSent('connect'))
  socket.write(answer(200))
  await Promise.all([sending, closing, once(socket, 'close')])
  expect(order).toEqual(['accepted', 'closed'])
  expect(peer.requests).toHaveLength(1)
})

test.each(['X-Line-Retry-Key', 'Authorization', 'content-type', 'X-LINE-Delivery-Tag', 'Transfer-Encoding'])(
  'a channel cannot set the header %s',
  (name) => {
    expect(() => clientOf('https://api.line.me', { headers: { [name]: 's3cret' } })).toThrow(`header ${name}`)
    expect(() => clientOf('https://api.line.me', { headers: { [name]: 's3cret' } })).not.toThrow('s3cret')
  },
)

test.each<[string, Partial<LineClientOptions>, string]>([
  ['a header with a line break', { headers: { 'X-Key': 'a\r\nb' } }, 'X-Key'],
  ['a base URL of another scheme', { baseUrl: 'ftp://api.line.me' }, 'baseUrl'],
  ['a base URL with a password', { baseUrl: 'https://u:p@api.line.me' }, 'put keys in headers'],
  ['a base URL with a query', { baseUrl: 'https://api.line.me/?a=b' }, 'query'],
  ['a relative path', { paths: { template: 'push' } }, 'path push'],
  ['no connections', { connections: 0 }, 'connections'],
  ['a deadline beyond what a timer takes', { deadlineMs: 2 ** 31 }, 'deadlineMs'],
  ['a token with a line break', { token: { kind: 'long-lived', token: 's3cret\n' } }, 'long-lived token'],
])('%s is refused at once', (_, options, message) => {
  expect(() => clientOf('https://api.line.me', options)).toThrow(message)
})

test.each(['short', 'a'.repeat(51), 'with a space in the tag', 'ütterly_wrong_tag'])(
  'the tag %j is a fault of ours',
  async (deliveryTag) => {
    const peer = await accepting()
    await expect(clientOf(peer.origin).send(attempt({ deliveryTag }))).rejects.toThrow(TypeError)
    expect(peer.connections).toEqual([])
  },
)

test('a fault within mayStart is not swallowed, and nothing is sent', async () => {
  const peer = await accepting()
  const client = clientOf(peer.origin)
  const mayStart = () => {
    throw new RangeError('ours')
  }
  await expect(client.send(attempt({ mayStart }))).rejects.toThrow('ours')
  expect(await client.send(attempt({ deliveryTag: tag(2) }))).toEqual(accepted)
  expect(peer.tags()).toEqual([tag(2)])
})

/** Mints token-1, token-2 … */
const startIssuer = () => {
  let minted = 0
  return startPeer(({ socket }) => {
    minted += 1
    socket.write(answer(200, `{"token_type":"Bearer","access_token":"token-${minted}","expires_in":900}`))
  })
}

const stateless = (url: string) => ({ kind: 'stateless', url, clientId: '1234', clientSecret: 's3cret' }) as const

test('256 sends that meet a 401 cause one renewal and no retry; the next one goes with the new token', async () => {
  const issuer = await startIssuer()
  const line = await startPeer((request) => {
    if (request.header('authorization') === 'Bearer token-2') request.socket.write(answer(202))
    else if (line.requests.length === 256) for (const { socket } of line.requests) socket.write(answer(401))
  })
  const events: TokenEvent[] = []
  const client = clientOf(line.origin, { token: stateless(issuer.origin), onTokenEvent: (event) => events.push(event) })

  const outcomes = await Promise.all(Array.from({ length: 256 }, (_, n) => client.send(attempt({ deliveryTag: tag(n) }))))
  expect(outcomes).toEqual(outcomes.map(() => notSent('unauthorized')))
  expect(line.requests).toHaveLength(256)
  expect(await client.send(attempt({ deliveryTag: tag(256) }))).toEqual(accepted)
  expect(issuer.requests).toHaveLength(2)
  expect(events.map(({ kind }) => kind)).toEqual(['renewed', 'rejected', 'renewed'])
})

test('any answer but a 401 shows that the token is good', async () => {
  const issuer = await startIssuer()
  const line = await startPeer(({ socket }) => socket.write(answer(line.requests.length % 2 === 0 ? 422 : 401)))
  const client = clientOf(line.origin, { token: stateless(issuer.origin) })
  const kinds: string[] = []
  for (const n of [1, 2, 3, 4, 5, 6]) kinds.push((await client.send(attempt({ deliveryTag: tag(n) }))).kind)
  expect(kinds).toEqual(['not-sent', 'unreachable', 'not-sent', 'unreachable', 'not-sent', 'unreachable'])
  expect(line.requests).toHaveLength(6)
})

test('without a token nothing is sent, and the sender is told when to come again', async () => {
  const line = await accepting()
  const issuer = await startPeer(({ socket }) => socket.write(answer(500)))
  const client = clientOf(line.origin, { token: stateless(issuer.origin), monotonic: () => 0 })
  const none = notSent('no-token', 1_000)
  expect(await Promise.all([client.send(attempt()), client.send(attempt({ deliveryTag: tag(2) }))])).toEqual([none, none])
  expect(await client.send(attempt({ deliveryTag: tag(3) }))).toEqual(none)
  expect(issuer.requests).toHaveLength(1)
  expect(line.connections).toEqual([])
})

test('the deadline of a send counts the wait for a token', async () => {
  const line = await accepting()
  const issuer = await startPeer(() => {})
  const client = clientOf(line.origin, { token: stateless(issuer.origin), deadlineMs: 100 })
  expect(await client.send(attempt())).toEqual(notSent('no-token'))
  expect(line.connections).toEqual([])
})
