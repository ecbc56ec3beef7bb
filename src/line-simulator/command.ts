import { Command, InvalidArgumentError } from 'commander'
import { readCatalogueFile } from '../providers/line/catalogue.ts'
import type { ChannelCredentials, LongLivedToken } from './options.ts'
import { startSimulator } from './simulator.ts'
import type { WebhookSpec } from './webhooks.ts'

interface Options {
  readonly host: string
  readonly port: number
  readonly latency: number
  readonly rateLimit: number
  readonly rateBurst?: number
  readonly channel?: readonly ChannelCredentials[]
  readonly token?: readonly LongLivedToken[]
  readonly tokenLife: number
  readonly catalogue?: string
  readonly logEntries: number
  readonly logBodies: boolean
  readonly webhook?: readonly WebhookSpec[]
  readonly webhookSecret?: string
  readonly redeliver: boolean
  readonly redeliveryGaps?: readonly number[]
  readonly webhookTimeout: number
  readonly webhookBatch: number
  readonly webhookConcurrency: number
  readonly deliveryDelay: number
  readonly deliveryJitter: number
  readonly hold: number
}

/** `tsuchi line-simulator`. */
export const simulatorCommand = (): Command =>
  new Command('line-simulator')
    .description('a stand-in for LINE, for development and load tests: LINE forbids those, and has no test environment')
    .option('--host <host>', 'address to listen on; its admin API has no password', '127.0.0.1')
    .option('--port <port>', 'port; 0 for any free one', number, 9090)
    .option('--latency <ms>', 'how long every answer takes at least', number, 0)
    .option('--rate-limit <n>', 'requests per second, for each channel and endpoint', number, 2_000)
    .option('--rate-burst <n>', 'what a full bucket holds (default: a tenth of the limit)', number)
    .option('--channel <id:secret>', 'a channel that gets tokens; may be repeated (default: whoever asks)', credentials)
    .option('--token <token:id>', 'a long-lived token, and the channel it is of; may be repeated', longLived)
    .option('--token-life <s>', 'life of the tokens it issues, seconds', number, 900)
    .option('--catalogue <file>', 'template, item and button keys that exist (default: those known from public documents)')
    .option('--log-entries <n>', 'newest requests it remembers', number, 100_000)
    .option('--no-log-bodies', 'remember no bodies: for long load tests')
    .option('--webhook <url>', 'where events are sent; channelId=url for those of one channel; may be repeated', webhook)
    .option('--webhook-secret <secret>', 'signs the events of channels not named with --channel: their channel secret')
    .option('--redeliver', 'send events again when a webhook has not answered 2xx; off, as with LINE, unless said', false)
    .option('--redelivery-gaps <ms,ms>', 'how long after each failure (default: 1000,5000,25000,125000)', numbers)
    .option('--webhook-timeout <ms>', 'how long a webhook may take to answer', number, 2_000)
    .option('--webhook-batch <n>', 'most events in one request', number, 10)
    .option('--webhook-concurrency <n>', 'most requests at a time to one channel’s webhook', number, 32)
    .option('--delivery-delay <ms>', 'from the answer to the push to the delivery', number, 30)
    .option('--delivery-jitter <ms>', 'up to so much is added to that, by chance', number, 20)
    .option('--hold <s>', 'how long messages wait for consent before they are deleted', number, 86_400)
    .addHelpText(
      'after',
      `
Prints its URL, and works until Ctrl-C. Give the URL to a channel as baseUrl; its token endpoint is below it, where LINE has it.
GET /_simulator lists what it can be asked: its log, statistics, faults on demand, and which phone numbers are whose.
  curl localhost:9090/_simulator/faults -d '{"kind":"hang","count":3}'

With --webhook it tells when a message was delivered, as LINE does: signed with the channel secret, and expecting a 2xx in 2 s. What
becomes of a message depends on whose number it is: delivered, held until the person consents, or never shown. Which is whose:
  curl localhost:9090/_simulator/people            # +81601… is reachable and so on, a range for each kind of person
  tsuchi line-simulator --webhook http://localhost:3000/line --webhook-secret s3cret --redeliver
  curl localhost:9090/_simulator/people/consent -d '{"phone":"+816090030000"}'
  curl localhost:9090/_simulator/webhooks/faults -d '{"kind":"duplicated","probability":0.1}'
  curl localhost:9090/_simulator/friends/unfollow -d '{"phone":"+816010000000","channel":"1234567890"}'
  curl localhost:9090/_simulator/webhooks          # where events go, and why requests failed`,
    )
    .action(async (options: Options) => {
      const simulator = await startSimulator({
        host: options.host,
        port: options.port,
        latencyMs: options.latency,
        rateLimit: options.rateLimit,
        rateBurst: options.rateBurst,
        channels: options.channel,
        longLivedTokens: options.token,
        tokenLifeSeconds: options.tokenLife,
        catalogue: options.catalogue === undefined ? undefined : readCatalogueFile(options.catalogue),
        maxLogEntries: options.logEntries,
        logBodies: options.logBodies,
        webhooks: options.webhook,
        webhookSecret: options.webhookSecret,
        redeliver: options.redeliver,
        redeliveryGapsMs: options.redeliveryGaps,
        webhookTimeoutMs: options.webhookTimeout,
        webhookBatch: options.webhookBatch,
        webhookConcurrency: options.webhookConcurrency,
        deliveryDelayMs: options.deliveryDelay,
        deliveryJitterMs: options.deliveryJitter,
        holdMs: options.hold * 1000,
      })
      console.log(simulator.url)
      const stop = () => {
        simulator.stop().then(
          () => process.exit(0),
          () => process.exit(1),
        )
      }
      process.on('SIGINT', stop)
      process.on('SIGTERM', stop)
    })

const number = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Write a number.')
  return value
}

const numbers = (text: string): number[] => text.split(',').map(number)

/** A URL has `=` in its query only, and `channel=` is before its scheme. */
const webhook = (text: string, before: readonly WebhookSpec[] = []): WebhookSpec[] => {
  const [, channel, url = ''] = /^(?:([^=:/]+)=)?(https?:\/\/.+)$/.exec(text) ?? []
  if (!URL.canParse(url)) throw new InvalidArgumentError('Write an http or https URL, or channelId=url.')
  return [...before, channel === undefined ? { url } : { channel, url }]
}

const credentials = (text: string, before: readonly ChannelCredentials[] = []): ChannelCredentials[] => {
  const [clientId, clientSecret] = pair(text, 'id:secret')
  return [...before, { clientId, clientSecret }]
}

const longLived = (text: string, before: readonly LongLivedToken[] = []): LongLivedToken[] => {
  const [token, clientId] = pair(text, 'token:id')
  return [...before, { token, clientId }]
}

const pair = (text: string, shape: string): [string, string] => {
  const at = text.lastIndexOf(':')
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError(`Write ${shape}.`)
  return [text.slice(0, at), text.slice(at + 1)]
}
