import type { Config } from '../config.ts'
import type { DispatchEvent, Dispatcher } from '../dispatch/dispatcher.ts'
import type { AttemptFacts } from '../dispatch/sender.ts'
import type { Changes } from '../domain/changes.ts'
import { coveredUntil } from '../domain/coverage.ts'
import type { Lane } from '../domain/entry.ts'
import type { OutcomeReport } from '../domain/input.ts'
import type { PauseCause } from '../domain/pause.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Parts } from './stage.ts'

const PAUSE_CAUSES: readonly PauseCause[] = ['monthly-limit', 'forbidden', 'operator']

/** Lets a scrape ask the tasks. */
export const askTasks = ({ ask }: Metrics, dispatcher: Dispatcher, channels: Config['channels']): void => {
  const tasks = () => [...dispatcher.tasks()]
  ask.notifications = () =>
    (['queued', 'sending', 'unknown', 'accepted', 'done'] as const).map((state) => ({
      labels: { state },
      value: tasks().reduce((sum, task) => sum + task.count()[state], 0),
    }))
  ask.partitions = () => [
    { labels: { state: 'open' }, value: tasks().length },
    { labels: { state: 'opening' }, value: dispatcher.opening() },
  ]
  ask.paused = () => {
    const pauses = tasks().flatMap((task) => task.pauses())
    // Zeros too: an alert must tell "no" from "no data".
    return Object.keys(channels).flatMap((channel) =>
      PAUSE_CAUSES.map((cause) => ({
        labels: { channel, cause },
        value: pauses.filter((pause) => pause.channel === channel && pause.cause === cause).length,
      })),
    )
  }
  // A shadow channel sends nothing, and LINE is not asked about its webhook: that nothing comes is no news.
  const heardOn = Object.entries(channels).flatMap(([channel, { receipts, mode }]) =>
    receipts === 'webhook' && mode !== 'shadow' ? [channel] : [],
  )
  ask.receiptsCovered = () => {
    const known = tasks().map((task) => task.coverages())
    if (known.length === 0) return []
    return heardOn.map((channel) => {
      const untils = known.map((coverages) => coveredUntil(coverages.find((each) => each.channel === channel)))
      return { labels: { channel }, value: Math.max(0, Math.min(...untils)) / 1_000 }
    })
  }
  ask.pace = () => {
    const slowest = new Map<Lane, number>()
    for (const task of tasks())
      for (const [lane, fraction] of task.pace()) slowest.set(lane, Math.min(fraction, slowest.get(lane) ?? 1))
    return [...slowest].map(([lane, value]) => {
      const [channel = '', endpoint = ''] = lane.split('/')
      return { labels: { channel, endpoint }, value }
    })
  }
}

/** Of one task: a pause is told of when it begins, not again with every probe that fails. */
export const tellOfCommits = (
  { metrics, log }: Pick<Parts, 'metrics' | 'log'>,
  partition: number,
): ((changes: Changes, ms: number) => void) => {
  const paused = new Map<string, string>()
  const tellOfPauses = ({ pauses, forgotten }: Changes) => {
    for (const { channel, cause, since } of pauses) {
      if (paused.get(channel) === `${cause} ${since}`) continue
      paused.set(channel, `${cause} ${since}`)
      const level = cause === 'operator' ? 'warn' : 'error'
      log[level](
        { event: 'channel-paused', channel, cause, partition },
        `this partition sends nothing on ${channel}: ${PAUSED[cause]}`,
      )
    }
    for (const key of forgotten) {
      if (!key.startsWith('pause/')) continue
      const channel = key.slice('pause/'.length)
      paused.delete(channel)
      log.info({ event: 'channel-resumed', channel, partition }, `sending goes on on ${channel}`)
    }
  }
  return (changes, ms) => {
    metrics.commitSeconds.observe(ms / 1_000)
    metrics.strays.inc(changes.strays)
    if (changes.tooOld.length > 0) metrics.tooOld.inc({ topic: 'requests' }, changes.tooOld.length)
    tellOfPauses(changes)
    for (const { topic } of changes.unreadable) metrics.unreadable.inc({ topic })
    for (const { status, terminal, purpose, route, reason, channel, endpoint, cost } of changes.results) {
      metrics.results.inc({
        status,
        terminal: String(terminal),
        purpose: purpose ?? 'none',
        route: route ?? 'none',
        reason: reason ?? 'none',
      })
      if (cost)
        metrics.cost.inc(
          { channel: channel ?? 'none', endpoint: endpoint ?? 'none', status, currency: cost.currency },
          cost.tenThousandths / 10_000,
        )
    }
  }
}

const PAUSED: Readonly<Record<PauseCause, string>> = {
  'monthly-limit': "LINE says that the month's messages are used up; one is tried from time to time",
  forbidden: 'LINE says that the account may not send; one is tried from time to time',
  operator: 'an operator paused it; `tsuchi channels resume` lets it go on',
}

/** One wide line for each attempt: all that is known of it, and nothing that names the person. */
export const tellOfAttempt = (
  { metrics, log }: Parts,
  partition: number,
  { deliveryTag, outcome }: OutcomeReport,
  { intention, ms, waitedMs }: AttemptFacts,
): void => {
  const [channel = '', endpoint = ''] = intention.lane.split('/')
  const cause = 'cause' in outcome ? outcome.cause : 'none'
  metrics.attempts.inc({ channel, endpoint, outcome: outcome.kind, cause })
  metrics.attemptSeconds.observe({ channel, endpoint }, ms / 1_000)
  metrics.tokenWaitSeconds.observe({ channel, endpoint }, waitedMs / 1_000)
  const line = {
    event: 'attempt',
    notificationId: intention.notificationId,
    deliveryTag,
    partition,
    channel,
    endpoint,
    outcome: outcome.kind,
    cause,
    status: outcome.kind === 'rejected' ? outcome.status : undefined,
    property: outcome.kind === 'rejected' ? outcome.property : undefined,
    lineRequestId: outcome.requestId,
    ms: Math.round(ms),
    waitedMs: Math.round(waitedMs),
    traceparent: intention.traceparent ?? undefined,
  }
  const usual = outcome.kind === 'accepted' || outcome.kind === 'unreachable' || outcome.kind === 'withheld'
  log[usual ? 'info' : 'warn'](line, 'attempt')
}

export const tellOf =
  ({ metrics, log }: Parts) =>
  (event: DispatchEvent): void => {
    switch (event.kind) {
      case 'assigned':
        return log.info({ event: 'assigned', partitions: event.partitions }, 'partitions assigned')
      case 'task-opened':
        return log.info(
          {
            event: 'task-opened',
            partition: event.partition,
            epoch: event.epoch,
            ms: Math.round(event.ms),
            from: event.from,
            records: event.records,
          },
          'partition restored and open',
        )
      case 'task-closed':
        return log.info({ event: 'task-closed', partition: event.partition, epoch: event.epoch }, 'partition given up')
      case 'task-failed':
        metrics.taskFailures.inc()
        return log.warn(
          { event: 'task-failed', partition: event.partition, epoch: event.epoch ?? undefined, error: event.error.name },
          event.error.message,
        )
      case 'close-failed':
        return log.warn({ event: 'close-failed', partition: event.partition, error: event.error.name }, event.error.message)
    }
  }
