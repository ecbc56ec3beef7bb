import type { Request } from '../domain/request.ts'
import { createIntake, type IntakeEvent } from '../intake/intake.ts'
import type { Route } from '../intake/route.ts'
import { createEventReader, createRegistry } from '../kafka/event-reader.ts'
import { joinIntakeGroup, type StartFrom } from '../kafka/intake-group.ts'
import { openRequestWriter } from '../kafka/request-writer.ts'
import { type TopicCounts, topicNames, verifyDomainTopics } from '../kafka/topics.ts'
import { STALL_CAUSES } from '../observability/metrics.ts'
import type { Parts, Stage } from './stage.ts'

/** Domain topics → requests. */
export const startIntake = async (
  parts: Parts,
  options: {
    readonly routes: readonly Route[]
    readonly from: StartFrom | undefined
    readonly counts: TopicCounts
    /** In which requests are written. */
    readonly format: number
  },
): Promise<Stage> => {
  const { config, clock, sealer, log } = parts
  const names = topicNames(config.topics.prefix)
  let ready = false

  await verifyDomainTopics(parts.kafkaAtStart, options.routes)
  await using opened = new AsyncDisposableStack()
  const writer = await openRequestWriter({
    kafka: parts.kafka('intake-writer'),
    names,
    partitions: options.counts.partitions,
    deadLetterPartitions: options.counts.deadLetters,
    seal: config.deadLetters.values === 'sealed' ? sealer.seal : null,
    format: options.format,
  })
  opened.defer(() => writer.close())
  const { read } = createEventReader(createRegistry(config.registry))
  const group = await joinIntakeGroup({
    kafka: parts.kafka('intake'),
    groupId: `${config.kafka.group}-intake`,
    topics: [...new Set(options.routes.map(({ topic }) => topic))],
    requestsTopic: names.requests,
    from: options.from,
    onBatch: createIntake({
      context: { routes: options.routes, read, pepper: config.privacy.pepper, seal: sealer.seal },
      writer,
      clock,
      onEvent: tellOf(parts),
    }),
    onReady: (partitions) => {
      ready = true
      log.info({ event: 'intake-ready', partitions }, 'intake reads its partitions')
    },
    onWaiting: (why) => log.warn({ event: 'intake-waiting' }, why),
    onBegins: (topic, begin) => {
      const where = typeof begin === 'object' ? new Date(begin.timestamp).toISOString() : begin
      log.info(
        { event: 'intake-begins', topic, from: where },
        `${topic} is read for the first time, from ${where} on (run --from)`,
      )
    },
    onFatal: parts.onFatal,
  })

  opened.defer(() => group.leave())

  const running = opened.move()
  return {
    waitingFor: () => (ready ? [] : ['intake to know its offsets']),
    stop: () => running.disposeAsync(),
  }
}

const tellOf = ({ metrics, log }: Parts): ((event: IntakeEvent) => void) => {
  const advertised = new Set<string>()
  return (event) => {
    switch (event.kind) {
      case 'read':
        for (const request of event.requests) {
          metrics.requests.inc(labelsOf(request))
          if (request.kind !== 'refused' && request.kind !== 'poison') continue
          const { kind, notificationId, position, reason, detail } = request
          log.warn({ event: kind, notificationId, ...position, reason, detail }, `a record is ${kind}`)
        }
        return
      case 'advertised':
        for (const { route, property, word } of event.found) {
          metrics.advertising.inc({ route, word: word.id })
          const key = `${route} ${word.id}`
          if (advertised.has(key)) continue
          advertised.add(key)
          log.warn(
            { event: 'advertising', route, word: word.id, property },
            `a message reads like advertising (${word.says}), which LINE forbids; said once, counted in tsuchi_advertising_total`,
          )
        }
        return
      case 'too-old':
        metrics.tooOld.inc({ topic: event.topic }, event.records)
        log.warn(
          { event: 'too-old', topic: event.topic, records: event.records },
          'records older than their dedupe window are in the dead letters, and get no result',
        )
        return
      case 'stalled':
        metrics.intakeStalled.set({ cause: event.cause }, 1)
        log.warn({ event: 'intake-stalled', cause: event.cause }, event.message)
        return
      case 'resumed':
        for (const cause of STALL_CAUSES) metrics.intakeStalled.set({ cause }, 0)
        log.info({ event: 'intake-resumed' }, 'intake goes on')
    }
  }
}

const labelsOf = (request: Request): { readonly kind: string; readonly route: string; readonly reason: string } => {
  const { kind } = request
  switch (kind) {
    case 'ready':
      return { kind, route: request.notification.route, reason: 'none' }
    case 'refused':
      return { kind, route: request.route ?? 'none', reason: request.reason }
    case 'poison':
      return { kind, route: 'none', reason: request.reason }
    case 'mark':
    case 'channel':
      return { kind, route: 'none', reason: 'none' }
  }
}
