import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, vi } from 'vitest'
import type { SimulatorOptions } from '../../src/line-simulator/options.ts'
import { start } from './line-simulator-fixture.ts'
import { SOON } from './soon.ts'

export const SECRET = '8c570fa6dd201bb328f1c1eac23a96d8'
export const TAG = 't_1_abcdef012345_1'

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly path: string
  readonly body: Buffer
}

export interface ReceivedEvent {
  readonly type: string
  readonly webhookEventId: string
  readonly timestamp: number
  readonly deliveryContext: { readonly isRedelivery: boolean }
  readonly delivery?: { readonly data: string }
  readonly [property: string]: unknown
}

/** A webhook: keeps what it receives as it was sent, and answers as it is told, 200 unless told otherwise. */
export const startReceiver = async (answer: (response: ServerResponse, n: number) => void = (response) => response.end()) => {
  const requests: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push({ headers: request.headers, path: request.url ?? '', body: Buffer.concat(chunks) })
      answer(response, requests.length)
    })
  })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(close)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/line`,
    requests,
    close,
    /** The first `n` requests, when they are there. */
    received: async (n: number): Promise<Received[]> => {
      await vi.waitFor(() => expect(requests.length).toBeGreaterThanOrEqual(n), SOON)
      return requests.slice(0, n)
    },
  }
}

export const bodyOf = ({ body }: Received) => JSON.parse(body.toString()) as { destination: string; events: ReceivedEvent[] }

export const eventsOf = (requests: readonly Received[]) => requests.flatMap((request) => bodyOf(request).events)

export const isSigned = ({ headers, body }: Received, secret = SECRET) =>
  headers['x-line-signature'] === createHmac('sha256', secret).update(body).digest('base64')

/** A simulator that tells a receiver, without delay, and the receiver. */
export const startBoth = async (options: SimulatorOptions = {}, answer?: (response: ServerResponse, n: number) => void) => {
  const receiver = await startReceiver(answer)
  const line = await start({
    deliveryDelayMs: 0,
    deliveryJitterMs: 0,
    webhooks: [{ url: receiver.url }],
    webhookSecret: SECRET,
    ...options,
  })
  const { simulator } = line
  return {
    ...line,
    receiver,
    /** When nothing is on its way, and no request to a webhook under way or waiting for its turn. */
    quiet: () => vi.waitFor(() => expect(simulator.deliveries.report()).toMatchObject({ onTheWay: 0, waiting: 0 }), SOON),
    log: () => [...simulator.webhookLog.after(0, 1000)],
  }
}
