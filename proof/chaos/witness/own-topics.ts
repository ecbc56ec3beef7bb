import type { InputSeen, Order } from '../../verifier/history.ts'
import type { Confluent } from '../confluent.ts'
import type { CanaryHunt } from './canary.ts'
import type { Followed } from './follower.ts'
import { formatPosition, type RequestBody, readInternal } from './internal-records.ts'
import { type JournalWitness, openJournalWitness } from './journal.ts'
import { openResultsWitness, type ResultBody, type ResultsWitness } from './results.ts'
import { searchRecord } from './searched-records.ts'

/** By role. */
export interface OwnTopicNames {
  readonly requests: string
  readonly feedback: string
  readonly journal: string
  readonly results: string
  readonly friendEvents: string
  readonly attributions: string
  readonly deadLetters: string
}

/** What lies in tsuchi's own topics. */
export interface OwnTopics {
  readonly results: ResultsWitness
  readonly journal: JournalWitness
  readonly inputs: readonly InputSeen[]
  readonly deadLetters: readonly string[]
  /** Operators' orders. */
  readonly orders: readonly Order[]
  /** Results that could not be read. */
  readonly unreadable: readonly string[]
  take(followed: Followed): Promise<void>
}

export const openOwnTopics = (options: {
  readonly names: OwnTopicNames
  readonly confluent: Confluent
  readonly hunt: CanaryHunt
  readonly now: () => number
}): OwnTopics => {
  const { names, confluent, hunt, now } = options
  const results = openResultsWitness()
  const journal = openJournalWitness()
  const inputs: InputSeen[] = []
  const deadLetters: string[] = []
  const orders: Order[] = []
  const unreadable: string[] = []

  const takeInput = (topic: InputSeen['topic'], { partition, record }: Followed): void => {
    const offset = Number(record.offset)
    const read = readInternal(record.value)
    const body = (read?.body ?? {}) as RequestBody
    const { notificationId, position } = body.notification ?? body
    const isRequest = read?.kind === 'ready-request' || read?.kind === 'refused-request' || read?.kind === 'poison-request'
    inputs.push({
      ...{ topic, partition, offset, seenAt: now(), unreadable: read === undefined },
      position: isRequest && position ? formatPosition(position) : null,
      notificationId: isRequest ? (notificationId ?? null) : null,
    })
    if (read?.kind !== 'channel-request') return
    orders.push({
      ...{ position: `${names.requests}/${partition}/${offset}/0`, subject: null, cancelledAt: null },
      kind: body.order === 'pause' ? 'pause' : 'resume',
      channel: body.channel ?? null,
    })
  }

  return {
    ...{ results, journal, inputs, deadLetters, orders, unreadable },
    take: async (followed) => {
      const { topic, partition, record, committed } = followed
      const place = `${topic}/${partition}/${record.offset}`
      // What was aborted is on the brokers' disks all the same.
      searchRecord(hunt, record, () => place)
      if (!committed) return
      const offset = Number(record.offset)
      switch (topic) {
        case names.requests:
          return takeInput('requests', followed)
        case names.feedback:
          return takeInput('feedback', followed)
        case names.journal:
          return journal.take({ partition, offset, committedAt: now() }, record)
        case names.deadLetters:
          deadLetters.push(deadPlace(record.headers, names))
          return
        case names.results: {
          const decoded = await confluent.decode(record.value)
          if (decoded.kind === 'record') results.take({ partition, offset, seenAt: now() }, decoded.value as ResultBody)
          else unreadable.push(place)
        }
      }
    },
  }
}

/** What dispatch set aside is named by the role of its topic, what intake did by position. */
const deadPlace = (headers: Followed['record']['headers'], names: OwnTopicNames): string => {
  const of = (name: string): string => headers[`__connect.errors.${name}`]?.toString() ?? ''
  const place = `${of('partition')}/${of('offset')}`
  const topic = of('topic')
  if (topic === names.requests) return `requests/${place}`
  return topic === names.feedback ? `feedback/${place}` : `${topic}/${place}/0`
}
