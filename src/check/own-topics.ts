import type { Admin } from 'kafkajs'
import type { Config } from '../config.ts'
import type { Route } from '../intake/route.ts'
import { readTopicFacts } from '../kafka/topic-facts.ts'
import { cleanupFault, hiddenFault, partitionFaults, settingsOf, topicNames } from '../kafka/topics.ts'
import { count, type Findings, together } from './findings.ts'
import { ownTopicFindings } from './topic-rules.ts'

/** tsuchi's own topics: whether they are there, and are such that what is promised can be kept. */
export const ownTopics = async (admin: Admin, config: Config, routes: readonly Route[]): Promise<Findings> => {
  const { prefix, partitions } = config.topics
  const names = topicNames(prefix)
  const settings = settingsOf(names, partitions)
  const found = await readTopicFacts(admin, Object.values(names))
  const given = {
    production: config.environment === 'production',
    broker: config.kafka.brokers[0] ?? '',
    longestWindowMs: Math.max(0, ...routes.map(({ dedupeWindowMs }) => dedupeWindowMs)),
  }
  const looks = settings.map(({ topic, cleanup }): Omit<Findings, 'looked'> => {
    const facts = found.get(topic)
    if (facts === undefined) return { faults: [`${topic} does not exist: run \`tsuchi topics create\``] }
    if (facts === 'hidden') return { faults: [hiddenFault(topic)] }
    const policy = facts.settings?.get('cleanup.policy')
    const shape = [
      ...partitionFaults(names, topic, facts.partitions, partitions),
      ...(facts.settings === null || policy === cleanup ? [] : [cleanupFault(topic, policy, cleanup)]),
    ]
    const rules = ownTopicFindings(names, topic, facts, given)
    return { ...rules, faults: [...shape, ...(rules.faults ?? [])] }
  })
  return { looked: `${count(settings.length, 'topic')} of tsuchi's own, ${prefix}.*`, ...together(looks) }
}
