import type { Kafka, Message } from 'kafkajs'
import { BEGIN_KEY, REPLAY_OF, REPLAYED_AT, REPLAYED_BY, type Replay, receiptHeaders } from '../dead-letters/headers.ts'
import { formatOrigin, type Letter } from '../dead-letters/letter.ts'
import type { WholeRecord } from '../dead-letters/sealed-record.ts'
import { openTransactionalProducer, type PartitionMessages } from './transactional-producer.ts'

/** Produces what died anew, and says so under each letter in the same transaction: neither is ever there without the other. */
export interface ReplayWriter {
  /** Records of one partition, no more than fit into one request. Throws ReplayStoppedError, and is of no use then. */
  replay(batch: ReplayBatch): Promise<readonly Replayed[]>
  close(): Promise<void>
}

export interface ReplayBatch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly { readonly letter: Letter; readonly record: WholeRecord }[]
  /** ms since the epoch. */
  readonly at: number
}

export interface Replayed extends Replay {
  readonly letter: Letter
}

/** Somebody else replays now, or the brokers refuse. */
export class ReplayStoppedError extends Error {
  override readonly name = 'ReplayStoppedError'
}

/** Whoever replayed before is fenced when this resolves, and what they committed can be read. */
export const openReplayWriter = async (options: {
  readonly kafka: Kafka
  readonly deadLetters: string
  readonly group: string
  readonly by: string
  readonly at: number
}): Promise<ReplayWriter> => {
  const { deadLetters, by } = options
  const transactionalId = `${options.group}-replay`
  const producer = await openTransactionalProducer(options.kafka, transactionalId)
  const commit = async (...[batch, closing]: Parameters<typeof producer.commit>) => {
    const topics = new Set(batch.map(({ topic }) => topic))
    return producer.commit(batch, closing).catch((error: unknown) => {
      throw stopped(error, [...topics, deadLetters], transactionalId)
    })
  }
  try {
    const headers = { [REPLAYED_AT]: new Date(options.at).toISOString(), [REPLAYED_BY]: by }
    await commit([{ topic: deadLetters, partition: 0, messages: [{ key: BEGIN_KEY, value: null, headers }] }])
  } catch (error) {
    await producer.close()
    throw error
  }

  return {
    replay: async ({ topic, partition, records, at }) => {
      const replayed = (next: number) =>
        records.map(({ letter }, index) => ({
          letter,
          to: formatOrigin({ topic, partition, offset: next - records.length + index }),
          at,
          by,
        }))
      const messages = records.map(({ letter, record }) => messageOf(letter, record))
      const { next } = await commit([{ topic, partition, messages }], (after) => receiptsOf(deadLetters, replayed(after)))
      return replayed(next)
    },
    close: () => producer.close(),
  }
}

/** As it was, and with where it died. */
const messageOf = (letter: Letter, { key, value, headers, timestamp }: WholeRecord): Message => ({
  key,
  value,
  headers: {
    ...Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, [...each]])),
    [REPLAY_OF]: formatOrigin(letter.origin),
  },
  timestamp: String(timestamp),
})

/** Each in the partition of its letter, so that age takes the letter first. */
const receiptsOf = (topic: string, replayed: readonly Replayed[]): PartitionMessages[] =>
  Array.from(
    Map.groupBy(replayed, ({ letter }) => letter.place.partition),
    ([partition, each]) => ({
      topic,
      partition,
      messages: each.map(({ letter, ...replay }) => ({ key: letter.key, value: null, headers: receiptHeaders(replay) })),
    }),
  )

const stopped = (error: unknown, topics: readonly string[], transactionalId: string): unknown => {
  const type = typeOf(error)
  const where = topics.join(' or ')
  switch (type) {
    case undefined:
      return error
    case 'INVALID_PRODUCER_EPOCH':
    case 'PRODUCER_FENCED':
    case 'INVALID_PRODUCER_ID_MAPPING':
      return new ReplayStoppedError(
        'another `tsuchi dead-letters replay` of this installation has begun, and this one may write no more: the other goes on with what is left',
      )
    case 'TOPIC_AUTHORIZATION_FAILED':
      return new ReplayStoppedError(`the brokers do not allow this client to write to ${where}: grant it WRITE on both`)
    case 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED':
      return new ReplayStoppedError(`the brokers do not allow the transactional id ${transactionalId}: grant WRITE on it`)
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return new ReplayStoppedError(`${where} does not take a record as large as one of these: see its max.message.bytes`)
    case 'INVALID_TIMESTAMP':
      return new ReplayStoppedError(
        `${where} does not take records as old as one of these: see its message.timestamp.before.max.ms`,
      )
    default:
      return new ReplayStoppedError(`Kafka, at ${where}: ${error instanceof Error ? error.message : type}`)
  }
}

/** Kafka's name of what the brokers answered, however deep kafkajs has wrapped it. */
const typeOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined
  if ('type' in error && typeof error.type === 'string') return error.type
  if (error.cause !== undefined) return typeOf(error.cause)
  return error.name.startsWith('KafkaJS') ? error.name : undefined
}
