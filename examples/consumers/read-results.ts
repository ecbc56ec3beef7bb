import { createRequire } from 'node:module'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { Kafka, logLevel } from 'kafkajs'

/** What these examples use of a result. Every field, and what it means: schemas/results/notification-result.avsc. */
export interface Result {
  readonly resultId: string
  readonly notificationId: string
  readonly sequence: number
  readonly status: string
  readonly terminal: boolean
  readonly corrects: string | null
  readonly reason: string | null
  readonly purpose: string | null
  readonly customerId: string | null
  readonly recipientRef: string | null
  readonly subject: string | null
  readonly source: { readonly eventSource: string | null; readonly eventId: string | null }
  readonly decidedAt: number
  readonly deliveredAt: number | null
  readonly cost: { readonly amount: Uint8Array; readonly currency: string } | null
  readonly fallback: string | null
}

export interface ResultsSource {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly topic: string
  /** Consumer group: every application has its own. */
  readonly group: string
}

export const sourceFrom = (env: Readonly<Record<string, string | undefined>>, group: string): ResultsSource => {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, RESULTS_TOPIC = 'tsuchi.results' } = env
  if (!KAFKA_BROKERS || !SCHEMA_REGISTRY_URL) throw new Error('set KAFKA_BROKERS and SCHEMA_REGISTRY_URL')
  return { brokers: KAFKA_BROKERS.split(','), registryUrl: SCHEMA_REGISTRY_URL, topic: RESULTS_TOPIC, group }
}

/** Calls `onResult` with every result, those of one notification in their order, at least once: the group's offset moves when it has
 *  returned. What it throws is tried again. Resolves when it reads; `stop` ends it. */
export const readResults = (source: ResultsSource, onResult: (result: Result) => void): Promise<{ stop(): Promise<void> }> =>
  readRecords<Result>(source, onResult)

/** The same of any topic of tsuchi's that is for others: friend-events and attributions too. */
export const readRecords = async <T>(
  { brokers, registryUrl, topic, group }: ResultsSource,
  onRecord: (record: T) => void | Promise<void>,
): Promise<{ stop(): Promise<void> }> => {
  quieten()
  const kafka = new Kafka({ brokers: [...brokers], clientId: group, logLevel: logLevel.ERROR })
  const registry = new SchemaRegistry({ host: registryUrl })
  // kafkajs reads committed records only, unless told otherwise; most clients must be told: see docs/consuming-results.md.
  await refuseAbsent(kafka, topic)
  const consumer = kafka.consumer({ groupId: group, readUncommitted: false, maxWaitTimeInMs: 500 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      if (message.value) await onRecord(await registry.decode(message.value))
    },
  })
  return { stop: () => consumer.disconnect() }
}

/** kafkajs 2.2.4 sets a timer with a negative delay where no request is pending, and Node prints a TimeoutNegativeWarning. */
const quieten = (): void => {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
  if (Object.hasOwn(prototype, 'isQuiet')) return
  const original = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) original.call(this)
  }
  Object.defineProperty(prototype, 'isQuiet', { value: true })
}

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests(): void
}

/** Else kafkajs retries for a while, and names no topic. */
const refuseAbsent = async (kafka: Kafka, topic: string): Promise<void> => {
  const admin = kafka.admin()
  await admin.connect()
  const topics = await admin.listTopics().finally(() => admin.disconnect())
  if (!topics.includes(topic))
    throw new Error(`there is no topic ${topic}: name it as topics.prefix says: RESULTS_TOPIC is PREFIX.results`)
}

/** Avro's decimal of the field `cost`: ten-thousandths of the currency's unit. ¥3.5 is 35000. */
export const tenThousandths = (amount: Uint8Array): number => {
  const bits = Buffer.from(amount).toString('hex')
  return bits === '' ? 0 : Number(BigInt.asIntN(amount.length * 8, BigInt(`0x${bits}`)))
}
