import type { DispatchEvent } from '../dispatch/dispatcher.ts'
import type { AttemptFacts } from '../dispatch/sender.ts'
import type { Changes } from '../domain/changes.ts'
import type { OutcomeReport } from '../domain/input.ts'
import type { Parts } from './stage.ts'

export const tellOfCommit = ({ metrics }: Parts, changes: Changes, ms: number): void => {
  metrics.commitSeconds.observe(ms / 1_000)
  metrics.strays.inc(changes.strays)
  for (const { topic } of changes.unreadable) metrics.unreadable.inc({ topic })
  for (const { status, terminal, purpose, route, reason } of changes.results)
    metrics.results.inc({
      status,
      terminal: String(terminal),
      purpose: purpose ?? 'none',
      route: route ?? 'none',
      reason: reason ?? 'none',
    })
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
  if (outcome.kind === 'accepted' || outcome.kind === 'unreachable') log.info(line, 'attempt')
  else log.warn(line, 'attempt')
}

export const tellOf =
  ({ metrics, log }: Parts) =>
  (event: DispatchEvent): void => {
    switch (event.kind) {
      case 'assigned':
        return log.info({ event: 'assigned', partitions: event.partitions }, 'partitions assigned')
      case 'task-opened':
        return log.info(
          { event: 'task-opened', partition: event.partition, ms: Math.round(event.ms) },
          'partition restored and open',
        )
      case 'task-closed':
        return log.info({ event: 'task-closed', partition: event.partition }, 'partition given up')
      case 'task-failed':
        metrics.taskFailures.inc()
        return log.warn({ event: 'task-failed', partition: event.partition, error: event.error.name }, event.error.message)
      case 'close-failed':
        return log.warn({ event: 'close-failed', partition: event.partition, error: event.error.name }, event.error.message)
    }
  }
