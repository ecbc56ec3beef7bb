import type { Outcome } from '../domain/outcome.ts'
import type { Cost, Result } from '../domain/result.ts'
import type { ClockFace } from './clock-face.ts'

/** What a result says, in plain words. */
export const resultWords = (result: Result, clock: ClockFace): string => {
  const correction = result.corrects === null ? '' : 'CORRECTION, the truth came late: '
  const end = result.terminal ? ' This is the end' : ''
  return `${correction}${result.status}: ${sentenceOf(result, clock)}.${end}${fallbackOf(result)}${end ? '.' : ''}`
}

const fallbackOf = ({ terminal, fallback }: Result): string =>
  terminal && fallback !== null ? `; the route says to try ${fallback} now` : ''

const sentenceOf = (result: Result, { time }: ClockFace): string => {
  const { reason, attempts, deliveryTag, releaseAt, deliveredAt, httpStatus, property, duplicateOf, detail, fallback } = result
  switch (result.status) {
    case 'received':
      return 'it was taken in'
    case 'queued':
      return `${WAITS[reason ?? ''] ?? `it waits (${reason ?? 'no reason given'})`}${reason === 'quiet-hours' && releaseAt !== null ? `, until ${time(releaseAt)}` : ''}`
    case 'sending':
      return `attempt ${attempts + 1}, as ${deliveryTag}`
    case 'unknown':
      return `LINE may or may not have taken it: ${unknownWords(reason)}${requestIn(result)}`
    case 'fallback_due':
      return `it is time to try ${fallback ?? 'another way'}, though LINE may still deliver it`
    case 'accepted':
      return `LINE took it${requestIn(result)}${result.terminal || result.corrects !== null ? atMost(result.cost) : '; its delivery event is waited for'}`
    case 'delivered':
      return `LINE says that the person can see it${deliveredAt === null ? '' : ` since ${time(deliveredAt)}`}${requestIn(result)}${costOf(result.cost, ', for')}`
    case 'undelivered':
      return 'LINE took it, and no receipt came within 24 hours: the person has blocked the account, or did not consent in time'
    case 'unconfirmed':
      return reason === 'no-webhook'
        ? `LINE took it, and for days too little was heard of its events to say whether the person got it (no-webhook)${atMost(result.cost)}`
        : `nobody can say whether LINE took it: ${unknownWords(reason)}${atMost(result.cost)}`
    case 'unreachable':
      return `LINE knows nobody by this number who may be written to (HTTP ${httpStatus ?? 422}${requestIn(result)})`
    case 'rejected':
      return `LINE refuses this message for good (HTTP ${httpStatus ?? 'without a status'}${requestIn(result)})${property === null ? '' : `, because of ${property}`}`
    case 'cancelled':
      return reason === 'not-notified'
        ? 'the person had heard nothing of the matter before, and need not hear of its end (not-notified)'
        : `what it is about was called off (${reason ?? 'cancellation'})`
    case 'superseded':
      return `a newer revision took its place (${reason ?? 'newer-revision'})`
    case 'expired':
      return EXPIRED[reason ?? ''] ?? `too late to be of use (${reason ?? 'no reason given'})`
    case 'duplicate':
      return `${reason === 'business-key' ? 'another event that says the same' : 'the same event again'}; see notification ${duplicateOf}`
    case 'refused':
      return `${REFUSED[reason ?? ''] ?? 'tsuchi did not send it'} (${reason})${detailOf(detail)}`
    case 'poison':
      return `the record could not be read (${reason})${detailOf(detail)}`
  }
}

const WAITS: Readonly<Record<string, string>> = {
  'quiet-hours': 'it waits for the end of quiet hours',
  spacing: 'it waits: the last one to this person was too short ago (spacing)',
  'daily-cap': 'it waits: this person has had enough for 24 hours (daily-cap)',
}

const EXPIRED: Readonly<Record<string, string>> = {
  'max-age': "the event was older than the route's maxAge when it was read (max-age)",
  'expires-at': 'its time was over before it could go (expires-at)',
  'quiet-hours': 'its time is over before quiet hours end (quiet-hours)',
}

const REFUSED: Readonly<Record<string, string>> = {
  shadow: 'the channel is a shadow, and sends nothing: it would have been sent now',
  'opted-out': 'the customer is on the list of those who want nothing',
  'not-on-allow-list': 'the channel writes only to those on its allow-list',
}

const detailOf = (detail: string | null): string => (detail === null ? '' : `: ${detail}`)

const requestIn = ({ lineRequestId }: Pick<Result, 'lineRequestId'>): string =>
  lineRequestId === null ? '' : `, request ${lineRequestId}`

const costOf = (cost: Cost | null, words: string): string =>
  cost === null ? '' : `${words} ${cost.tenThousandths / 10_000} ${cost.currency}`

/** Of what may not have arrived. */
const atMost = (cost: Cost | null): string => costOf(cost, ', for at most')

export const unknownWords = (cause: string | null): string => UNKNOWN[cause ?? ''] ?? cause ?? 'no cause given'

const UNKNOWN: Readonly<Record<string, string>> = {
  timeout: 'no answer came in time (timeout)',
  reset: 'the connection broke after the request had begun (reset)',
  status: 'its answer said neither yes nor no (status)',
  crash: 'the worker died before an answer came (crash)',
}

/** What an answer says that another worker handed over. */
export const outcomeWords = (outcome: Outcome): string => {
  const request = requestIn({ lineRequestId: outcome.requestId })
  switch (outcome.kind) {
    case 'accepted':
      return `LINE took it${request}`
    case 'unreachable':
      return `LINE knows nobody by this number who may be written to (HTTP 422${request})`
    case 'rejected':
      return `LINE refuses this message for good (HTTP ${outcome.status}${request})`
    case 'withheld':
      return 'it would have been sent, but for the shadow'
    case 'not-sent':
      return `certainly not sent (${outcome.cause}${request})`
    case 'unknown':
      return `LINE may or may not have taken it: ${unknownWords(outcome.cause)}`
  }
}
