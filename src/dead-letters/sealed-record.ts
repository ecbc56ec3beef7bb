import { type Open, type Seal, SealError } from '../domain/seal.ts'
import type { SourceMessage } from '../intake/source-batch.ts'

/** A record as it was, but for its offset: what a dead letter keeps, and what is produced anew. */
export interface WholeRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** A name may occur more than once. A header without a value is empty here: kafkajs cannot write the difference. */
  readonly headers: Readonly<Record<string, readonly Buffer[]>>
  /** ms since the epoch. */
  readonly timestamp: number
}

/** Bound to `letterKey`, the position as text: a letter cannot be passed off as another. */
export const sealRecord = (
  { key, value, headers, timestamp }: Omit<SourceMessage, 'offset'>,
  letterKey: string,
  seal: Seal,
): Buffer => {
  const named = Object.entries(headers ?? {}).map(([name, each]) => [name, [each].flat().map(base64)])
  const record: Kept = { key: base64(key), value: base64(value), headers: Object.fromEntries(named), timestamp }
  return Buffer.from(seal(Buffer.from(JSON.stringify(record)), letterKey))
}

/** Throws SealError. The seal proves that we wrote it, so only its outline is checked. */
export const openRecord = (sealed: Uint8Array, letterKey: string, open: Open): WholeRecord => {
  const kept = parse(Buffer.from(open(sealed, letterKey)).toString())
  if (!isKept(kept))
    throw new SealError(
      'not-content',
      `What was sealed for ${letterKey} is not { key, value, headers, timestamp }: another version wrote it.`,
    )
  const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'))
  return {
    key: bytes(kept.key),
    value: bytes(kept.value),
    headers: Object.fromEntries(
      Object.entries(kept.headers).map(([name, each]) => [name, each.map((text) => bytes(text) ?? Buffer.of())]),
    ),
    timestamp: kept.timestamp,
  }
}

/** JSON, bytes in base64. */
interface Kept {
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, readonly (string | null)[]>>
  readonly timestamp: number
}

const base64 = (bytes: Buffer | string | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString('base64')

/** JSON.parse quotes what it could not read; a number must not get into an error. */
const parse = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const isKept = (value: unknown): value is Kept =>
  typeof value === 'object' &&
  value !== null &&
  'key' in value &&
  'value' in value &&
  'headers' in value &&
  typeof value.headers === 'object' &&
  value.headers !== null &&
  'timestamp' in value &&
  typeof value.timestamp === 'number'
