import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { Attribution } from '../domain/attribution.ts'
import type { Result } from '../domain/result.ts'
import { ATTRIBUTION_SCHEMA, createEncoder, RESULT_SCHEMA } from './published-schemas.ts'
import type { TopicNames } from './topics.ts'

/** What dispatch publishes. */
export interface PublishedCodec {
  readonly result: (result: Result) => Buffer
  readonly attribution: (attribution: Attribution) => Buffer
}

/** Throws SchemaError. */
export const createPublishedCodec = async (registry: SchemaRegistry, names: TopicNames): Promise<PublishedCodec> => {
  const result = await createEncoder(registry, names.results, RESULT_SCHEMA)
  const attribution = await createEncoder(registry, names.attributions, ATTRIBUTION_SCHEMA)
  return { result: (value) => result(toAvro(value)), attribution }
}

const toAvro = ({ position, event, cost, traceparent: _, ...result }: Result) => ({
  ...result,
  source: { ...position, eventSource: event.source, eventId: event.id, eventType: event.type, eventTime: event.time },
  cost: cost && { amount: decimal(cost.tenThousandths), currency: cost.currency },
})

/** Avro's decimal: the unscaled number, big-endian two's complement, as few bytes as it takes. */
const decimal = (unscaled: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(unscaled))
  let start = 0
  while (
    start < 7 &&
    ((bytes[start] === 0 && (bytes[start + 1] ?? 0) < 0x80) || (bytes[start] === 0xff && (bytes[start + 1] ?? 0) >= 0x80))
  )
    start++
  return bytes.subarray(start)
}
