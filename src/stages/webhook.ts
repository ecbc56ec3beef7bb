import type { Config } from '../config.ts'
import { linkTokenKey } from '../domain/link-token.ts'
import { compareImmutables } from '../kafka/create-topics.ts'
import { createRegistry } from '../kafka/event-reader.ts'
import { createEncoder, FRIEND_EVENT_SCHEMA } from '../kafka/published-schemas.ts'
import { verifySignedBodies } from '../kafka/signed-body-reader.ts'
import { type TopicCounts, topicNames } from '../kafka/topics.ts'
import { openWebhookWriter } from '../kafka/webhook-writer.ts'
import { isSignatureShaped, isSignedWith, SIGNATURE_HEADER } from '../providers/line/signature.ts'
import { readWebhook } from '../providers/line/webhook-events.ts'
import { createCoverageClaim } from '../webhook/coverage-claim.ts'
import { createEvidence } from '../webhook/evidence.ts'
import { startHeartbeat } from '../webhook/heartbeat.ts'
import { openReceiver } from '../webhook/receiver.ts'
import { type AccountOptions, createTaker } from '../webhook/taker.ts'
import { openForwarding } from './forwarding.ts'
import type { Parts, Stage } from './stage.ts'
import { nameOf, tellOfWebhook } from './tell-webhook.ts'
import { keepEvidence } from './webhook-evidence.ts'
import { startWebhookTopic } from './webhook-topic.ts'

/** LINE's webhooks → feedback and friend events. They come by HTTP, or by a topic that another receiver writes: if by both, nobody could
 *  say of one what the other has heard. */
export const startWebhook = async (
  parts: Parts,
  counts: TopicCounts,
  /** In which feedback is written. */
  format: number,
): Promise<Stage & { readonly url: string | undefined }> => {
  const { config, clock, log, metrics } = parts
  const { webhook, privacy } = config
  const { partitions } = counts
  const names = topicNames(config.topics.prefix)
  const accounts = accountsOf(config)
  const channels = accounts.map(({ channel }) => channel)

  // Ended in reverse, also when the start fails half-way.
  await using opened = new AsyncDisposableStack()
  let stopBy = clock.monotonic()
  const leftMs = () => Math.max(0, stopBy - clock.monotonic())
  const end = (ending: AsyncDisposableStack) => (withinMs: number) => {
    stopBy = clock.monotonic() + withinMs
    return ending.disposeAsync()
  }
  if (webhook.topic !== undefined) await verifySignedBodies(parts.kafkaAtStart, webhook.topic)
  const forwarding = openForwarding(parts)
  opened.defer(() => forwarding.close(leftMs())) // the last: what LINE said is in Kafka by then
  const encode = await createEncoder(createRegistry(config.registry), names.friendEvents, FRIEND_EVENT_SCHEMA)
  const { incarnation } = await compareImmutables({
    kafka: parts.kafkaAtStart,
    names,
    partitions,
    pepper: privacy.pepper,
    group: config.kafka.group,
  })
  const writer = await openWebhookWriter({
    kafka: parts.kafka('webhook'),
    names,
    counts,
    format,
    encode,
    monotonic: clock.monotonic,
    onWritten: (ms) => metrics.webhook.writeSeconds.observe(ms / 1_000),
  })
  opened.defer(() => writer.close(leftMs()))

  const tell = tellOfWebhook(parts)
  const evidence = createEvidence()
  const take = createTaker({
    accounts,
    dialect: { isSignedWith, read: readWebhook },
    incarnation,
    partitions,
    linkTokenKey: linkTokenKey(privacy.pepper),
  })
  if (webhook.topic !== undefined) {
    const reading = await startWebhookTopic(parts, {
      topic: webhook.topic,
      signatureHeader: SIGNATURE_HEADER,
      take,
      storage: writer,
      forwarding,
      tell,
      channels,
      evidence,
      counts,
    })
    opened.defer(() => reading.stop(leftMs()))
    const signs = keepEvidence(parts, channels, evidence)
    opened.defer(() => signs.stop())
    return { url: undefined, waitingFor: reading.waitingFor, stop: end(opened.move()) }
  }
  const claim = createCoverageClaim(channels, clock.now(), evidence)
  const receiver = await openReceiver({
    host: webhook.host,
    port: webhook.port,
    path: webhook.path,
    answerWithinMs: webhook.answerWithin,
    bodyLimit: webhook.bodyLimit,
    concurrency: webhook.concurrency,
    requestsPerSecond: webhook.requestsPerSecond,
    signatureHeader: SIGNATURE_HEADER,
    isSignatureShaped,
    take,
    storage: writer,
    claim,
    clock,
    onSigned: forwarding.forward,
    onTaken: (taken, at) => {
      evidence.heard(taken.channel, at)
      tell.taken(taken)
    },
    onRefused: tell.refused,
    onNotStored: tell.notStored,
    onAnswered: tell.answered,
    onDropped: () => metrics.webhook.requests.inc({ status: 'none', reason: 'too-many-connections' }),
    onFault: (error) => log.error({ event: 'webhook-fault', error: nameOf(error) }, 'a request to the webhook was not taken'),
  })
  const heartbeat = startHeartbeat({
    claim,
    storage: writer,
    everyMs: webhook.heartbeatEvery,
    clock,
    onFailed: (error) =>
      log.warn({ event: 'webhook-heartbeat-failed', error: error.name }, `${names.feedback} was not told: ${error.message}`),
  })
  opened.defer(async () => {
    const at = clock.now()
    await receiver.stop(leftMs())
    await heartbeat.stop(at, leftMs())
  })
  metrics.ask.webhookInFlight = () => [{ labels: {}, value: receiver.inFlight() }]
  log.info(
    { event: 'webhook-listening', url: receiver.url, path: webhook.path, channels },
    `webhooks of LINE are taken on ${receiver.url}`,
  )

  const signs = keepEvidence(parts, channels, evidence)
  opened.defer(() => signs.stop())

  return { url: receiver.url, waitingFor: () => [], stop: end(opened.move()) }
}

/** Whose webhooks are taken. */
export const accountsOf = ({ channels }: Pick<Config, 'channels'>): readonly AccountOptions[] =>
  Object.entries(channels).flatMap(([channel, { webhook }]) => (webhook ? [{ channel, ...webhook }] : []))
