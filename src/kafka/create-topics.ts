import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { systemClock } from '../clock.ts'
import { verifyImmutables, writeImmutables } from './immutables.ts'
import type { Immutables } from './internal-codec.ts'
import { openJournalReader } from './journal-reader.ts'
import { faultsOf, partitionCounts, settingsOf, type TopicNames, type TopicSettings, TopicsError, withAdmin } from './topics.ts'

/** Creates what is missing, compares what is there, and writes the immutables into a new journal. Safe to repeat. */
export const createTopics = async (options: {
  readonly kafka: Kafka
  readonly names: TopicNames
  readonly partitions: number
  readonly replication: number
  readonly pepper: Uint8Array
  readonly group: string
  readonly onProgress: (line: string) => void
}): Promise<void> => {
  const { kafka, names, partitions, replication } = options
  const settings = settingsOf(names, partitions)
  await withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics())
    const missing = settings.filter(({ topic }) => !existing.has(topic))
    const wanted = {
      waitForLeaders: false, // throws on a busy KRaft broker, whose metadata lags: we look ourselves
      topics: missing.map(({ topic, cleanup, config }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: replication,
        configEntries: Object.entries({
          ...config,
          'cleanup.policy': cleanup,
          'min.insync.replicas': Math.max(1, replication - 1),
          'unclean.leader.election.enable': false,
        }).map(([name, value]) => ({ name, value: String(value) })),
      })),
    }
    await admin.createTopics(wanted).catch((error: unknown) => {
      throw refusalOf(error, replication)
    })
    for (const { topic } of missing) options.onProgress(`created ${topic} with ${partitions} partitions`)
    await untilLed(admin, settings)
    const faults = await faultsOf(admin, names, partitions)
    if (faults.length > 0) throw new TopicsError(faults)
    if (missing.length < settings.length)
      options.onProgress(`${settings.length - missing.length} topics were there, and are as they must be`)
    const written = await writeImmutables({ ...options, admin })
    if (written) return options.onProgress(`wrote the immutables into ${names.journal}`)
    await compareImmutables(options)
    options.onProgress(`${names.journal} has its immutables, of the same pepper and partitions`)
  })
}

/** Throws TopicsError if the journal was made with another pepper, or for another number of partitions. */
export const compareImmutables = async (
  options: Pick<Parameters<typeof createTopics>[0], 'kafka' | 'names' | 'partitions' | 'pepper' | 'group'>,
): Promise<Immutables> => {
  const { kafka, names } = options
  const { monotonic } = systemClock
  const failed = Promise.withResolvers<never>()
  const reader = await openJournalReader({ kafka, topic: names.journal, group: names.journal, monotonic, onFatal: failed.reject })
  try {
    return await Promise.race([verifyImmutables({ ...options, reader }), failed.promise])
  } finally {
    await reader.close()
  }
}

/** The brokers refuse topic by topic, and say why of each. */
const refusalOf = (error: unknown, replication: number): unknown => {
  if (!(error instanceof kafkajs.KafkaJSAggregateError)) return error
  const faults = error.errors.map((each) => {
    const { topic, type, message } = each as Error & { topic?: string; type?: string }
    const remedy =
      type === 'INVALID_REPLICATION_FACTOR'
        ? `set topics.replication (now ${replication}) to at most the number of brokers; \`tsuchi check\` accepts fewer than 3 only with environment: development`
        : type === 'TOPIC_AUTHORIZATION_FAILED'
          ? 'the brokers do not allow this user Create on it: `tsuchi acls --for topics-create` prints the command that does'
          : `the brokers say ${message}`
    return `${topic ?? 'a topic'} could not be created: ${remedy}`
  })
  return new TopicsError([...new Set(faults)])
}

/** A leader that is elected may still refuse to serve for a moment. */
const untilLed = async (admin: Admin, settings: readonly TopicSettings[]): Promise<void> => {
  const topics = settings.map(({ topic }) => topic)
  for (let look = 1; ; look++) {
    const counts = await partitionCounts(admin, topics)
    if (topics.every((topic) => counts.has(topic)) && (await allServe(admin, topics))) return
    if (look === 200)
      throw new Error('the brokers did not elect leaders for the new topics within 20 s: look at the brokers’ health')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const allServe = async (admin: Admin, topics: readonly string[]): Promise<boolean> => {
  try {
    for (const topic of topics) await admin.fetchTopicOffsets(topic)
    return true
  } catch (error) {
    if (error instanceof Error && 'retriable' in error && error.retriable === true) return false
    throw error
  }
}

/** Creates the domain topics that are missing, as their producers would: for development. */
export const createDomainTopics = async (options: {
  readonly kafka: Kafka
  readonly topics: readonly string[]
  readonly partitions: number
  readonly replication: number
  readonly onProgress: (line: string) => void
}): Promise<void> =>
  withAdmin(options.kafka, async (admin) => {
    const existing = new Set(await admin.listTopics())
    const missing = [...new Set(options.topics)].filter((topic) => !existing.has(topic))
    const wanted = missing.map((topic) => ({
      topic,
      numPartitions: options.partitions,
      replicationFactor: options.replication,
    }))
    if (missing.length > 0)
      await admin.createTopics({ waitForLeaders: false, topics: wanted }).catch((error: unknown) => {
        throw refusalOf(error, options.replication)
      })
    for (const topic of missing) options.onProgress(`created ${topic} with ${options.partitions} partitions, for its producers`)
  })
