import { setTimeout } from 'node:timers/promises'
import type { Admin, Kafka } from 'kafkajs'
import { newestFormatIn } from './co-partition-assigner.ts'
import { compareImmutables } from './create-topics.ts'
import { encodeJournal } from './internal-codec.ts'
import { NEWEST_FORMAT } from './internal-records.ts'
import { verifyFormats } from './partition-formats.ts'
import { type TopicNames, TopicsError, verifyTopics, withAdmin } from './topics.ts'
import { openTransactionalProducer } from './transactional-producer.ts'

export interface UpgradeOptions {
  readonly kafka: Kafka
  readonly names: TopicNames
  readonly partitions: number
  readonly pepper: Uint8Array
  /** Prefix of the consumer groups and transactional ids. */
  readonly group: string
  /** False: only says what it would do. */
  readonly carriesOut: boolean
  /** To whoever watches. */
  readonly say: (line: string) => void
}

/** Raises the topics to the newest format that this version knows, partition by partition. Safe to repeat, and to go on with after it was
 *  interrupted: nobody writes the newer format to all before every partition is at it. Throws TopicsError if a worker that runs now does
 *  not know that format, and NewerFormatError if this version does not know theirs. */
export const upgradeFormat = async (options: UpgradeOptions): Promise<void> => {
  const { kafka, names, partitions, group, say } = options
  await verifyTopics(kafka, names, partitions)
  await compareImmutables(options) // of another group, it would fence nobody
  const formats = await verifyFormats(kafka, names.journal, partitions)
  const behind = formats.flatMap((format, partition) => (format < NEWEST_FORMAT ? [partition] : []))
  if (behind.length === 0) return say(`${names.journal} is in format ${NEWEST_FORMAT}, the newest that this version knows`)

  const members = await withAdmin(kafka, (admin) => membersOf(admin, `${group}-dispatch`))
  say(
    `${names.journal}: ${behind.length} of ${partitions} partitions are to be raised from format ${Math.min(...formats)} to ${NEWEST_FORMAT}`,
  )
  for (const { name, newest } of members) say(`  a worker runs at ${name}, and knows formats up to ${newest}`)
  const older = members.filter(({ newest }) => newest < NEWEST_FORMAT)
  if (older.length > 0)
    throw new TopicsError([
      `${older.length} of ${members.length} workers that run dispatch do not know format ${NEWEST_FORMAT}, and would end: stop them, or start this version in their place, at ${older.map(({ name }) => name).join(', ')}. Then give the command again`,
    ])
  if (!options.carriesOut) return say(REHEARSED)
  for (const partition of behind) await raise(options, partition)
  say(
    `raised. Workers that run go on within seconds${members.length > 0 ? '; what intake and webhooks write follows when they are restarted' : ''}`,
  )
}

const REHEARSED = `Afterwards no older version can run on these topics. Each partition pauses for a second or two; nothing is lost or sent twice.
To do it, give the same command with --yes.`

interface Member {
  /** The address of its connection. */
  readonly name: string
  readonly newest: number
}

const membersOf = async (admin: Admin, groupId: string): Promise<readonly Member[]> => {
  for (let look = 1; ; look++) {
    const { groups } = await admin.describeGroups([groupId])
    const [described] = groups
    if (described && SETTLED.has(described.state))
      return described.members.map(({ clientHost, memberMetadata }) => ({
        name: clientHost.replace(/^\//, ''),
        newest: newestFormatIn(memberMetadata),
      }))
    if (look === LOOKS)
      throw new TopicsError([
        `the group ${groupId} shares out its partitions anew and does not come to an end, so its members cannot be asked what they know: do workers start and end all the time?`,
      ])
    await setTimeout(100)
  }
}

/** While they share out anew, brokers do not tell what members know. */
const SETTLED: ReadonlySet<string> = new Set(['Stable', 'Empty', 'Dead'])
const LOOKS = 200

/** Under the id of whoever owns the partition: they can commit nothing more, and read this as they open it again. */
const raise = async ({ kafka, names, group }: UpgradeOptions, partition: number): Promise<void> => {
  const value = encodeJournal({ kind: 'format', format: NEWEST_FORMAT }, NEWEST_FORMAT)
  for (let attempt = 1; ; attempt++) {
    const producer = await openTransactionalProducer(kafka, `${group}-dispatch-${partition}`)
    try {
      await producer.commit([{ topic: names.journal, partition, messages: [{ key: 'format', value }] }])
      return
    } catch (error) {
      if (attempt === ATTEMPTS || !isFenced(error)) throw error
    } finally {
      await producer.close()
    }
  }
}

const ATTEMPTS = 10

/** An owner has opened it again just now. */
const isFenced = (error: unknown): boolean =>
  error instanceof Error && 'type' in error && (error.type === 'INVALID_PRODUCER_EPOCH' || error.type === 'PRODUCER_FENCED')
