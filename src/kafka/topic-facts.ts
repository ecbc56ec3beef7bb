import kafkajs, { type Admin } from 'kafkajs'
import { deniedOf } from './denied.ts'
import { hiddenAmong } from './topics.ts'

/** A topic as the brokers describe it. */
export interface TopicFacts {
  readonly partitions: number
  /** Of the partition that has the fewest. */
  readonly replicas: number
  /** What is in force, whoever has set it. Null: this client may not read it. */
  readonly settings: ReadonlyMap<string, string> | null
}

/** What is asked of topics. */
export const TOPIC_SETTINGS = [
  'cleanup.policy',
  'delete.retention.ms',
  'max.compaction.lag.ms',
  'min.cleanable.dirty.ratio',
  'min.insync.replicas',
  'retention.bytes',
  'retention.ms',
  'segment.ms',
  'unclean.leader.election.enable',
] as const
export type TopicSetting = (typeof TOPIC_SETTINGS)[number]

/** `hidden`: there may be such a topic, but this client may not see it. Those that do not exist are left out. */
export type FoundTopics = ReadonlyMap<string, TopicFacts | 'hidden'>

export const readTopicFacts = async (admin: Admin, topics: readonly string[]): Promise<FoundTopics> => {
  const existing = new Set(await admin.listTopics())
  const hidden = await hiddenAmong(
    admin,
    topics.filter((topic) => !existing.has(topic)),
  )
  const found = new Map<string, TopicFacts | 'hidden'>([...hidden].map((topic) => [topic, 'hidden']))
  const asked = topics.filter((topic) => existing.has(topic))
  if (asked.length === 0) return found
  const metadata = await admin.fetchTopicMetadata({ topics: asked })
  const facts = await Promise.all(
    metadata.topics.map(async ({ name, partitions }): Promise<[string, TopicFacts]> => {
      const replicas = Math.min(...partitions.map((partition) => partition.replicas.length))
      return [name, { partitions: partitions.length, replicas, settings: await settingsOf(admin, name) }]
    }),
  )
  for (const [name, each] of facts) found.set(name, each)
  return found
}

/** One topic at a time: a refusal for one would be a refusal for all. */
const settingsOf = async (admin: Admin, topic: string): Promise<ReadonlyMap<string, string> | null> => {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [...TOPIC_SETTINGS] }],
    })
    return new Map((resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]))
  } catch (error) {
    if (deniedOf(error) === 'topic') return null
    throw error
  }
}
