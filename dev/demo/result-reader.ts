import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { Kafka } from 'kafkajs'
import { z } from 'zod'
import { DemoFault } from './fault.ts'

/** What the demo reads of a result; the whole of it is in schemas/results. */
const publishedResult = z.object({
  resultId: z.string(),
  notificationId: z.string(),
  sequence: z.number(),
  status: z.string(),
  terminal: z.boolean(),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  purpose: z.string().nullable(),
  customerId: z.string().nullable(),
  source: z.object({
    topic: z.string(),
    partition: z.number(),
    offset: z.number(),
    index: z.number(),
    eventTime: z.number().nullable(),
  }),
  deliveryTag: z.string().nullable(),
  lineRequestId: z.string().nullable(),
  receivedAt: z.number(),
  releaseAt: z.number().nullable(),
  deliveredAt: z.number().nullable(),
  decidedAt: z.number(),
  cost: z
    .object({
      amount: z.instanceof(Buffer).transform((bytes) => BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`))),
      currency: z.string(),
    })
    .nullable(),
  fallback: z.string().nullable(),
})

/** `cost.amount` in ten-thousandths, as the schema's decimal has it. */
export type PublishedResult = z.output<typeof publishedResult>

export interface ResultReader {
  /** Everything read so far, each result once, however often it was published. */
  readonly results: readonly PublishedResult[]
  /** Why it reads no more. */
  readonly ended: Promise<never>
  close(): Promise<void>
}

/** A consumer as any team downstream would have one: committed records only (kafkajs's default), decoded through the registry. */
export const openResultReader = async (options: {
  readonly kafka: Kafka
  readonly registryUrl: string
  readonly topic: string
  readonly groupId: string
}): Promise<ResultReader> => {
  const registry = new SchemaRegistry({ host: options.registryUrl })
  const consumer = options.kafka.consumer({ groupId: options.groupId, readUncommitted: false, maxWaitTimeInMs: 100 })
  const results: PublishedResult[] = []
  const seen = new Set<string>()
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {})
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) ended.reject(payload.error)
  })

  await consumer.connect()
  await consumer.subscribe({ topic: options.topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      try {
        const result = publishedResult.parse(await registry.decode(message.value ?? Buffer.of()))
        if (seen.has(result.resultId)) return
        seen.add(result.resultId)
        results.push(result)
      } catch (fault) {
        ended.reject(new DemoFault(`A result cannot be read: ${fault instanceof Error ? fault.message : fault}`))
      }
    },
  })
  return { results, ended: ended.promise, close: () => consumer.disconnect() }
}
