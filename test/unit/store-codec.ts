import type { FactCodec } from '../../src/dispatch/stored-fact.ts'
import { decodeJournal, encodeJournal } from '../../src/kafka/internal-codec.ts'

/** The bytes that the journal has. */
export const codec: FactCodec = {
  encode: encodeJournal,
  decode: (bytes) => {
    const value = decodeJournal(Buffer.from(bytes))
    if (value.kind !== 'entry' && value.kind !== 'mark' && value.kind !== 'pause')
      throw new Error(`${value.kind} is not kept in a store`)
    return value
  },
}
