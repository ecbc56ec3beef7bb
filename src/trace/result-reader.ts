import avro from 'avsc'
import type { Result } from '../domain/result.ts'
import { resultIdOf } from '../domain/say.ts'
import { UnreadableRecordError } from '../kafka/internal-codec.ts'
import { RESULT_SCHEMA } from '../kafka/published-schemas.ts'

/** Reads results as this version's schema has them; those of another version, as far as the registry knows how they were written. */
export interface ResultReader {
  /** Throws UnreadableRecordError; of a schema that is not this version's, remembers its id. */
  read(value: Buffer | null): Result
  /** Asks for the schemas that were met and are not this version's. True if any was learned: then what was unreadable can be read. */
  learn(): Promise<boolean>
}

/** The registry is asked only for what cannot be read without it: a trace is wanted most when something is down. `null`: not known there,
 *  or no answer. */
export type AskForSchema = (id: number) => Promise<avro.Type | null>

export const createResultReader = (askForSchema: AskForSchema): ResultReader => {
  const own = avro.Type.forSchema(RESULT_SCHEMA as avro.Schema)
  const resolvers = new Map<number, avro.Resolver>()
  const foreign = new Set<number>()
  const asked = new Set<number>()

  return {
    read: (value) => {
      if (!value || value.length < 5 || value[0] !== 0)
        throw new UnreadableRecordError("a result that does not begin with Confluent's header")
      const id = value.readInt32BE(1)
      const result = decoded(() => own.fromBuffer(value.subarray(5), resolvers.get(id)))
      if (result) return result
      foreign.add(id)
      throw new UnreadableRecordError(`a result of schema ${id}, which is not this version's`)
    },
    learn: async () => {
      const before = resolvers.size
      for (const id of foreign)
        if (!asked.has(id)) {
          asked.add(id)
          const resolver = resolverOf(own, await askForSchema(id))
          if (resolver) resolvers.set(id, resolver)
        }
      return resolvers.size > before
    },
  }
}

/** `undefined`: it is not known, or of something else that somebody wrote there. */
const resolverOf = (own: avro.Type, writer: avro.Type | null): avro.Resolver | undefined => {
  try {
    return writer ? own.createResolver(writer) : undefined
  } catch {
    return undefined
  }
}

/** Bytes of another schema may fit this one by chance, but then not the id, which is a digest of the rest. */
const decoded = (read: () => unknown): Result | undefined => {
  try {
    const result = resultFrom(read() as AvroResult)
    return result.resultId === resultIdOf(result.notificationId, result.sequence) ? result : undefined
  } catch {
    return undefined
  }
}

/** As schemas/results/notification-result.avsc has it. */
type AvroResult = Omit<Result, 'position' | 'event' | 'cost' | 'traceparent'> & {
  readonly source: Result['position'] & {
    readonly eventSource: string | null
    readonly eventId: string | null
    readonly eventType: string | null
    readonly eventTime: number | null
  }
  readonly cost: { readonly amount: Buffer; readonly currency: string } | null
}

const resultFrom = ({ source, cost, ...rest }: AvroResult): Result => {
  const { topic, partition, offset, index, eventSource, eventId, eventType, eventTime } = source
  return {
    ...rest,
    position: { topic, partition, offset, index },
    event: { source: eventSource, id: eventId, type: eventType, time: eventTime },
    cost: cost && { tenThousandths: unscaled(cost.amount), currency: cost.currency },
    traceparent: null,
  }
}

/** Big-endian two's complement. */
const unscaled = (amount: Buffer): number =>
  amount.length === 0 ? 0 : Number(BigInt.asIntN(amount.length * 8, BigInt(`0x${amount.toString('hex')}`)))
