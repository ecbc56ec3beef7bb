import { readFileSync } from 'node:fs'
import { COMPATIBILITY, type SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import { foundBy, REMEDIES, statusOf, troubleOf } from './registry-error.ts'
import type { TopicNames } from './topics.ts'

const schemaOf = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../schemas/results/${name}.avsc`, import.meta.url), 'utf8'))

export const RESULT_SCHEMA = schemaOf('notification-result')
export const FRIEND_EVENT_SCHEMA = schemaOf('friend-event')
export const ATTRIBUTION_SCHEMA = schemaOf('attribution')

/** What others read, and with what. */
export const publishedBy = (names: TopicNames): readonly { readonly topic: string; readonly schema: object }[] => [
  { topic: names.results, schema: RESULT_SCHEMA },
  { topic: names.friendEvents, schema: FRIEND_EVENT_SCHEMA },
  { topic: names.attributions, schema: ATTRIBUTION_SCHEMA },
]

/** The registry refuses, or is not there. Says what to do. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}

export const subjectOf = (topic: string): string => `${topic}-value`

/** Registers a schema under a topic's subject, or finds it there, and returns its id. What is published promises FULL_TRANSITIVE, so that
 *  old and new consumers can read old and new records; events are only read here, so BACKWARD_TRANSITIVE. */
export const registerSchema = async (
  registry: SchemaRegistry,
  topic: string,
  schema: object,
  kind: 'events' | 'published',
): Promise<number> => {
  const compatibility = kind === 'published' ? COMPATIBILITY.FULL_TRANSITIVE : COMPATIBILITY.BACKWARD_TRANSITIVE
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

/** Encodes in Confluent's wire format, under the id that the schema has in the registry. Throws SchemaError. */
export const createEncoder = async (
  registry: SchemaRegistry,
  topic: string,
  schema: object,
): Promise<(value: object) => Buffer> => {
  const id = await idOf(registry, topic, schema)
  const type = avro.Type.forSchema(schema as avro.Schema)
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  return (value) => Buffer.concat([header, type.toBuffer(value)])
}

const idOf = async (registry: SchemaRegistry, topic: string, schema: object): Promise<number> => {
  try {
    const id: unknown = await registry.getRegistryIdBySchema(subjectOf(topic), {
      type: SchemaType.AVRO,
      schema: JSON.stringify(schema),
    })
    if (Number.isInteger(id)) return Number(id)
  } catch (cause) {
    const trouble = troubleOf(cause)
    if (trouble === 'absent')
      throw new SchemaError(
        `what is published on ${topic} has no schema registered under ${subjectOf(topic)}: run \`tsuchi schemas register\``,
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
