import { formatPosition } from '../../src/domain/position.ts'
import type { Request } from '../../src/domain/request.ts'
import type { InputTopic } from '../../src/kafka/dispatch-group.ts'
import type { History, InputSeen, JournalSeen, Ownership, ResultSeen } from '../verifier/history.ts'
import { leaksIn } from './leaks.ts'
import type { JournalKept, ModelLog } from './log/model-log.ts'
import type { Settings } from './settings.ts'
import type { SimulatedTime } from './time.ts'
import type { Trouble } from './trouble.ts'
import type { Witness } from './worker.ts'

/** Watches a world, and tells its history. */
export interface Historian {
  readonly witness: Witness
  /** Something was made to go wrong with a worker; null: with all. */
  troubled(worker: number | null, trouble: Pick<Trouble, 'what' | 'ms'>): void
  /** A worker has lost all that it held. */
  ended(worker: number, how: 'killed' | 'fault'): void
  calm(): void
  history(seen: Pick<History, 'asked' | 'orders' | 'intakePositions' | 'departures' | 'posts'>): History
}

/** From its loss until nobody can answer for an owner any more: send-by, and an attempt. */
const ORPHANS_MS = 6_000
/** What is this short changes nothing. */
const SHORT_MS = 500
const SEND_BY_MS = 2_000
const MARKS_FOR_MS = 7 * 86_400_000

type Owned = { -readonly [K in keyof Ownership]: Ownership[K] } & { readonly number: number; troubled: boolean }

export const createHistorian = (options: {
  readonly time: SimulatedTime
  readonly log: ModelLog
  readonly settings: Settings
  readonly garbage: ReadonlySet<string>
  readonly mostPerKilledTask: number
}): Historian => {
  const { time, log, settings, garbage } = options
  const partitions = Array.from({ length: settings.partitions }, (_, partition) => partition)
  const owned: Owned[] = []
  const errors: string[] = []
  /** By partition: from when on what lies below an offset was known to its owner. */
  const known = new Map<number, { readonly below: number; readonly at: number }[]>()
  let calmFrom = 0

  const end = (each: Owned, how: Ownership['ended']) => {
    if (each.ended !== 'none') return
    each.ended = how
    each.endedAt = time.now()
  }
  const ownedBy = (worker: number, partition: number, epoch: number | null) =>
    owned.filter((each) => each.number === worker && each.partition === partition && (epoch === null || each.epoch === epoch))

  const witness: Witness = {
    onOwner: (number, partition, epoch) => {
      owned.push({ number, worker: `worker-${number}`, partition, epoch, ended: 'none', endedAt: null, troubled: false })
    },
    onKnown: (partition, below) => {
      const steps = known.get(partition) ?? []
      known.set(partition, steps)
      if (below > (steps.at(-1)?.below ?? 0)) steps.push({ below, at: time.now() })
    },
    onEvent: (number, event) => {
      if (event.kind === 'task-closed')
        for (const each of ownedBy(number, event.partition, event.epoch)) end(each, each.troubled ? 'fault' : 'planned')
      if (event.kind === 'task-failed') for (const each of ownedBy(number, event.partition, event.epoch)) end(each, 'fault')
    },
    onError: (error) => {
      errors.push(error instanceof Error ? `${error.name} ${error.message} ${error.stack}` : String(error))
    },
  }

  const knownAt = (partition: number, offset: number, committedAt: number): number =>
    Math.max(committedAt, known.get(partition)?.find(({ below }) => offset < below)?.at ?? time.now())

  const journalOf = (partition: number): JournalSeen[] =>
    log.journalOf(partition).map((record) => ({
      partition,
      offset: record.offset,
      committedAt: knownAt(partition, record.offset, record.committedAt),
      ...factOf(record),
    }))

  const resultsOf = (partition: number): ResultSeen[] =>
    log.resultsOf(partition).map(({ offset, result, committedAt }) => ({
      ...result,
      partition,
      offset,
      seenAt: committedAt,
      position: formatPosition(result.position),
    }))

  const inputsOf = (topic: InputTopic, partition: number): InputSeen[] =>
    log.inputsOf(topic, partition).map(({ offset, value, committedAt }) => {
      const unreadable = garbage.has(`${topic}/${partition}/${offset}`)
      const about = topic === 'requests' && !unreadable ? aboutOf(value as Request) : NOTHING
      return { topic, partition, offset, ...about, seenAt: committedAt, unreadable }
    })

  return {
    witness,
    troubled: (worker, { what, ms }) => {
      if (what === 'twice' || (what === 'wait' && ms <= SHORT_MS)) return
      for (const each of owned) {
        if (worker !== null && each.number !== worker) continue
        each.troubled = true
        // Its last words were perhaps still under way.
        if (each.ended === 'planned' && time.now() - (each.endedAt ?? 0) < ORPHANS_MS) each.ended = 'fault'
      }
    },
    ended: (worker, how) => {
      for (const each of owned) {
        if (each.number !== worker) continue
        end(each, how)
        // It was to be handed over, and the answers to what was under way died with the worker.
        if (each.ended === 'planned' && time.now() - (each.endedAt ?? 0) < ORPHANS_MS) each.ended = how
      }
    },
    calm: () => {
      calmFrom = time.now()
    },
    history: (seen) => {
      const results = partitions.flatMap(resultsOf)
      return {
        settings: {
          partitions: settings.partitions,
          limits: Object.fromEntries(settings.lanes.map((lane) => [lane, settings.limit])),
          awaitsReceipts: settings.awaitsReceipts,
          slackMs: 0,
          marksForMs: MARKS_FOR_MS,
          sendByMs: SEND_BY_MS,
          mostPerKilledTask: options.mostPerKilledTask,
          memory: null,
        },
        ...seen,
        results,
        inputs: (['requests', 'feedback'] as const).flatMap((topic) =>
          partitions.flatMap((partition) => inputsOf(topic, partition)),
        ),
        journal: partitions.flatMap(journalOf),
        deadLetters: partitions.flatMap((partition) => log.deadLettersOf(partition)),
        ownerships: owned.map(({ worker, partition, epoch, ended, endedAt }) => ({ worker, partition, epoch, ended, endedAt })),
        leaks: [
          ...leaksIn('errors', errors),
          ...partitions.flatMap((partition) => [
            ...leaksIn(`journal/${partition}`, log.journalOf(partition)),
            ...leaksIn(`results/${partition}`, log.resultsOf(partition)),
            ...leaksIn(`requests/${partition}`, log.inputsOf('requests', partition)),
            ...leaksIn(`feedback/${partition}`, log.inputsOf('feedback', partition)),
          ]),
        ],
        memory: [],
        calmFrom,
        endedAt: time.now(),
      }
    },
  }
}

const NOTHING = { position: null, notificationId: null }

const aboutOf = (request: Request): Pick<InputSeen, 'position' | 'notificationId'> => {
  if (request.kind === 'mark' || request.kind === 'channel') return NOTHING
  const { position, notificationId } = request.kind === 'ready' ? request.notification : request
  return { position: formatPosition(position), notificationId }
}

type Fact<T> = T extends unknown ? Omit<T, 'partition' | 'offset' | 'committedAt'> : never

const factOf = ({ key, value }: JournalKept): Fact<JournalSeen> => {
  if (value === null && key.startsWith('pause/')) return { kind: 'pause', channel: key.slice('pause/'.length), paused: false }
  switch (value?.kind) {
    case 'epoch':
      return { kind: 'epoch' }
    case 'task-position':
      return { kind: 'position', ...value.position }
    case 'mark':
      return { kind: 'mark', ...value.mark }
    case 'pause':
      return { kind: 'pause', channel: value.pause.channel, paused: true, probe: value.pause.probe }
    case 'entry': {
      const { entry } = value
      return {
        kind: 'entry',
        notificationId: entry.notificationId,
        position: formatPosition(entry.position),
        arrival: entry.arrival,
        state: entry.state,
        recipientRef: entry.notification?.recipientRef ?? null,
        channel: entry.notification?.channel ?? null,
        urgent: entry.notification?.urgent ?? false,
        releaseAt: entry.releaseAt,
        notBefore: entry.notBefore,
        resend: entry.resend,
        deliveryTag: entry.deliveryTag,
        pastTags: entry.pastTags,
      }
    }
    default:
      return { kind: 'other', key }
  }
}
