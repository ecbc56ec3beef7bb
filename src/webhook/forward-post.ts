import { type Dispatcher, request } from 'undici'

/** A body as LINE sent it. */
export interface ForwardedBody {
  readonly bytes: Buffer
  /** As it came in x-line-signature. */
  readonly signature: string
  readonly contentType: string | undefined
}

/** What came of one request. `cause` is a status or an error's code: nothing of the answer, nothing of the body. */
export type Forwarded =
  /** With a 2xx. */
  | { readonly kind: 'taken' }
  /** It may be taken another time: a 5xx, 408 or 429, no answer in time, no connection. */
  | { readonly kind: 'not-now'; readonly cause: string }
  | { readonly kind: 'refused'; readonly cause: string }

/** One request, as LINE itself would have made it. Redirects are not followed: a signed body goes where the configuration says. Never
 *  throws. */
export const postForward = async (
  url: string,
  { bytes, signature, contentType }: ForwardedBody,
  {
    dispatcher,
    timeoutMs,
    signal,
  }: { readonly dispatcher: Dispatcher; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Forwarded> => {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), timeoutMs)
  try {
    const response = await request(url, {
      method: 'POST',
      headers: {
        ...(contentType !== undefined && { 'content-type': contentType }),
        'x-line-signature': signature,
      },
      body: bytes,
      dispatcher,
      signal: AbortSignal.any([late.signal, signal]),
    })
    // The status tells all. Of the rest only so much is read, and for so long, that the connection may be used again.
    await response.body.dump({ limit: ANSWER_LIMIT }).catch(() => {})
    return endingOf(response.statusCode)
  } catch (error) {
    if (late.signal.aborted) return { kind: 'not-now', cause: 'timeout' }
    const cause = codeOf(error)
    return { kind: OURS.test(cause) ? 'refused' : 'not-now', cause }
  } finally {
    clearTimeout(timer)
  }
}

const ANSWER_LIMIT = 64 * 1024

const endingOf = (status: number): Forwarded => {
  if (status >= 200 && status < 300) return { kind: 'taken' }
  const cause = `status-${status}`
  return status >= 500 || status === 408 || status === 429 ? { kind: 'not-now', cause } : { kind: 'refused', cause }
}

/** What no further attempt mends: the request cannot be written. */
const OURS = /^UND_ERR_(INVALID_ARG|NOT_SUPPORTED|REQ_CONTENT_LENGTH_MISMATCH)$/

const codeOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'unknown'
}
