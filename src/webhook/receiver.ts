import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { listen } from '../http-listening.ts'
import { type Answer, type AnswerReason, STATUSES, writeAnswer } from './answer.ts'
import { createRoom, readBody } from './body.ts'
import type { Arrival, CoverageClaim } from './coverage-claim.ts'
import type { ForwardedBody } from './forward-post.ts'
import { createRateLimit } from './rate-limit.ts'
import type { Storage, Storing } from './storage.ts'
import type { Refused, Take, Taken } from './taker.ts'

/** LINE's webhook over HTTP: 200 once what a request says is durable, and otherwise something that makes LINE send it again. */
export interface Receiver {
  readonly url: string
  inFlight(): number
  /** Listens no more, and finishes what is under way, for at most so long. */
  stop(withinMs: number): Promise<void>
}

export interface ReceiverOptions {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly answerWithinMs: number
  readonly bodyLimit: number
  readonly concurrency: number
  readonly requestsPerSecond: number
  /** In lower case. */
  readonly signatureHeader: string
  /** Whether any secret could have made it. */
  readonly isSignatureShaped: (signature: string) => boolean
  readonly take: Take
  readonly storage: Storage
  readonly claim: CoverageClaim
  readonly clock: Clock
  /** A secret of these channels signed it, whether it is taken or not: told before it is stored. */
  readonly onSigned: (channels: readonly string[], body: ForwardedBody) => void
  /** It is durable, and about to be answered. `at`: when it came, by the wall clock. */
  readonly onTaken: (taken: Taken, at: number) => void
  readonly onRefused: (refused: Refused) => void
  /** Why something is not in Kafka, or is not known to be. It may come after the answer. */
  readonly onNotStored: (error: unknown) => void
  readonly onAnswered: (answer: Answer, ms: number) => void
  readonly onDropped: () => void
  /** A fault of ours. */
  readonly onFault: (error: unknown) => void
}

/** Bodies that are being read together, at most: 512 senders without the secret could otherwise have 128 MiB kept. */
const ROOM_BYTES = 64 << 20
/** Connections besides those with a request under way: load balancers keep some for later. */
const IDLE_CONNECTIONS = 512
/** Longer than most load balancers keep theirs, so that it is they who end them: one that we end may have a request on its way. */
const KEEP_ALIVE_MS = 75_000
const CHECK_CONNECTIONS_EVERY_MS = 500

/** Throws PortError. */
export const openReceiver = async (options: ReceiverOptions): Promise<Receiver> => {
  const { path, answerWithinMs, bodyLimit, clock, claim, take, storage } = options
  const admits = createRateLimit(options.requestsPerSecond)
  const room = createRoom(Math.max(ROOM_BYTES, 2 * bodyLimit))
  let inFlight = 0
  let stopping = false

  /** From the bytes to the answer, within the time that is left of it. */
  const answerTo = async (
    { bytes: body, signature, contentType }: ForwardedBody,
    arrival: Arrival,
    at: number,
    leftMs: number,
  ): Promise<AnswerReason> => {
    const taken = take(body, signature, at)
    const channels = taken.kind === 'taken' ? [taken.channel] : taken.channels
    if (channels.length > 0) options.onSigned(channels, { bytes: body, signature, contentType })
    if (taken.kind === 'refused') {
      options.onRefused(taken)
      // What one of our secrets signed came from LINE, and is not stored.
      if (taken.channels.length > 0) arrival.failed(clock.now(), taken.channels)
      else arrival.settled()
      return taken.reason
    }
    const isEmpty = taken.feedback.length === 0 && taken.friendEvents.length === 0
    if (!isEmpty) {
      const storing = storage.store(taken)
      storing.done.then(arrival.settled, (error: unknown) => {
        arrival.failed(clock.now(), [taken.channel])
        options.onNotStored(error)
      })
      const fate = await fateOf(storing, leftMs)
      if (fate !== 'stored') return fate
    } else arrival.settled()
    options.onTaken(taken, at)
    return isEmpty ? 'nothing-to-store' : 'stored'
  }

  /** `isRead`: the whole body has come, so that the connection can be used again. */
  const receive = async (request: IncomingMessage): Promise<{ readonly reason: AnswerReason; readonly isRead: boolean }> => {
    const at = clock.now()
    const began = clock.monotonic()
    const unread = (reason: AnswerReason) => ({ reason, isRead: false })
    const signature = request.headers[options.signatureHeader]
    if (typeof signature !== 'string') return unread('unsigned')
    // Before it has a place among those at a time, and before a byte of the body is read: whoever sends it has no secret of ours.
    if (!options.isSignatureShaped(signature)) {
      options.onRefused({ kind: 'refused', reason: 'wrong-signature', channels: [] })
      return unread('wrong-signature')
    }
    // Whether it is LINE's is not known yet, so that nothing is claimed of the time until it is.
    const arrival = claim.arrived(at)
    const lost = (reason: AnswerReason) => {
      arrival.failed(clock.now())
      return unread(reason)
    }
    if (!admits(began)) return lost('too-many-in-a-second')
    if (inFlight >= options.concurrency) return lost('too-many-at-a-time')
    inFlight++
    try {
      const body = await readBody(request, { limit: bodyLimit, withinMs: answerWithinMs, room })
      if (body === 'no-room') return lost(body)
      if (typeof body === 'string') {
        // Nobody can say whose it was. LINE's come whole, within limits: were these taken for LINE's, any stranger could keep us from ever
        // having listened.
        arrival.settled()
        return unread(body)
      }
      try {
        const leftMs = answerWithinMs - (clock.monotonic() - began)
        const signed = { bytes: body, signature, contentType: request.headers['content-type'] }
        return { reason: await answerTo(signed, arrival, at, leftMs), isRead: true }
      } finally {
        room.giveBack(body.length)
      }
    } catch (fault) {
      options.onFault(fault)
      return lost('fault')
    } finally {
      inFlight--
    }
  }

  const answer = (response: ServerResponse, began: number, reason: AnswerReason, isLast: boolean) => {
    const status = STATUSES[reason]
    // LINE's own keep their connection. Who is refused loses it, as no stranger shall hold one for the price of a request.
    const isRefused = status >= 400 && status < 500
    writeAnswer(response, status, { isLast: isLast || isRefused || stopping })
    options.onAnswered({ status, reason }, clock.monotonic() - began)
  }

  const server = createServer(
    {
      // Who is slow with the headers is cut off by node, and who is slow with the body by ourselves: node would not look whether it has come
      // while we stood still.
      headersTimeout: Math.max(1_000, answerWithinMs),
      requestTimeout: 0,
      connectionsCheckingInterval: CHECK_CONNECTIONS_EVERY_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => {
      const began = clock.monotonic()
      if (request.url?.split('?', 1)[0] !== path) return answer(response, began, 'not-found', true)
      if (request.method !== 'POST') return answer(response, began, 'not-a-post', true)
      receive(request).then(({ reason, isRead }) => answer(response, began, reason, !isRead), options.onFault)
    },
  )
  server.maxConnections = options.concurrency + IDLE_CONNECTIONS
  server.on('drop', () => {
    claim.trouble(clock.now())
    options.onDropped()
  })
  const url = await listen(server, { ...options, section: 'webhook' })
  claim.began(clock.now())

  return {
    url: `${url}${path}`,
    inFlight: () => inFlight,
    stop: async (withinMs) => {
      stopping = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const timer = setTimeout(() => server.closeAllConnections(), withinMs)
      await closed
      clearTimeout(timer)
    },
  }
}

const fateOf = (storing: Storing, withinMs: number): Promise<'stored' | 'not-stored' | 'not-stored-in-time'> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve('not-stored-in-time')
      storing.abandon()
    }, withinMs)
    storing.done
      .then(
        () => resolve('stored'),
        () => resolve('not-stored'),
      )
      .finally(() => clearTimeout(timer))
  })
