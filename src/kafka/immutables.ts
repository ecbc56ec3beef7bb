import { createHmac, randomBytes } from 'node:crypto'
import type { Admin, Kafka } from 'kafkajs'
import { FAST_RETRY } from './client.ts'
import { decodeJournal, encodeJournal, type Immutables, UnreadableRecordError } from './internal-codec.ts'
import { NEWEST_FORMAT } from './internal-records.ts'
import type { JournalReader } from './journal-reader.ts'
import { type TopicNames, TopicsError, withAdmin } from './topics.ts'

/** Compares what must never change with what this worker has been given. Throws TopicsError. */
export const verifyImmutables = async (options: {
  readonly kafka: Kafka
  readonly names: TopicNames
  readonly partitions: number
  readonly pepper: Uint8Array
  readonly group: string
  readonly reader: JournalReader
}): Promise<Immutables> => {
  const { names, partitions, reader } = options
  const ends = await withAdmin(options.kafka, (admin) => admin.fetchTopicOffsets(names.journal))
  const empty = ends.filter(({ high }) => high === '0').map(({ partition }) => partition)
  if (empty.length > 0)
    throw new TopicsError([`${names.journal} has nothing in partitions ${empty.join(', ')}: run \`tsuchi topics create\``])
  const found = await Promise.all(
    Array.from({ length: partitions }, (_, partition) =>
      firstImmutables(reader, partition, Number(ends.find((end) => end.partition === partition)?.low ?? 0)),
    ),
  )
  const [first] = found
  const faults = found.flatMap((immutables, partition) => faultsOfImmutables(immutables, { ...options, partition, first }))
  if (faults.length > 0 || !first) throw new TopicsError(faults)
  return first
}

export const writeImmutables = async (options: {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly names: TopicNames
  readonly partitions: number
  readonly pepper: Uint8Array
  readonly group: string
}): Promise<boolean> => {
  const { names, partitions, pepper, group } = options
  const ends = await options.admin.fetchTopicOffsets(names.journal)
  const empty = ends.filter(({ high }) => high === '0')
  if (empty.length === 0) return false
  if (empty.length < partitions)
    throw new TopicsError([
      `${names.journal} has immutables in some partitions only: creating it was interrupted. If nothing was sent yet, delete it and create it again`,
    ])
  const immutables = { partitions, incarnation: randomBytes(6).toString('hex'), pepperCheck: pepperCheckOf(pepper), group }
  const records = [
    { key: 'immutables', value: encodeJournal({ kind: 'immutables', immutables }, NEWEST_FORMAT) },
    { key: 'format', value: encodeJournal({ kind: 'format', format: NEWEST_FORMAT }, NEWEST_FORMAT) },
  ]
  const producer = options.kafka.producer({ idempotent: true, allowAutoTopicCreation: false, retry: FAST_RETRY })
  await producer.connect()
  try {
    await producer.send({
      topic: names.journal,
      acks: -1,
      messages: Array.from({ length: partitions }, (_, partition) => records.map((record) => ({ ...record, partition }))).flat(),
    })
  } finally {
    await producer.disconnect()
  }
  return true
}

/** Tells whether a pepper is the one this installation began with, and nothing else about it. */
export const pepperCheckOf = (pepper: Uint8Array): string =>
  createHmac('sha256', pepper).update('tsuchi pepper check').digest('hex').slice(0, 16)

/** Written once, before anything else, so they are the first record of every journal partition for ever: compaction keeps the last
 *  record of a key, and this key never gets another. */
const firstImmutables = async (reader: JournalReader, partition: number, from: number): Promise<Immutables | undefined> => {
  let found: Immutables | undefined
  await reader.read(partition, from, ({ value }) => {
    found = immutablesIn(value)
    return true
  })
  return found
}

const immutablesIn = (value: Buffer | null): Immutables | undefined => {
  try {
    const first = decodeJournal(value)
    return first.kind === 'immutables' ? first.immutables : undefined
  } catch (error) {
    if (error instanceof UnreadableRecordError) return undefined
    throw error
  }
}

/** Of partition 0 everything is compared; of the others that they are of the same making. */
const faultsOfImmutables = (
  immutables: Immutables | undefined,
  given: {
    readonly names: TopicNames
    readonly partitions: number
    readonly pepper: Uint8Array
    readonly group: string
    readonly partition: number
    readonly first: Immutables | undefined
  },
): string[] => {
  const { journal, requests } = given.names
  if (!immutables)
    return [
      `${journal}, partition ${given.partition}, does not begin with its immutables: the topic was not made by \`tsuchi topics create\`, or has lost its beginning`,
    ]
  if (immutables.incarnation !== given.first?.incarnation)
    return [`${journal}, partition ${given.partition}, is of another making than partition 0: part of the topic was made anew`]
  if (given.partition > 0) return []
  const faults: string[] = []
  if (immutables.partitions !== given.partitions)
    faults.push(
      `${journal} was made for ${immutables.partitions} partitions, but ${requests} has ${given.partitions}: partitions must never be added, as people would move between them`,
    )
  if (immutables.pepperCheck !== pepperCheckOf(given.pepper))
    faults.push(
      `${journal} was made with another pepper than privacy.pepper: with this one, everybody would be somebody else. Give it the pepper it began with`,
    )
  if (immutables.group !== given.group)
    faults.push(
      `${journal} was made for kafka.group ${immutables.group}, and this is ${given.group}: two groups on the same topics would send everything twice. Give it the group it began with, or another topics.prefix`,
    )
  return faults
}
