import type { Position } from '../domain/position.ts'
import type { Dead } from '../intake/read-record.ts'
import type { RefusedReason } from '../webhook/taker.ts'

/** Why a record was set aside: by intake; by dispatch, which could not read a record of tsuchi's own; or by the webhook, which takes
 *  signed bodies from a topic. */
export type DeathReason = Dead['reason'] | 'UnreadableRecordError' | `webhook-${RefusedReason}`

/** What became of the record's bytes. */
export type Kept = 'sealed' | 'omitted' | 'omitted: too large' | 'omitted: left in place'

export interface Death {
  readonly position: Position
  readonly reason: DeathReason
  readonly detail: string
}

/** Kafka Connect's names, which tools for dead letters know. */
export const letterHeaders = ({ position, reason, detail }: Death, kept: Kept): Readonly<Record<string, string>> => ({
  [TOPIC]: position.topic,
  [PARTITION]: String(position.partition),
  [OFFSET]: String(position.offset),
  [STAGE]: STAGES[reason],
  [REASON]: reason,
  [DETAIL]: detail,
  [KEPT]: kept,
})

/** Of the record under the letter's key that says that it was replayed. */
export interface Replay {
  /** topic/partition/offset of the record that was produced. */
  readonly to: string
  /** ms since the epoch. */
  readonly at: number
  readonly by: string
}

export const receiptHeaders = ({ to, at, by }: Replay): Readonly<Record<string, string>> => ({
  [REPLAYED_TO]: to,
  [REPLAYED_AT]: new Date(at).toISOString(),
  [REPLAYED_BY]: by,
})

const TOPIC = '__connect.errors.topic'
const PARTITION = '__connect.errors.partition'
const OFFSET = '__connect.errors.offset'
export const STAGE = '__connect.errors.stage'
export const REASON = '__connect.errors.exception.class.name'
export const DETAIL = '__connect.errors.exception.message'
export const KEPT = 'tsuchi.value'
export const REPLAYED_TO = 'tsuchi.replayed-to'
export const REPLAYED_AT = 'tsuchi.replayed-at'
export const REPLAYED_BY = 'tsuchi.replayed-by'

/** On a record that was replayed: where it lay when it died. */
export const REPLAY_OF = 'tsuchi.replay-of'

/** Key of the record with which a replay begins, and fences whoever still replays. */
export const BEGIN_KEY = 'replay'

/** Connect's words for how far the record came: not converted; converted, and no notification made of it; not taken on. */
const STAGES: Readonly<Record<DeathReason, 'VALUE_CONVERTER' | 'TRANSFORMATION' | 'TASK_PUT'>> = {
  'no-value': 'VALUE_CONVERTER',
  'not-confluent': 'VALUE_CONVERTER',
  'unknown-schema': 'VALUE_CONVERTER',
  undecodable: 'VALUE_CONVERTER',
  UnreadableRecordError: 'VALUE_CONVERTER',
  'internal-fault': 'TRANSFORMATION',
  'older-than-window': 'TASK_PUT',
  'webhook-unsigned': 'VALUE_CONVERTER',
  'webhook-wrong-signature': 'VALUE_CONVERTER',
  'webhook-unreadable': 'VALUE_CONVERTER',
  'webhook-unknown-account': 'TRANSFORMATION',
}

export const DEATH_REASONS: readonly string[] = Object.keys(STAGES)
