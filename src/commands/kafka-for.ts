import type { Kafka } from 'kafkajs'
import { connectionOf } from '../config/kafka-connection.ts'
import { isStandIn } from '../config/variables.ts'
import { type Config, ConfigError } from '../config.ts'
import { createKafka, START_RETRY } from '../kafka/client.ts'
import { createLog, kafkaLogTo } from '../observability/log.ts'
import { createMetrics } from '../observability/metrics.ts'

/** For a command that a person waits for: gives up after some seconds, and leaves it to the command to say what is wrong. */
export const kafkaFor = (config: Config, purpose: string): Kafka => {
  const { brokers, sasl } = config.kafka
  if ([...brokers, sasl?.password ?? ''].some(isStandIn))
    throw new ConfigError(config.file, [`kafka: one of ${config.standIns.join(', ')} is needed for it, and not set`])
  return createKafka(connectionOf(config, purpose), kafkaLogTo(createLog('silent'), createMetrics()), START_RETRY)
}
