import { readFileSync } from 'node:fs'
import avro from 'avsc'
import type { Coverage } from '../domain/coverage.ts'
import type { Entry } from '../domain/entry.ts'
import type { Feedback, Link } from '../domain/input.ts'
import type { Mark, Marking } from '../domain/mark.ts'
import type { NotSentCause, Outcome, UnknownCause } from '../domain/outcome.ts'
import type { Pause } from '../domain/pause.ts'
import type { ChannelRequest, PoisonRequest, ReadyRequest, RefusedRequest, Request } from '../domain/request.ts'
import type { TaskPosition } from '../domain/state.ts'
import { boundAvro } from './avsc-bounds.ts'

/** Internal records are Avro with our own bundled schemas, so that a worker can restore when the registry is down. The first byte
 *  is the version of the schemas (their folder), the second says which of them: the value's place in KINDS. */
const VERSION = 1

/** Named types first: later ones refer to them. Only ever append; the place is the second byte. */
const KINDS = [
  'position',
  'event-facts',
  'notification',
  'outcome',
  'ready-request',
  'refused-request',
  'poison-request',
  'entry',
  'task-position',
  'epoch',
  'immutables',
  'handover',
  'barrier',
  'mark-request',
  'channel-request',
  'mark',
  'pause',
  'receipt',
  'heartbeat',
  'link',
  'coverage',
  'hole',
] as const

type Kind = (typeof KINDS)[number]

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

/** An internal record that cannot be read: written by somebody else, damaged, or of a newer version. Its message names no content. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError'
}

const types: ReadonlyMap<Kind, avro.Type> = loadTypes()

export const encodeRequest = (request: Request): Buffer => {
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
  const { kind, body } = decode(value)
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

export const encodeFeedback = (feedback: Feedback): Buffer => {
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
  const { kind, body } = decode(value)
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
export const encodeOnceMore = (value: JournalValue): Buffer => {
  const known = value.kind === 'entry' ? encodedEntries.get(value.entry) : undefined
  if (value.kind === 'entry') encodedEntries.delete(value.entry)
  return known ?? encodeJournal(value)
}

export const encodeJournal = (value: JournalValue): Buffer => {
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
  const { kind, body } = decode(value)
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
      throw new UnreadableRecordError(`a handover of the kind "${flat.kind}" is not known to this version`)
  }
}

const encode = (kind: Kind, value: object): Buffer => {
  const type = types.get(kind)
  if (!type) throw new Error(`no schema for ${kind}`)
  scratch[0] = VERSION
  scratch[1] = KINDS.indexOf(kind)
  const end = type.encode(value, scratch, 2)
  return end >= 0 ? Buffer.from(scratch.subarray(0, end)) : Buffer.concat([scratch.subarray(0, 2), type.toBuffer(value)])
}

/** avsc's own buffer holds 1 KiB, and whatever is larger, as most entries are, it encodes twice. */
const scratch = Buffer.alloc(64 << 10)

const decode = (value: Buffer | null): { kind: Kind; body: unknown } => {
  if (!value || value.length < 2) throw new UnreadableRecordError('the record has no value')
  const [version = 0, place = 0] = value
  if (version !== VERSION)
    throw new UnreadableRecordError(`the record is of version ${version}; this worker reads version ${VERSION}`)
  const kind = KINDS[place]
  const type = kind && types.get(kind)
  if (!kind || !type) throw new UnreadableRecordError(`the record is of kind ${place}, which is not known`)
  try {
    return { kind, body: type.fromBuffer(value.subarray(2)) }
  } catch (cause) {
    throw new UnreadableRecordError(`the record is not a whole ${kind}`, { cause })
  }
}

function loadTypes(): ReadonlyMap<Kind, avro.Type> {
  boundAvro()
  const registry = {}
  return new Map(
    KINDS.map((kind) => {
      const schema = JSON.parse(readFileSync(new URL(`../../schemas/internal/v${VERSION}/${kind}.avsc`, import.meta.url), 'utf8'))
      return [kind, avro.Type.forSchema(schema, { registry })]
    }),
  )
}

const bytes = (data: Uint8Array): Buffer => (Buffer.isBuffer(data) ? data : Buffer.from(data))
