import { onTestFinished } from 'vitest'
import type { Attempt, Provider } from '../../src/dispatch/provider.ts'
import type { HashedPhone } from '../../src/domain/phone.ts'
import { createLineClient, type LineClientOptions } from '../../src/providers/line/client.ts'
import { answer, type Peer, startPeer } from './line-peer.ts'

export const TO = 'd41e0ad70dddfeb68f149ad6fc61574b9c5780ab7bcb2fba5517771ffbb2409c' as HashedPhone

export const attempt = (changes: Partial<Attempt> = {}): Attempt => ({
  to: TO,
  message: { endpoint: 'flexible', messages: [{ type: 'text', text: 'hello' }] },
  deliveryTag: tag(1),
  purpose: 'payment-due',
  mayStart: () => true,
  ...changes,
})

export const tag = (counter: number): string => `t_0_0123456789ab_1_${counter}`

/** Closed when the test is over. */
export const clientOf = (baseUrl: string, options: Partial<LineClientOptions> = {}): Provider => {
  const client = createLineClient({
    baseUrl,
    token: { kind: 'long-lived', token: 'T0ken' },
    monotonic: () => performance.now(),
    ...options,
  })
  onTestFinished(() => client.close())
  return client
}

export const accepting = (): Promise<Peer> => startPeer(({ socket }) => socket.write(answer(202)))

/** Outcomes without a request id. */
export const accepted = { kind: 'accepted', requestId: null }
export const notSent = (cause: string, retryAfterMs: number | null = null) => ({
  kind: 'not-sent',
  requestId: null,
  cause,
  retryAfterMs,
})
export const unknown = (cause: string) => ({ kind: 'unknown', requestId: null, cause })
