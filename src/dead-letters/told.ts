import { printable } from '../printable-text.ts'
import { formatOrigin, headerOf, type Letter, type LetterRecord, stateOf } from './letter.ts'
import type { WholeRecord } from './sealed-record.ts'

/* What people and programs are told of a letter. Never its record's key or value: a phone number lies there. */

/** One line each, columns under each other. */
export const linesOf = (letters: readonly Letter[]): string[] => {
  const rows = letters.map((letter) => ({
    position: formatOrigin(letter.origin),
    at: timeOf(letter.diedAt),
    reason: brief(letter.reason),
    rest: `${brief(letter.detail)}  [${stateText(letter)}]`,
  }))
  const width = (of: (row: (typeof rows)[number]) => string) => rows.reduce((most, row) => Math.max(most, of(row).length), 0)
  const [position, reason] = [width((row) => row.position), width((row) => row.reason)]
  return rows.map((row) => `${row.position.padEnd(position)}  ${row.at}  ${row.reason.padEnd(reason)}  ${row.rest}`)
}

/** As `--json` has it. */
export const letterJson = (letter: Letter): object => ({
  position: formatOrigin(letter.origin),
  ...letter.origin,
  diedAt: timeOf(letter.diedAt),
  reason: letter.reason,
  detail: letter.detail,
  state: stateOf(letter),
  hindrance: letter.hindrance?.detail ?? null,
  replayedTo: letter.replayed?.to ?? null,
  replayedAt: letter.replayed ? timeOf(letter.replayed.at) : null,
  replayedBy: letter.replayed?.by ?? null,
})

export const stateText = ({ replayed, hindrance }: Letter): string => {
  if (replayed) return `replayed at ${timeOf(replayed.at)} to ${brief(replayed.to)} by ${brief(replayed.by)}`
  return hindrance ? `cannot be replayed: ${hindrance.detail}` : 'waiting'
}

/** `12 dead letters: 9 unknown-schema, 3 undecodable`. */
export const summaryOf = (letters: readonly Letter[]): string => {
  const reasons = Array.from(
    Map.groupBy(letters, ({ reason }) => reason),
    ([reason, { length }]) => ({ reason, length }),
  )
  const counted = reasons
    .toSorted((a, b) => b.length - a.length)
    .map(({ reason, length }) => `${length} ${brief(reason)}`)
    .join(', ')
  return `${letters.length} dead letter${letters.length === 1 ? '' : 's'}: ${counted}`
}

/** Headers that name an event, by the CloudEvents specification. Others are their producers' business, and may name people. */
const NAMING = ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_time']

/** Of a record: sizes, names, and what names the event. */
export const outlineOf = ({ key, value, headers, timestamp }: WholeRecord): RecordOutline => ({
  keyBytes: key?.length ?? null,
  valueBytes: value?.length ?? null,
  schemaId: value && value.length >= 5 && value[0] === 0 ? value.readInt32BE(1) : null,
  timestamp: timeOf(timestamp),
  headers: Object.entries(headers).map(([name, each]) => ({
    name,
    bytes: each.reduce((sum, { length }) => sum + length, 0),
    ...(NAMING.includes(name) && { value: each.map(String).join(', ') }),
  })),
})

export interface RecordOutline {
  readonly keyBytes: number | null
  readonly valueBytes: number | null
  /** Of Confluent's header, if the value has one. */
  readonly schemaId: number | null
  readonly timestamp: string
  readonly headers: readonly { readonly name: string; readonly bytes: number; readonly value?: string }[]
}

export const outlineLines = (outline: RecordOutline): string[] => [
  `key: ${sizeText(outline.keyBytes)}`,
  `value: ${sizeText(outline.valueBytes)}${outline.schemaId === null ? '' : `, of schema id ${outline.schemaId}`}`,
  `timestamp: ${outline.timestamp}`,
  ...outline.headers.map(
    ({ name, bytes, value }) => `header ${brief(name)}: ${value === undefined ? sizeText(bytes) : brief(value)}`,
  ),
]

/** Of a record of the dead letters topic. */
export const headerLines = (record: LetterRecord): string[] =>
  Object.keys(record.headers).map((name) => `${brief(name)}: ${brief(headerOf(record, name) ?? '')}`)

export const headersJson = (record: LetterRecord): object =>
  Object.fromEntries(Object.keys(record.headers).map((name) => [name, headerOf(record, name) ?? '']))

/** A producer may have written any number for it. */
export const timeOf = (ms: number): string =>
  Number.isFinite(new Date(ms).getTime()) ? new Date(ms).toISOString() : `no time (${ms})`

const sizeText = (bytes: number | null): string => (bytes === null ? 'none' : bytes === 1 ? '1 byte' : `${bytes} bytes`)

/** Others wrote it, and a header may be as long as a record. */
export const brief = (text: string): string => printable(text, LONGEST)

const LONGEST = 1_000
