import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import type { Kafka } from 'kafkajs'
import { fitTo, linesOf } from '../event-text/event-fit.ts'
import { ProduceError } from '../produce/produce-error.ts'
import { subjectOf } from './published-schemas.ts'
import { foundBy, statusOf } from './registry-error.ts'
import { verifyDomainTopics } from './topics.ts'

/** Where an event came to lie. */
export interface ProducedPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface EventProducer {
  /** Full name of the newest schema of the topic's events, by which they are written. */
  readonly recordName: string
  /** Returns when the brokers have it. */
  produce(record: {
    readonly event: object
    readonly headers: ReadonlyMap<string, string>
    readonly key: string | null
  }): Promise<ProducedPlace>
  close(): Promise<void>
}

/** Writes events as their own producers do: Avro in Confluent's wire format, by the newest schema of the topic's subject. */
export const openEventProducer = async ({
  kafka,
  registry,
  route,
}: {
  readonly kafka: Kafka
  readonly registry: SchemaRegistry
  /** Whose topic it is. */
  readonly route: { readonly id: string; readonly topic: string }
}): Promise<EventProducer> => {
  const { topic } = route
  const { id, type } = await newestSchema(registry, topic)
  await verifyDomainTopics(kafka, [route])
  const producer = kafka.producer({ idempotent: true, allowAutoTopicCreation: false })
  await producer.connect()
  return {
    recordName: type.name ?? '',
    produce: async ({ event, headers, key }) => {
      const fit = fitTo(type, event)
      // What the schema has no field for would be left out without a word: a misspelt name of an optional field, mostly.
      if (fit.misfits.length > 0 || fit.strangers.length > 0)
        throw new ProduceError(`the event does not fit the schema of ${subjectOf(topic)}:\n${linesOf(fit)}`)
      const header = Buffer.alloc(5)
      header.writeInt32BE(id, 1)
      const [written] = await producer.send({
        topic,
        acks: -1,
        messages: [{ key, value: Buffer.concat([header, type.toBuffer(fit.value)]), headers: Object.fromEntries(headers) }],
      })
      if (written?.baseOffset === undefined) throw new ProduceError(`the brokers did not say where the record lies in ${topic}`)
      return { topic, partition: written.partition, offset: Number(written.baseOffset) }
    },
    close: () => producer.disconnect(),
  }
}

const newestSchema = async (registry: SchemaRegistry, topic: string): Promise<{ id: number; type: avro.Type }> => {
  const subject = subjectOf(topic)
  try {
    const id = await registry.getLatestSchemaId(subject)
    const type = await registry.getSchema(id)
    if (avro.Type.isType(type)) return { id, type: type as avro.Type }
  } catch (cause) {
    const remedy =
      statusOf(cause) === 404
        ? 'its producer registers one; for development: `tsuchi schemas register --events`'
        : 'is registry.url right (with Apicurio it ends in /apis/ccompat/v7), and the registry up?'
    throw new ProduceError(`there is no schema to be had of ${subject} (${foundBy(cause)}): ${remedy}`, { cause })
  }
  throw new ProduceError(`the newest schema of ${subject} is not Avro: tsuchi reads Avro only`)
}
