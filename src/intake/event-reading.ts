import type { PoisonReason } from '../domain/request.ts'

/** A record of a domain topic, as far as it could be read without knowing its route. */
export type EventReading =
  | {
      readonly kind: 'event'
      /** Avro full name of the record the producer wrote. */
      readonly recordName: string
      /** Reads it as our schema sees it (Avro's resolution: defaults for what is missing, the rest skipped). */
      readonly as: (reader: ReaderSchema) => { readonly kind: 'value'; readonly value: unknown } | Poison
    }
  | Poison

export interface Poison {
  readonly kind: 'poison'
  readonly reason: PoisonReason
  readonly detail: string
}

export interface ReaderSchema {
  readonly name: string
  readonly json: object
}

/** The registry did not answer, or not sensibly: not the record's fault, and not for ever. */
export class RegistryUnavailableError extends Error {
  override readonly name = 'RegistryUnavailableError'
}
