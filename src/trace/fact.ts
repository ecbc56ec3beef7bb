import type { Coverage } from '../domain/coverage.ts'
import type { Entry } from '../domain/entry.ts'
import type { Link, OutcomeReport } from '../domain/input.ts'
import type { Mark, Marking } from '../domain/mark.ts'
import type { Pause } from '../domain/pause.ts'
import type { PoisonRequest, ReadyRequest, RefusedRequest } from '../domain/request.ts'
import type { Result } from '../domain/result.ts'
import type { TaskPosition } from '../domain/state.ts'
import { decodeFeedback, decodeJournal, decodeRequest, UnreadableRecordError } from '../kafka/internal-codec.ts'
import type { ScannedRecord } from '../kafka/topic-scan.ts'
import type { TopicNames } from '../kafka/topics.ts'

/** What one record of tsuchi's own topics says. What was sealed is left out: a trace opens nothing. */
export type Fact = { readonly place: Place /** ms since the epoch. */; readonly at: number } & Said

export type Said =
  | { readonly kind: 'request'; readonly request: Omit<ReadyRequest, 'sealed'> | RefusedRequest | PoisonRequest }
  | { readonly kind: 'marking'; readonly marking: Marking }
  | { readonly kind: 'handover'; readonly report: OutcomeReport }
  | { readonly kind: 'receipt'; readonly deliveryTag: string; readonly deliveredAt: number }
  | { readonly kind: 'link'; readonly link: Omit<Link, 'kind'> }
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'entry'; readonly entry: Remembered }
  | { readonly kind: 'forgotten'; readonly notificationId: string }
  | { readonly kind: 'mark'; readonly subject: string; readonly mark: Mark | null }
  | { readonly kind: 'pause'; readonly channel: string; readonly pause: Pause | null }
  | { readonly kind: 'coverage'; readonly channel: string; readonly coverage: Coverage | null }
  | { readonly kind: 'position'; readonly position: TaskPosition }

export type Remembered = Omit<Entry, 'sealed'>

export interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** `null`: it says nothing of a notification. Throws UnreadableRecordError. */
export const factOf = (record: ScannedRecord, names: TopicNames, resultOf: (value: Buffer | null) => Result): Fact | null => {
  const { topic, partition, offset, timestamp } = record
  const said = saidIn(record, names, resultOf)
  return said && { place: { topic, partition, offset }, at: whenSaid(said) ?? timestamp, ...said }
}

const saidIn = (
  { topic, key, value }: ScannedRecord,
  names: TopicNames,
  resultOf: (value: Buffer | null) => Result,
): Said | null => {
  switch (topic) {
    case names.requests:
      return inRequests(value)
    case names.feedback:
      return inFeedback(value)
    case names.journal:
      return value === null ? tombstoneOf(key?.toString() ?? '') : inJournal(value)
    case names.results:
      return { kind: 'result', result: resultOf(value) }
    default:
      throw new Error(`${topic} is not traced`)
  }
}

const inRequests = (value: Buffer | null): Said | null => {
  const request = decodeRequest(value)
  switch (request.kind) {
    case 'ready':
      return { kind: 'request', request: { kind: 'ready', notification: request.notification } }
    case 'refused':
    case 'poison':
      return { kind: 'request', request }
    case 'mark':
      return { kind: 'marking', marking: request.marking }
    case 'channel':
      return null
  }
}

const inFeedback = (value: Buffer | null): Said | null => {
  const feedback = decodeFeedback(value)
  switch (feedback.kind) {
    case 'handover':
    case 'receipt':
      return feedback
    case 'link': {
      const { kind, ...link } = feedback
      return { kind, link }
    }
    case 'heartbeat':
    case 'hole':
    case 'barrier':
      return null
  }
}

const inJournal = (value: Buffer): Said | null => {
  const found = decodeJournal(value)
  switch (found.kind) {
    case 'entry': {
      const { sealed: _, ...entry } = found.entry
      return { kind: 'entry', entry }
    }
    case 'mark':
      return { kind: 'mark', subject: found.mark.subject, mark: found.mark }
    case 'pause':
      return { kind: 'pause', channel: found.pause.channel, pause: found.pause }
    case 'task-position':
      return { kind: 'position', position: found.position }
    case 'coverage':
      return { kind: 'coverage', channel: found.coverage.channel, coverage: found.coverage }
    case 'epoch':
    case 'immutables':
    case 'format':
      return null
  }
}

const tombstoneOf = (key: string): Said => {
  const [kind, name = ''] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)]
  if (kind === 'entry') return { kind: 'forgotten', notificationId: name }
  if (kind === 'mark') return { kind, subject: name, mark: null }
  if (kind === 'pause') return { kind, channel: name, pause: null }
  if (kind === 'coverage') return { kind, channel: name, coverage: null }
  throw new UnreadableRecordError('a tombstone of a key that this version does not write')
}

/** Of what tells its own time; the rest is as old as its record. */
const whenSaid = (said: Said): number | undefined => {
  switch (said.kind) {
    case 'request':
      return said.request.kind === 'ready' ? said.request.notification.receivedAt : said.request.receivedAt
    case 'handover':
      return said.report.at
    case 'result':
      return said.result.decidedAt
    default:
      return undefined
  }
}
