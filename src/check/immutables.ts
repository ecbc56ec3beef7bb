import type { Kafka } from 'kafkajs'
import type { Config } from '../config.ts'
import { compareImmutables } from '../kafka/create-topics.ts'
import { NEWEST_FORMAT } from '../kafka/internal-records.ts'
import { verifyFormats, writtenFormat } from '../kafka/partition-formats.ts'
import { partitionCounts, topicNames, withAdmin } from '../kafka/topics.ts'
import type { Findings } from './findings.ts'

/** What was fixed for ever when the topics were made, against the configuration, and the format that they are in. Reads the journal, so that must be as wide as it should. */
export const immutables = async (kafka: Kafka, config: Config): Promise<Findings> => {
  const { prefix, partitions } = config.topics
  const names = topicNames(prefix)
  const counts = await withAdmin(kafka, (admin) => partitionCounts(admin, [names.journal]))
  if (counts.get(names.journal) !== partitions)
    return { looked: `not compared, as ${names.journal} is not as it must be`, skipped: true }
  await compareImmutables({ kafka, names, partitions, pepper: config.privacy.pepper, group: config.kafka.group })
  const format = writtenFormat(await verifyFormats(kafka, names.journal, partitions))
  return {
    looked: `pepper, partitions and group are those that ${names.journal} began with; it is in format ${format}`,
    well: format < NEWEST_FORMAT ? [raisable(names.journal, format)] : [],
  }
}

const raisable = (journal: string, format: number): string =>
  `${journal} is in format ${format} of internal records, so that older versions can run, and this one knows format ${NEWEST_FORMAT}: \`tsuchi topics upgrade\` raises it, once you will not go back`
