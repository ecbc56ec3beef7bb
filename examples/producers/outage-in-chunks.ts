import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { Kafka } from 'kafkajs'

/** A failure that concerns more people than one record can name. */
export interface Outage {
  readonly incidentId: string
  /** Counts the news of the incident, from 1. */
  readonly revision: number
  readonly occurredAt: number
  readonly area: string
  readonly service: string
  readonly startedAt: number
  readonly expectedRestorationAt: number | null
  readonly statusUrl: string
}

export interface Customer {
  /** Never a phone number. */
  readonly id: string
  readonly phone: string
  readonly timeZone: string | null
  readonly name: string | null
}

/** Some 40 bytes each, so some 120 KB: far below the 1 MB that brokers take, and a portion that a worker renders in a second or two. */
export const CHUNK = 3_000

/** One event for every `size` customers. Alike in all of them: incident, revision and time, so that they complete one another, and a later
 *  revision replaces them all. Each has an id of its own; the same customers make the same ids, so that producing everything again, after
 *  a crash half-way, messages nobody twice. */
export const chunksOf = (outage: Outage, customers: readonly Customer[], size = CHUNK) => {
  const affected = customers.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  return Array.from({ length: Math.ceil(affected.length / size) }, (_, index) => ({
    eventId: `${outage.incidentId}/${outage.revision}/${index}`,
    ...outage,
    affected: affected.slice(index * size, (index + 1) * size),
  }))
}

/** Resolves when the brokers have all of them. Without a key, so that they spread over the partitions and are worked on side by side. */
export const produceOutage = async (
  { kafka, registryUrl, topic }: { readonly kafka: Kafka; readonly registryUrl: string; readonly topic: string },
  outage: Outage,
  customers: readonly Customer[],
  size = CHUNK,
): Promise<number> => {
  const registry = new SchemaRegistry({ host: registryUrl })
  const schemaId = await registry.getLatestSchemaId(`${topic}-value`)
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()
  try {
    const chunks = chunksOf(outage, customers, size)
    // One by one: together they may be more than a request may hold.
    for (const chunk of chunks)
      await producer.send({ topic, acks: -1, messages: [{ value: await registry.encode(schemaId, chunk) }] })
    return chunks.length
  } finally {
    await producer.disconnect()
  }
}
