import type { Kafka } from 'kafkajs'
import type { Config } from '../config.ts'
import { createKafka, START_RETRY } from '../kafka/client.ts'
import { connectionOf } from '../kafka-connection.ts'
import { createLog, kafkaLogTo } from '../observability/log.ts'
import { createMetrics } from '../observability/metrics.ts'

/** For a command that a person waits for: gives up after some seconds, and leaves it to the command to say what is wrong. */
export const kafkaFor = (config: Config, purpose: string): Kafka =>
  createKafka(connectionOf(config, purpose), kafkaLogTo(createLog('silent'), createMetrics()), START_RETRY)
