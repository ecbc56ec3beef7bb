import type { DispatchEvent } from '../../src/dispatch/dispatcher.ts'
import { createPace } from '../../src/dispatch/pace.ts'
import type { Provider } from '../../src/dispatch/provider.ts'
import type { SenderLane } from '../../src/dispatch/sender.ts'
import type { Task } from '../../src/dispatch/task.ts'
import type { Lane } from '../../src/domain/entry.ts'
import type { Feedback } from '../../src/domain/input.ts'
import type { Policy } from '../../src/domain/moment.ts'
import type { Open } from '../../src/domain/seal.ts'
import type { InputTopic } from '../../src/kafka/dispatch-group.ts'
import type { Build } from './build.ts'
import type { Chance } from './chance.ts'
import type { Disk } from './disk.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import { DEADLINE_MS, type LineEndpoint } from './line-endpoint.ts'
import { CommitOnItsWay, type JournalFaults } from './log/journal-faults.ts'
import type { ModelLog } from './log/model-log.ts'
import { joinGroup, type Member, type RecordInput } from './member.ts'
import type { Process } from './process.ts'
import type { Settings } from './settings.ts'
import type { SimulatedTime } from './time.ts'
import type { Trouble, Troubles } from './trouble.ts'

export const INCARNATION = '0123456789ab'
/** As `shutdown.budget`. */
const BUDGET_MS = 8_000
/** A commit whose answer nobody hears arrives, and is told to the partitions, that much later at the most. */
const MOST_ON_ITS_WAY_MS = 3_000
/** What kafkajs does for what it cannot write, before it gives up. */
const GIVES_UP_MS = 4_000

/** What a worker runs in. */
export interface Surroundings {
  readonly build: Build
  readonly time: SimulatedTime
  readonly chance: Chance
  readonly settings: Settings
  readonly log: ModelLog
  readonly coordinator: GroupCoordinator
  readonly line: LineEndpoint
  readonly troubles: Troubles
  readonly policy: Policy
  readonly open: Open
  readonly heartbeatMs: () => number
  readonly feed: (partition: number, feedback: Feedback) => void
  readonly endOf: (topic: InputTopic, partition: number) => number
  /** Whether nobody can read what lies there. */
  readonly isGarbage: (topic: InputTopic, partition: number, offset: number) => boolean
  readonly witness: Witness
}

export interface Witness {
  onEvent(worker: number, event: DispatchEvent): void
  onOwner(worker: number, partition: number, epoch: number): void
  /** The owner knows that everything below this offset of the journal is committed. */
  onKnown(partition: number, next: number): void
  /** What a worker says when it fails. */
  onError(error: unknown): void
}

export interface Worker {
  readonly process: Process
  readonly member: Member
  tasks(): Iterable<Task>
  opening(): number
  /** Stops in order. */
  stop(): Promise<void>
}

/** One dispatch worker, put together as src/stages/dispatch.ts does, from the same parts. */
export const startWorker = (
  { process, disk, number }: { readonly process: Process; readonly disk: Disk; readonly number: number },
  around: Surroundings,
  onFatal: (error: Error) => void,
): Worker => {
  const { build, chance, settings, log, line, troubles, witness, policy } = around
  const { clock, timers, name } = process
  const meet = (at: Trouble['at']) => troubles.meet(process, number, at)
  const shares = settings.lanes.map((lane) => [lane, build.rateShare(settings.limit, settings.partitions)] as const)
  const closedStores = new Map<number, Promise<void>>()
  const feedbackUnderWay = new Set<Promise<unknown>>()
  let sending = 0
  let openings = 0

  const journalFaults: JournalFaults = {
    at: async (point) => {
      if (point !== 'portion') await process.wait(chance.below(`${name} ${point}`, 4))
      else if (process.frozen) await process.wait(0)
      const trouble = await meet(point)
      if (trouble?.what === 'later') {
        const arrives = around.time.sleep(chance.below(`${name} arrives`, trouble.ms))
        const told = arrives.then(() => around.time.sleep(chance.below(`${name} told`, MOST_ON_ITS_WAY_MS)))
        throw new CommitOnItsWay(arrives, told)
      }
      if (trouble?.what === 'throw') throw new Error(`the connection broke at ${point}`)
    },
  }

  /** Written by kafkajs's plain producer: tried again, and so perhaps written twice, and perhaps given up although it was written. */
  const write = async (partition: number, feedback: readonly Feedback[]): Promise<void> => {
    await process.wait(1 + chance.below(`${name} feedback`, 10))
    const trouble = await meet('feedback')
    const put = () => {
      for (const each of feedback) around.feed(partition, each)
    }
    if (trouble?.what === 'throw') {
      await process.wait(GIVES_UP_MS)
      throw new Error('feedback could not be written')
    }
    put()
    if (trouble?.what === 'twice') put()
    const heard = await meet('told')
    await process.wait(1)
    if (heard?.what === 'throw') throw new Error('feedback may not have been written')
  }
  const tell = (partition: number, feedback: readonly Feedback[]): Promise<void> => {
    const written = write(partition, feedback)
    feedbackUnderWay.add(written)
    return written.finally(() => feedbackUnderWay.delete(written))
  }

  const openStore = async (partition: number) => {
    await closedStores.get(partition)
    const store = build.aroundStore(disk.open(partition, clock.now()))
    const { promise, resolve } = Promise.withResolvers<void>()
    closedStores.set(partition, promise)
    return {
      ...store,
      close: () => {
        store.close()
        resolve()
      },
    }
  }

  const providerOf = (lane: Lane): Provider => ({
    send: async (attempt) => {
      sending++
      const outcome = await line.send({ process, lane, meet }, attempt)
      sending--
      return outcome
    },
    close: async () => {},
  })

  const openPartition = async (partition: number, onEnded: (error: Error) => void): Promise<Task> => {
    const real = log.openJournal(partition, `${name}#${openings++}`, journalFaults)
    const journal = build.aroundJournal({
      ...real,
      fence: async () => {
        const epoch = await real.fence()
        witness.onKnown(partition, epoch + 1)
        witness.onOwner(number, partition, epoch)
        return epoch
      },
      commit: async (committed) => {
        const next = await real.commit(committed)
        witness.onKnown(partition, next)
        return next
      },
    })
    const store = await openStore(partition)
    try {
      return await build.openTask({
        partition,
        incarnation: INCARNATION,
        journal,
        store,
        policy,
        clock,
        timers,
        attemptMs: DEADLINE_MS + 1_000,
        createSender: (wiring) =>
          build.createSender({
            ...wiring,
            lanes: new Map(
              shares.map(([lane, share]): [Lane, SenderLane] => [
                lane,
                { provider: providerOf(lane), pace: createPace({ share, now: clock.monotonic() }) },
              ]),
            ),
            open: around.open,
            clock,
            timers,
          }),
        handOver: (reports) =>
          tell(
            partition,
            reports.map((report): Feedback => ({ kind: 'handover', report })),
          ).catch(witness.onError),
        writeBarrier: (epoch, at) => tell(partition, [{ kind: 'barrier', epoch, at }]),
        flow: { pause: () => member.hold(partition), resume: () => member.resume(partition) },
        onRebuild: () => {},
        onCommitted: () => dispatcher.onCommitted(partition),
        onEnded,
      })
    } catch (error) {
      store.close()
      await journal.close()
      throw error
    }
  }

  const dispatcher = build.createDispatcher({
    openTask: openPartition,
    group: () => member,
    clock,
    onEvent: (event) => {
      if ('error' in event) witness.onError(event.error)
      witness.onEvent(number, event)
    },
    onFatal,
  })

  const member = joinGroup({
    process,
    coordinator: around.coordinator,
    chance,
    partitions: settings.partitions,
    heartbeatMs: around.heartbeatMs,
    shareOut: build.shareOut,
    meet,
    endOf: around.endOf,
    read: (topic, partition, from, most) =>
      log
        .read(topic, partition, from, most)
        .map((record) =>
          around.isGarbage(topic, partition, record.offset)
            ? { kind: 'unreadable', topic, offset: record.offset }
            : inputOf(topic, record),
        ),
    claims: dispatcher.claims,
    onAssigned: dispatcher.onAssigned,
    onHeartbeat: dispatcher.onHeartbeat,
    onInput: (partition, input) => dispatcher.onInput(partition, build.input(input)),
  })

  return {
    process,
    member,
    tasks: dispatcher.tasks,
    opening: dispatcher.opening,
    stop: async () => {
      await dispatcher.drain(BUDGET_MS)
      await member.leave()
      while (sending > 0) await process.wait(10)
      await Promise.allSettled([...feedbackUnderWay])
      process.kill()
    },
  }
}

const inputOf = (topic: 'requests' | 'feedback', { offset, value }: ReturnType<ModelLog['read']>[number]): RecordInput =>
  topic === 'requests'
    ? { kind: 'request', offset, request: value as Extract<RecordInput, { kind: 'request' }>['request'] }
    : { kind: 'feedback', offset, feedback: value as Feedback }
