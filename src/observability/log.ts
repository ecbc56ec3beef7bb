import { type Logger, pino } from 'pino'
import type { KafkaLog } from '../kafka/client.ts'
import type { Metrics } from './metrics.ts'

export type { Logger }

/** JSON lines on standard output. */
export const createLog = (level: string): Logger => pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime })

/** kafkajs's log as ours. Its errors hold brokers, groups and error codes, and no record's content. */
export const kafkaLogTo = (log: Logger, metrics: Metrics): KafkaLog => {
  const count = (level: string) => metrics.kafkaLog.inc({ level })
  return {
    routine: (message) => {
      count('routine')
      log.debug({ event: 'kafka' }, message)
    },
    info: (message, detail) => log.debug({ event: 'kafka', ...detail }, message),
    warn: (message, detail) => {
      count('warn')
      log.warn({ event: 'kafka', ...detail }, message)
    },
    error: (message, detail) => {
      count('error')
      log.error({ event: 'kafka', ...detail }, message)
    },
  }
}
