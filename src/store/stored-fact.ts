import type { Coverage } from '../domain/coverage.ts'
import type { Entry } from '../domain/entry.ts'
import type { Mark } from '../domain/mark.ts'
import type { Pause } from '../domain/pause.ts'

/** What a store keeps the bytes of. */
export type StoredFact =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'mark'; readonly mark: Mark }
  | { readonly kind: 'pause'; readonly pause: Pause }
  | { readonly kind: 'coverage'; readonly coverage: Coverage }

/** The bytes are those of the journal, so that what it can say, the store can. */
export interface FactCodec {
  readonly encode: (fact: StoredFact) => Uint8Array
  readonly decode: (bytes: Uint8Array) => StoredFact
  /** The newest that it decodes, and the one that it encodes in now: numbers, which only ever rise. */
  readonly formats: { readonly newest: number; readonly written: () => number }
}
