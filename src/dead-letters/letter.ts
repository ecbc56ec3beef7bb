import { type Open, SealError } from '../domain/seal.ts'
import type { ScannedRecord } from '../kafka/topic-scan.ts'
import { DETAIL, KEPT, REASON, REPLAYED_AT, REPLAYED_BY, REPLAYED_TO, type Replay } from './headers.ts'
import { openRecord } from './sealed-record.ts'

/** A record that died, as the dead letters tell of it; without its bytes. */
export interface Letter {
  /** The position with its index, as the record in the topic has it: what its bytes are bound to. */
  readonly key: string
  readonly origin: Origin
  /** Where the letter lies in the dead letters topic. */
  readonly place: { readonly partition: number; readonly offset: number }
  /** When it was written, ms since the epoch. */
  readonly diedAt: number
  readonly reason: string
  readonly detail: string
  /** Of the sealed record; 0 if it was not kept. */
  readonly bytes: number
  /** Why it cannot be produced anew, whatever else holds. */
  readonly hindrance: Hindrance | null
  /** The last one. */
  readonly replayed: Replay | null
}

/** Where the record lay. */
export interface Origin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface Hindrance {
  readonly kind: 'no-value' | 'sealed'
  /** With the remedy. */
  readonly detail: string
}

export type LetterState = (typeof LETTER_STATES)[number]
export const LETTER_STATES = ['waiting', 'replayed', 'unreplayable'] as const

export const stateOf = ({ replayed, hindrance }: Letter): LetterState =>
  replayed ? 'replayed' : hindrance ? 'unreplayable' : 'waiting'

/** `topic/partition/offset`: how people name a letter. */
export const formatOrigin = ({ topic, partition, offset }: Origin): string => `${topic}/${partition}/${offset}`

/** With an index or without: results and logs have one. */
export const parseOrigin = (text: string): Origin | undefined => {
  const [, topic, partition, offset] = ORIGIN.exec(text) ?? []
  return topic === undefined ? undefined : { topic, partition: Number(partition), offset: Number(offset) }
}

const ORIGIN = /^([A-Za-z0-9._-]{1,249})\/(\d{1,9})\/(\d{1,15})(?:\/\d{1,9})?$/

/** A record of the dead letters topic. */
export type LetterRecord = Omit<ScannedRecord, 'topic'>

export const readLetter = (record: LetterRecord, open: Open): Letter | undefined => {
  const key = record.key?.toString() ?? ''
  const origin = parseOrigin(key)
  const reason = headerOf(record, REASON)
  if (!origin || reason === undefined) return undefined
  const { partition, offset, timestamp, value } = record
  return {
    key,
    origin,
    place: { partition, offset },
    diedAt: timestamp,
    reason,
    detail: headerOf(record, DETAIL) ?? '',
    bytes: value?.length ?? 0,
    hindrance: value ? hindranceOf(value, key, open) : { kind: 'no-value', detail: noValue(headerOf(record, KEPT)) },
    replayed: null,
  }
}

/** A record that says that a letter was replayed. */
export const readReceipt = (record: LetterRecord): { readonly key: string; readonly replay: Replay } | undefined => {
  const to = headerOf(record, REPLAYED_TO)
  const at = Date.parse(headerOf(record, REPLAYED_AT) ?? '')
  if (record.key === null || to === undefined || Number.isNaN(at)) return undefined
  return { key: record.key.toString(), replay: { to, at, by: headerOf(record, REPLAYED_BY) ?? 'nobody named' } }
}

export const headerOf = ({ headers }: Pick<LetterRecord, 'headers'>, name: string): string | undefined =>
  [headers[name]].flat()[0]?.toString()

const noValue = (kept: string | undefined): string => {
  switch (kept) {
    case 'omitted':
      return 'its bytes were not kept (deadLetters.values: omitted): produce the record anew from its own topic, while that keeps it'
    case 'omitted: too large':
      return 'it is too large for a dead letter, so its bytes were not kept: produce the record anew from its own topic, while that keeps it'
    default:
      return "it is a record of tsuchi's own, and its bytes were left where they are: produce the event that it came from anew"
  }
}

/** Opened and forgotten: whether it can be is what a person wants to know before anything else. */
const hindranceOf = (sealed: Buffer, key: string, open: Open): Hindrance | null => {
  try {
    openRecord(sealed, key, open)
    return null
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    const remedy =
      error.code === 'unknown-key' ? 'add the old key to privacy.sealingKeys, after the first' : 'it cannot be replayed'
    return { kind: 'sealed', detail: `${error.message} Remedy: ${remedy}` }
  }
}
