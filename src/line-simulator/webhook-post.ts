import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { type Dispatcher, request } from 'undici'
import type { Written } from './webhook-body.ts'

/** LINE's own names, from its statistics of webhook errors. */
export const FAILURES = ['could_not_connect', 'request_timeout', 'error_status_code', 'unclassified'] as const
export type Failure = (typeof FAILURES)[number]

export type Posted =
  /** With a 2xx. */
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: Failure; readonly status: number | null; readonly detail: string }

export interface PostOptions {
  readonly dispatcher: Dispatcher
  /** From when the body is written to when the answer is whole. */
  readonly timeoutMs: number
  /** How long the body takes to come; 0 for at once. */
  readonly dribbleMs: number
}

/** One request to a webhook, with its outcome as LINE would class it. Never throws; redirects are not followed. */
export const postWebhook = async (url: string, written: Written, options: PostOptions): Promise<Posted> => {
  const { dispatcher, timeoutMs, dribbleMs } = options
  const aborter = new AbortController()
  const timer = setTimeout(() => aborter.abort(), timeoutMs + dribbleMs)
  try {
    const response = await request(url, {
      method: 'POST',
      headers: headersOf(written),
      body: dribbleMs === 0 ? written.body : Readable.from(dribble(written.body, dribbleMs, aborter.signal)),
      dispatcher,
      signal: aborter.signal,
    })
    const status = response.statusCode
    await response.body.dump()
    if (aborter.signal.aborted) return timedOut(timeoutMs)
    if (status >= 200 && status < 300) return { kind: 'answered', status }
    return { kind: 'error_status_code', status, detail: String(status) }
  } catch (error) {
    if (aborter.signal.aborted) return timedOut(timeoutMs)
    const code = codeOf(error)
    return { kind: CONNECT_CODES.test(code) ? 'could_not_connect' : 'unclassified', status: null, detail: code }
  } finally {
    clearTimeout(timer)
  }
}

const headersOf = ({ body, signature }: Written): Record<string, string> => ({
  'content-type': 'application/json; charset=utf-8',
  'content-length': String(body.length),
  'user-agent': 'LineBotWebhook/2.0',
  ...(signature === null ? {} : { 'x-line-signature': signature }),
})

const timedOut = (ms: number): Posted => ({ kind: 'request_timeout', status: null, detail: `no answer in ${ms} ms` })

async function* dribble(body: Buffer, ms: number, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const pieces = Math.min(body.length, PIECES)
  for (let piece = 0; piece < pieces; piece += 1) {
    if (piece > 0) await wait(ms / (pieces - 1), undefined, { signal })
    yield body.subarray(Math.floor((body.length * piece) / pieces), Math.floor((body.length * (piece + 1)) / pieces))
  }
}

const PIECES = 10

/** No name, no way, nobody there, or no TLS that can be trusted. */
const CONNECT_CODES =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|EPROTO|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|ERR_SSL_.*|CERT_.*|.*_CERT(_.*)?|.*_SIGNATURE)$/

const codeOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'unknown'
}
