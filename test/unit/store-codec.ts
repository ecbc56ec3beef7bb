import { decodeJournal, encodeJournal } from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import type { FactCodec } from '../../src/store/stored-fact.ts'

/** The bytes that the journal has. */
export const codec: FactCodec = {
  encode: (fact) => encodeJournal(fact, NEWEST_FORMAT),
  formats: { newest: NEWEST_FORMAT, written: () => NEWEST_FORMAT },
  decode: (bytes) => {
    const value = decodeJournal(Buffer.from(bytes))
    if (value.kind !== 'entry' && value.kind !== 'mark' && value.kind !== 'pause' && value.kind !== 'coverage')
      throw new Error(`${value.kind} is not kept in a store`)
    return value
  },
}
