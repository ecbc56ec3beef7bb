import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { orderChannel } from '../kafka/channel-orders.ts'
import { topicNames } from '../kafka/topics.ts'
import { configOption } from './config-option.ts'
import { kafkaFor } from './kafka-for.ts'

export const channelsCommand = (): Command => {
  const channels = new Command('channels').description('stop and start sending on a channel').addHelpText(
    'after',
    `
A worker pauses a channel by itself when LINE says that the account may not send (403), or that the month's messages are used up, and tries
one notification now and then: when LINE takes it, the channel goes on. A pause of yours lasts until you resume it.`,
  )
  channels
    .command('pause <name>')
    .description('send nothing more on this channel until it is resumed; safe to repeat')
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Name the channel as the configuration does. The order goes through Kafka to every partition, and lasts over restarts and takeovers; no
worker has to run now. What is under way to LINE is not called back. Events are still taken in: what is for the channel waits, in its order,
and goes when the channel is resumed, or ends as expired where its route says that it is too late.`,
    )
    .action((name: string, options: { config: string }) => order('pause', name, options.config))
  channels
    .command('resume <name>')
    .description('send on this channel again; safe to repeat')
    .addOption(configOption())
    .addHelpText(
      'after',
      `
Lifts every pause of the channel: yours, and those the workers made because LINE refused. What has waited goes in its order, within quiet
hours and the channel's limits.`,
    )
    .action((name: string, options: { config: string }) => order('resume', name, options.config))
  return channels
}

const order = async (what: 'pause' | 'resume', channel: string, file: string): Promise<void> => {
  const config = loadConfig(file)
  const { prefix, partitions } = config.topics
  const told = await orderChannel({
    kafka: kafkaFor(config, 'channels'),
    names: topicNames(prefix),
    partitions,
    channels: Object.keys(config.channels),
    channel,
    order: what,
  })
  console.error(told)
}
