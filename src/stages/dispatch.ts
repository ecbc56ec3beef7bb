import { systemTimers } from '../clock.ts'
import { createDispatcher } from '../dispatch/dispatcher.ts'
import { createSender } from '../dispatch/sender.ts'
import { openTask, type Task } from '../dispatch/task.ts'
import type { Feedback, Input } from '../domain/input.ts'
import type { TaskPosition } from '../domain/state.ts'
import { createDispatchGroup, type InputRecord } from '../kafka/dispatch-group.ts'
import { createRegistry } from '../kafka/event-reader.ts'
import { openFeedbackWriter } from '../kafka/feedback-writer.ts'
import { verifyImmutables } from '../kafka/immutables.ts'
import { decodeFeedback, decodeRequest, UnreadableRecordError } from '../kafka/internal-codec.ts'
import { openJournalReader } from '../kafka/journal-reader.ts'
import { openOptOuts } from '../kafka/opt-outs.ts'
import { createPartitionFormats } from '../kafka/partition-formats.ts'
import { createPublishedCodec } from '../kafka/result-codec.ts'
import { openTaskJournal } from '../kafka/task-journal.ts'
import { journalKeepsTombstonesMs, type TopicCounts, topicNames } from '../kafka/topics.ts'
import { lanesOf, providersOf, sharesOf } from './channels.ts'
import { policyOf } from './policy.ts'
import { verifySimulators } from './simulator-answer.ts'
import type { Parts, Stage } from './stage.ts'
import { openStores } from './stores.ts'
import { askTasks, tellOf, tellOfAttempt, tellOfCommits } from './tell-dispatch.ts'

/** Group offsets are for lag tools only. */
const COMMIT_OFFSETS_EVERY_MS = 5_000

/** Requests → LINE, and what came of it → results. */
export const startDispatch = async (
  parts: Parts,
  counts: TopicCounts,
  /** Of the partitions, when it starts. */
  found: readonly number[],
): Promise<Stage> => {
  const { partitions } = counts
  const { config, clock, log, metrics, onFatal } = parts
  const names = topicNames(config.topics.prefix)
  const groupId = `${config.kafka.group}-dispatch`
  const shares = sharesOf(config, partitions)
  const formats = createPartitionFormats(found)

  await verifySimulators(config)
  // Ended in reverse, also when the start fails half-way.
  await using opened = new AsyncDisposableStack()
  const encode = await createPublishedCodec(createRegistry(config.registry), names)
  const admin = parts.kafka('dispatch-admin').admin()
  opened.defer(() => admin.disconnect())
  await admin.connect()
  const reader = await openJournalReader({
    kafka: parts.kafka('journal'),
    topic: names.journal,
    group: groupId,
    monotonic: clock.monotonic,
    onFatal,
  })
  opened.defer(() => reader.close())
  const { incarnation } = await verifyImmutables({
    kafka: parts.kafkaAtStart,
    names,
    partitions,
    pepper: config.privacy.pepper,
    group: config.kafka.group,
    reader,
  })
  const stores = openStores(parts, {
    incarnation,
    formats,
    deleteRetentionMs: await journalKeepsTombstonesMs(parts.kafkaAtStart, names.journal),
  })
  opened.defer(() => stores.release())
  const optOuts = await openOptOuts({
    kafka: parts.kafka('opt-outs'),
    topic: names.optOuts,
    group: groupId,
    monotonic: clock.monotonic,
    onFatal,
  })
  opened.defer(() => optOuts.close())
  const policy = policyOf(config, optOuts.has)
  const feedback = await openFeedbackWriter(parts.kafka('feedback'), names.feedback, formats)
  opened.defer(() => feedback.close())
  const providers = providersOf(parts)
  for (const provider of providers.values()) opened.defer(() => provider.close())
  const deadlines = Object.values(config.channels).map(({ deadline }) => deadline)

  const openPartition = async (partition: number, onEnded: (error: Error) => void): Promise<Task> => {
    const journal = parts.aroundJournal(
      await openTaskJournal({
        ...parts,
        kafka: parts.kafka(`task-${partition}`),
        admin,
        reader,
        names,
        group: groupId,
        partition,
        counts,
        encode,
        formats,
      }),
    )
    const store = await stores.open(partition)
    const tellOfCommit = tellOfCommits(parts, partition)
    try {
      return await openTask({
        partition,
        incarnation,
        journal,
        store,
        policy,
        clock,
        timers: systemTimers,
        attemptMs: Math.max(...deadlines) + 1_000,
        createSender: ({ stillWanted, onReport, onFault }) =>
          createSender({
            lanes: lanesOf(shares, providers, clock.monotonic()),
            open: parts.sealer.open,
            clock,
            timers: systemTimers,
            mayGrant: optOuts.isCurrent,
            stillWanted,
            onFault,
            onReport: (report, attempt) => {
              tellOfAttempt(parts, partition, report, attempt)
              onReport(report)
            },
          }),
        handOver: (reports) =>
          feedback
            .write(
              partition,
              reports.map((report): Feedback => ({ kind: 'handover', report })),
            )
            .catch((error: Error) =>
              log.error(
                { event: 'handover-failed', partition, count: reports.length },
                `outcomes could not be handed over and will be unknown: ${error.message}`,
              ),
            ),
        writeBarrier: (epoch, at) => feedback.write(partition, [{ kind: 'barrier', epoch, at }]),
        flow: { pause: () => group.hold(partition), resume: () => group.resume(partition) },
        onRebuild: (reason) => stores.rebuilt(partition, reason),
        onCommitted: (changes, ms) => {
          dispatcher.onCommitted(partition)
          tellOfCommit(changes, ms)
        },
        onEnded,
      })
    } catch (error) {
      store.close()
      await journal.close()
      throw error
    }
  }

  const dispatcher = createDispatcher({ openTask: openPartition, group: () => group, clock, onEvent: tellOf(parts), onFatal })
  let joined = false
  const group = createDispatchGroup({
    kafka: parts.kafka('dispatch'),
    groupId,
    topics: { requests: names.requests, feedback: names.feedback },
    partitions,
    claims: dispatcher.claims,
    onAssigned: (assigned) => {
      joined = true
      dispatcher.onAssigned(assigned)
    },
    onRecords: (partition, records) => {
      for (const record of records) if (!dispatcher.onInput(partition, inputOf(record))) return
    },
    onHeartbeat: dispatcher.onHeartbeat,
    onFatal,
  })
  opened.defer(() => group.leave())
  opened.defer(() => dispatcher.drain(config.shutdown.budget))
  await group.join()

  askTasks(metrics, dispatcher, config.channels)
  metrics.ask.optOuts = () => [{ labels: {}, value: optOuts.size() }]
  metrics.ask.optOutsCurrent = () => [{ labels: {}, value: optOuts.isCurrent() ? 1 : 0 }]
  const told = new Map<number, TaskPosition>()
  const offsets = setInterval(() => {
    for (const task of dispatcher.tasks()) {
      const position = task.committed()
      if (told.get(task.partition) === position) continue
      told.set(task.partition, position)
      group
        .commit(task.partition, position)
        .catch((error: Error) => log.debug({ event: 'offsets', partition: task.partition }, error.message))
    }
  }, COMMIT_OFFSETS_EVERY_MS)
  opened.defer(() => clearInterval(offsets))

  const running = opened.move()
  return {
    waitingFor: () => [
      ...(joined ? [] : ['dispatch to join its group']),
      ...(joined && dispatcher.opening() > 0 ? [`${dispatcher.opening()} partitions to be restored`] : []),
      ...(optOuts.isCurrent() ? [] : [`${names.optOuts} to be read: until then nothing is sent`]),
    ],
    stop: () => running.disposeAsync(),
  }
}

const inputOf = ({ topic, offset, value }: InputRecord): Exclude<Input, { kind: 'outcome' }> => {
  try {
    return topic === 'requests'
      ? { kind: 'request', offset, request: decodeRequest(value) }
      : { kind: 'feedback', offset, feedback: decodeFeedback(value) }
  } catch (error) {
    if (error instanceof UnreadableRecordError) return { kind: 'unreadable', topic, offset }
    throw error
  }
}
