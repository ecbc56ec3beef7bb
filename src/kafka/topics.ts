import { createHmac, randomBytes } from 'node:crypto'
import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { FAST_RETRY } from './client.ts'
import { decodeJournal, encodeJournal, type Immutables } from './internal-codec.ts'
import type { JournalReader } from './journal-reader.ts'

/** The topics tsuchi owns. Partition p of requests, feedback and journal belong to one task. */
export interface TopicNames {
  readonly requests: string
  readonly feedback: string
  readonly journal: string
  readonly results: string
  readonly friendEvents: string
  readonly deadLetters: string
}

export const topicNames = (prefix: string): TopicNames => ({
  requests: `${prefix}.requests`,
  feedback: `${prefix}.feedback`,
  journal: `${prefix}.journal`,
  results: `${prefix}.results`,
  friendEvents: `${prefix}.friend-events`,
  deadLetters: `${prefix}.dead-letters`,
})

const DAY_MS = 86_400_000

/** What each topic must be like. `requests` and `feedback` are read again only from a task's position, so a week covers any outage a
 *  worker may have; the journal is state, and kept by key for ever. */
const settingsOf = (names: TopicNames, partitions: number): readonly TopicSettings[] => [
  { topic: names.requests, partitions, cleanup: 'delete', config: { 'retention.ms': 7 * DAY_MS } },
  { topic: names.feedback, partitions, cleanup: 'delete', config: { 'retention.ms': 7 * DAY_MS } },
  {
    topic: names.journal,
    partitions,
    cleanup: 'compact',
    config: {
      'segment.ms': 3_600_000,
      'segment.bytes': 64 << 20,
      'min.cleanable.dirty.ratio': 0.2,
      'max.compaction.lag.ms': DAY_MS,
    },
  },
  { topic: names.results, partitions, cleanup: 'delete', config: { 'retention.ms': 30 * DAY_MS } },
  { topic: names.friendEvents, partitions, cleanup: 'delete', config: { 'retention.ms': 30 * DAY_MS } },
  { topic: names.deadLetters, partitions, cleanup: 'delete', config: { 'retention.ms': 30 * DAY_MS } },
]

interface TopicSettings {
  readonly topic: string
  readonly partitions: number
  readonly cleanup: 'delete' | 'compact'
  readonly config: Readonly<Record<string, number>>
}

/** Topics that are not as they must be. Names every fault and what to do. */
export class TopicsError extends Error {
  override readonly name = 'TopicsError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`the topics are not as they must be:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

/** Creates what is missing, compares what is there, and writes the immutables into a new journal. Safe to repeat. */
export const createTopics = async (options: {
  readonly kafka: Kafka
  readonly names: TopicNames
  readonly partitions: number
  readonly replication: number
  readonly pepper: Uint8Array
  readonly onProgress: (line: string) => void
}): Promise<void> => {
  const { kafka, names, partitions, replication } = options
  const settings = settingsOf(names, partitions)
  await withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics())
    const missing = settings.filter(({ topic }) => !existing.has(topic))
    await admin.createTopics({
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
    })
    for (const { topic } of missing) options.onProgress(`created ${topic} with ${partitions} partitions`)
    await untilLed(admin, settings)
    const faults = await faultsOf(admin, settings)
    if (faults.length > 0) throw new TopicsError(faults)
    const written = await writeImmutables({ ...options, admin })
    options.onProgress(written ? `wrote the immutables into ${names.journal}` : `${names.journal} has its immutables already`)
  })
}

/** Compares the topics with what they must be like: partitions and cleanup policy. Throws TopicsError. Returns the partition counts. */
export const verifyTopics = async (
  kafka: Kafka,
  names: TopicNames,
): Promise<{ readonly partitions: number; readonly resultPartitions: number; readonly deadLetterPartitions: number }> =>
  withAdmin(kafka, async (admin) => {
    const counts = await partitionCounts(admin, Object.values(names))
    const missing = Object.values(names).filter((topic) => !counts.has(topic))
    if (missing.length > 0) throw new TopicsError(missing.map((topic) => `${topic} does not exist: run \`tsuchi topics create\``))
    const partitions = counts.get(names.requests) ?? 0
    const faults = await faultsOf(
      admin,
      settingsOf(names, partitions).map((settings) =>
        CO_PARTITIONED(names).includes(settings.topic) ? settings : { ...settings, partitions: counts.get(settings.topic) ?? 0 },
      ),
    )
    if (faults.length > 0) throw new TopicsError(faults)
    return {
      partitions,
      resultPartitions: counts.get(names.results) ?? 0,
      deadLetterPartitions: counts.get(names.deadLetters) ?? 0,
    }
  })

/** Domain topics belong to others: only looked at. Throws TopicsError for those that do not exist. */
export const verifyDomainTopics = async (
  kafka: Kafka,
  routes: readonly { readonly id: string; readonly topic: string }[],
): Promise<void> => {
  const existing = new Set(await withAdmin(kafka, (admin) => admin.listTopics()))
  const missing = routes.filter(({ topic }) => !existing.has(topic))
  if (missing.length > 0)
    throw new TopicsError(
      missing.map(
        ({ id, topic }) =>
          `${topic}, which route ${id} reads, does not exist (or may not be described): its producers create it, or take the route away`,
      ),
    )
}

/** Compares what must never change with what this worker has been given. Throws TopicsError. */
export const verifyImmutables = async (options: {
  readonly kafka: Kafka
  readonly names: TopicNames
  readonly partitions: number
  readonly pepper: Uint8Array
  readonly reader: JournalReader
}): Promise<Immutables> => {
  const { names, partitions, reader } = options
  const ends = await withAdmin(options.kafka, (admin) => admin.fetchTopicOffsets(names.journal))
  const empty = ends.filter(({ high }) => high === '0').map(({ partition }) => partition)
  if (empty.length > 0)
    throw new TopicsError([`${names.journal} has nothing in partitions ${empty.join(', ')}: run \`tsuchi topics create\``])
  const found = await Promise.all(
    Array.from({ length: partitions }, (_, partition) =>
      firstImmutables(reader, partition, Number(ends.find((end) => end.partition === partition)?.low ?? 0)),
    ),
  )
  const [first] = found
  const faults = found.flatMap((immutables, partition) => faultsOfImmutables(immutables, { ...options, partition, first }))
  if (faults.length > 0 || !first) throw new TopicsError(faults)
  return first
}

/** Tells whether a pepper is the one this installation began with, and nothing else about it. */
export const pepperCheckOf = (pepper: Uint8Array): string =>
  createHmac('sha256', pepper).update('tsuchi pepper check').digest('hex').slice(0, 16)

const CO_PARTITIONED = (names: TopicNames): readonly string[] => [names.requests, names.feedback, names.journal]

/** Written once, before anything else, so they are the first record of every journal partition for ever: compaction keeps the last
 *  record of a key, and this key never gets another. */
const firstImmutables = async (reader: JournalReader, partition: number, from: number): Promise<Immutables | undefined> => {
  let found: Immutables | undefined
  await reader.read(partition, from, ({ value }) => {
    const first = decodeJournal(value)
    if (first.kind === 'immutables') found = first.immutables
    return true
  })
  return found
}

const faultsOfImmutables = (
  immutables: Immutables | undefined,
  given: {
    readonly names: TopicNames
    readonly partitions: number
    readonly pepper: Uint8Array
    readonly partition: number
    readonly first: Immutables | undefined
  },
): string[] => {
  const where = `${given.names.journal}, partition ${given.partition}`
  if (!immutables)
    return [
      `${where} does not begin with its immutables: the topic was not made by \`tsuchi topics create\`, or has lost its beginning`,
    ]
  const faults: string[] = []
  if (immutables.partitions !== given.partitions)
    faults.push(
      `${where} was made for ${immutables.partitions} partitions, but ${given.names.requests} has ${given.partitions}: partitions must never be added, as people would move between them`,
    )
  if (immutables.pepperCheck !== pepperCheckOf(given.pepper))
    faults.push(
      `${where} was made with another pepper than privacy.pepper: with this one, everybody would be somebody else. Give it the pepper it began with`,
    )
  if (immutables.incarnation !== given.first?.incarnation)
    faults.push(`${where} is of another incarnation than partition 0: part of the topic was made anew`)
  return faults
}

const writeImmutables = async (options: {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly names: TopicNames
  readonly partitions: number
  readonly pepper: Uint8Array
}): Promise<boolean> => {
  const { names, partitions, pepper } = options
  const ends = await options.admin.fetchTopicOffsets(names.journal)
  const empty = ends.filter(({ high }) => high === '0')
  if (empty.length === 0) return false
  if (empty.length < partitions)
    throw new TopicsError([
      `${names.journal} has immutables in some partitions only: creating it was interrupted. If nothing was sent yet, delete it and create it again`,
    ])
  const value = encodeJournal({
    kind: 'immutables',
    immutables: { partitions, incarnation: randomBytes(6).toString('hex'), pepperCheck: pepperCheckOf(pepper) },
  })
  const producer = options.kafka.producer({ idempotent: true, allowAutoTopicCreation: false, retry: FAST_RETRY })
  await producer.connect()
  try {
    await producer.send({
      topic: names.journal,
      acks: -1,
      messages: Array.from({ length: partitions }, (_, partition) => ({ key: 'immutables', value, partition })),
    })
  } finally {
    await producer.disconnect()
  }
  return true
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

/** Partition counts of those topics that exist and have leaders. */
const partitionCounts = async (admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const existing = new Set(await admin.listTopics())
  const asked = topics.filter((topic) => existing.has(topic))
  if (asked.length === 0) return new Map()
  const metadata = await admin.fetchTopicMetadata({ topics: asked }).catch((error: Error) => {
    if ('type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION') return { topics: [] }
    throw error
  })
  return new Map(
    metadata.topics
      .filter(({ partitions }) => partitions.every(({ leader }) => leader >= 0))
      .map(({ name, partitions }) => [name, partitions.length]),
  )
}

const faultsOf = async (admin: Admin, settings: readonly TopicSettings[]): Promise<string[]> => {
  const counts = await partitionCounts(
    admin,
    settings.map(({ topic }) => topic),
  )
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: settings.map(({ topic }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: topic,
      configNames: ['cleanup.policy'],
    })),
  })
  return settings.flatMap(({ topic, partitions, cleanup }) => {
    const faults: string[] = []
    const count = counts.get(topic)
    if (count !== partitions)
      faults.push(
        `${topic} has ${count} partitions where ${partitions} are wanted: requests, feedback and journal need the same number, fixed when they are created`,
      )
    const policy = resources
      .find(({ resourceName }) => resourceName === topic)
      ?.configEntries.find(({ configName }) => configName === 'cleanup.policy')?.configValue
    if (policy !== cleanup)
      faults.push(
        `${topic} has cleanup.policy=${policy} where ${cleanup} is wanted: ${cleanup === 'compact' ? 'state would be deleted with age' : 'records with equal keys would be lost'}. Set it with kafka-configs`,
      )
    return faults
  })
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
