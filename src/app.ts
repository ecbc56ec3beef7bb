import { verifyAccessFor } from './access.ts'
import { type Clock, systemClock } from './clock.ts'
import { holidayWarnings } from './config/holidays.ts'
import { connectionOf } from './config/kafka-connection.ts'
import { type ChannelConfig, type Config, ConfigError, summaryOf } from './config.ts'
import { createSealer } from './domain/seal.ts'
import type { Route } from './intake/route.ts'
import { formatFault } from './intake/route-fault.ts'
import { type RoutesSurvey, soundRoutesOf, surveyRoutes } from './intake/routes.ts'
import { createKafka, START_RETRY } from './kafka/client.ts'
import { explainDenied } from './kafka/denied.ts'
import type { StartFrom } from './kafka/intake-group.ts'
import { verifyFormats, writtenFormat } from './kafka/partition-formats.ts'
import { topicNames, verifyTopics } from './kafka/topics.ts'
import { serveHealth } from './observability/health.ts'
import { kafkaLogTo, type Logger } from './observability/log.ts'
import { createMetrics } from './observability/metrics.ts'
import { channelRulesOf } from './stages/channels.ts'
import { startDispatch } from './stages/dispatch.ts'
import { startIntake } from './stages/intake.ts'
import type { Parts, Stage } from './stages/stage.ts'
import { stopInOrder } from './stages/stop-in-order.ts'
import { accountsOf, startWebhook } from './stages/webhook.ts'

export type StageName = 'intake' | 'dispatch' | 'webhook'

export interface Worker {
  readonly url: string
  /** Where LINE's webhooks are taken, if they are. */
  readonly webhookUrl: string | undefined
  /** Stops in order, within the budget. */
  stop(): Promise<void>
  /** Rejects with the fault that ended it; resolves when it was stopped. */
  readonly done: Promise<void>
}

/** What runs in one process: all that there is to do, or what is wanted of it. Throws ConfigError if there is nothing to do. */
export const stagesOf = (config: Pick<Config, 'file' | 'channels'>, only?: StageName): readonly StageName[] => {
  const hasWebhook = accountsOf(config).length > 0
  if (only === 'webhook' && !hasWebhook) throw new ConfigError(config.file, [NO_WEBHOOK])
  if (only) return [only]
  return hasWebhook ? ['intake', 'dispatch', 'webhook'] : ['intake', 'dispatch']
}

const NO_WEBHOOK =
  'channels: none has a webhook, so there is nothing to take in; give one `webhook: { destination, secrets }`, or leave out `--only webhook`'

/** Puts the parts together and runs them in this process. */
export const startWorker = async (options: {
  readonly config: Config
  readonly stages: readonly StageName[]
  readonly from: StartFrom | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly aroundJournal?: Parts['aroundJournal']
}): Promise<Worker> => {
  const { config, log, clock } = options
  const metrics = createMetrics()
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => {})
  let failed = false
  const kafkaLog = kafkaLogTo(log, metrics)
  const parts: Parts = {
    config,
    clock,
    log,
    metrics,
    kafka: (purpose) => createKafka(connectionOf(config, purpose), kafkaLog),
    kafkaAtStart: createKafka(connectionOf(config, 'start'), kafkaLog, START_RETRY),
    sealer: createSealer(config.privacy.sealingKeys),
    onFatal: (error) => {
      if (!failed) tellOfFailure(log, error) // also while others still start
      failed = true
      ended.reject(error)
    },
    aroundJournal: options.aroundJournal ?? ((journal) => journal),
  }
  for (const [channel, { provider, mode }] of Object.entries(config.channels))
    metrics.channels.set({ channel, provider, mode }, 1)
  log.info({ event: 'starting', stages: options.stages, config: summaryOf(config) }, 'starting')

  for (const warning of holidayWarnings(config.holidays ?? {}, clock.now())) log.warn({ event: 'holidays-end' }, warning)

  const survey = options.stages.includes('intake') ? surveyConfigured(config, clock.now()) : NO_ROUTES
  for (const warning of survey.warnings) log.warn({ event: 'route-warning' }, formatFault(warning))
  const routes = soundRoutesOf(survey)
  const senders: Stage[] = []
  const listeners: Stage[] = []
  let starting = true
  let webhookUrl: string | undefined
  const health = await serveHealth({
    ...config.http,
    registry: metrics.registry,
    waitingFor: () => (starting ? ['start-up'] : [...senders, ...listeners].flatMap((stage) => stage.waitingFor())),
  })
  let stopping: Promise<void> | undefined
  const stopAll = () => {
    stopping ??= (async () => {
      // The webhook last: what is still sent is soon told of.
      const faults = await stopInOrder({
        first: senders,
        last: listeners,
        budgetMs: config.shutdown.budget,
        monotonic: clock.monotonic,
      })
      await health.close()
      for (const fault of faults) log.error({ event: 'stop-failed', error: String(fault) }, 'a stage did not stop in order')
    })()
    return stopping
  }
  const startStages = async () => {
    await verifyAccessFor(config, options.stages, routes)
    const names = topicNames(config.topics.prefix)
    const counts = await verifyTopics(parts.kafkaAtStart, names, config.topics.partitions)
    const formats = await verifyFormats(parts.kafkaAtStart, names.journal, counts.partitions)
    const format = writtenFormat(formats)
    // First: what is sent is soon told of.
    if (options.stages.includes('webhook')) {
      const webhook = await startWebhook(parts, counts, format)
      listeners.push(webhook)
      webhookUrl = webhook.url
    }
    if (options.stages.includes('dispatch')) senders.push(await startDispatch(parts, counts, formats))
    if (options.stages.includes('intake'))
      senders.unshift(await startIntake(parts, { counts, format, routes, from: options.from }))
  }
  try {
    await Promise.race([startStages(), ended.promise]) // a client may die for good before everything has started
  } catch (error) {
    await stopAll()
    throw error
  }
  starting = false
  log.info({ event: 'started', http: health.url }, 'started')
  return {
    url: health.url,
    webhookUrl,
    done: ended.promise,
    stop: async () => {
      log.info({ event: 'stopping' }, 'stopping')
      await stopAll()
      ended.resolve()
      log.info({ event: 'stopped' }, 'stopped')
    },
  }
}

const tellOfFailure = (log: Logger, error: Error): void => {
  const denied = explainDenied(error)
  log.fatal({ event: 'failed', error: error.name }, denied ? `${error.message}. ${denied}` : error.message)
}

/** The routes of the configuration, and all that is to be said of them. */
export const surveyConfigured = (config: Config, now: number): RoutesSurvey => {
  const { country, zone } = config.recipients
  const quietHours = config.quietHours === 'none' ? null : config.quietHours
  return surveyRoutes({
    directory: config.routes,
    channels: channelRulesOf(config),
    defaults: { country, zone, quietHours, releaseSpreadMs: config.releaseSpread, holidays: config.holidays },
    now,
  })
}

/** The routes of the configuration, if all are sound. Throws RoutesError otherwise. */
export const readRoutes = (config: Config, now = systemClock.now()): readonly Route[] =>
  soundRoutesOf(surveyConfigured(config, now))

/** The routes, for what only wants to know of their topics and schemas: LINE's review may still be to come. Throws RoutesError. */
export const readRoutesUnreviewed = (config: Config): readonly Route[] => readRoutes(undemanding(config))

/** As if every channel only warned of what it wants of its routes. */
export const undemanding = (config: Config): Config => ({
  ...config,
  channels: Object.fromEntries(
    Object.entries(config.channels).map(([name, channel]): [string, ChannelConfig] => [
      name,
      { ...channel, provider: 'line', mode: 'shadow', allow: [], advertising: 'warn' },
    ]),
  ),
})

const NO_ROUTES: RoutesSurvey = { routes: [], faults: [], warnings: [] }
