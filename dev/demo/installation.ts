import type { Kafka } from 'kafkajs'
import { type Stack, startStack } from '../stack.ts'
import { connectTo, createTopics, removeAll } from './broker.ts'
import { PUBLISHED } from './domain-events.ts'
import { type Night, nightUntil } from './night.ts'
import { removeSubjects } from './registry-subjects.ts'
import type { Run } from './run.ts'
import { completed, launch, simulatorUrlOf, type TsuchiProcess, watch } from './tsuchi-process.ts'
import { CHANGES, openWorkspace, type Workspace, writeConfig } from './workspace.ts'

/** Everything a worker needs, as a new user would set it up: Kafka, registry, LINE, topics and schemas. */
export interface Installation {
  readonly stack: Stack
  readonly kafka: Kafka
  readonly simulatorUrl: string
  /** What the names of all topics and groups of this demo begin with. */
  readonly prefix: string
  readonly topicOf: (topic: string) => string
  readonly workspace: Workspace
  readonly configure: (night: Night) => Promise<void>
  /** How long tsuchi's own commands took: a measure of this machine. */
  readonly commandMs: number
  /** A server of ours, which goes on until told to end. */
  readonly startServer: (name: string, args: readonly string[], preload?: string) => TsuchiProcess
  /** From here on, topics on a Kafka that is not ours stay when the demo ends. */
  readonly keepTopics: () => void
}

export const DOMAIN_PARTITIONS = 3
const DOMAIN_TOPICS = Object.values(PUBLISHED).map(({ topic }) => topic)
const PUBLISHED_TOPICS = ['results', 'friend-events', 'attributions']

export const openInstallation = async (run: Run): Promise<Installation> => {
  const { clock, progress, signal, cleanUp, giveUp, orStop } = run
  const prefix = `tsuchi-demo-${timestampOf(clock.now())}`
  const topicOf = (topic: string) => `${prefix}.${topic}`
  const workspace = await openWorkspace(topicOf)
  cleanUp.defer(() => workspace.remove())

  const start = (name: string, args: readonly string[], preload?: string): TsuchiProcess => {
    signal.throwIfAborted()
    const child = launch(name, args, workspace, preload)
    cleanUp.defer(() => child.end())
    return child
  }
  const startServer: Installation['startServer'] = (name, args, preload) => {
    const child = start(name, args, preload)
    watch(child, giveUp).catch(giveUp)
    return child
  }

  const simulator = startServer('line-simulator', ['line-simulator', '--port', '0'])
  progress.now('Starting Kafka and a schema registry')
  const stack = await startStack({ onProgress: (line) => (DOWNLOADING.test(line) ? progress.now : progress.note)(line), signal })
  cleanUp.defer(() => stack.stop())
  const simulatorUrl = await simulatorUrlOf(simulator, signal)
  progress.note(`LINE, played by tsuchi line-simulator, at ${simulatorUrl}`)
  progress.note(`Of this demo: ${CHANGES}`)

  const kafka = connectTo(stack.brokers, prefix)
  let topicsStay = false
  if (stack.kind === 'given')
    cleanUp.defer(async () => {
      if (!topicsStay) await removeTraces({ stack, kafka, prefix, topicOf, say: progress.note })
    })

  const configure = ({ quietHours }: Night) =>
    writeConfig(workspace, { brokers: stack.brokers, registryUrl: stack.registryUrl, simulatorUrl, prefix, quietHours })
  await configure(nightUntil(clock.now()))
  progress.now('Creating topics, registering schemas')
  const began = clock.monotonic()
  const command = (name: string, ...args: string[]) => completed(start(name, [...args, '--config', workspace.configFile]))
  const creating = createTopics(kafka, DOMAIN_TOPICS.map(topicOf), { partitions: DOMAIN_PARTITIONS, signal })
  cleanUp.defer(() => creating.catch(() => {}))
  await orStop(
    Promise.all([
      creating,
      command('topics-create', 'topics', 'create'),
      command('schemas-register', 'schemas', 'register', '--events'),
    ]),
  )
  progress.note(`Topics ${prefix}.* and their schemas: made by tsuchi topics create and tsuchi schemas register`)
  const commandMs = clock.monotonic() - began
  const keepTopics = () => {
    topicsStay = true
  }
  return { stack, kafka, simulatorUrl, prefix, topicOf, workspace, configure, commandMs, startServer, keepTopics }
}

/** Every few seconds the same line, a little further on. */
const DOWNLOADING = / so far$/

/** `20260810-143005-123`: two demos on one Kafka stay apart. */
const timestampOf = (ms: number): string =>
  Temporal.Instant.fromEpochMilliseconds(ms).toString({ smallestUnit: 'millisecond' }).replace(/[-:Z]/g, '').replace(/[T.]/g, '-')

const removeTraces = async (options: {
  readonly stack: Stack
  readonly kafka: Kafka
  readonly prefix: string
  readonly topicOf: (topic: string) => string
  readonly say: (line: string) => void
}): Promise<void> => {
  const { stack, kafka, prefix, topicOf, say } = options
  const left = await Promise.all([
    removeAll(kafka, prefix).catch((fault: Error) => [`the topics ${prefix}.* (${fault.message})`]),
    removeSubjects(stack.registryUrl, [...DOMAIN_TOPICS, ...PUBLISHED_TOPICS].map(topicOf)),
  ])
  for (const each of left.flat()) say(`Could not remove ${each}`)
}
