import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import type { PoisonReason } from '../domain/request.ts'
import { type EventReading, type Poison, type ReaderSchema, RegistryUnavailableError } from '../intake/event-reading.ts'
import { boundAvro } from './avsc-bounds.ts'
import { foundBy, RegistryAnswerError, troubleOf } from './registry-error.ts'
import { registryTransport } from './registry-transport.ts'

export interface RegistryAddress {
  readonly url: string
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/** `timeoutMs`: of one answer. Whoever accepts a connection and says nothing must not hold up the group, nor the end of the worker. */
export const createRegistry = (
  { url, username, password }: RegistryAddress,
  { timeoutMs }: { readonly timeoutMs?: number } = {},
): SchemaRegistry =>
  new SchemaRegistry({ host: url.replace(/\/$/, ''), middlewares: [registryTransport({ username, password, timeoutMs })] })

/** Reads values in Confluent's wire format: a zero byte, the writer schema's id (4 bytes), Avro. */
export const createEventReader = (registry: SchemaRegistry): { read(value: Buffer | null): Promise<EventReading> } => {
  boundAvro()
  const readers = new WeakMap<ReaderSchema, avro.Type>()
  const resolvers = new WeakMap<avro.Type, Map<number, avro.Resolver>>()

  const readerOf = (schema: ReaderSchema): avro.Type => {
    const type = readers.get(schema) ?? avro.Type.forSchema(schema.json as avro.Schema)
    readers.set(schema, type)
    return type
  }

  const decodeAs = (id: number, writer: avro.Type, body: Buffer, schema: ReaderSchema) => {
    const reader = readerOf(schema)
    const known = resolvers.get(reader) ?? new Map<number, avro.Resolver>()
    resolvers.set(reader, known)
    const wrote = `written with schema ${id} (${writer.name ?? 'unnamed'})`
    try {
      if (!known.has(id)) known.set(id, reader.createResolver(writer))
    } catch {
      return poison('undecodable', `${wrote}, which cannot be read as ${schema.name}: the producer changed it incompatibly`)
    }
    try {
      return { kind: 'value' as const, value: reader.fromBuffer(body, known.get(id)) }
    } catch {
      return poison('undecodable', `${wrote}; its bytes do not fit that schema`)
    }
  }

  return {
    read: async (value) => {
      if (value === null) return poison('no-value', 'the record has no value: a tombstone is not an event')
      if (value.length < 5 || value[0] !== 0)
        return poison(
          'not-confluent',
          `${value.length} bytes that do not begin with Confluent's header (0, then a schema id): produced without the registry's serializer`,
        )
      const id = value.readInt32BE(1)
      // A registry may answer 400 to that, for ever, as if it could not be asked.
      const writer = id < 0 ? undefined : await writerSchema(registry, id)
      if (writer !== undefined && 'fault' in writer) return writer.fault
      if (!writer) return poison('unknown-schema', `schema id ${id} is not in the registry, or is not Avro`)
      return {
        kind: 'event',
        recordName: writer.name ?? '',
        as: (schema) => decodeAs(id, writer, value.subarray(5), schema),
      }
    },
  }
}

const poison = (reason: PoisonReason, detail: string): Poison => ({ kind: 'poison', reason, detail })

/** `undefined`: there is none, says the registry. */
const writerSchema = async (
  registry: SchemaRegistry,
  id: number,
): Promise<avro.Type | { readonly fault: Poison } | undefined> => {
  try {
    const schema = await registry.getSchema(id)
    return avro.Type.isType(schema) ? (schema as avro.Type) : undefined
  } catch (cause) {
    // A 404 of something else on the way, a proxy for instance, must not make every event poison.
    if (troubleOf(cause) === 'absent') return undefined
    // Not every registry looks whether what is registered is sound: nobody else's events must wait until one schema is mended.
    if (!(cause instanceof RegistryAnswerError)) return { fault: unsound(id, cause) }
    throw new RegistryUnavailableError(`the schema registry could not be asked for schema ${id} (${foundBy(cause)})`, { cause })
  }
}

const unsound = (id: number, cause: unknown): Poison =>
  poison(
    'undecodable',
    `schema id ${id} is in the registry, and is no Avro that can be read (${foundBy(cause)}): its producer registers a sound one, and produces these events anew`,
  )
