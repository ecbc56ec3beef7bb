import { type Config, ConfigError, withoutUndefined } from '../config.ts'
import { createDispatcher } from '../dispatch/dispatcher.ts'
import { createMemoryStore } from '../dispatch/memory-store.ts'
import type { Provider } from '../dispatch/provider.ts'
import { createSender, type SenderLane } from '../dispatch/sender.ts'
import { openTask, type Task } from '../dispatch/task.ts'
import { createTokenBucket, rateShare } from '../dispatch/token-bucket.ts'
import { type Lane, laneOf } from '../domain/entry.ts'
import type { Feedback, Input } from '../domain/input.ts'
import type { Endpoint } from '../domain/message.ts'
import type { Cost } from '../domain/result.ts'
import type { TaskPosition } from '../domain/state.ts'
import { createDispatchGroup, type InputRecord } from '../kafka/dispatch-group.ts'
import { createRegistry } from '../kafka/event-reader.ts'
import { openFeedbackWriter } from '../kafka/feedback-writer.ts'
import { verifyImmutables } from '../kafka/immutables.ts'
import { decodeFeedback, decodeRequest, UnreadableRecordError } from '../kafka/internal-codec.ts'
import { openJournalReader } from '../kafka/journal-reader.ts'
import { createResultEncoder } from '../kafka/result-codec.ts'
import { openTaskJournal } from '../kafka/task-journal.ts'
import { topicNames } from '../kafka/topics.ts'
import { createLineClient } from '../providers/line/client.ts'
import type { Parts, Stage } from './stage.ts'
import { tellOf, tellOfAttempt, tellOfCommit } from './tell-dispatch.ts'

const ENDPOINTS: readonly Endpoint[] = ['template', 'flexible']
/** Group offsets are for lag tools only. */
const COMMIT_OFFSETS_EVERY_MS = 5_000

/** Requests → LINE, and what came of it → results. */
export const startDispatch = async (
  parts: Parts,
  {
    partitions,
    resultPartitions,
    deadLetterPartitions,
  }: { readonly partitions: number; readonly resultPartitions: number; readonly deadLetterPartitions: number },
): Promise<Stage> => {
  const { config, clock, log, metrics, onFatal } = parts
  const names = topicNames(config.topics.prefix)
  const groupId = `${config.kafka.group}-dispatch`
  const shares = sharesOf(config, partitions)

  // Ended in reverse, also when the start fails half-way.
  await using opened = new AsyncDisposableStack()
  const encodeResult = await createResultEncoder(createRegistry(config.registry), names.results)
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
    reader,
  })
  const feedback = await openFeedbackWriter(parts.kafka('feedback'), names.feedback)
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
        resultPartitions,
        deadLetterPartitions,
        encodeResult,
      }),
    )
    try {
      return await openTask({
        partition,
        incarnation,
        journal,
        store: createMemoryStore(),
        policy: { progress: config.results.progress, cost: costOf(config) },
        clock,
        attemptMs: Math.max(...deadlines) + 1_000,
        createSender: ({ stillWanted, onReport, onFault }) =>
          createSender({
            lanes: lanesOf(shares, providers, clock.monotonic()),
            open: parts.sealer.open,
            clock,
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
        flow: { pause: () => group.pauseRequests(partition), resume: () => group.resumeRequests(partition) },
        onCommitted: (changes, ms) => {
          dispatcher.onCommitted(partition)
          tellOfCommit(parts, changes, ms)
        },
        onEnded,
      })
    } catch (error) {
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

  metrics.ask.notifications = () => {
    const sum: Record<string, number> = { queued: 0, sending: 0, unknown: 0, done: 0 }
    for (const task of dispatcher.tasks())
      for (const [state, count] of Object.entries(task.count())) sum[state] = (sum[state] ?? 0) + count
    return sum
  }
  metrics.ask.partitions = () => ({ open: [...dispatcher.tasks()].length, opening: dispatcher.opening() })
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
    waitingFor: () =>
      joined
        ? dispatcher.opening() > 0
          ? [`${dispatcher.opening()} partitions to be restored`]
          : []
        : ['dispatch to join its group'],
    stop: () => running.disposeAsync(),
  }
}

const sharesOf = (config: Config, partitions: number): ReadonlyMap<Lane, { channel: string } & ReturnType<typeof rateShare>> =>
  new Map(
    Object.entries(config.channels).flatMap(([channel, { limits }]) =>
      ENDPOINTS.map((endpoint) => {
        try {
          return [laneOf({ channel, endpoint }), { channel, ...rateShare(limits[endpoint], partitions) }]
        } catch (cause) {
          throw new ConfigError(config.file, [
            `channels.${channel}.limits.${endpoint}: ${cause instanceof Error ? cause.message : cause}`,
          ])
        }
      }),
    ),
  )

const lanesOf = (
  shares: ReturnType<typeof sharesOf>,
  providers: ReadonlyMap<string, Provider>,
  now: number,
): ReadonlyMap<Lane, SenderLane> =>
  new Map(
    [...shares].flatMap(([lane, { channel, rate, capacity, burst }]) => {
      const provider = providers.get(channel)
      const bucket = createTokenBucket({ rate, capacity, now })
      const gate = createTokenBucket({ rate, capacity: burst, now })
      return provider ? [[lane, { provider, bucket, gate }]] : []
    }),
  )

const providersOf = ({ config, clock, metrics, log }: Parts): ReadonlyMap<string, Provider> =>
  new Map(
    Object.entries(config.channels).map(([channel, { baseUrl, paths, headers, token, deadline, connections }]) => [
      channel,
      createLineClient({
        baseUrl,
        paths: withoutUndefined(paths),
        headers,
        // Never LINE's own when the channel's requests go elsewhere: the secret would go there.
        token:
          token.kind === 'stateless' ? { ...token, url: token.url ?? `${baseUrl.replace(/\/$/, '')}/oauth2/v3/token` } : token,
        deadlineMs: deadline,
        connections,
        monotonic: clock.monotonic,
        onTokenEvent: (event) => {
          metrics.tokens.inc({ channel, event: event.kind })
          log[event.kind === 'renewed' ? 'info' : 'warn'](
            { ...event, event: `token-${event.kind}`, channel },
            `access token ${event.kind}`,
          )
        },
      }),
    ]),
  )

const costOf =
  (config: Config) =>
  (channel: string, endpoint: Endpoint): Cost | null => {
    const price = config.channels[channel]?.price
    return price ? { tenThousandths: Math.round(price[endpoint] * 10_000), currency: price.currency } : null
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
