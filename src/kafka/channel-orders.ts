import type { Kafka } from 'kafkajs'
import type { ChannelRequest } from '../domain/request.ts'
import { verifyFormats, writtenFormat } from './partition-formats.ts'
import { openRequestWriter } from './request-writer.ts'
import { type TopicNames, verifyTopics } from './topics.ts'

/** The configuration has no such channel: an order would be obeyed by nobody, without a word. */
export class UnknownChannelError extends Error {
  override readonly name = 'UnknownChannelError'

  constructor(channel: string, configured: readonly string[]) {
    super(`the configuration has no channel ${channel}: it has ${configured.join(', ')}`)
  }
}

/** Writes an operator's order to every partition of `requests`, so that each task obeys it in its turn. What it says twice is said once.
 *  Returns what will happen, for the operator. Throws UnknownChannelError, TopicsError, and NewerFormatError. */
export const orderChannel = async (options: {
  readonly kafka: Kafka
  readonly names: TopicNames
  readonly partitions: number
  /** Names of the configured channels. */
  readonly channels: readonly string[]
  readonly channel: string
  readonly order: ChannelRequest['order']
}): Promise<string> => {
  const { kafka, names, partitions, channels, channel, order } = options
  if (!channels.includes(channel)) throw new UnknownChannelError(channel, channels)
  const counts = await verifyTopics(kafka, names, partitions)
  const format = writtenFormat(await verifyFormats(kafka, names.journal, partitions))
  const deadLetterPartitions = counts.deadLetters
  const writer = await openRequestWriter({ kafka, names, partitions, deadLetterPartitions, seal: null, format })
  try {
    await writer.write([{ kind: 'channel', channel, order }])
  } finally {
    await writer.close()
  }
  return `wrote to ${partitions} partitions of ${names.requests}: ${order} ${channel}\n${CONSEQUENCES[order](channel)}`
}

const CONSEQUENCES: Readonly<Record<ChannelRequest['order'], (channel: string) => string>> = {
  pause: (channel) =>
    `Every task pauses ${channel} as it reads this, and sends nothing more on it; what waits stays, or expires as its route says.
Resume with: tsuchi channels resume ${channel}`,
  resume: (channel) =>
    `Every task resumes ${channel} as it reads this, whatever it was paused for; what waits goes, as fast as the channel's limits allow.
If LINE still refuses, the task pauses ${channel} again.`,
}
