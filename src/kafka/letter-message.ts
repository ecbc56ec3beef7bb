import type { Message } from 'kafkajs'
import { type Death, letterHeaders } from '../dead-letters/headers.ts'
import { sealRecord } from '../dead-letters/sealed-record.ts'
import { partitionOf } from '../domain/partition.ts'
import { formatPosition } from '../domain/position.ts'
import type { Seal } from '../domain/seal.ts'
import type { SourceMessage } from '../intake/source-batch.ts'

/** A record as it was, and why it died. */
export interface DeadRecord extends Death {
  readonly record: SourceMessage
}

/** As it lies in the dead letters topic, by position. `seal` seals the record with its position as associated data; null: its bytes are
 *  left out, and it cannot be replayed. */
export const letterMessage = (
  letter: DeadRecord,
  { partitions, seal }: { readonly partitions: number; readonly seal: Seal | null },
): Message => {
  const key = formatPosition(letter.position)
  return { key, partition: partitionOf(key, partitions), ...kept(letter, key, seal) }
}

/** A dead letter must not be larger than what the brokers take (1 MiB, with its headers). Larger records are left where they are: the
 *  position says where, for as long as their topic keeps them. */
const LARGEST_VALUE = 950_000

const kept = (letter: DeadRecord, key: string, seal: Seal | null): Pick<Message, 'value' | 'headers'> => {
  if (!seal) return { value: null, headers: letterHeaders(letter, 'omitted') }
  const value = sealRecord(letter.record, key, seal)
  if (value.length > LARGEST_VALUE) return { value: null, headers: letterHeaders(letter, 'omitted: too large') }
  return { value, headers: letterHeaders(letter, 'sealed') }
}
