import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { deniedOf } from './denied.ts'

/** The topics tsuchi owns. Partition p of requests, feedback and journal belong to one task. */
export interface TopicNames {
  readonly requests: string
  readonly feedback: string
  readonly journal: string
  readonly results: string
  readonly friendEvents: string
  readonly attributions: string
  readonly deadLetters: string
  readonly optOuts: string
}

export const topicNames = (prefix: string): TopicNames => ({
  requests: `${prefix}.requests`,
  feedback: `${prefix}.feedback`,
  journal: `${prefix}.journal`,
  results: `${prefix}.results`,
  friendEvents: `${prefix}.friend-events`,
  attributions: `${prefix}.attributions`,
  deadLetters: `${prefix}.dead-letters`,
  optOuts: `${prefix}.opt-outs`,
})

const DAY_MS = 86_400_000

/** What each topic must be like. `requests` and `feedback` are read again only from a task's position, so a week covers any outage a
 *  worker may have; the journal is state, and kept by key for ever. So are the opt-outs, which others write. */
export const settingsOf = (names: TopicNames, partitions: number): readonly TopicSettings[] => [
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
  { topic: names.attributions, partitions, cleanup: 'delete', config: { 'retention.ms': 30 * DAY_MS } },
  { topic: names.deadLetters, partitions, cleanup: 'delete', config: { 'retention.ms': 30 * DAY_MS } },
  { topic: names.optOuts, partitions, cleanup: 'compact', config: { 'max.compaction.lag.ms': DAY_MS } },
]

export interface TopicSettings {
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

/** Partitions of each: those of requests, feedback and journal, and of what is published. */
export interface TopicCounts {
  readonly partitions: number
  readonly results: number
  readonly friendEvents: number
  readonly attributions: number
  readonly deadLetters: number
}

/** Compares the topics with what they must be like: partitions and cleanup policy. Throws TopicsError. Returns the partition counts. */
export const verifyTopics = async (kafka: Kafka, names: TopicNames, partitions: number): Promise<TopicCounts> =>
  withAdmin(kafka, async (admin) => {
    const counts = await partitionCounts(admin, Object.values(names))
    const missing = Object.values(names).filter((topic) => !counts.has(topic))
    if (missing.length > 0) {
      const hidden = await hiddenAmong(admin, missing)
      throw new TopicsError(
        missing.map((topic) =>
          hidden.has(topic) ? hiddenFault(topic) : `${topic} does not exist: run \`tsuchi topics create\``,
        ),
      )
    }
    const faults = await faultsOf(admin, names, partitions)
    if (faults.length > 0) throw new TopicsError(faults)
    const of = (name: keyof TopicNames) => counts.get(names[name]) ?? 0
    return {
      partitions,
      results: of('results'),
      friendEvents: of('friendEvents'),
      attributions: of('attributions'),
      deadLetters: of('deadLetters'),
    }
  })

/** Domain topics belong to others: only looked at. Throws TopicsError for those that do not exist. */
export const verifyDomainTopics = async (
  kafka: Kafka,
  routes: readonly { readonly id: string; readonly topic: string }[],
): Promise<void> => {
  await withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics())
    const missing = routes.filter(({ topic }) => !existing.has(topic))
    const hidden = await hiddenAmong(
      admin,
      missing.map(({ topic }) => topic),
    )
    if (missing.length > 0)
      throw new TopicsError(
        missing.map(({ id, topic }) =>
          hidden.has(topic)
            ? hiddenFault(topic)
            : `${topic}, which route ${id} reads, does not exist: its producers create it, or take the route away`,
        ),
      )
  })
}

/** Of topics that are not listed, those that may be there: brokers list only what they let describe, and of the rest tell by name. */
export const hiddenAmong = async (admin: Admin, topics: readonly string[]): Promise<ReadonlySet<string>> => {
  const answers = await Promise.all(
    topics.map((topic) =>
      admin.fetchTopicMetadata({ topics: [topic] }).then(
        () => false,
        (error: unknown) => deniedOf(error) === 'topic',
      ),
    ),
  )
  return new Set(topics.filter((_, place) => answers[place]))
}

export const hiddenFault = (topic: string): string =>
  `${topic} may not be described by this user: an ACL is missing, which \`tsuchi acls\` prints the command for`

/** Partition counts of those topics that exist and have leaders. */
export const partitionCounts = async (admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, number>> => {
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

/** What is there, compared with what must be: the partitions of those that go together, and how each is cleaned up. */
export const faultsOf = async (admin: Admin, names: TopicNames, wanted: number): Promise<string[]> => {
  const settings = settingsOf(names, wanted)
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
  return settings.flatMap(({ topic, cleanup }) => {
    const policy = resources
      .find(({ resourceName }) => resourceName === topic)
      ?.configEntries.find(({ configName }) => configName === 'cleanup.policy')?.configValue
    return [
      ...partitionFaults(names, topic, counts.get(topic), wanted),
      ...(policy === cleanup ? [] : [cleanupFault(topic, policy, cleanup)]),
    ]
  })
}

/** Of the topics that go together. */
export const partitionFaults = (names: TopicNames, topic: string, count: number | undefined, wanted: number): string[] =>
  count === wanted || ![names.requests, names.feedback, names.journal].includes(topic)
    ? []
    : [
        `${topic} has ${count} partitions, and topics.partitions says ${wanted}: requests, feedback and journal need the same number, fixed when they are created`,
      ]

export const cleanupFault = (topic: string, found: string | undefined, wanted: 'delete' | 'compact'): string =>
  `${topic} has cleanup.policy=${found} where ${wanted} is wanted: ${wanted === 'compact' ? 'state would be deleted with age' : 'records with equal keys would be lost'}. Set it with kafka-configs`

/** How long the journal keeps a tombstone after it was compacted, ms. */
export const journalKeepsTombstonesMs = async (kafka: Kafka, journal: string): Promise<number> =>
  withAdmin(kafka, async (admin) => {
    const value = await topicSetting(admin, journal, 'delete.retention.ms')
    if (value === undefined)
      throw new TopicsError([`${journal} has no delete.retention.ms that this client may read: allow DescribeConfigs`])
    return Number(value)
  })

/** `undefined` if the brokers do not say. */
export const topicSetting = async (admin: Admin, topic: string, name: string): Promise<string | undefined> => {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }],
  })
  return resources[0]?.configEntries.find(({ configName }) => configName === name)?.configValue
}

export const withAdmin = async <T>(kafka: Kafka, use: (admin: Admin) => Promise<T>): Promise<T> => {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}
