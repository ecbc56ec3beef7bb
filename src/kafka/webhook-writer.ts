import kafkajs, { type Kafka, type Message, type ProducerBatch } from 'kafkajs'
import type { Feedback } from '../domain/input.ts'
import { partitionOf } from '../domain/partition.ts'
import { atMost } from '../webhook/at-most.ts'
import type { FriendEvent } from '../webhook/friend-event.ts'
import type { Storage, Storing } from '../webhook/storage.ts'
import { cloudEventHeaders } from './cloud-event.ts'
import { encodeFeedback } from './internal-codec.ts'
import { plainProducer } from './plain-producer.ts'
import type { TopicCounts, TopicNames } from './topics.ts'
import { portionsOf } from './transactional-producer.ts'

/** Writes what a webhook takes, plain and acknowledged by all replicas; what is written twice is told apart by whoever reads it. */
export interface WebhookWriter extends Storage {
  /** Waits for what is on its way, at most so long. */
  close(withinMs: number): Promise<void>
}

/** What comes within it travels together: at a thousand requests per second, a request to Kafka for each would be the cost. */
const GATHER_MS = 3
/** At a time: one that waits for a leader that is away must not hold up those for others. With BATCH_BYTES it bounds what is held. */
const MOST_UNDER_WAY = 8
/** Kafka refuses a batch over 1 MiB (`max.message.bytes`), so all that is gathered fits, wherever it goes. */
const BATCH_BYTES = 500_000

export const openWebhookWriter = async (options: {
  readonly kafka: Kafka
  readonly names: TopicNames
  readonly counts: TopicCounts
  /** Of what goes into feedback: that the topics are at. */
  readonly format: number
  readonly encode: (event: FriendEvent) => Buffer
  readonly monotonic: () => number
  readonly onWritten: (ms: number) => void
}): Promise<WebhookWriter> => {
  const { names, counts, monotonic } = options
  const producer = plainProducer(options.kafka, { inOrder: false, givesUp: 'soon' })
  await producer.connect()
  const waiting = new Set<Parcel>()
  const underWay = new Set<Promise<void>>()
  let gathering = false

  const gather = () => {
    if (gathering) return
    gathering = true
    setTimeout(() => {
      gathering = false
      go()
    }, GATHER_MS)
  }

  const go = () => {
    while (waiting.size > 0 && underWay.size < MOST_UNDER_WAY) {
      const parcels = firstOf(waiting)
      const began = monotonic()
      const sent = deliver(parcels.flatMap(({ messages }) => messages)).then(
        () => {
          options.onWritten(monotonic() - began)
          for (const { settled } of parcels) settled.resolve()
        },
        (error: unknown) => {
          for (const { settled } of parcels) settled.reject(error)
        },
      )
      underWay.add(sent)
      void sent.then(() => {
        underWay.delete(sent)
        go()
      })
    }
  }

  /** Resolves when all of it is acknowledged. */
  const deliver = async (messages: readonly Addressed[]): Promise<void> => {
    for (const portion of portionsOf(messages)) {
      let left: readonly Addressed[] = portion
      for (let round = 1; left.length > 0; round++) {
        if (round > MOST_ROUNDS) throw new kafkajs.KafkaJSError(`the brokers took nothing for ${placesOf(left)}`)
        const answers = await producer.sendBatch({ acks: -1, ...batchOf(left) })
        // kafkajs asks no broker twice that has answered: what moved to such a one meanwhile would be passed over in silence.
        const written = new Set(answers.map(({ topicName, partition }) => `${topicName}/${partition}`))
        left = left.filter(({ topic, partition }) => !written.has(`${topic}/${partition}`))
      }
    }
  }

  const send = (messagesOf: () => readonly Addressed[]): Storing => {
    const settled = Promise.withResolvers<void>()
    settled.promise.catch(() => undefined)
    let parcel: Parcel | undefined
    try {
      parcel = { messages: messagesOf(), settled }
      waiting.add(parcel)
      gather()
    } catch (fault) {
      settled.reject(fault)
    }
    return {
      done: settled.promise,
      abandon: () => {
        if (parcel && waiting.delete(parcel)) settled.reject(new GivenUpError('given up before it was on its way to Kafka'))
      },
    }
  }

  return {
    store: ({ feedback, friendEvents }) =>
      send(() => [
        ...feedback.map(({ partition, feedback: each }) => ({
          topic: names.feedback,
          partition,
          key: keyOf(each),
          value: encodeFeedback(each, options.format),
        })),
        ...friendEvents.map((event) => ({
          topic: names.friendEvents,
          partition: partitionOf(event.webhookEventId, counts.friendEvents),
          key: event.webhookEventId,
          value: options.encode(event),
          headers: cloudEventHeaders(event.webhookEventId, `dev.tsuchi.friend.${event.kind}`),
        })),
      ]),
    claim: (holes, claims) =>
      send(() => {
        const said: readonly Feedback[] = [
          ...holes.map((hole) => ({ kind: 'hole' as const, ...hole })),
          ...claims.map((claim) => ({ kind: 'heartbeat' as const, ...claim })),
        ]
        return said.flatMap((feedback) => {
          const [key, value] = [keyOf(feedback), encodeFeedback(feedback, options.format)]
          return Array.from({ length: counts.partitions }, (_, partition) => ({ topic: names.feedback, partition, key, value }))
        })
      }),
    close: async (withinMs) => {
      go()
      const sent = async () => {
        while (underWay.size > 0) await Promise.all(underWay)
      }
      await atMost(withinMs, sent())
      await producer.disconnect()
    },
  }
}

/** What was sent before it is not acknowledged yet, and nobody waits for this any more. */
class GivenUpError extends Error {
  override readonly name = 'GivenUpError'
}

/** Each is a change of leaders in the middle of a request. */
const MOST_ROUNDS = 3

interface Addressed extends Message {
  readonly topic: string
  readonly partition: number
  readonly value: Buffer
}

interface Parcel {
  readonly messages: readonly Addressed[]
  readonly settled: PromiseWithResolvers<void>
}

/** Takes them out: the first that together are not too large, and one at least. */
const firstOf = (waiting: Set<Parcel>): Parcel[] => {
  const taken: Parcel[] = []
  let bytes = 0
  for (const parcel of waiting) {
    bytes += parcel.messages.reduce((sum, { value }) => sum + value.length + 200, 0)
    if (taken.length > 0 && bytes > BATCH_BYTES) break
    waiting.delete(parcel)
    taken.push(parcel)
  }
  return taken
}

const batchOf = (messages: readonly Addressed[]): Pick<ProducerBatch, 'topicMessages'> => ({
  topicMessages: [...Map.groupBy(messages, ({ topic }) => topic)].map(([topic, each]) => ({
    topic,
    messages: each.map(({ topic: _, ...message }) => message),
  })),
})

const placesOf = (messages: readonly Addressed[]): string =>
  [...new Set(messages.map(({ topic, partition }) => `${topic}/${partition}`))].join(', ')

const keyOf = (feedback: Feedback): string => {
  switch (feedback.kind) {
    case 'receipt':
      return feedback.deliveryTag
    case 'link':
      return feedback.notificationId
    default:
      return feedback.kind
  }
}
