import { type Admin, Kafka, logLevel } from 'kafkajs'
import { until } from '../ready.ts'

/** A client as any team would have one: nothing of tsuchi's own is between the demo and what it shows. */
export const connectTo = (brokers: readonly string[], clientId: string): Kafka =>
  new Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 3_000,
    retry: { initialRetryTime: 50, retries: 8, maxRetryTime: 1_000 },
    logLevel: logLevel.NOTHING,
  })

const LED_WITHIN_MS = 20_000

/** Makes topics, as the teams that own the events would, and waits until they can be written to. */
export const createTopics = async (
  kafka: Kafka,
  topics: readonly string[],
  { partitions, signal }: { readonly partitions: number; readonly signal: AbortSignal },
): Promise<void> =>
  withAdmin(kafka, async (admin) => {
    // waitForLeaders throws on a busy broker, whose metadata lags: we look ourselves.
    await admin.createTopics({
      waitForLeaders: false,
      topics: topics.map((topic) => ({ topic, numPartitions: partitions, replicationFactor: 1 })),
    })
    await until(async () => whyNotLed(admin, topics), { withinMs: LED_WITHIN_MS, signal })
  })

/** Removes the topics and consumer groups whose names begin so, from a Kafka that is not ours. Returns what it could not. */
export const removeAll = async (kafka: Kafka, prefix: string): Promise<string[]> =>
  withAdmin(kafka, async (admin) => {
    const left: string[] = []
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
    await admin.deleteTopics({ topics }).catch((fault: Error) => left.push(`${topics.length} topics (${fault.message})`))
    const { groups } = await admin.listGroups()
    const groupIds = groups.map(({ groupId }) => groupId).filter((groupId) => groupId.startsWith(prefix))
    await admin.deleteGroups(groupIds).catch((fault: Error) => left.push(`${groupIds.length} groups (${fault.message})`))
    return left
  })

const whyNotLed = async (admin: Admin, topics: readonly string[]): Promise<string | undefined> => {
  try {
    for (const topic of topics) await admin.fetchTopicOffsets(topic)
    return undefined
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault)
  }
}

const withAdmin = async <T>(kafka: Kafka, use: (admin: Admin) => Promise<T>): Promise<T> => {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}
