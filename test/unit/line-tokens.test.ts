import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createTokens, type Grant, type TokenEvent, type Tokens } from '../../src/providers/line/tokens.ts'
import { answer, closedPort, type PeerRequest, startPeer } from './line-peer.ts'

const SECRET = 'c4nary-s3cret'

const issued = (token: string, seconds = 900): string =>
  answer(200, JSON.stringify({ token_type: 'Bearer', access_token: token, expires_in: seconds }))

/** A clock that stands still unless told, and events that can be waited for. */
const startTokens = async (respond: (request: PeerRequest, nth: number) => void, deadlineMs = 2_000) => {
  let nth = 0
  const peer = await startPeer((request) => {
    nth += 1
    respond(request, nth)
  })
  const clock = { now: 1_000_000 }
  const events: TokenEvent[] = []
  const tokens = createTokens({
    source: { kind: 'stateless', url: `${peer.origin}/oauth2/v3/token`, clientId: '1234', clientSecret: SECRET },
    monotonic: () => clock.now,
    onEvent: (event) => events.push(event),
    deadlineMs,
  })
  onTestFinished(() => tokens.close())
  return { tokens, clock, events, peer }
}

const grantOf = async (tokens: Tokens): Promise<Grant> => {
  const reading = await tokens.take()
  if (reading.kind === 'none') throw new Error('no token was to be had')
  return reading.grant
}
const tokenOf = async (tokens: Tokens): Promise<string> => (await grantOf(tokens)).token

test('a stateless token is asked for with id and secret, once for all who wait for it', async () => {
  const { tokens, peer, events } = await startTokens(({ socket }) => socket.write(issued('A')))
  const taken = await Promise.all(Array.from({ length: 50 }, () => tokenOf(tokens)))
  expect(new Set(taken)).toEqual(new Set(['A']))

  expect(peer.requests.map(({ text }) => text)).toEqual([
    [
      'POST /oauth2/v3/token HTTP/1.1',
      `host: 127.0.0.1:${peer.port}`,
      'connection: keep-alive',
      'content-type: application/x-www-form-urlencoded',
      'content-length: 72',
      '',
      `grant_type=client_credentials&client_id=1234&client_secret=${SECRET}`,
    ].join('\r\n'),
  ])
  expect(events).toEqual([{ kind: 'renewed', lifetimeMs: 900_000 }])
})

test('from 80 % of its life a token is renewed, once, while it still serves', async () => {
  const held: Socket[] = []
  const { tokens, clock, peer, events } = await startTokens(({ socket }, nth) =>
    nth === 1 ? socket.write(issued('A')) : held.push(socket),
  )
  expect(await tokenOf(tokens)).toBe('A')
  clock.now += 719_999
  expect(await tokenOf(tokens)).toBe('A')
  expect(peer.requests).toHaveLength(1)

  clock.now += 1
  expect(await Promise.all([tokenOf(tokens), tokenOf(tokens), tokenOf(tokens)])).toEqual(['A', 'A', 'A'])
  await expect.poll(() => held.length).toBe(1)
  expect(await tokenOf(tokens)).toBe('A')
  held[0]?.write(issued('B'))
  await expect.poll(() => events.length).toBe(2)
  expect(await tokenOf(tokens)).toBe('B')
  expect(peer.requests).toHaveLength(2)
})

test('a life is counted from before the token was asked for', async () => {
  const { tokens, clock, peer } = await startTokens(({ socket }, nth) => {
    if (nth === 1) clock.now += 899_999
    socket.write(issued(`${nth}`))
  })
  expect(await tokenOf(tokens)).toBe('1')
  clock.now += 1
  expect(await tokenOf(tokens)).toBe('2')
  expect(peer.requests).toHaveLength(2)
})

test('while issuance fails, a valid token serves to its end, then there is none, and at last a new one', async () => {
  const { tokens, clock, peer, events } = await startTokens(({ socket }, nth) =>
    socket.write(nth === 1 || nth === 4 ? issued(`${nth}`) : answer(503)),
  )
  expect(await tokenOf(tokens)).toBe('1')
  clock.now += 800_000
  expect(await tokenOf(tokens)).toBe('1')
  await expect.poll(() => events.length).toBe(2)
  expect(events[1]).toEqual({ kind: 'failed', reason: 'the token endpoint answered 503', retryAfterMs: 1_000 })

  clock.now += 99_999
  expect(await tokenOf(tokens)).toBe('1')
  await expect.poll(() => events.length).toBe(3)
  clock.now += 1
  expect(await tokens.take()).toEqual({ kind: 'none', retryAfterMs: 1_999 })
  expect(peer.requests).toHaveLength(3)

  clock.now += 1_999
  expect(await tokenOf(tokens)).toBe('4')
})

test('failed issuance backs off from 1 s to 30 s, and within that time nobody asks', async () => {
  const { tokens, clock, peer, events } = await startTokens(({ socket }) => socket.write(answer(500)))
  const delays: number[] = []
  for (const expected of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    const readings = await Promise.all([tokens.take(), tokens.take()])
    expect(readings[1]).toEqual(readings[0])
    if (readings[0]?.kind === 'none') delays.push(readings[0].retryAfterMs)
    clock.now += expected - 0.5
    expect(await tokens.take()).toEqual({ kind: 'none', retryAfterMs: 1 })
    clock.now += 0.5
  }
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  expect(peer.requests).toHaveLength(7)
  expect(events).toHaveLength(7)
})

test('after a success the back-off begins anew', async () => {
  const { tokens, clock } = await startTokens(({ socket }, nth) => socket.write(nth === 3 ? issued('A', 10) : answer(500)))
  expect(await tokens.take()).toMatchObject({ retryAfterMs: 1_000 })
  clock.now += 1_000
  expect(await tokens.take()).toMatchObject({ retryAfterMs: 2_000 })
  clock.now += 2_000
  expect(await tokenOf(tokens)).toBe('A')
  clock.now += 10_000
  expect(await tokens.take()).toEqual({ kind: 'none', retryAfterMs: 1_000 })
})

test('a 401 drops the token it was for, and no other', async () => {
  const { tokens, peer, events } = await startTokens(({ socket }, nth) => socket.write(issued(`${nth}`)))
  const first = await grantOf(tokens)
  for (let n = 0; n < 256; n += 1) tokens.reject(first)
  expect(await tokenOf(tokens)).toBe('2')
  tokens.reject(first)
  expect(await tokenOf(tokens)).toBe('2')
  expect(peer.requests).toHaveLength(2)
  expect(events.map(({ kind }) => kind)).toEqual(['renewed', 'rejected', 'renewed'])
})

test('new tokens that are rejected one after another are not minted without a pause', async () => {
  const { tokens, clock, peer, events } = await startTokens(({ socket }, nth) => socket.write(issued(`${nth}`)))
  tokens.reject(await grantOf(tokens))
  tokens.reject(await grantOf(tokens))
  expect(await tokens.take()).toEqual({ kind: 'none', retryAfterMs: 1_000 })
  clock.now += 1_000
  tokens.reject(await grantOf(tokens))
  expect(await tokens.take()).toEqual({ kind: 'none', retryAfterMs: 2_000 })
  expect(peer.requests).toHaveLength(3)

  clock.now += 2_000
  const good = await grantOf(tokens)
  tokens.confirm(good)
  tokens.reject(good)
  expect(await tokenOf(tokens)).toBe('5')
  expect(events.filter(({ kind }) => kind === 'rejected')).toEqual([
    { kind: 'rejected', inARow: 1, retryAfterMs: 0 },
    { kind: 'rejected', inARow: 2, retryAfterMs: 1_000 },
    { kind: 'rejected', inARow: 3, retryAfterMs: 2_000 },
    { kind: 'rejected', inARow: 1, retryAfterMs: 0 },
  ])
})

test('a 401 does not cut a back-off short', async () => {
  const { tokens, clock, peer, events } = await startTokens(({ socket }, nth) =>
    socket.write(nth === 1 ? issued('A') : answer(500)),
  )
  const grant = await grantOf(tokens)
  clock.now += 800_000
  await tokens.take()
  await expect.poll(() => events.length).toBe(2)
  tokens.reject(grant)
  expect(await tokens.take()).toEqual({ kind: 'none', retryAfterMs: 1_000 })
  expect(peer.requests).toHaveLength(2)
})

test('a long-lived token that is rejected pauses the same way', async () => {
  const clock = { now: 0 }
  const events: TokenEvent[] = []
  const tokens = createTokens({
    source: { kind: 'long-lived', token: 'L' },
    monotonic: () => clock.now,
    onEvent: (event) => events.push(event),
  })
  tokens.reject(await grantOf(tokens))
  tokens.reject(await grantOf(tokens))
  expect(await tokens.take()).toEqual({ kind: 'none', retryAfterMs: 1_000 })
  clock.now += 1_000
  expect(await tokenOf(tokens)).toBe('L')
  expect(events.map(({ kind }) => kind)).toEqual(['rejected', 'rejected'])
})

test.each([
  [
    'a wrong secret',
    answer(400, `{"error":"invalid_client","error_description":"${SECRET}"}`),
    'answered 400 invalid_client: check the channel',
  ],
  ['an error that echoes the request', answer(400, `{"error":"${SECRET}"}`), 'answered 400: check the channel'],
  ['too many requests', answer(429, '{"message":"slow down"}'), 'answered 429'],
  ['a page of HTML', answer(200, `<html>${SECRET}</html>`), 'check its URL'],
  ['no token', answer(200, '{"expires_in":900}'), 'check its URL'],
  ['a token with a line break', answer(200, '{"access_token":"a\\nb","expires_in":900}'), 'check its URL'],
  ['no life', answer(200, '{"access_token":"A","expires_in":0}'), 'check its URL'],
  ['half an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"access_', 'check its URL'],
  ['a closed connection', '', 'connection lost'],
])('%s at the token endpoint is a failure with its remedy and without secrets', async (_, response, remedy) => {
  const { tokens, events } = await startTokens(({ socket }) => socket.end(response))
  expect(await tokens.take()).toEqual({ kind: 'none', retryAfterMs: 1_000 })
  expect(events).toEqual([{ kind: 'failed', reason: expect.stringContaining(remedy), retryAfterMs: 1_000 }])
  expect(JSON.stringify(events)).not.toContain(SECRET)
})

test('a token endpoint that does not answer is given up at its own deadline', async () => {
  const { tokens, events } = await startTokens(() => {}, 100)
  expect(await tokens.take()).toEqual({ kind: 'none', retryAfterMs: 1_000 })
  expect(events).toEqual([{ kind: 'failed', reason: expect.stringContaining('within 100 ms'), retryAfterMs: 1_000 }])
})

test('a token endpoint that refuses the connection is named as such', async () => {
  const events: TokenEvent[] = []
  const url = `http://127.0.0.1:${await closedPort()}/token`
  const tokens = createTokens({
    source: { kind: 'stateless', url, clientId: '1', clientSecret: SECRET },
    monotonic: () => 0,
    onEvent: (event) => events.push(event),
  })
  onTestFinished(() => tokens.close())
  await tokens.take()
  expect(events).toEqual([{ kind: 'failed', reason: expect.stringContaining('ECONNREFUSED'), retryAfterMs: 1_000 }])
})

test('closing ends a renewal, and reports nothing more', async () => {
  const arrived = Promise.withResolvers<void>()
  const { tokens, events } = await startTokens(() => arrived.resolve())
  const taking = tokens.take()
  await arrived.promise
  await tokens.close()
  expect(await taking).toMatchObject({ kind: 'none' })
  expect(events).toEqual([])
})
