import { openDeadLetterWriter } from '../kafka/dead-letter-writer.ts'
import { openReadTo } from '../kafka/read-to.ts'
import { joinSignedBodies } from '../kafka/signed-body-reader.ts'
import { type TopicCounts, topicNames } from '../kafka/topics.ts'
import type { Evidence } from '../webhook/evidence.ts'
import { createSignedBodies, type SignedBodiesEvent } from '../webhook/signed-bodies.ts'
import type { Storage } from '../webhook/storage.ts'
import type { Take } from '../webhook/taker.ts'
import { startTopicCoverage } from '../webhook/topic-coverage.ts'
import type { Forwarding } from './forwarding.ts'
import type { Parts, Stage } from './stage.ts'
import type { WebhookTeller } from './tell-webhook.ts'

/** Of the last look at how far the topic has been read. */
const LAST_LOOK_MS = 2_000

/** Signed bodies that another receiver wrote to a topic → feedback and friend events: the webhook without its HTTP. */
export const startWebhookTopic = async (
  parts: Parts,
  options: {
    readonly topic: string
    /** In lower case. */
    readonly signatureHeader: string
    readonly take: Take
    readonly storage: Storage
    readonly forwarding: Forwarding
    readonly tell: Pick<WebhookTeller, 'taken'>
    /** That have a webhook. */
    readonly channels: readonly string[]
    readonly evidence: Evidence
    readonly counts: TopicCounts
  },
): Promise<Stage> => {
  const { config, clock, sealer, log } = parts
  const { topic, storage, evidence } = options
  const names = topicNames(config.topics.prefix)
  const groupId = `${config.kafka.group}-webhook`
  let ready = false

  await using opened = new AsyncDisposableStack()
  const letters = await openDeadLetterWriter({
    kafka: parts.kafka('webhook-letters'),
    topic: names.deadLetters,
    partitions: options.counts.deadLetters,
    seal: config.deadLetters.values === 'sealed' ? sealer.seal : null,
  })
  opened.defer(() => letters.close())
  const readTo = await openReadTo({ kafka: parts.kafka('webhook-read-to'), topic, groupId })
  opened.defer(() => readTo.close())
  const coverage = startTopicCoverage({
    channels: options.channels,
    readTo: readTo.until,
    evidence,
    storage,
    everyMs: config.webhook.heartbeatEvery,
    clock,
    onFailed: (error) =>
      log.warn(
        { event: 'webhook-coverage' },
        `how far ${topic} has been read cannot be told, and until it can be, silence is none: ${error.message}`,
      ),
  })
  opened.defer(() => coverage.stop(LAST_LOOK_MS))
  const tell = tellOf(parts, topic, options.tell)
  const group = await joinSignedBodies({
    kafka: parts.kafka('webhook-topic'),
    groupId,
    topic,
    onBatch: createSignedBodies({
      ...options,
      bury: async (refused) => {
        await letters.bury(refused)
        await coverage.admit() // before their offsets move, and another member claims the time
      },
      clock,
      onEvent: (event) => {
        tell(event)
        if (event.kind === 'lost') coverage.lost(event.channels, event.writtenAt)
        // No producer's clock makes proof of a time to come.
        if (event.kind === 'taken')
          for (const { channel, writtenAt } of event.taken) evidence.heard(channel, Math.min(writtenAt, clock.now()))
        if (event.kind !== 'signed') return
        const { channels, body: bytes, signature } = event
        options.forwarding.forward(channels, { bytes, signature, contentType: 'application/json; charset=utf-8' })
      },
    }),
    onReady: (partitions) => {
      ready = true
      log.info({ event: 'webhook-ready', topic, partitions }, 'the webhook reads its partitions')
    },
    onWaiting: (why) => log.warn({ event: 'webhook-waiting', topic }, why),
    onFatal: parts.onFatal,
  })
  opened.defer(() => group.leave())

  const running = opened.move()
  return {
    waitingFor: () => (ready ? [] : ['the webhook to know its offsets']),
    stop: () => running.disposeAsync(),
  }
}

const tellOf = (
  { metrics, log }: Parts,
  topic: string,
  tell: Pick<WebhookTeller, 'taken'>,
): ((event: SignedBodiesEvent) => void) => {
  metrics.webhook.topicStalled.set(0) // an alert must tell "no" from "no data"
  return (event) => {
    switch (event.kind) {
      case 'taken':
        for (const taken of event.taken) {
          metrics.webhook.topicRecords.inc({ outcome: 'taken' })
          tell.taken(taken)
        }
        return
      case 'refused':
        for (const { position, reason, detail } of event.refused) {
          metrics.webhook.topicRecords.inc({ outcome: reason })
          log.warn({ event: 'webhook-refused', ...position, reason, detail }, 'a signed body is in the dead letters')
        }
        return
      case 'stalled':
        metrics.webhook.topicStalled.set(1)
        log.warn({ event: 'webhook-stalled', topic }, event.message)
        return
      case 'resumed':
        metrics.webhook.topicStalled.set(0)
        log.info({ event: 'webhook-resumed', topic }, 'the webhook goes on')
        return
      case 'signed':
      case 'lost':
    }
  }
}
