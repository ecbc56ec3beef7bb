import { setTimeout as pause } from 'node:timers/promises'
import type { Kafka, Message, Producer } from 'kafkajs'
import { type Confluent, confluentAt } from '../confluent.ts'
import { chanceOf } from './chance.ts'
import { noticeOf } from './outages.ts'
import { CANARIES, personOf } from './people.ts'
import { planOf } from './plan.ts'
import type { Planned, When } from './planned.ts'
import { ROUTES, type RouteName } from './routes.ts'

/** Whoever produces events: many systems, of which some say things twice, late, or wrong. */
export interface Inputs {
  /** Everything, in its time. Returns when the brokers have it, or nobody wants it any more. What a broker did not answer is written again,
   *  so it may lie there twice. */
  produce(forMs: number, signal: AbortSignal): Promise<void>
  /** One outage for 5,000 people, now. */
  fanOut(): Promise<void>
  /** Notifications, those that must be refused with them. */
  progress(): { readonly written: number; readonly of: number }
  /** Numbers to be looked for where they must not be, E.164. */
  readonly canaries: readonly string[]
}

export interface InputsOptions {
  readonly kafka: Kafka
  readonly registryUrl: string
  readonly topicOf: (route: RouteName) => string
  readonly seed: number
  readonly notifications: number
  readonly now: () => number
  readonly cleanUp: AsyncDisposableStack
}

const TICK_MS = 200
const RETRY_MS = 500
const FAN_OUT = 5_000
/** More at once than a broker takes in one request: events with hundreds of people are large. */
const MOST_IN_REQUEST = 100

export const openInputs = async (options: InputsOptions): Promise<Inputs> => {
  const { kafka, topicOf, seed, now } = options
  const encode = await encodersOf(confluentAt(options.registryUrl), topicOf)
  const producer = kafka.producer({ allowAutoTopicCreation: false, retry: { initialRetryTime: 100, retries: 5 } })
  options.cleanUp.defer(() => producer.disconnect())
  await producer.connect()

  const plan = planOf(seed, options.notifications)
  const of = plan.reduce((sum, { notifications }) => sum + notifications, 0)
  let written = 0
  let fannedOut = 0

  const write = async (records: readonly Planned[], when: When, signal: AbortSignal | null): Promise<void> => {
    for (let from = 0; from < records.length; from += MOST_IN_REQUEST) {
      const portion = records.slice(from, from + MOST_IN_REQUEST)
      await sendUntilTaken(producer, messagesOf(portion, { topicOf, encode, when, producedAt: now() }), signal)
      if (signal?.aborted) return
      written += portion.reduce((sum, { notifications }) => sum + notifications, 0)
    }
  }

  return {
    canaries: CANARIES,
    progress: () => ({ written, of }),
    produce: async (forMs, signal) => {
      const start = now()
      const when: When = (share) => start + share * forMs
      let next = 0
      while (next < plan.length && !signal.aborted) {
        const first = next
        for (let due = plan[next]; due && when(due.at) <= now(); due = plan[next]) next++
        await write(plan.slice(first, next), when, signal)
        await pause(TICK_MS, undefined, { signal }).catch(() => {}) // nobody wants it any more
      }
    },
    fanOut: async () => {
      const chance = chanceOf(seed + 1 + fannedOut++)
      const people = Array.from({ length: FAN_OUT }, (_, n) => personOf(seed, n))
      const at = now()
      const report = { incidentId: `INC-wide-${fannedOut}`, revision: 1, share: 0 }
      await write([noticeOf(people, chance, report)], () => at, null)
    },
  }
}

type Encoders = (route: RouteName) => (event: object) => Buffer

const encodersOf = async (confluent: Confluent, topicOf: InputsOptions['topicOf']): Promise<Encoders> => {
  const encoders = new Map<RouteName, (event: object) => Buffer>()
  for (const route of ROUTES) encoders.set(route, await confluent.encoderOf(topicOf(route)))
  return (route) => {
    const encode = encoders.get(route)
    if (!encode) throw new Error(`there is no schema of the events of ${route}`)
    return encode
  }
}

interface Writing {
  readonly topicOf: InputsOptions['topicOf']
  readonly encode: Encoders
  readonly when: When
  readonly producedAt: number
}

const messagesOf = (records: readonly Planned[], writing: Writing): ReadonlyMap<string, Message[]> => {
  const byTopic = new Map<string, Message[]>()
  for (const record of records) {
    const topic = writing.topicOf(record.route)
    const messages = byTopic.get(topic) ?? []
    byTopic.set(topic, messages)
    const value = bytesOf(record, writing)
    const { key, headers } = record
    messages.push({ key, value, timestamp: String(writing.producedAt), ...(headers && { headers: headers(writing.when) }) })
  }
  return byTopic
}

const bytesOf = ({ route, content }: Planned, { encode, when }: Writing): Buffer | null => {
  if (content.kind === 'event') return encode(content.schemaOf)(content.event(when))
  switch (content.how) {
    case 'null':
      return null
    case 'not-framed':
      return Buffer.from(JSON.stringify({ route, phone: content.phone }))
    case 'unknown-schema': {
      const header = Buffer.alloc(5)
      header.writeInt32BE(2_000_000_000, 1)
      return Buffer.concat([header, Buffer.from(content.phone)])
    }
    case 'cut':
      return encode(content.schemaOf)(content.event(when)).subarray(0, -3)
  }
}

/** Once more until the brokers say that they have it. */
const sendUntilTaken = async (
  producer: Producer,
  byTopic: ReadonlyMap<string, Message[]>,
  signal: AbortSignal | null,
): Promise<void> => {
  const topicMessages = Array.from(byTopic, ([topic, messages]) => ({ topic, messages }))
  while (!signal?.aborted) {
    try {
      await producer.sendBatch({ topicMessages, acks: -1 })
      return
    } catch {
      await pause(RETRY_MS)
    }
  }
}
