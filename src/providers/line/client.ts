import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { Attempt, Provider } from '../../dispatch/provider.ts'
import type { Endpoint, Message } from '../../domain/message.ts'
import type { NotSentCause, Outcome } from '../../domain/outcome.ts'
import type { Purpose } from '../../domain/purpose.ts'
import { createPool, type Ending, post } from './exchange.ts'
import type { TokenSource } from './issuer.ts'
import { outcomeOf, readHeaders } from './outcome.ts'
import { createSlots } from './slots.ts'
import { createTokens, type TokenEvent } from './tokens.ts'

export interface LineClientOptions {
  /** May have a path: a relay often does. */
  readonly baseUrl?: string
  /** Below the base URL. */
  readonly paths?: Readonly<Partial<Record<Endpoint, string>>>
  /** Further headers of every request: a partner's key, for instance. */
  readonly headers?: Readonly<Record<string, string>>
  readonly token: TokenSource
  /** By what LINE counts openings and taps: `purpose` gives it the notification's, and LINE has 1,000 names a month. A relay may refuse
   *  the field, so it is left out unless asked for. */
  readonly aggregationUnits?: 'none' | 'purpose'
  /** Of one send in all: token, connection, writing, and the answer with its body. */
  readonly deadlineMs?: number
  /** The most connections, thus the most requests on the wire at a time. */
  readonly connections?: number
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number
  readonly onTokenEvent?: (event: TokenEvent) => void
}

/** LINE's two endpoints (the flexible one has no `/v2`). */
const LINE_URL = 'https://api.line.me'
const LINE_PATHS: Readonly<Record<Endpoint, string>> = {
  template: '/v2/bot/message/pnp/templated/push',
  flexible: '/bot/pnp/push',
}

/** The provider for LINE itself, and for relays that speak like LINE. Throws a TypeError for options that cannot work. */
export const createLineClient = (options: LineClientOptions): Provider => {
  const { aggregationUnits = 'none', deadlineMs = 10_000, connections = 256, monotonic, onTokenEvent } = options
  const base = readBase(options.baseUrl ?? LINE_URL)
  const paths = { ...LINE_PATHS, ...options.paths }
  for (const path of Object.values(paths)) if (!path.startsWith('/')) throw new TypeError(`path ${path} must begin with a slash`)
  assertWhole('deadlineMs', deadlineMs)
  assertWhole('connections', connections)
  const fixedHeaders = readFixedHeaders(options.headers ?? {})
  const tokens = createTokens({ source: options.token, monotonic, ...(onTokenEvent ? { onEvent: onTokenEvent } : {}) })
  // A connect that outlives the deadline of the request that asked for it is of no use.
  const pool = createPool(base.origin, connections, deadlineMs)
  const slots = createSlots(connections)
  const drained = Promise.withResolvers<void>()
  let inFlight = 0
  let closing = false

  const sendWithin = async (attempt: Attempt, signal: AbortSignal): Promise<Outcome> => {
    const reading = await Promise.race([tokens.take(), aborted(signal)])
    if (reading === 'aborted') return notSent('no-token', null)
    if (reading.kind === 'none') return notSent('no-token', reading.retryAfterMs)
    if (!(await slots.enter(signal))) return notSent('connect', null)
    const ending = await post(pool, {
      path: base.prefix + paths[attempt.message.endpoint],
      headers: [...fixedHeaders, 'authorization', `Bearer ${reading.grant.token}`, 'x-line-delivery-tag', attempt.deliveryTag],
      body: bodyOf(attempt.to, attempt.message, aggregationUnits === 'purpose' ? [unitOf(attempt.purpose)] : undefined),
      mayStart: attempt.mayStart,
      signal,
      onReleased: slots.leave,
    })
    if (ending.kind === 'answered') {
      if (ending.status === 401) tokens.reject(reading.grant)
      else tokens.confirm(reading.grant)
    }
    return outcomeOfEnding(ending)
  }

  return {
    send: async (attempt) => {
      assertTag(attempt.deliveryTag)
      if (closing) return notSent('connect', null)
      const deadline = new AbortController()
      // One more turn of the event loop once the time has come: after a stall (garbage collection, a stopped process) the timer
      // fires before answers that have long arrived are read, and each would be an unknown for nothing.
      const timer = setTimeout(() => setImmediate(() => deadline.abort()), deadlineMs)
      inFlight += 1
      try {
        return await sendWithin(attempt, deadline.signal)
      } finally {
        clearTimeout(timer)
        inFlight -= 1
        if (closing && inFlight === 0) drained.resolve()
      }
    },
    close: async () => {
      closing = true
      if (inFlight === 0) drained.resolve()
      await drained.promise
      await Promise.all([tokens.close(), pool.destroy()])
    },
  }
}

/** Before its first byte a send that ran out of time is `connect`: no connection was to be had, be it that none came about or that
 *  all were taken. `send-by` is only what `mayStart` refused. */
const outcomeOfEnding = (ending: Ending): Outcome => {
  switch (ending.kind) {
    case 'not-started':
      return notSent(ending.refused ? 'send-by' : 'connect', null)
    case 'lost':
      return { kind: 'unknown', requestId: null, cause: ending.late ? 'timeout' : 'reset' }
    case 'answered':
      return outcomeOf(ending.status, readHeaders(ending.headers), ending.body)
  }
}

const notSent = (cause: NotSentCause, retryAfterMs: number | null): Outcome => ({
  kind: 'not-sent',
  requestId: null,
  cause,
  retryAfterMs,
})

const bodyOf = (to: string, message: Message, customAggregationUnits: readonly string[] | undefined): string =>
  message.endpoint === 'template'
    ? JSON.stringify({ to, templateKey: message.templateKey, body: message.body, customAggregationUnits })
    : JSON.stringify({ to, messages: message.messages, customAggregationUnits })

/** LINE takes up to 30 characters of A-Z, a-z, 0-9 and _. The longest purpose has 22. */
const unitOf = (purpose: Purpose): string => purpose.replaceAll('-', '_')

const assertTag = (tag: string): void => {
  if (!/^[A-Za-z0-9_-]{16,50}$/.test(tag)) {
    throw new TypeError('a delivery tag has 16 to 50 characters of A-Z, a-z, 0-9, _ and -: make it with formatDeliveryTag')
  }
}

/** setTimeout takes what is above 2^31 - 1 for 1 ms, and undici takes no connections for any number of them. */
const assertWhole = (name: string, value: number): void => {
  if (!Number.isInteger(value) || value < 1 || value > 2 ** 31 - 1)
    throw new TypeError(`${name} must be a whole number from 1 to 2^31 - 1`)
}

const readBase = (baseUrl: string): { readonly origin: string; readonly prefix: string } => {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') throw new TypeError('baseUrl must be an http or https URL')
  if (url.username || url.password) throw new TypeError('baseUrl must not hold a user or password: put keys in headers')
  if (url.search || url.hash) throw new TypeError('baseUrl must not have a query or fragment: leave them out')
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') }
}

/** Set for each request by the client itself, or by HTTP. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'content-type',
  'host',
  'x-line-delivery-tag',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'expect',
])

const readFixedHeaders = (headers: Readonly<Record<string, string>>): readonly string[] => {
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (lower === 'x-line-retry-key') {
      throw new TypeError(`header ${name}: LINE answers 400 to a notification message that carries one; remove it`)
    }
    if (OWN_HEADERS.has(lower))
      throw new TypeError(`header ${name} is set by the client itself; remove it from the channel's headers`)
    validateHeaderName(name)
    validateHeaderValue(name, value)
  }
  return ['content-type', 'application/json', ...Object.entries(headers).flat()]
}

const aborted = (signal: AbortSignal): Promise<'aborted'> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
