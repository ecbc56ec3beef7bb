import type { ServerResponse } from 'node:http'
import type { BodyFault } from './body.ts'
import type { RefusedReason } from './taker.ts'

/** What a request is answered with, and why: the words of the metric. */
export interface Answer {
  readonly status: number
  readonly reason: AnswerReason
}

export type AnswerReason =
  | 'stored'
  /** Nothing in it is of use here, or there was nothing: a connection check. */
  | 'nothing-to-store'
  | 'not-found'
  | 'not-a-post'
  | RefusedReason
  | BodyFault
  | 'too-many-in-a-second'
  | 'too-many-at-a-time'
  | 'not-stored-in-time'
  | 'not-stored'
  | 'fault'

export const STATUSES: Readonly<Record<AnswerReason, number>> = {
  stored: 200,
  'nothing-to-store': 200,
  unreadable: 400,
  unsigned: 401,
  'wrong-signature': 401,
  'unknown-account': 403,
  'not-found': 404,
  'not-a-post': 405,
  late: 408,
  'cut-off': 408,
  'too-large': 413,
  'too-many-in-a-second': 429,
  'too-many-at-a-time': 503,
  'no-room': 503,
  'not-stored-in-time': 503,
  'not-stored': 503,
  fault: 503,
}

/** For whoever looks with curl: LINE looks at the status only, and strangers learn nothing that helps them. */
const WORDS: Readonly<Record<number, string>> = {
  200: 'taken',
  400: 'the body is not one of LINE’s',
  401: 'the signature is missing, or not that of this body',
  403: 'signed, but not for an account that is configured here',
  404: 'there is nothing here',
  405: 'LINE’s webhooks come by POST',
  408: 'the body did not come in time',
  413: 'the body is larger than webhook.bodyLimit',
  429: 'more requests than webhook.requestsPerSecond',
  503: 'not taken: send it again',
}

/** `isLast`: the connection ends with it, as where the body was not read to its end. */
export const writeAnswer = (response: ServerResponse, status: number, { isLast }: { readonly isLast: boolean }): void => {
  const text = `${WORDS[status] ?? ''}\n`
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...(status === 405 && { allow: 'POST' }),
    ...(isLast && { connection: 'close' }),
  })
  response.end(text)
}
