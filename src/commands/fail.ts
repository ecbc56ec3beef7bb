import { isMute, MUTE_REMEDY } from '../kafka/client.ts'
import { remedyOf } from '../kafka/denied.ts'

/** Ends the process. Faults that somebody can mend say how, in their message; anything else is ours, and shows where. */
export const fail = (error: unknown): never => {
  console.error(wordsOf(error))
  process.exit(1)
}

export const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (isMute(error))
    return `Kafka: what kafka.brokers names took the connection, and did not answer as a broker\nRemedy: ${MUTE_REMEDY}`
  if (error.name.startsWith('KafkaJS')) return `Kafka: ${error.message}\n${remedyOf(error)}`
  return error.constructor === Error ? (error.stack ?? error.message) : error.message
}
