import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import type { AskForSchema } from './result-reader.ts'

/** A schema the registry does not have, and a registry that does not answer, come to the same: the records stay unread, and are told of. */
export const writerSchemaFrom =
  (registry: SchemaRegistry): AskForSchema =>
  async (id) => {
    const schema: unknown = await registry.getSchema(id).catch(() => null)
    return avro.Type.isType(schema) ? (schema as avro.Type) : null
  }
