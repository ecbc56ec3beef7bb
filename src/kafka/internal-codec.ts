import type { Coverage } from '../domain/coverage.ts'
import type { Entry } from '../domain/entry.ts'
import type { Feedback, Link } from '../domain/input.ts'
import type { Mark, Marking } from '../domain/mark.ts'
import type { NotSentCause, Outcome, UnknownCause } from '../domain/outcome.ts'
import type { Pause } from '../domain/pause.ts'
import type { ChannelRequest, PoisonRequest, ReadyRequest, RefusedRequest, Request } from '../domain/request.ts'
import type { TaskPosition } from '../domain/state.ts'
import { type Kind, loadInternalRecords, NEWEST_FORMAT, UnreadableRecordError } from './internal-records.ts'

export { UnreadableRecordError }

/** Internal records are Avro with our own bundled schemas, so that a worker can restore when the registry is down. */
const records = loadInternalRecords(new URL('../../schemas/internal/', import.meta.url), NEWEST_FORMAT)

/** What must never change while the topics live: compared by every worker before it joins. */
export interface Immutables {
  readonly partitions: number
  readonly incarnation: string
  readonly pepperCheck: string
  /** Prefix of the consumer groups and transactional ids. Under another one, the same partitions would have a second owner. */
  readonly group: string
}

export type JournalValue =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'mark'; readonly mark: Mark }
  | { readonly kind: 'pause'; readonly pause: Pause }
  | { readonly kind: 'coverage'; readonly coverage: Coverage }
  | { readonly kind: 'task-position'; readonly position: TaskPosition }
  | { readonly kind: 'epoch'; readonly nonce: string }
  | { readonly kind: 'immutables'; readonly immutables: Immutables }
  | { readonly kind: 'format'; readonly format: number }

/** `format`: that of the topics, which may be older than the newest: see partition-formats.ts. */
export const encodeRequest = (request: Request, format: number): Buffer => {
  const encode = (kind: Kind, value: object) => records.encode(kind, value, format)
  switch (request.kind) {
    case 'ready':
      return encode('ready-request', { notification: request.notification, sealed: bytes(request.sealed) })
    case 'refused':
      return encode('refused-request', request)
    case 'poison':
      return encode('poison-request', request)
    case 'mark':
      return encode('mark-request', request.marking)
    case 'channel':
      return encode('channel-request', request)
  }
}

export const decodeRequest = (value: Buffer | null): Request => {
  const { kind, body } = records.decode(value)
  switch (kind) {
    case 'ready-request':
      return { ...(body as Omit<ReadyRequest, 'kind'>), kind: 'ready' }
    case 'refused-request':
      return { ...(body as Omit<RefusedRequest, 'kind'>), kind: 'refused' }
    case 'poison-request':
      return { ...(body as Omit<PoisonRequest, 'kind'>), kind: 'poison' }
    case 'mark-request':
      return { kind: 'mark', marking: body as Marking }
    case 'channel-request':
      return { ...(body as Omit<ChannelRequest, 'kind'>), kind: 'channel' }
    default:
      throw new UnreadableRecordError(`a ${kind} has no place in requests`)
  }
}

export const encodeFeedback = (feedback: Feedback, format: number): Buffer => {
  const encode = (kind: Kind, value: object) => records.encode(kind, value, format)
  switch (feedback.kind) {
    case 'handover': {
      const { deliveryTag, outcome, at } = feedback.report
      return encode('handover', { deliveryTag, outcome: { ...EMPTY_OUTCOME, ...outcome }, at })
    }
    default:
      return encode(feedback.kind, feedback)
  }
}

export const decodeFeedback = (value: Buffer | null): Feedback => {
  const { kind, body } = records.decode(value)
  switch (kind) {
    case 'handover': {
      const { deliveryTag, outcome, at } = body as { deliveryTag: string; outcome: FlatOutcome; at: number }
      return { kind: 'handover', report: { deliveryTag, outcome: outcomeFrom(outcome), at } }
    }
    case 'barrier':
      return { ...(body as { epoch: number; at: number }), kind: 'barrier' }
    case 'receipt':
      return { ...(body as { deliveryTag: string; deliveredAt: number }), kind: 'receipt' }
    case 'heartbeat':
    case 'hole':
      return { ...(body as { channels: string[]; from: number; until: number }), kind }
    case 'link':
      return { ...(body as Omit<Link, 'kind'>), kind: 'link' }
    default:
      throw new UnreadableRecordError(`a ${kind} has no place in feedback`)
  }
}

/** An entry is encoded for the journal, and soon after for the store. */
const encodedEntries = new WeakMap<Entry, Buffer>()

/** The bytes that went into the journal, if they are still there. Once: who asks keeps them. */
export const encodeOnceMore = (value: JournalValue, format: number): Buffer => {
  const known = value.kind === 'entry' ? encodedEntries.get(value.entry) : undefined
  if (value.kind === 'entry') encodedEntries.delete(value.entry)
  return known ?? encodeJournal(value, format)
}

export const encodeJournal = (value: JournalValue, format: number): Buffer => {
  const encode = (kind: Kind, body: object) => records.encode(kind, body, format)
  switch (value.kind) {
    case 'entry': {
      const encoded = encode('entry', { ...value.entry, sealed: value.entry.sealed && bytes(value.entry.sealed) })
      encodedEntries.set(value.entry, encoded)
      return encoded
    }
    case 'mark':
      return encode('mark', value.mark)
    case 'pause':
      return encode('pause', value.pause)
    case 'coverage':
      return encode('coverage', value.coverage)
    case 'task-position':
      return encode('task-position', value.position)
    case 'immutables':
      return encode('immutables', value.immutables)
    default:
      return encode(value.kind, value)
  }
}

export const decodeJournal = (value: Buffer | null): JournalValue => {
  const { kind, body } = records.decode(value)
  switch (kind) {
    case 'entry':
      return { kind, entry: body as Entry }
    case 'mark':
      return { kind, mark: body as Mark }
    case 'pause':
      return { kind, pause: body as Pause }
    case 'coverage':
      return { kind, coverage: body as Coverage }
    case 'task-position':
      return { kind, position: { ...(body as TaskPosition) } }
    case 'epoch':
      return { kind, nonce: (body as { nonce: string }).nonce }
    case 'immutables':
      return { kind, immutables: body as Immutables }
    case 'format':
      return { kind, format: (body as { format: number }).format }
    default:
      throw new UnreadableRecordError(`a ${kind} has no place in the journal`)
  }
}

interface FlatOutcome {
  readonly kind: string
  readonly requestId: string | null
  readonly cause: string | null
  readonly status: number | null
  readonly property: string | null
  readonly retryAfterMs: number | null
}

const EMPTY_OUTCOME: Omit<FlatOutcome, 'kind'> = {
  requestId: null,
  cause: null,
  status: null,
  property: null,
  retryAfterMs: null,
}

const outcomeFrom = (flat: FlatOutcome): Outcome => {
  const { requestId, retryAfterMs, property } = flat
  switch (flat.kind) {
    case 'accepted':
    case 'unreachable':
      return { kind: flat.kind, requestId }
    case 'rejected':
      return { kind: 'rejected', requestId, status: flat.status ?? 0, property }
    case 'withheld':
      return { kind: 'withheld', requestId: null }
    case 'not-sent':
      return { kind: 'not-sent', requestId, cause: flat.cause as NotSentCause, retryAfterMs }
    case 'unknown':
      return { kind: 'unknown', requestId, cause: flat.cause as UnknownCause }
    default:
      throw new UnreadableRecordError(
        `a handover of ${/^[a-z-]{1,30}$/.test(flat.kind) ? `the kind "${flat.kind}"` : 'a kind that is no word'} is not known to this version`,
      )
  }
}

const bytes = (data: Uint8Array): Buffer => (Buffer.isBuffer(data) ? data : Buffer.from(data))
