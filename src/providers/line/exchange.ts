import { type Dispatcher, Pool } from 'undici'

/** One POST. */
export interface Exchange {
  readonly path: string
  /** Name, value, name, value … */
  readonly headers: readonly string[]
  readonly body: string
  /** Asked once, on the connected socket, before the first byte; `false` drops the request and keeps the socket. */
  readonly mayStart: () => boolean
  /** Aborted when the deadline passes: whatever is known then is the ending. */
  readonly signal: AbortSignal
  /** The pool is done with the request. Later than the ending if the deadline passed while it was still connecting. */
  readonly onReleased: () => void
}

export type Ending =
  /** The status is known. The body may be torn, or cut at BODY_LIMIT. */
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: Readonly<Record<string, string | string[] | undefined>>
      readonly body: string
    }
  /** Not a byte was written. `code` names the system's or the client's error, if there was one. */
  | { readonly kind: 'not-started'; readonly refused: boolean; readonly late: boolean; readonly code: string | null }
  /** Started, and no status came. */
  | { readonly kind: 'lost'; readonly late: boolean }

/** LINE's longest documented answer has some 300 bytes. What is longer comes from something else, and is not read on. */
export const BODY_LIMIT = 64 * 1024

/** Speaks HTTP/1.1, one request at a time on each connection; retries nothing, follows nothing. Rejects only if `mayStart` throws. */
export const post = (pool: Pool, { path, headers, body, mayStart, signal, onReleased }: Exchange): Promise<Ending> => {
  const { promise, resolve, reject } = Promise.withResolvers<Ending>()
  let started: Dispatcher.DispatchController | null = null
  let answer: { readonly status: number; readonly headers: Readonly<Record<string, string | string[] | undefined>> } | null = null
  const chunks: Buffer[] = []
  let bytes = 0
  let refused = false
  let released = false

  const ending = (late: boolean, code: string | null): Ending => {
    if (answer) return { kind: 'answered', ...answer, body: Buffer.concat(chunks).toString('utf8') }
    return started ? { kind: 'lost', late } : { kind: 'not-started', refused, late, code }
  }
  const end = (code: string | null): void => {
    if (released) return
    released = true
    signal.removeEventListener('abort', cutShort)
    resolve(ending(false, code))
    onReleased()
  }
  const cutShort = (): void => {
    resolve(ending(true, null))
    started?.abort(new Error('the deadline passed'))
  }

  const handler: Dispatcher.DispatchHandler = {
    // undici calls this right before it writes, in the same turn, and drops the request if it throws. An abort would close the
    // socket as well. `started` bars a second write, should undici ever take a request up again.
    onRequestStart: (controller) => {
      if (signal.aborted || started) throw new Error('too late to start')
      try {
        refused = !mayStart()
      } catch (fault) {
        reject(fault)
        throw fault
      }
      if (refused) throw new Error('refused to start')
      started = controller
    },
    onResponseStart: (_controller, status, responseHeaders) => {
      // 1xx is not the answer; it is still to come.
      if (status >= 200) answer = { status, headers: responseHeaders }
    },
    onResponseData: (controller, chunk) => {
      chunks.push(chunk.subarray(0, BODY_LIMIT - bytes))
      bytes = Math.min(BODY_LIMIT, bytes + chunk.length)
      if (bytes === BODY_LIMIT) controller.abort(new Error('the answer is too long'))
    },
    onResponseEnd: () => end(null),
    onResponseError: (_controller, error) => end(codeOf(error)),
  }

  signal.addEventListener('abort', cutShort, { once: true })
  if (signal.aborted) {
    resolve(ending(true, null))
    onReleased()
    return promise
  }
  pool.dispatch({ path, method: 'POST', headers: [...headers], body }, handler)
  return promise
}

/** A socket that idles longer than this is closed by us. Were the server first, its FIN could cross a send on the wire, and that
 *  send would be unknown. LINE's idle limit is not documented; the shortest in common use is Node's own, 5 s. A handshake after 4 s
 *  of silence costs little. A shorter limit announced by `keep-alive: timeout=` is kept with one second to spare; a longer one is
 *  not believed. */
const IDLE_MS = 4_000
const SPARE_MS = 1_000

export const createPool = (origin: string, connections: number, connectTimeoutMs: number): Pool =>
  new Pool(origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    connectTimeout: connectTimeoutMs,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    keepAliveTimeoutThreshold: SPARE_MS,
    // Each request has one total deadline; undici's would be a second and third.
    headersTimeout: 0,
    bodyTimeout: 0,
  })

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.name)
