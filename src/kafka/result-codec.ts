import { readFileSync } from 'node:fs'
import { COMPATIBILITY, type SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import type { Result } from '../domain/result.ts'
import { foundBy, REMEDIES, statusOf, troubleOf } from './registry-error.ts'

export const RESULT_SCHEMA: object = JSON.parse(
  readFileSync(new URL('../../schemas/results/notification-result.avsc', import.meta.url), 'utf8'),
)

export type EncodeResult = (result: Result) => Buffer

/** The registry refuses, or is not there. Says what to do. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}

export const subjectOf = (topic: string): string => `${topic}-value`

/** Registers a schema under a topic's subject, or finds it there, and returns its id. Results promise FULL_TRANSITIVE, so that old
 *  and new consumers can read old and new results; events are only read here, so BACKWARD_TRANSITIVE. */
export const registerSchema = async (
  registry: SchemaRegistry,
  topic: string,
  schema: object,
  kind: 'events' | 'results',
): Promise<number> => {
  const compatibility = kind === 'results' ? COMPATIBILITY.FULL_TRANSITIVE : COMPATIBILITY.BACKWARD_TRANSITIVE
  try {
    const { id } = await registry.register(
      { type: SchemaType.AVRO, schema: JSON.stringify(schema) },
      { subject: subjectOf(topic), compatibility },
    )
    return id
  } catch (cause) {
    const remedy =
      statusOf(cause) === 409
        ? 'it is incompatible with what is registered there: add fields with defaults, remove none without, rename none'
        : REMEDIES[troubleOf(cause)]
    throw new SchemaError(`the schema of ${subjectOf(topic)} could not be registered (${foundBy(cause)}): ${remedy}`, { cause })
  }
}

/** Encodes results in Confluent's wire format, under the id their schema has in the registry. */
export const createResultEncoder = async (registry: SchemaRegistry, topic: string): Promise<EncodeResult> => {
  const id = await idOf(registry, topic)
  const type = avro.Type.forSchema(RESULT_SCHEMA as avro.Schema)
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  return (result) => Buffer.concat([header, type.toBuffer(toAvro(result))])
}

const idOf = async (registry: SchemaRegistry, topic: string): Promise<number> => {
  try {
    const id: unknown = await registry.getRegistryIdBySchema(subjectOf(topic), {
      type: SchemaType.AVRO,
      schema: JSON.stringify(RESULT_SCHEMA),
    })
    if (typeof id === 'number') return id
  } catch (cause) {
    const trouble = troubleOf(cause)
    if (trouble === 'absent')
      throw new SchemaError(
        `the schema of results is not registered under ${subjectOf(topic)}: run \`tsuchi schemas register\``,
        { cause },
      )
    throw new SchemaError(
      `the schema registry could not be asked for ${subjectOf(topic)} (${foundBy(cause)}): ${REMEDIES[trouble]}`,
      { cause },
    )
  }
  // Whatever else answers there, a page to log in for instance, says 200 too.
  throw new SchemaError(
    `the schema registry could not be asked for ${subjectOf(topic)} (an answer of another content): ${REMEDIES['wrong-path']}`,
  )
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
