import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Kafka } from 'kafkajs'
import type { Asked, History, MemorySample, Ownership, Quiet, Settings } from '../../verifier/history.ts'
import { confluentAt } from '../confluent.ts'
import type { RouteName } from '../inputs/routes.ts'
import { huntFor } from './canary.ts'
import { openDeparturesWitness } from './departures.ts'
import { openFollower } from './follower.ts'
import { openInputTopics } from './input-topics.ts'
import { watchIntake } from './intake-positions.ts'
import { followLine } from './line-log.ts'
import { type OwnTopicNames, openOwnTopics } from './own-topics.ts'
import { searchFile } from './searched-records.ts'

/** Sees all that happens to an installation, from its topics, from LINE, and from what its workers leave behind; of the product it asks
 *  nothing. To be opened when the topics are there, and before anything is produced. */
export interface Witness {
  counts(): WitnessCounts
  /** All that was asked has ended that can end within a run, and everything has been read: whom LINE's messages never reach, and nobody
   *  says so, remain `accepted` for a day where receipts are awaited. To be asked again and again: it must have been so for two seconds. */
  settled(): boolean
  /** Some of what has not ended: position and what was said of it last. */
  unsettled(): readonly string[]
  /** To be called when nothing is under way any more, or nobody waits for it. @throws when the brokers do not let everything be read. */
  finish(run: RunEnd): Promise<History>
}

export interface WitnessCounts {
  readonly asked: number
  readonly ended: number
  readonly results: number
  readonly posts: number
  readonly unknown: number
  readonly departures: number
  /** Bytes in which the canaries were looked for, and the places where one was found. */
  readonly searched: number
  readonly leaks: number
  /** Why the brokers cannot be read just now. */
  readonly trouble: string | null
}

export interface RunEnd {
  readonly ownerships: readonly Ownership[]
  readonly memory: readonly MemorySample[]
  readonly calmFrom: number
  readonly endedAt: number
}

export interface WitnessOptions {
  readonly kafka: Kafka
  readonly registryUrl: string
  readonly names: OwnTopicNames
  readonly topicOf: (route: RouteName) => string
  readonly quiet: Quiet
  readonly lineUrl: string
  /** Names of the channels by their client ids. */
  readonly lineChannels: Readonly<Record<string, string>>
  readonly intakeGroup: string
  /** Has `<worker>.departures`, `<worker>.log` and `<worker>.metrics`. */
  readonly directory: string
  readonly settings: Settings
  readonly canaries: readonly string[]
  readonly now: () => number
  readonly cleanUp: AsyncDisposableStack
}

const LOOK_EVERY_MS = 1_000
const STILL_FOR_MS = 2_000
const CATCH_UP_WITHIN_MS = 120_000
const NAMED = 20

export const openWitness = async (options: WitnessOptions): Promise<Witness> => {
  const { kafka, names, settings, directory, now, cleanUp } = options
  const confluent = confluentAt(options.registryUrl)
  const hunt = huntFor(options.canaries)
  const inputs = await openInputTopics({ confluent, topicOf: options.topicOf, quiet: options.quiet })
  const own = openOwnTopics({ names, confluent, hunt, now })
  const line = followLine(options.lineUrl, options.lineChannels)
  cleanUp.defer(() => line.close())
  const ownLogs = await openFollower({ kafka, topics: Object.values(names), onRecord: own.take })
  cleanUp.defer(() => ownLogs.close())
  const inputLogs = await openFollower({ kafka, topics: inputs.topics, onRecord: inputs.take })
  cleanUp.defer(() => inputLogs.close())
  const watch = { kafka, group: options.intakeGroup, topics: inputs.topics, requests: names.requests, now }
  const intake = await watchIntake(watch)
  cleanUp.defer(() => intake.close())
  const left = openDeparturesWitness(directory)

  let departures = 0
  let closed = false
  const looking = (async () => {
    while (!closed) {
      departures = await left.look()
      await pause(LOOK_EVERY_MS)
    }
  })()
  looking.catch(() => {}) // told when it is closed
  cleanUp.defer(async () => {
    closed = true
    await looking
  })

  const awaits = new Set(settings.awaitsReceipts)
  const staysAccepted = ({ kind, fate, channel, position }: Asked): boolean =>
    kind === 'ready' && fate === 'silent' && awaits.has(channel ?? '') && own.results.statusOf(position) === 'accepted'
  const unsettled = () => inputs.asked.filter((asked) => !own.results.hasEnded(asked.position) && !staysAccepted(asked))

  // What was just produced is not asked for before it is read.
  let stillSince = performance.now()
  const isStill = () => (ownLogs.trouble() ?? inputLogs.trouble()) === null && inputLogs.isAtEnd() && unsettled().length === 0

  const searchLeftBehind = async (): Promise<void> => {
    for (const file of await readdir(directory)) {
      const kind = /\.(log|metrics)$/.exec(file)?.[1]
      if (kind === 'log') await searchFile(hunt, join(directory, file), `log of ${file.slice(0, -'.log'.length)}`)
      if (kind === 'metrics') await searchFile(hunt, join(directory, file), `metrics of ${file.slice(0, -'.metrics'.length)}`)
    }
  }

  return {
    counts: () => ({
      asked: inputs.asked.length,
      ended: own.results.ended(),
      results: own.results.seen.length,
      posts: line.seen(),
      unknown: own.results.unknown(),
      departures,
      searched: hunt.searched(),
      leaks: hunt.leaks.length,
      trouble: ownLogs.trouble() ?? inputLogs.trouble(),
    }),
    settled: () => {
      if (!isStill()) stillSince = performance.now()
      return performance.now() - stillSince > STILL_FOR_MS
    },
    unsettled: () =>
      unsettled()
        .slice(0, NAMED)
        .map(({ position }) => `${position} ${own.results.statusOf(position) ?? 'nothing'}`),
    finish: async (run) => {
      await inputLogs.catchUp(CATCH_UP_WITHIN_MS)
      await ownLogs.catchUp(CATCH_UP_WITHIN_MS)
      await intake.close()
      closed = true
      await looking
      await left.look()
      const { journal } = own
      const posts = await line.posts((tag, endpoint) => `${journal.channelOf(tag) ?? 'unknown'}/${endpoint}`)
      const departed = left.all(journal.channelOf)
      for (const { deliveryTag } of [...departed, ...posts]) hunt.search(Buffer.from(deliveryTag), () => 'a delivery tag')
      await searchLeftBehind()
      if (own.unreadable.length > 0)
        throw new Error(`results that the registry's schema cannot read: ${own.unreadable.slice(0, NAMED).join(', ')}`)
      return {
        settings,
        asked: inputs.asked,
        orders: [...inputs.orders, ...own.orders],
        results: own.results.seen,
        inputs: own.inputs,
        journal: journal.seen,
        deadLetters: own.deadLetters,
        departures: departed,
        posts,
        intakePositions: intake.positions,
        leaks: hunt.leaks,
        searchedBytes: hunt.searched(),
        ...run,
      }
    },
  }
}
