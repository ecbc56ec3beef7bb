import { randomUUID } from 'node:crypto'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { Kafka } from 'kafkajs'
import { produceOutage } from '../examples/producers/outage-in-chunks.ts'
import { phoneOf } from '../src/line-simulator/people.ts'
import type { Affected } from './affected.ts'
import { type BenchRoute, exampleOf } from './routes.ts'

/** Whoever produces the events. Everybody is reachable, and no two are the same person. */
export interface Events {
  /** One event each, for people 0 to `count` − 1. */
  paymentDue(count: number): Promise<void>
  /** The same people, many in an event. */
  paymentsDue(count: number): Promise<void>
  /** One event for other people. Returns what sends it, and the numbers of the people. */
  outage(people: number): Promise<{ readonly phones: readonly string[]; send(): Promise<void> }>
  /** So many incidents at once, each for its part of the people, in chunks. Returns how many events there were. */
  disasters(notices: number, people: readonly Affected[]): Promise<number>
}

/** An event of some 150 kB. */
const PEOPLE_IN_EVENT = 1_000
const EVENTS_IN_REQUEST = 1_000
/** Nobody else's number is so high. */
const FIRST_WITH_OUTAGE = 40_000_000

const HOUR_MS = 3_600_000
const DISASTER = { revision: 1, area: '川崎市中原区', service: '電気', statusUrl: 'https://status.example.jp/incidents' }

export const openEvents = async (options: {
  readonly kafka: Kafka
  readonly registryUrl: string
  readonly topicOf: (route: BenchRoute) => string
  readonly now: () => number
  readonly cleanUp: AsyncDisposableStack
}): Promise<Events> => {
  const { kafka, topicOf, now } = options
  const registry = new SchemaRegistry({ host: options.registryUrl })
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  options.cleanUp.defer(() => producer.disconnect())
  await producer.connect()
  const payment = await exampleOf('payment-due')
  const outage = await exampleOf('outage-notice')

  const customer = (n: number) => ({ id: `C-${n}`, phone: phoneOf('reachable', n), timeZone: null, name: null })
  const due = (n: number) => ({ ...payment, dueDate: '2099-12-31', invoiceId: `INV-${n}`, customer: customer(n) })
  const head = () => ({ eventId: randomUUID(), occurredAt: now() })
  const encoderOf = async (route: BenchRoute) => {
    const id = await registry.getLatestSchemaId(`${topicOf(route)}-value`)
    return (event: object) => registry.encode(id, event)
  }
  const send = async (route: BenchRoute, values: readonly Buffer[]): Promise<void> => {
    await producer.send({ topic: topicOf(route), messages: values.map((value) => ({ key: randomUUID(), value })) })
  }

  return {
    paymentDue: async (count) => {
      const encode = await encoderOf('payment-due')
      for (const people of portions(count, EVENTS_IN_REQUEST))
        await send('payment-due', await Promise.all(people.map((n) => encode({ ...due(n), ...head() }))))
    },
    paymentsDue: async (count) => {
      const encode = await encoderOf('payments-due')
      for (const people of portions(count, PEOPLE_IN_EVENT))
        await send('payments-due', [await encode({ ...head(), due: people.map(due) })])
    },
    outage: async (people) => {
      const encode = await encoderOf('outage-notice')
      const affected = Array.from({ length: people }, (_, n) => customer(FIRST_WITH_OUTAGE + n))
      return {
        phones: affected.map(({ phone }) => phone),
        send: async () => send('outage-notice', [await encode({ ...outage, ...head(), affected })]),
      }
    },
    disasters: async (notices, people) => {
      const at = { kafka, registryUrl: options.registryUrl, topic: topicOf('disaster-notice') }
      const size = Math.ceil(people.length / notices)
      const produced = Array.from({ length: notices }, (_, notice) => {
        const customers = people
          .slice(notice * size, (notice + 1) * size)
          .map(({ id, phone }) => ({ id, phone, timeZone: null, name: null }))
        const times = { occurredAt: now(), startedAt: now(), expectedRestorationAt: now() + HOUR_MS }
        return produceOutage(at, { ...DISASTER, ...times, incidentId: `INC-${notice}` }, customers)
      })
      return (await Promise.all(produced)).reduce((sum, events) => sum + events, 0)
    },
  }
}

function* portions(count: number, size: number): Generator<number[], void> {
  for (let from = 0; from < count; from += size) yield Array.from({ length: Math.min(size, count - from) }, (_, n) => from + n)
}
