import { Command } from 'commander'
import { verifyAccessFor } from '../access.ts'
import { readRoutesUnreviewed } from '../app.ts'
import { loadConfig } from '../config.ts'
import { createDomainTopics, createTopics } from '../kafka/create-topics.ts'
import { topicNames } from '../kafka/topics.ts'
import { upgradeFormat } from '../kafka/upgrade-format.ts'
import { sharesOf } from '../stages/channels.ts'
import { configOption } from './config-option.ts'
import { kafkaFor } from './kafka-for.ts'

export const topicsCommand = (): Command => {
  const topics = new Command('topics').description("tsuchi's own topics")
  topics
    .command('create')
    .description('create the topics that are missing, compare those that are there, and write the immutables; safe to repeat')
    .addOption(configOption())
    .addHelpText(
      'after',
      `
The number of partitions (topics.partitions), the pepper (privacy.pepper) and the group (kafka.group) are fixed here for ever: they
decide where each person's notifications live, and who may send them. Domain topics are yours, and not touched without --events.`,
    )
    .option('--events', "also create the routes' own topics, as a producer would: for development")
    .action(async (options: { config: string; events?: true }) => {
      const config = loadConfig(options.config)
      const { partitions, replication, prefix } = config.topics
      const kafka = kafkaFor(config, 'topics')
      const onProgress = (line: string) => console.error(line)
      if (options.events)
        await createDomainTopics({
          kafka,
          topics: readRoutesUnreviewed(config).map(({ topic }) => topic),
          partitions: 3,
          replication,
          onProgress,
        })
      sharesOf(config, partitions) // what is fixed here for ever must leave every channel a rate
      await verifyAccessFor(config, ['topics-create'], [])
      await createTopics({
        kafka,
        names: topicNames(prefix),
        partitions,
        replication,
        pepper: config.privacy.pepper,
        group: config.kafka.group,
        onProgress,
      })
    })
  topics
    .command('upgrade')
    .description(
      'raise the internal records to the newest format that this version writes; without --yes only says what it would do',
    )
    .addOption(configOption())
    .option('--yes', 'do it: no older version can run on these topics afterwards')
    .addHelpText(
      'after',
      `
A new version writes what the one before it can read, so that workers of both run side by side and you may go back. When you are content
with the new one, and all workers run it, this has them write its own format. Changes nothing while a worker that runs dispatch does
not know that format. Each partition is taken from its owner for a moment, who opens it again; nothing is lost or sent twice. What intake
and webhooks write follows at their next start. Safe to repeat, also when it was interrupted.
Says which format the topics are in when there is nothing to do, as \`tsuchi check\` does.`,
    )
    .action(async (options: { config: string; yes?: true }) => {
      const config = loadConfig(options.config)
      const { partitions, prefix } = config.topics
      await verifyAccessFor(config, ['topics-upgrade'], [])
      await upgradeFormat({
        kafka: kafkaFor(config, 'topics'),
        names: topicNames(prefix),
        partitions,
        pepper: config.privacy.pepper,
        group: config.kafka.group,
        carriesOut: options.yes ?? false,
        say: (line) => console.error(line),
      })
    })
  return topics
}
