import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  createForwarder,
  type ForwarderOptions,
  type ForwardLimits,
  type ForwardLoss,
  type ForwardOutcome,
} from '../../src/webhook/forwarder.ts'
import { closedPort } from './line-peer.ts'
import { SOON } from './soon.ts'

type Answer = (response: ServerResponse, n: number, request: IncomingMessage) => void

/** A partner's tool. Stopped and started again, it is where it was. */
const startTool = async (answer: Answer = (response) => response.end()) => {
  const requests: { readonly headers: IncomingMessage['headers']; readonly bytes: Buffer; readonly path: string }[] = []
  const underWay = { now: 0, most: 0 }
  let server: Server | undefined
  let port = 0
  const start = async () => {
    server = createServer((request, response) => {
      underWay.now += 1
      underWay.most = Math.max(underWay.most, underWay.now)
      response.on('close', () => {
        underWay.now -= 1
      })
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        requests.push({ headers: request.headers, bytes: Buffer.concat(chunks), path: request.url ?? '' })
        answer(response, requests.length, request)
      })
    })
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  const stop = () =>
    new Promise<void>((resolve) => {
      server?.close(() => resolve())
      server?.closeAllConnections()
    })
  await start()
  onTestFinished(stop)
  return { url: `http://127.0.0.1:${port}/tool?channel=1`, requests, underWay, start, stop }
}

const start = (url: string, limits: Partial<ForwardLimits> = {}, options: Partial<ForwarderOptions> = {}) => {
  const outcomes: ForwardOutcome[] = []
  const losses: ForwardLoss[] = []
  const forwarder = createForwarder({
    url,
    monotonic: () => performance.now(),
    onOutcome: (outcome) => outcomes.push(outcome),
    onLoss: (loss) => losses.push(loss),
    limits: { gapMs: 2, longestGapMs: 20, ...limits },
    ...options,
  })
  onTestFinished(() => forwarder.close(0))
  return { forwarder, outcomes, losses }
}

/** A clock that goes on with every look at it: so many looks, and a body is given up, however slow the machine is. */
const looks = () => {
  let now = 0
  return { monotonic: () => ++now }
}

const bodyOf = (bytes: Uint8Array | string, contentType: string | undefined = 'application/json; charset=utf-8') => ({
  bytes: Buffer.from(bytes),
  signature: 'GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=',
  contentType,
})

const until = (fact: () => void) => vi.waitFor(fact, SOON)

test('the tool gets every byte as it was signed, also such as are no UTF-8, with its signature and its type', async () => {
  const tool = await startTool()
  const { forwarder, outcomes, losses } = start(tool.url)
  const wild = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x0d, 0x0a, 0x7d, 0x20])
  forwarder.forward(bodyOf(wild))
  await until(() => expect(outcomes).toEqual(['taken']))

  const [request] = tool.requests
  expect(request?.bytes).toEqual(wild)
  expect(request?.path).toBe('/tool?channel=1')
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(wild.length),
    'x-line-signature': 'GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=',
  })
  expect(losses).toEqual([])
  expect(forwarder.held()).toEqual({ bodies: 0, bytes: 0 })
})

test('a body that came without a type leaves without one', async () => {
  const tool = await startTool()
  const { forwarder, outcomes } = start(tool.url)
  forwarder.forward({ ...bodyOf('{}'), contentType: undefined })
  await until(() => expect(outcomes).toEqual(['taken']))
  expect(tool.requests[0]?.headers['content-type']).toBeUndefined()
})

test('few at a time, however many come', async () => {
  const held: ServerResponse[] = []
  const tool = await startTool((response) => held.push(response))
  const { forwarder, outcomes } = start(tool.url, { concurrency: 3 })
  for (let n = 0; n < 20; n += 1) forwarder.forward(bodyOf(`{"n":${n}}`))
  await until(() => expect(held).toHaveLength(3))
  for (let n = 0; n < 20; n += 1) {
    await until(() => expect(held.length).toBeGreaterThan(n))
    held[n]?.end()
  }
  await until(() => expect(outcomes).toHaveLength(20))
  expect(tool.underWay.most).toBeLessThanOrEqual(3)
  expect(new Set(tool.requests.map(({ bytes }) => bytes.toString())).size).toBe(20)
})

test('what comes while the tool is down reaches it once it is up', async () => {
  const tool = await startTool()
  await tool.stop()
  const { forwarder, outcomes } = start(tool.url)
  const bodies = Array.from({ length: 10 }, (_, n) => `{"n":${n}}`)
  for (const body of bodies) forwarder.forward(bodyOf(body))
  expect(forwarder.held()).toEqual({ bodies: 10, bytes: bodies.join('').length })
  await tool.start()
  await until(() => expect(outcomes).toHaveLength(10))
  expect(new Set(outcomes)).toEqual(new Set(['taken']))
  expect(tool.requests.map(({ bytes }) => bytes.toString()).toSorted()).toEqual(bodies)
})

test.each([500, 502, 503, 408, 429])('after a %i it is tried again', async (status) => {
  const tool = await startTool((response, n) => response.writeHead(n < 4 ? status : 204).end())
  const { forwarder, outcomes } = start(tool.url)
  forwarder.forward(bodyOf('{}'))
  await until(() => expect(outcomes).toEqual(['taken']))
  expect(tool.requests).toHaveLength(4)
})

test('after a connection that was torn it is tried again', async () => {
  const tool = await startTool((response, n, request) => (n < 3 ? request.socket.destroy() : response.end()))
  const { forwarder, outcomes } = start(tool.url)
  forwarder.forward(bodyOf('{}'))
  await until(() => expect(outcomes).toEqual(['taken']))
  expect(tool.requests).toHaveLength(3)
})

test.each([400, 401, 404, 410, 413])('a %i is the last word', async (status) => {
  const tool = await startTool((response) => response.writeHead(status).end())
  const { forwarder, outcomes, losses } = start(tool.url)
  forwarder.forward(bodyOf('{}'))
  await until(() => expect(outcomes).toEqual(['refused']))
  await forwarder.close(0)
  expect(tool.requests).toHaveLength(1)
  expect(losses).toEqual([{ outcome: 'refused', cause: `status-${status}`, bodies: 1 }])
})

test.each([301, 302, 307, 308])(
  'a redirect (%i) is not followed: a signed body goes where the configuration says',
  async (status) => {
    const elsewhere = await startTool()
    const tool = await startTool((response) => response.writeHead(status, { location: elsewhere.url }).end())
    const { forwarder, outcomes, losses } = start(tool.url)
    forwarder.forward(bodyOf('{}'))
    await until(() => expect(outcomes).toEqual(['refused']))
    await forwarder.close(0)
    expect(losses).toEqual([{ outcome: 'refused', cause: `status-${status}`, bodies: 1 }])
    expect(elsewhere.requests).toEqual([])
  },
)

test('a tool that hangs is asked again, and given up in the end', async () => {
  const tool = await startTool(() => {})
  const { forwarder, outcomes, losses } = start(tool.url, { timeoutMs: 10, tryForMs: 30, gapMs: 5, longestGapMs: 5 }, looks())
  forwarder.forward(bodyOf('{}'))
  await until(() => expect(outcomes).toEqual(['given-up']))
  await forwarder.close(0)
  expect(tool.requests.length).toBeGreaterThan(1)
  expect(losses).toEqual([{ outcome: 'given-up', cause: 'timeout', bodies: 1 }])
})

test('an answer that never ends does not keep the body from being taken', async () => {
  const tool = await startTool((response) => response.writeHead(200).write('thank'))
  const { forwarder, outcomes } = start(tool.url, { timeoutMs: 1_000 })
  forwarder.forward(bodyOf('{}'))
  await until(() => expect(outcomes).toEqual(['taken']))
  expect(tool.requests).toHaveLength(1)
})

test('behind a tool that hangs nothing waits for longer than one tries, tried or not', async () => {
  const tool = await startTool(() => {})
  const { forwarder, outcomes, losses } = start(tool.url, { timeoutMs: 30, tryForMs: 20, concurrency: 1 })
  for (let n = 0; n < 5; n += 1) forwarder.forward(bodyOf('{}'))
  await until(() => expect(outcomes).toHaveLength(5))
  await forwarder.close(0)
  expect(new Set(outcomes)).toEqual(new Set(['given-up']))
  expect(losses).toContainEqual({ outcome: 'given-up', cause: 'queue', bodies: 4 })
})

test('nobody there to the end: given up, and told with the cause', async () => {
  const limits = { tryForMs: 100, gapMs: 10, longestGapMs: 10 }
  const { forwarder, outcomes, losses } = start(`http://127.0.0.1:${await closedPort()}/`, limits, looks())
  for (let n = 0; n < 3; n += 1) forwarder.forward(bodyOf('{}'))
  await until(() => expect(outcomes).toEqual(['given-up', 'given-up', 'given-up']))
  await forwarder.close(0)
  expect(losses).toEqual([{ outcome: 'given-up', cause: 'ECONNREFUSED', bodies: 3 }])
})

test.each([
  ['bodies', { bodies: 4 }],
  ['bytes', { bytes: 40 }],
])('more %s than are held are lost, told together, and the older ones go on', async (_, limits) => {
  const tool = await startTool((response, n) => (n === 1 ? undefined : response.end()))
  const { forwarder, outcomes, losses } = start(tool.url, { ...limits, concurrency: 1, timeoutMs: 100 })
  for (let n = 0; n < 7; n += 1) forwarder.forward(bodyOf(`{"n":${n}}      `.slice(0, 10)))
  expect(outcomes).toEqual(['no-room', 'no-room', 'no-room'])
  await until(() => expect(outcomes).toHaveLength(7))
  await forwarder.close(0)
  expect(outcomes.slice(3)).toEqual(['taken', 'taken', 'taken', 'taken'])
  expect(losses).toEqual([{ outcome: 'no-room', cause: 'queue', bodies: 3 }])
})

test('when it is told to stop, it tries what rests at once, and ends as soon as nothing is left', async () => {
  const tool = await startTool((response, n) => response.writeHead(n === 1 ? 503 : 200).end())
  const { forwarder, outcomes } = start(tool.url, { gapMs: 40_000, longestGapMs: 40_000, concurrency: 1 })
  forwarder.forward(bodyOf('{"n":1}'))
  forwarder.forward(bodyOf('{"n":2}'))
  await until(() => expect(outcomes).toEqual(['taken'])) // the second one: so the first has failed, and rests
  await forwarder.close(60_000)
  expect(outcomes).toEqual(['taken', 'taken'])
  expect(tool.requests.map(({ bytes }) => bytes.toString())).toEqual(['{"n":1}', '{"n":2}', '{"n":1}'])
})

test('what is left when the budget ends is lost, and told: what is under way, what rests, and what comes later', async () => {
  const tool = await startTool((response, n) => (n === 1 ? response.writeHead(503).end() : undefined))
  const { forwarder, outcomes, losses } = start(tool.url, { concurrency: 1 })
  for (let n = 0; n < 3; n += 1) forwarder.forward(bodyOf('{}'))
  await until(() => expect(tool.requests.length).toBeGreaterThan(1))
  await forwarder.close(0)
  expect(outcomes).toEqual(['stopped', 'stopped', 'stopped'])
  expect(losses).toEqual([{ outcome: 'stopped', cause: 'stop', bodies: 3 }])
  forwarder.forward(bodyOf('{}'))
  expect(outcomes).toHaveLength(4)
  expect(forwarder.held()).toEqual({ bodies: 0, bytes: 0 })
})

test('a type that cannot be written is refused, and harms nobody', async () => {
  const tool = await startTool()
  const { forwarder, outcomes, losses } = start(tool.url)
  forwarder.forward(bodyOf('{}', 'application/json\r\nx-injected: 1'))
  forwarder.forward(bodyOf('{}'))
  await until(() => expect(outcomes.toSorted()).toEqual(['refused', 'taken']))
  await forwarder.close(0)
  expect(losses).toEqual([{ outcome: 'refused', cause: 'UND_ERR_INVALID_ARG', bodies: 1 }])
})
