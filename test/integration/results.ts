import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { Kafka } from 'kafkajs'
import { PATIENCE_MS } from './patience.ts'
import { openTopicReader } from './topic-records.ts'

/** A result as any consumer of the topic reads it: read_committed, decoded with the writer's schema from the registry. */
export interface ObservedResult {
  readonly resultId: string
  readonly notificationId: string
  readonly sequence: number
  readonly status: string
  readonly terminal: boolean
  readonly corrects: string | null
  readonly reason: string | null
  readonly detail: string | null
  readonly purpose: string | null
  readonly route: string | null
  readonly channel: string | null
  readonly endpoint: string | null
  readonly customerId: string | null
  readonly recipientRef: string | null
  readonly subject: string | null
  readonly source: {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly index: number
    readonly eventSource: string | null
    readonly eventId: string | null
    readonly eventType: string | null
    readonly eventTime: number | null
  }
  readonly duplicateOf: string | null
  readonly attempts: number
  readonly deliveryTag: string | null
  readonly lineRequestId: string | null
  readonly httpStatus: number | null
  readonly property: string | null
  readonly receivedAt: number
  readonly releaseAt: number | null
  readonly sentAt: number | null
  readonly deliveredAt: number | null
  readonly decidedAt: number
  readonly cost: { readonly amount: Buffer; readonly currency: string } | null
  readonly fallback: string | null
  /** Of the record, not of its value. */
  readonly record: { readonly key: string; readonly headers: Readonly<Record<string, string>> }
}

/** Where a record lies. */
export interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface ResultObserver {
  /** In the order in which they were read. */
  all(): readonly ObservedResult[]
  of(notificationId: string): readonly ObservedResult[]
  /** Of what became of the record there, and of one of the recipients it names. */
  about(place: Place, index?: number): readonly ObservedResult[]
  /** Waits for its terminal result. */
  endOf(place: Place, index?: number, withinMs?: number): Promise<ObservedResult>
  /** Waits until `holds` gives something for what has been read. `what` says what was waited for, should it never come. */
  until<T>(what: string, holds: (results: readonly ObservedResult[]) => T | undefined | false, withinMs?: number): Promise<T>
  /** Waits for the ends of so many notifications; exactly so many: more is an error. In the order in which they were read. */
  untilTerminal(notifications: number, withinMs?: number): Promise<readonly ObservedResult[]>
  /** Nothing more will come: whoever waits is told why. */
  giveUp(fault: Error): void
  /** Waits until everything is read that is published now. */
  caughtUp(): Promise<void>
  close(): Promise<void>
}

export const observeResults = async (options: {
  readonly kafka: Kafka
  readonly topic: string
  readonly registryUrl: string
}): Promise<ResultObserver> => {
  const registry = new SchemaRegistry({ host: options.registryUrl })
  const results: ObservedResult[] = []
  const faults: unknown[] = []
  const watchers = new Set<() => void>()
  let decoded = Promise.resolve()

  const tell = () => {
    for (const watch of [...watchers]) watch()
  }
  const giveUp = (fault: unknown) => {
    faults.push(fault)
    tell()
  }
  const reader = await openTopicReader({
    kafka: options.kafka,
    topics: [options.topic],
    isolation: 'committed',
    onRecord: ({ key, value, headers }) => {
      const record = {
        key: key?.toString() ?? '',
        headers: Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, each?.toString() ?? ''])),
      }
      decoded = decoded
        .then(() => registry.decode(value ?? Buffer.of()))
        .then((result: Omit<ObservedResult, 'record'>) => {
          results.push({ ...result, record })
          tell()
        }, giveUp)
    },
  })

  const until: ResultObserver['until'] = (what, holds, withinMs = PATIENCE_MS) =>
    new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer)
        watchers.delete(look)
        settle()
      }
      const look = () => {
        try {
          if (faults.length > 0) throw faults[0]
          const found = holds(results)
          if (found !== undefined && found !== false) end(() => resolve(found))
        } catch (fault) {
          end(() => reject(fault))
        }
      }
      const giveUp = () => end(() => reject(new Error(`${what}: not within ${withinMs} ms. Read so far:\n${summaryOf(results)}`)))
      const timer = setTimeout(giveUp, withinMs)
      watchers.add(look)
      look()
    })

  return {
    all: () => results,
    of: (notificationId) => results.filter((result) => result.notificationId === notificationId),
    about: (place, index) => results.filter(isAbout(place, index)),
    endOf: (place, index = 0, withinMs) =>
      until(
        `the end of ${place.topic}/${place.partition}@${place.offset}, recipient ${index}`,
        (read) => read.filter(isAbout(place, index)).find(({ terminal }) => terminal),
        withinMs,
      ),
    until,
    untilTerminal: (notifications, withinMs) =>
      until(
        `the ends of ${notifications} notifications`,
        (read) => {
          const ends = read.filter(({ terminal }) => terminal)
          if (ends.length > notifications) throw new Error(`more than ${notifications} ends:\n${summaryOf(ends)}`)
          return ends.length === notifications && ends
        },
        withinMs,
      ),
    giveUp,
    caughtUp: async () => {
      await reader.caughtUp()
      await decoded
      if (faults.length > 0) throw faults[0]
    },
    close: () => reader.close(),
  }
}

const isAbout =
  (place: Place, index = 0) =>
  ({ source }: ObservedResult): boolean =>
    source.topic === place.topic &&
    source.partition === place.partition &&
    source.offset === place.offset &&
    source.index === index

const summaryOf = (results: readonly ObservedResult[]): string =>
  results
    .map(
      ({ notificationId, sequence, status, terminal, reason, detail, attempts }) =>
        `  ${notificationId.slice(0, 8)} ${sequence} ${status}${terminal ? ' (the end)' : ''} ${reason ?? ''} ${detail ?? ''} attempts=${attempts}`,
    )
    .join('\n') || '  nothing'
