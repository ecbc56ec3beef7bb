import { Kafka, type KafkaConfig, type logCreator, logLevel, type RetryOptions, type SASLOptions } from 'kafkajs'
import { MUTE } from './kafkajs-patches/mute-brokers.ts'
import { patchKafkajs } from './kafkajs-patches.ts'
import { makeSocket } from './sockets.ts'

export interface Connection {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl?: KafkaConfig['ssl']
  readonly sasl?: SASLOptions | undefined
}

/** Where kafkajs's own log goes. `routine` is what is normal in its life but logged by kafkajs as an error or warning. */
export interface KafkaLog {
  routine(message: string): void
  info(message: string, detail: object): void
  warn(message: string, detail: object): void
  error(message: string, detail: object): void
}

/** Short and many: back-to-back transactions meet CONCURRENT_TRANSACTIONS, and kafkajs's default would wait 300 ms each time. */
export const FAST_RETRY: RetryOptions = { initialRetryTime: 5, multiplier: 1.5, factor: 0.2, retries: 50, maxRetryTime: 1_000 }

/** At start-up a person waits for the answer: some five seconds. */
export const START_RETRY: RetryOptions = { initialRetryTime: 100, multiplier: 2, factor: 0.2, retries: 6, maxRetryTime: 2_000 }

export const createKafka = (connection: Connection, log: KafkaLog, retry = FAST_RETRY): Kafka => {
  patchKafkajs()
  const { brokers, clientId, ssl, sasl } = connection
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ...(ssl !== undefined && { ssl }),
    ...(sasl && { sasl }),
    socketFactory: makeSocket,
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    retry,
    logLevel: logLevel.INFO,
    logCreator: logCreatorFor(log),
  })
}

/** Something takes the connection and answers nothing. */
export const isMute = (error: unknown): boolean => error instanceof Error && error.message === MUTE

export const MUTE_REMEDY =
  'write host and port of a listener of the brokers; does another service listen there, is a broker hanging, does a firewall swallow the answers, or does the listener want TLS (kafka.ssl)?'

const ROUTINE =
  /ongoing transaction|CONCURRENT_TRANSACTIONS|another concurrent (transaction|operation)|coordinator is loading|coordinator is not available|not the correct coordinator|group is rebalancing|not aware of this member|Limiting retries for the idempotent producer|no active member|unknown member/i

const logCreatorFor =
  (log: KafkaLog): logCreator =>
  () =>
  ({ namespace, level, log: { message, error, groupId, broker } }) => {
    const text = `${message} ${error ?? ''}`
    // Sometimes a text, sometimes an Error.
    const detail = { namespace, ...(error && { error: String(error) }), ...(groupId && { groupId }), ...(broker && { broker }) }
    if (ROUTINE.test(text)) return log.routine(message)
    if (level === logLevel.ERROR) return log.error(message, detail)
    if (level === logLevel.WARN) return log.warn(message, detail)
    if (level === logLevel.INFO) return log.info(message, detail)
  }

/** Whether it could be steered. `pause`, `resume` and `seek` throw between a crash of kafkajs's consumer and its restart: the next GROUP_JOIN
 *  sets everything anew. They throw also in the GROUP_JOIN of a consumer that is leaving, for which that would be the end of the worker. */
export const whileRunning = (steer: () => void): boolean => {
  try {
    steer()
    return true
  } catch (error) {
    if (!(error instanceof Error && /not initialized/.test(error.message))) throw error
    return false
  }
}
