import type { NotSentCause, Outcome } from '../../domain/outcome.ts'
import { printable } from '../../printable-text.ts'

/** What an answer's headers say that an outcome needs. */
export interface AnswerHeaders {
  /** `x-line-request-id`: on every answer of LINE's; what its support asks for. */
  readonly requestId: string | null
  /** `retry-after` as it came. LINE documents none, a relay may send one. */
  readonly retryAfter: string | null
  /** The server's own clock (`date`), ms since the epoch: a `retry-after` date is read against it, so that skew does not matter. */
  readonly date: number | null
}

/** What one answer means. LINE does not guarantee texts, so the status decides: a torn, empty or endless body changes nothing but the details.
 *  One thing alone a status cannot do: make a success of a page. That is what something else says on the way, a proxy or a login, and it may
 *  or may not have passed the request on.
 *
 *  | status               | outcome                    | why |
 *  |----------------------|----------------------------|-----|
 *  | 200, 202             | accepted                   | the one or the other, by endpoint |
 *  | 200, 202 with a page | unknown `status`           | and no request id: it was not LINE that answered |
 *  | 422                  | unreachable                | no LINE user with this number who consents |
 *  | 401                  | not-sent `unauthorized`    | |
 *  | 403                  | not-sent `forbidden`       | |
 *  | 429                  | not-sent                   | `monthly-limit` if the text says so, else `rate-limited` |
 *  | 408                  | unknown `timeout`          | some proxy gave up waiting; LINE may not have |
 *  | other 4xx            | rejected                   | the same request would be refused again |
 *  | 301, 302, 307, 308   | not-sent `forbidden`       | nothing was executed, the base URL is wrong: pausing the channel loses nothing |
 *  | other 1xx, 2xx, 3xx  | unknown `status`           | neither yes nor no; a 303 even follows work that was done |
 *  | 5xx and beyond       | unknown `status`           | LINE warns that it may have delivered |
 */
export const outcomeOf = (status: number, headers: AnswerHeaders, body: string): Outcome => {
  const { requestId } = headers
  const notSent = (cause: NotSentCause): Outcome => ({ kind: 'not-sent', requestId, cause, retryAfterMs: retryAfterMs(headers) })
  if (status === 200 || status === 202)
    return requestId === null && PAGE.test(body)
      ? { kind: 'unknown', requestId, cause: 'status' }
      : { kind: 'accepted', requestId }
  if (MOVED.has(status)) return notSent('forbidden')
  if (status < 400 || status > 499) return { kind: 'unknown', requestId, cause: 'status' }
  switch (status) {
    case 401:
      return notSent('unauthorized')
    case 403:
      return notSent('forbidden')
    case 408:
      return { kind: 'unknown', requestId, cause: 'timeout' }
    case 422:
      return { kind: 'unreachable', requestId }
    case 429:
      return notSent(MONTHLY_LIMIT.test(readError(body).message) ? 'monthly-limit' : 'rate-limited')
    default:
      return { kind: 'rejected', requestId, status, property: readError(body).property }
  }
}

/** From headers whose names are in lower case. What would go into logs and results is cut and cleaned here. */
export const readHeaders = (headers: Readonly<Record<string, string | string[] | undefined>>): AnswerHeaders => {
  const first = (name: string): string => [headers[name] ?? ''].flat()[0] ?? ''
  const requestId = first('x-line-request-id')
    .replace(/[^\x21-\x7e]/g, '')
    .slice(0, 100)
  const date = Date.parse(first('date'))
  return {
    requestId: requestId === '' ? null : requestId,
    retryAfter: first('retry-after').trim() || null,
    date: Number.isNaN(date) ? null : date,
  }
}

/** HTML or XML. Whatever LINE, or a relay, may come to say instead of `{}`, it does not begin like that. */
const PAGE = /^\s*</

const MOVED: ReadonlySet<number> = new Set([301, 302, 307, 308])

/** Literal text: "You have reached your monthly limit." Should LINE reword it, the channel backs off instead of pausing. */
const MONTHLY_LIMIT = /monthly limit/i

/** Seconds or an HTTP date (RFC 9110, 10.2.3); `null` when absent, unreadable, or a date without the server's own to compare. */
const retryAfterMs = ({ retryAfter, date }: AnswerHeaders): number | null => {
  if (retryAfter === null) return null
  // Nine digits are 31 years: a longer figure is not a time, nor is a date beyond that.
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000
  // Date.parse reads much that is no HTTP date ("-1", "2.5"): those begin with the name of a day.
  const at = /^[A-Z][a-z]{2}/.test(retryAfter) ? Date.parse(retryAfter) : Number.NaN
  return date !== null && at - date < 1e12 ? Math.max(0, at - date) : null
}

/** `{"message": …, "details": [{"message": …, "property": …}]}` as far as it is that. Only the first property is kept: LINE's name
 *  of a field, never its value. */
const readError = (body: string): { readonly message: string; readonly property: string | null } => {
  const error = parse(body)
  const details = fieldOf(error, 'details')
  const property = fieldOf(Array.isArray(details) ? details[0] : undefined, 'property')
  const message = fieldOf(error, 'message')
  return {
    message: typeof message === 'string' ? message : '',
    property: typeof property === 'string' && property !== '' ? printable(property, LONGEST_PROPERTY) : null,
  }
}

/** It goes into the journal, and into results. */
const LONGEST_PROPERTY = 200

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
