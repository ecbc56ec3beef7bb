import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setDefaultCACertificates } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { accepted, accepting, attempt, clientOf, notSent, tag, unknown } from './line-attempts.ts'
import { answer, closedPort, LOCALHOST_CERTIFICATE, listen, startPeer, startTlsPeer } from './line-peer.ts'

test('a send refused on a warm connection leaves no byte on it, and the next send uses it', async () => {
  const peer = await accepting()
  const client = clientOf(peer.origin, { connections: 1 })
  expect(await client.send(attempt({ deliveryTag: tag(1) }))).toEqual(accepted)
  expect(await client.send(attempt({ deliveryTag: tag(2), mayStart: () => false }))).toEqual(notSent('send-by'))
  expect(await client.send(attempt({ deliveryTag: tag(3) }))).toEqual(accepted)

  expect(peer.tags()).toEqual([tag(1), tag(3)])
  expect(peer.connections.map(({ received }) => received)).toEqual([peer.requests.map(({ text }) => text).join('')])
})

test('half of 50 sends at once are refused: the server sees the other 25, whole, and nothing else', async () => {
  const peer = await accepting()
  const client = clientOf(peer.origin, { connections: 4 })
  const sends = Array.from({ length: 50 }, (_, n) =>
    client.send(attempt({ deliveryTag: tag(n + 10), mayStart: () => n % 2 === 0 })),
  )
  const outcomes = await Promise.all(sends)

  expect(outcomes.filter(({ kind }) => kind === 'accepted')).toHaveLength(25)
  expect(outcomes.filter((outcome) => outcome.kind === 'not-sent' && outcome.cause === 'send-by')).toHaveLength(25)
  expect(peer.requests).toHaveLength(25)
  expect(peer.connections.reduce((sum, { received }) => sum + received.length, 0)).toBe(
    peer.requests.reduce((sum, { text }) => sum + text.length, 0),
  )
})

test('whether it may start is asked once, when connected: what turned false meanwhile is not sent', async () => {
  const peer = await accepting()
  const client = clientOf(peer.origin, { connections: 1 })
  let asked = 0
  let may = true
  const refused = client.send(
    attempt({
      mayStart: () => {
        asked += 1
        return may
      },
    }),
  )
  may = false
  expect(await refused).toEqual(notSent('send-by'))
  expect(asked).toBe(1)

  expect(await client.send(attempt({ deliveryTag: tag(2) }))).toEqual(accepted)
  expect(peer.connections).toHaveLength(1)
  expect(peer.connections[0]?.received).toBe(peer.requests[0]?.text)
  expect(peer.tags()).toEqual([tag(2)])
})

test('a TLS handshake that takes longer than the intention lasts ends as send-by, and HTTP/2 is not spoken', async () => {
  setDefaultCACertificates([LOCALHOST_CERTIFICATE])
  const peer = await startTlsPeer(({ socket }) => socket.write(answer(200)))
  const gate = createServer()
  const waiting = once(gate, 'connection')
  const client = clientOf(`https://localhost:${await listen(gate)}`)

  let may = true
  const refused = client.send(attempt({ mayStart: () => may }))
  const [held]: Socket[] = await waiting
  may = false
  held?.pipe(connect(peer.port, '127.0.0.1')).pipe(held)
  expect(await refused).toEqual(notSent('send-by'))

  expect(await client.send(attempt({ deliveryTag: tag(2) }))).toEqual(accepted)
  expect(peer.tags()).toEqual([tag(2)])
  expect(peer.alpn).toEqual(['http/1.1'])
})

test.each([
  ['reset after the request', (socket: Socket) => socket.resetAndDestroy()],
  ['closed without an answer', (socket: Socket) => socket.end()],
  ['closed within the status line', (socket: Socket) => socket.end('HTTP/1.1 20')],
  ['closed within the headers', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n')],
  ['answered in something other than HTTP', (socket: Socket) => socket.end('+OK hello\r\n\r\n')],
  ['told of an answer (103) that never came', (socket: Socket) => socket.end('HTTP/1.1 103 Early Hints\r\n\r\n')],
  ['told to go on with a body already sent', (socket: Socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n')],
])('%s, nobody can say what came of it', async (_, respond) => {
  const peer = await startPeer(({ socket }) => respond(socket))
  expect(await clientOf(peer.origin).send(attempt())).toEqual(unknown('reset'))
  expect(peer.requests).toHaveLength(1)
})

test('no answer within the deadline is unknown, by timeout', async () => {
  const peer = await startPeer(() => {})
  const client = clientOf(peer.origin, { deadlineMs: 1_000 })
  expect(await client.send(attempt())).toEqual(unknown('timeout'))
  expect(peer.requests).toHaveLength(1)
  // A late answer must find nobody, least of all the next send.
  const socket = peer.requests[0]?.socket ?? peerMissing()
  if (!socket.closed) await once(socket, 'close')
})

test('the deadline is not put off by an answer that trickles in', async () => {
  const peer = await startPeer(({ socket }) => {
    const trickle = setInterval(() => socket.write('x-y: z\r\n'), 20)
    socket.on('close', () => clearInterval(trickle))
    socket.write('HTTP/1.1 200 OK\r\n')
  })
  expect(await clientOf(peer.origin, { deadlineMs: 1_000 }).send(attempt())).toEqual(unknown('timeout'))
})

test('after a stall, an answer that had arrived in time still counts', async () => {
  const peer = await startPeer(({ socket }) => {
    socket.write(answer(202))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_300)
  })
  expect(await clientOf(peer.origin, { deadlineMs: 1_000 }).send(attempt())).toEqual(accepted)
})

test.each([
  ['connection refused', async () => `http://127.0.0.1:${await closedPort()}`],
  ['no such name', async () => 'http://line.invalid'],
  ['TLS answered in plain text', async () => await plainTextOrigin()],
  ['a certificate for another name', async () => (await startTlsPeer(() => {})).origin.replace('localhost', '127.0.0.1')],
])('%s: not sent, for want of a connection', async (_, origin) => {
  setDefaultCACertificates([LOCALHOST_CERTIFICATE])
  let asked = 0
  const mayStart = () => {
    asked += 1
    return true
  }
  expect(await clientOf(await origin(), { deadlineMs: 5_000 }).send(attempt({ mayStart }))).toEqual(notSent('connect'))
  expect(asked).toBe(0)
})

const plainTextOrigin = async (): Promise<string> => {
  const server = createServer((socket) =>
    socket
      .on('error', () => {})
      .resume()
      .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  )
  return `https://127.0.0.1:${await listen(server)}`
}

test('what missed its deadline while connecting was not sent, and is not once the connection stands', async () => {
  setDefaultCACertificates([LOCALHOST_CERTIFICATE])
  const peer = await startTlsPeer(({ socket }) => socket.write(answer(200)))
  const gate = createServer()
  const waiting = once(gate, 'connection')
  const client = clientOf(`https://localhost:${await listen(gate)}`, { deadlineMs: 1_000, connections: 1 })
  let created = 0
  const count = () => {
    created += 1
  }
  subscribe('undici:request:create', count)
  onTestFinished(() => {
    unsubscribe('undici:request:create', count)
  })
  let asked = 0
  const mayStart = () => {
    asked += 1
    return true
  }
  const missed = [1, 2, 3].map(() => client.send(attempt({ mayStart })))
  expect(await Promise.all(missed)).toEqual(missed.map(() => notSent('connect')))

  const forward = (socket: Socket): Socket => socket.pipe(connect(peer.port, '127.0.0.1')).pipe(socket)
  const [held]: Socket[] = await waiting
  gate.on('connection', forward)
  forward(held ?? peerMissing())
  expect(await client.send(attempt({ deliveryTag: tag(2) }))).toEqual(accepted)
  expect(asked).toBe(0)
  expect(peer.tags()).toEqual([tag(2)])
  // Those that were still waiting for a connection left no trace in undici: only one connected, and one was sent.
  expect(created).toBe(2)
})

test('the deadline ends a send while it connects, no sooner and no later than one that waits for its answer', async () => {
  const mute = createServer((socket) => socket.on('error', () => {}).resume())
  const port = await listen(mute)
  const order: string[] = []
  await Promise.all([
    clientOf(`http://127.0.0.1:${port}`, { deadlineMs: 1_500 })
      .send(attempt())
      .then(() => order.push('1,500 ms, answering')),
    clientOf(`https://127.0.0.1:${port}`, { deadlineMs: 100 })
      .send(attempt())
      .then(() => order.push('100 ms, connecting')),
  ])
  expect(order).toEqual(['100 ms, connecting', '1,500 ms, answering'])
})

test('sends that wait for a connection go in order', async () => {
  const arrived = Promise.withResolvers<Socket>()
  const peer = await startPeer(({ socket }) => {
    if (peer.requests.length === 1) arrived.resolve(socket)
    else socket.write(answer(200))
  })
  const client = clientOf(peer.origin, { connections: 1 })
  const sends = [1, 2, 3].map((n) => client.send(attempt({ deliveryTag: tag(n) })))
  const socket = await arrived.promise
  socket.write(answer(200))
  expect(await Promise.all(sends)).toEqual([accepted, accepted, accepted])
  expect(peer.tags()).toEqual([tag(1), tag(2), tag(3)])
})

test('a connection the server closed while idle is replaced', async () => {
  const peer = await accepting()
  const client = clientOf(peer.origin)
  expect(await client.send(attempt({ deliveryTag: tag(1) }))).toEqual(accepted)
  const idle = peer.connections[0]?.socket
  idle?.end()
  await once(idle ?? peerMissing(), 'close')
  expect(await client.send(attempt({ deliveryTag: tag(2) }))).toEqual(accepted)
  expect(peer.connections).toHaveLength(2)
})

test('an answer nobody asked for is not taken for the answer to the next send', async () => {
  let n = 0
  const peer = await startPeer(({ socket }) => {
    n += 1
    socket.write(n === 1 ? answer(202) + answer(202) : answer(422))
  })
  const client = clientOf(peer.origin)
  expect(await client.send(attempt({ deliveryTag: tag(1) }))).toEqual(accepted)
  expect(await client.send(attempt({ deliveryTag: tag(2) }))).toEqual({ kind: 'unreachable', requestId: null })
})

const peerMissing = (): never => {
  throw new Error('the peer has no connection')
}
