#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readRoutes, type StageName, startWorker } from './app.ts'
import { check } from './check.ts'
import { systemClock } from './clock.ts'
import { type Config, loadConfig } from './config.ts'
import { orderChannel } from './kafka/channel-orders.ts'
import { createKafka, START_RETRY } from './kafka/client.ts'
import { createDomainTopics, createTopics } from './kafka/create-topics.ts'
import { createRegistry } from './kafka/event-reader.ts'
import type { StartFrom } from './kafka/intake-group.ts'
import { RESULT_SCHEMA, registerSchema, subjectOf } from './kafka/result-codec.ts'
import { topicNames } from './kafka/topics.ts'
import { connectionOf } from './kafka-connection.ts'
import { simulatorCommand } from './line-simulator/command.ts'
import { createLog, kafkaLogTo } from './observability/log.ts'
import { createMetrics } from './observability/metrics.ts'
import { sharesOf } from './stages/channels.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const configOption = () => new Option('-c, --config <file>', 'the configuration').default('tsuchi.yaml').env('TSUCHI_CONFIG')

/** One Ctrl-C may arrive twice: from the terminal, and again from npm. */
const SAME_SIGNAL_MS = 1_000

/** What leaving groups and closing connections may take after the budget. */
const STOP_GRACE_MS = 10_000

class UnstoppableError extends Error {
  override readonly name = 'UnstoppableError'

  constructor(budgetMs: number) {
    super(
      `the worker did not stop within ${(budgetMs + STOP_GRACE_MS) / 1_000} s: what was under way will be settled as unknown. Are the brokers reachable?`,
    )
  }
}

const program = new Command('tsuchi')
  .description(
    'Sends LINE notification messages (LINE通知メッセージ) for domain events on Kafka, and publishes what became of each.',
  )
  .version(version)
  .showHelpAfterError('(add --help to see what there is)')
  .addHelpText(
    'after',
    `
In the order a new installation needs them:
  tsuchi topics create       makes tsuchi's own topics, and fixes what must never change
  tsuchi schemas register    tells the schema registry what results look like
  tsuchi check               says what would keep it from working
  tsuchi run                 works until it is told to stop (SIGTERM, or Ctrl-C)

Secrets are written \${NAME} in the configuration, and taken from the variable NAME or from the file that NAME_FILE names.`,
  )

program
  .command('run')
  .description('consume events, send notifications, publish results')
  .addOption(configOption())
  .addOption(new Option('--only <stage>', 'one stage in this process; without it, all').choices(['intake', 'dispatch']))
  .option(
    '--from <where>',
    'where to begin on topics never read before: latest, earliest, or a time such as 2026-08-10T09:00:00+09:00 (default: latest). Where the group has offsets, they count',
    readFrom,
  )
  .addHelpText(
    'after',
    `
Serves /livez, /readyz and /metrics on http.port of the configuration.
SIGTERM or SIGINT: takes in nothing more, waits for answers that are under way (at most shutdown.budget), hands the rest over, leaves
the group, and exits with 0. A second one ends it at once: what was under way is then settled by the next worker as unknown.
Exits with 1 when something died for good, or the configuration is wrong: it says what, and what to do.`,
  )
  .action(async (options: { config: string; only?: StageName; from?: StartFrom }) => {
    const config = loadConfig(options.config)
    const log = createLog(config.log.level)
    const stages: StageName[] = options.only ? [options.only] : ['intake', 'dispatch']
    const worker = startWorker({ config, stages, from: options.from, clock: systemClock, log })
    let askedAt: number | undefined
    const stop = (signal: string) => {
      const now = systemClock.monotonic()
      if (askedAt !== undefined && now - askedAt > SAME_SIGNAL_MS) process.exit(130)
      if (askedAt !== undefined) return
      askedAt = now
      log.info({ event: 'signal', signal }, `${signal}: stopping`)
      setTimeout(() => fail(new UnstoppableError(config.shutdown.budget)), config.shutdown.budget + STOP_GRACE_MS)
      worker.then((started) => started.stop()).then(() => process.exit(0), fail)
    }
    // From the very first: dispatch may be sending while intake still starts.
    process.on('SIGTERM', () => stop('SIGTERM'))
    process.on('SIGINT', () => stop('SIGINT'))
    const { done, stop: stopWorker } = await worker
    await done.catch(async (error: Error) => {
      log.fatal({ event: 'failed', error: error.name }, error.message)
      await stopWorker()
      process.exit(1)
    })
  })

const topics = program.command('topics').description("tsuchi's own topics")
topics
  .command('create')
  .description('create the topics that are missing, compare those that are there, and write the immutables; safe to repeat')
  .addOption(configOption())
  .addHelpText(
    'after',
    `
The number of partitions (topics.partitions), the pepper (privacy.pepper) and the group (kafka.group) are fixed here for ever: they
decide where each person's notifications live, and who may send them. Domain topics are yours, and not touched without --events.`,
  )
  .option('--events', "also create the routes' own topics, as a producer would: for development")
  .action(async (options: { config: string; events?: true }) => {
    const config = loadConfig(options.config)
    const { partitions, replication, prefix } = config.topics
    const kafka = kafkaFor(config, 'topics')
    const onProgress = (line: string) => console.error(line)
    if (options.events)
      await createDomainTopics({
        kafka,
        topics: readRoutes(config).map(({ topic }) => topic),
        partitions: 3,
        replication,
        onProgress,
      })
    sharesOf(config, partitions) // what is fixed here for ever must leave every channel a rate
    await createTopics({
      kafka,
      names: topicNames(prefix),
      partitions,
      replication,
      pepper: config.privacy.pepper,
      group: config.kafka.group,
      onProgress,
    })
  })

program
  .command('check')
  .description('look for what would keep a worker from doing what it promises; changes nothing')
  .addOption(configOption())
  .addHelpText(
    'after',
    `
Looks at the configuration, the routes with their schemas, tsuchi's own topics and the pepper they were made with, the schema of results in
the registry, the limits of every channel (one can be too small for the partitions), and the topics the routes read: what they keep must not be older than what a route remembers (dedupeWindow), or a replay
ends as dead letters. Says everything at once, and exits with 1 if there is anything.`,
  )
  .action(async (options: { config: string }) => {
    const faults = await check(loadConfig(options.config), kafkaLogTo(createLog('silent'), createMetrics()))
    for (const fault of faults) console.error(`- ${fault}`)
    console.error(faults.length === 0 ? 'nothing is wrong' : `${faults.length} fault${faults.length === 1 ? '' : 's'}`)
    if (faults.length > 0) process.exitCode = 1
  })

const schemas = program.command('schemas').description('schemas in the registry')
schemas
  .command('register')
  .description('register the schema of results; safe to repeat')
  .addOption(configOption())
  .option('--events', "also register the routes' event schemas under their topics, as a producer would: for development")
  .action(async (options: { config: string; events?: true }) => {
    const config = loadConfig(options.config)
    const registry = createRegistry(config.registry)
    const results = topicNames(config.topics.prefix).results
    const wanted = [
      { topic: results, schema: RESULT_SCHEMA, kind: 'results' as const },
      ...(options.events
        ? readRoutes(config).map(({ topic, schema }) => ({ topic, schema: schema.json, kind: 'events' as const }))
        : []),
    ]
    for (const { topic, schema, kind } of wanted) {
      const id = await registerSchema(registry, topic, schema, kind)
      console.error(`${subjectOf(topic)} has id ${id}`)
    }
  })

const channels = program
  .command('channels')
  .description('stop and start sending on a channel')
  .addHelpText(
    'after',
    `
A worker pauses a channel by itself when LINE says that the account may not send (403), or that the month's messages are used up, and tries
one notification now and then: when LINE takes it, the channel goes on. A pause of yours lasts until you resume it.`,
  )
channels
  .command('pause <name>')
  .description('send nothing more on this channel until it is resumed; safe to repeat')
  .addOption(configOption())
  .addHelpText(
    'after',
    `
Name the channel as the configuration does. The order goes through Kafka to every partition, and lasts over restarts and takeovers; no
worker has to run now. What is under way to LINE is not called back. Events are still taken in: what is for the channel waits, in its order,
and goes when the channel is resumed, or ends as expired where its route says that it is too late.`,
  )
  .action((name: string, options: { config: string }) => order('pause', name, options.config))
channels
  .command('resume <name>')
  .description('send on this channel again; safe to repeat')
  .addOption(configOption())
  .addHelpText(
    'after',
    `
Lifts every pause of the channel: yours, and those the workers made because LINE refused. What has waited goes in its order, within quiet
hours and the channel's limits.`,
  )
  .action((name: string, options: { config: string }) => order('resume', name, options.config))

program.addCommand(simulatorCommand())

await program.parseAsync().catch(fail)

async function order(what: 'pause' | 'resume', channel: string, file: string): Promise<void> {
  const config = loadConfig(file)
  const { prefix, partitions } = config.topics
  const told = await orderChannel({
    kafka: kafkaFor(config, 'channels'),
    names: topicNames(prefix),
    partitions,
    channels: Object.keys(config.channels),
    channel,
    order: what,
  })
  console.error(told)
}

function kafkaFor(config: Config, purpose: string) {
  return createKafka(connectionOf(config, purpose), kafkaLogTo(createLog('silent'), createMetrics()), START_RETRY)
}

function readFrom(text: string): StartFrom {
  if (text === 'latest' || text === 'earliest') return text
  try {
    return { timestamp: Temporal.Instant.from(text).epochMilliseconds }
  } catch {
    throw new InvalidArgumentError('Write latest, earliest, or a time with its offset, such as 2026-08-10T09:00:00+09:00.')
  }
}

/** Faults that somebody can mend say how, in their message; anything else is ours, and shows where. */
function fail(error: unknown): never {
  const known = error instanceof Error && (error.constructor !== Error || error.name.startsWith('KafkaJS'))
  if (!(error instanceof Error)) console.error(String(error))
  else if (error.name.startsWith('KafkaJS'))
    console.error(`Kafka: ${error.message}\nAre kafka.brokers right, and the brokers up? Credentials, TLS?`)
  else console.error(known ? error.message : error.stack)
  process.exit(1)
}
