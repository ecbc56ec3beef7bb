import type { Kafka } from 'kafkajs'
import { readRoutes } from '../app.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { linkTokenKey } from '../domain/link-token.ts'
import { createSealer } from '../domain/seal.ts'
import { compareImmutables } from '../kafka/create-topics.ts'
import { type ReadLetters, readLetters, readRecordsOf } from '../kafka/dead-letter-reader.ts'
import { createEventReader, createRegistry } from '../kafka/event-reader.ts'
import { openReplayWriter, type ReplayWriter } from '../kafka/replay-writer.ts'
import { partitionCounts, topicNames, verifyTopics, withAdmin } from '../kafka/topics.ts'
import { isSignedWith, SIGNATURE_HEADER } from '../providers/line/signature.ts'
import { readWebhook } from '../providers/line/webhook-events.ts'
import { accountsOf } from '../stages/webhook.ts'
import { createTaker, type Take } from '../webhook/taker.ts'
import type { Letter, Origin } from './letter.ts'
import { type Prospect, prospectOf, prospectOfSigned } from './prospect.ts'
import type { WholeRecord } from './sealed-record.ts'
import { type Weighed, weigh } from './weigh.ts'

/** Where an operator works on the dead letters of one installation. */
export interface Desk {
  readonly topic: string
  /** `about`: the key of a letter whose records are wanted, too. */
  letters(options?: { readonly about?: string | undefined; readonly onProgress?: OnProgress }): Promise<ReadLetters>
  /** By the letters' keys. */
  recordsOf(letters: readonly Letter[]): Promise<ReadonlyMap<string, WholeRecord>>
  prospectOf(record: WholeRecord, origin: Origin): Promise<Prospect>
  weigh(letters: readonly Letter[], how: { readonly again: boolean; readonly force: boolean }): AsyncGenerator<Weighed>
  /** Fences whoever replays. */
  writer(by: string): Promise<ReplayWriter>
}

export type OnProgress = (done: number, total: number) => void

/** Reads routes and asks the registry only when it is to be known what would become of a record. */
export const openDesk = (options: { readonly config: Config; readonly kafka: Kafka; readonly clock: Clock }): Desk => {
  const { config, kafka, clock } = options
  const names = topicNames(config.topics.prefix)
  const { seal, open } = createSealer(config.privacy.sealingKeys)
  const source = { kafka, topic: names.deadLetters, open }
  let context: Omit<Parameters<typeof prospectOf>[2], 'now'> | undefined
  const judge: Desk['prospectOf'] = async (record, origin) => {
    if (origin.topic === config.webhook.topic) return prospectOfSigned(record, takerOf(config), SIGNATURE_HEADER, clock.now())
    context ??= {
      routes: readRoutes(config),
      read: createEventReader(createRegistry(config.registry)).read,
      pepper: config.privacy.pepper,
      seal,
    }
    return prospectOf(record, origin, { ...context, now: clock.now() })
  }

  return {
    topic: names.deadLetters,
    letters: (reading = {}) => readLetters({ ...source, ...reading }),
    recordsOf: (letters) => readRecordsOf(letters, source),
    prospectOf: judge,
    weigh: async function* (letters, how) {
      const topics = [...new Set(letters.map(({ origin }) => origin.topic))]
      const counts = await withAdmin(kafka, (admin) => partitionCounts(admin, topics))
      yield* weigh({
        ...how,
        letters,
        recordsOf: (portion) => readRecordsOf(portion, source),
        prospectOf: (record, { origin }) => judge(record, origin),
        partitionsOf: (topic) => counts.get(topic),
      })
    },
    writer: async (by) => {
      const { partitions } = config.topics
      const { pepper } = config.privacy
      await verifyTopics(kafka, names, partitions)
      // With another group's name, the transactional id would be another, and fence nobody.
      await compareImmutables({ kafka, names, partitions, pepper, group: config.kafka.group })
      return openReplayWriter({ kafka, deadLetters: names.deadLetters, group: config.kafka.group, by, at: clock.now() })
    },
  }
}

/** Tells whether the webhook would take a body, and not what of it is about this installation's notifications. */
const takerOf = (config: Config): Take =>
  createTaker({
    accounts: accountsOf(config),
    dialect: { isSignedWith, read: readWebhook },
    incarnation: '',
    partitions: config.topics.partitions,
    linkTokenKey: linkTokenKey(config.privacy.pepper),
  })
