import type { Kafka } from 'kafkajs'
import type { Config } from '../config.ts'
import { compareImmutables } from '../kafka/create-topics.ts'
import { partitionCounts, topicNames, withAdmin } from '../kafka/topics.ts'
import type { Findings } from './findings.ts'

/** What was fixed for ever when the topics were made, against the configuration. Reads the journal, so that must be as wide as it should. */
export const immutables = async (kafka: Kafka, config: Config): Promise<Findings> => {
  const { prefix, partitions } = config.topics
  const names = topicNames(prefix)
  const counts = await withAdmin(kafka, (admin) => partitionCounts(admin, [names.journal]))
  if (counts.get(names.journal) !== partitions)
    return { looked: `not compared, as ${names.journal} is not as it must be`, skipped: true }
  await compareImmutables({ kafka, names, partitions, pepper: config.privacy.pepper, group: config.kafka.group })
  return { looked: `pepper, partitions and group are those that ${names.journal} began with` }
}
