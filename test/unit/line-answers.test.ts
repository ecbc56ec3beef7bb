import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import { attempt, clientOf } from './line-attempts.ts'
import { answer, startPeer } from './line-peer.ts'

/** One send, answered by `respond`; `gone` is settled once the peer sees the connection end, with the error it ended in. */
const sendTo = async (
  respond: (socket: Socket) => void,
  { deadlineMs = 5_000 } = {},
): Promise<{ readonly outcome: Outcome; readonly gone: Promise<string> }> => {
  const peer = await startPeer(({ socket }) => respond(socket))
  const outcome = await clientOf(peer.origin, { deadlineMs }).send(attempt())
  const socket = peer.connections[0]?.socket
  if (!socket) throw new Error('the client never connected')
  return { outcome, gone: endOf(socket) }
}

const endOf = async (socket: Socket): Promise<string> => {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return socket.errored && 'code' in socket.errored ? String(socket.errored.code) : 'no error'
}

const head = (status: number, ...headers: readonly string[]): string =>
  [`HTTP/1.1 ${status} X`, 'X-Line-Request-Id: r1', ...headers, '', ''].join('\r\n')

/** What each status comes to, whatever may be wrong with the body that follows it. */
const BY_STATUS: readonly (readonly [number, Outcome])[] = [
  [200, { kind: 'accepted', requestId: 'r1' }],
  [202, { kind: 'accepted', requestId: 'r1' }],
  [422, { kind: 'unreachable', requestId: 'r1' }],
  [400, { kind: 'rejected', requestId: 'r1', status: 400, property: null }],
  [429, { kind: 'not-sent', requestId: 'r1', cause: 'rate-limited', retryAfterMs: null }],
  [500, { kind: 'unknown', requestId: 'r1', cause: 'status' }],
]

test.each(BY_STATUS)('a %i with a page of HTML counts by its status', async (status, expected) => {
  const page = '<html><body>It works!</body></html>'
  const { outcome } = await sendTo((socket) => socket.write(`${head(status, `Content-Length: ${page.length}`)}${page}`))
  expect(outcome).toEqual(expected)
})

test.each(BY_STATUS)('a %i whose JSON breaks off counts by its status', async (status, expected) => {
  const { outcome } = await sendTo((socket) => socket.end(`${head(status, 'Content-Length: 50')}{"message":"The req`))
  expect(outcome).toEqual(expected)
})

test.each(BY_STATUS)('a %i whose connection is reset within the body counts by its status', async (status, expected) => {
  const { outcome } = await sendTo((socket) =>
    socket.write(`${head(status, 'Content-Length: 50')}{"m`, () => socket.resetAndDestroy()),
  )
  expect(outcome).toEqual(expected)
})

test.each(BY_STATUS)('a %i whose body never comes counts by its status at the deadline', async (status, expected) => {
  const { outcome } = await sendTo((socket) => socket.write(head(status, 'Content-Length: 50')), { deadlineMs: 150 })
  expect(outcome).toEqual(expected)
})

test.each(BY_STATUS)('a %i with 10 MB counts by its status, and is not read on', async (status, expected) => {
  const size = 10 * 1024 * 1024
  const { outcome, gone } = await sendTo((socket) => socket.write(head(status, `Content-Length: ${size}`) + 'x'.repeat(size)))
  expect(outcome).toEqual(expected)
  // Unread bytes were thrown away: had they all been read, the end would be an orderly one.
  expect(await gone).toMatch(/ECONNRESET|EPIPE/)
})

test.each(BY_STATUS)('a %i with an endless body counts by its status, and is not read on', async (status, expected) => {
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
  const { outcome, gone } = await sendTo((socket) => {
    socket.write(head(status, 'Transfer-Encoding: chunked'))
    const pour = (): void => {
      if (!socket.destroyed) socket.write(chunk, pour)
    }
    pour()
  })
  expect(outcome).toEqual(expected)
  expect(await gone).toMatch(/ECONNRESET|EPIPE/)
})

test.each([
  ['one byte below the limit', 64 * 1024 - 1],
  ['the limit', 64 * 1024],
  ['one byte above it', 64 * 1024 + 1],
])('a body of %s on a connection that closes is one answer, whole or cut', async (_, size) => {
  const { outcome, gone } = await sendTo((socket) =>
    socket.end(head(202, 'Connection: close', `Content-Length: ${size}`) + 'x'.repeat(size)),
  )
  expect(outcome).toEqual({ kind: 'accepted', requestId: 'r1' })
  await gone
})

test('of an error longer than the limit, the status and no property is known', async () => {
  const body = JSON.stringify({ details: [{ property: 'to' }], filler: 'x'.repeat(64 * 1024) })
  const { outcome } = await sendTo((socket) => socket.write(answer(400, body)))
  expect(outcome).toEqual({ kind: 'rejected', requestId: null, status: 400, property: null })
})

test('what comes before the answer (103) is not the answer', async () => {
  const { outcome } = await sendTo((socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer(422)}`))
  expect(outcome).toEqual({ kind: 'unreachable', requestId: null })
})

test('property, request id and retry-after are read from the wire', async () => {
  const rejected = await sendTo((socket) =>
    socket.write(
      answer(400, '{"message":"The request body has 1 error(s)","details":[{"message":"…","property":"to"}]}', [
        'x-LINE-request-ID: r2',
      ]),
    ),
  )
  expect(rejected.outcome).toEqual({ kind: 'rejected', requestId: 'r2', status: 400, property: 'to' })

  const dated = ['Date: Wed, 21 Oct 2026 07:28:00 GMT', 'Retry-After: Wed, 21 Oct 2026 07:28:30 GMT']
  const limited = await sendTo((socket) => socket.write(answer(429, '{"message":"You have reached your monthly limit."}', dated)))
  expect(limited.outcome).toEqual({ kind: 'not-sent', requestId: null, cause: 'monthly-limit', retryAfterMs: 30_000 })
})
