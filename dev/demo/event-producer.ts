import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { IHeaders, Kafka } from 'kafkajs'
import { type DomainEvent, type EventKind, PUBLISHED } from './domain-events.ts'
import { DemoFault } from './fault.ts'
import type { PlannedRecord } from './scenario.ts'

/** Where a record came to lie, and how many people it is for. */
export interface Produced {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly recipients: number
}

export interface EventProducer {
  /** Returns when the brokers have them. */
  produce(records: readonly PlannedRecord[]): Promise<Produced[]>
  close(): Promise<void>
}

/** The teams' own services in one: Avro in Confluent's wire format, under the schemas that are registered for their topics. */
export const openEventProducer = async (options: {
  readonly kafka: Kafka
  readonly registryUrl: string
  readonly topicOf: (kind: EventKind) => string
  readonly partitions: number
}): Promise<EventProducer> => {
  const { kafka, registryUrl, topicOf, partitions } = options
  const registry = new SchemaRegistry({ host: registryUrl })
  const ids = new Map<EventKind, number>()
  for (const kind of Object.keys(PUBLISHED) as EventKind[])
    ids.set(kind, await registry.getLatestSchemaId(`${topicOf(kind)}-value`))
  const producer = kafka.producer({ idempotent: true, allowAutoTopicCreation: false })
  await producer.connect()

  const messageOf = async ({ event, headers, damaged }: PlannedRecord) => {
    const bytes = await registry.encode(ids.get(event.kind) ?? 0, event.value)
    const key = event.id
    return {
      key,
      value: damaged ? bytes.subarray(0, 24) : bytes,
      partition: Number.parseInt(key.slice(0, 8), 16) % partitions,
      headers: headers ? cloudEventsHeaders(event) : {},
    }
  }

  return {
    produce: async (records) => {
      const messages = await Promise.all(
        records.map(async (record) => ({ topic: topicOf(record.event.kind), record, message: await messageOf(record) })),
      )
      const byTopic = Map.groupBy(messages, ({ topic }) => topic)
      const written = await producer.sendBatch({
        acks: -1,
        topicMessages: [...byTopic].map(([topic, each]) => ({ topic, messages: each.map(({ message }) => message) })),
      })
      return written.flatMap(({ topicName, partition, baseOffset }) => {
        if (baseOffset === undefined) throw new DemoFault(`the brokers did not say where the records in ${topicName} lie`)
        const here = messages.filter(({ topic, message }) => topic === topicName && message.partition === partition)
        return here.map(({ record }, index) => ({
          topic: topicName,
          partition,
          offset: Number(baseOffset) + index,
          recipients: record.damaged ? 1 : record.event.recipients,
        }))
      })
    },
    close: () => producer.disconnect(),
  }
}

const cloudEventsHeaders = ({ kind, id, occurredAt }: DomainEvent): IHeaders => ({
  ce_specversion: '1.0',
  ce_id: id,
  ce_source: PUBLISHED[kind].source,
  ce_type: PUBLISHED[kind].type,
  ce_time: new Date(occurredAt).toISOString(),
})
