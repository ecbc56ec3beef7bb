import { type Clock, systemClock } from '../clock.ts'
import { type Catalogue, SHIPPED_CATALOGUE } from '../providers/line/catalogue.ts'
import type { WebhookSpec } from './webhooks.ts'

export interface SimulatorOptions {
  /** Address to listen on. Default `127.0.0.1`: the admin API has no password. */
  readonly host?: string | undefined
  /** Default 0: any free one, see `Simulator.url`. */
  readonly port?: number | undefined
  /** How long every answer of LINE's endpoints takes at least. Default 0. */
  readonly latencyMs?: number | undefined
  /** Requests a second that the bucket of one channel and endpoint refills. Default 2,000, LINE's published limit. */
  readonly rateLimit?: number | undefined
  /** What that bucket holds when full, as at the start. LINE does not disclose its own. Default a tenth of a second's worth. */
  readonly rateBurst?: number | undefined
  /** The channels that get tokens. Default: whoever asks, with whatever secret. */
  readonly channels?: readonly ChannelCredentials[] | undefined
  /** Tokens that never expire, as issued in LINE's console. Default none. */
  readonly longLivedTokens?: readonly LongLivedToken[] | undefined
  /** Life of the stateless tokens. Default 900, as LINE's. */
  readonly tokenLifeSeconds?: number | undefined
  /** The template, item and button keys that exist: see readCatalogue. Default: those in `catalogue.json`. */
  readonly catalogue?: Catalogue | undefined
  /** Newest requests kept in the log. Default 100,000. An entry takes some 0.5 KB, and its body on top. */
  readonly maxLogEntries?: number | undefined
  /** Whether the log keeps what was sent. Default true; say false for long load tests. */
  readonly logBodies?: boolean | undefined
  /** Where events are sent. Default nowhere: see POST /_simulator/webhooks. */
  readonly webhooks?: readonly WebhookSpec[] | undefined
  /** Signs the events of channels that are not in `channels`, as their channel secret would. */
  readonly webhookSecret?: string | undefined
  /** Whether events are sent again when their request failed, unless the webhook says otherwise. Default false, as LINE's. */
  readonly redeliver?: boolean | undefined
  /** How long after each failure; when they are used up the event is given up. LINE does not disclose its own. Default 1 s, 5 s, 25 s
   *  and 125 s. */
  readonly redeliveryGapsMs?: readonly number[] | undefined
  /** How long a webhook has to answer. Default 2,000, as LINE's. */
  readonly webhookTimeoutMs?: number | undefined
  /** Most events in one request; there are several when they come about at once, or wait for their turn. Default 10. */
  readonly webhookBatch?: number | undefined
  /** Most requests at a time to the webhook of one channel. Default 32. */
  readonly webhookConcurrency?: number | undefined
  /** From the answer to the push, or from consent, to the delivery. Default 30; 0 for as soon as may be. */
  readonly deliveryDelayMs?: number | undefined
  /** Up to so much is added to that, by chance. Default 20. */
  readonly deliveryJitterMs?: number | undefined
  /** How long a message waits for its recipient's consent. Default 24 h, as LINE's; by the wall time of `clock`. */
  readonly holdMs?: number | undefined
  /** Notifications and events in hand at a time: on the way, held, and waiting for their webhook. What is accepted beyond is not
   *  delivered, and counted as `overflowed`. Default 200,000, some 150 MB. */
  readonly maxPending?: number | undefined
  /** Wall time is for tokens, `receivedAt`, the timestamps of events, the days of statistics, and how long messages are held;
   *  monotonic time for rate limits and the busiest second. Delays are always real. */
  readonly clock?: Clock | undefined
}

export interface ChannelCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

export interface LongLivedToken {
  readonly token: string
  /** The channel it belongs to: its requests share that channel's rate limit. */
  readonly clientId: string
}

export interface Settings {
  readonly host: string
  readonly port: number
  readonly latencyMs: number
  readonly rateLimit: number
  readonly rateBurst: number
  readonly channels: readonly ChannelCredentials[] | 'any'
  readonly longLivedTokens: readonly LongLivedToken[]
  readonly tokenLifeSeconds: number
  readonly catalogue: Catalogue
  readonly maxLogEntries: number
  readonly logBodies: boolean
  readonly webhooks: readonly WebhookSpec[]
  readonly webhookSecret: string | undefined
  readonly redeliver: boolean
  readonly redeliveryGapsMs: readonly number[]
  readonly webhookTimeoutMs: number
  readonly webhookBatch: number
  readonly webhookConcurrency: number
  readonly deliveryDelayMs: number
  readonly deliveryJitterMs: number
  readonly holdMs: number
  readonly maxPending: number
  readonly clock: Clock
}

/** Fills in the defaults. Throws, naming the option, when one cannot be. */
export const settle = (options: SimulatorOptions): Settings => {
  const rateLimit = atLeast('rateLimit', options.rateLimit ?? 2000, Number.MIN_VALUE)
  return {
    host: options.host ?? '127.0.0.1',
    port: atLeast('port', options.port ?? 0, 0),
    latencyMs: atLeast('latencyMs', options.latencyMs ?? 0, 0),
    rateLimit,
    rateBurst: atLeast('rateBurst', options.rateBurst ?? Math.max(1, Math.floor(rateLimit / 10)), 1),
    channels: options.channels ?? 'any',
    longLivedTokens: options.longLivedTokens ?? [],
    tokenLifeSeconds: atLeast('tokenLifeSeconds', options.tokenLifeSeconds ?? 900, 1),
    catalogue: options.catalogue ?? SHIPPED_CATALOGUE,
    maxLogEntries: atLeast('maxLogEntries', options.maxLogEntries ?? 100_000, 1),
    logBodies: options.logBodies ?? true,
    webhooks: options.webhooks ?? [],
    webhookSecret: options.webhookSecret,
    redeliver: options.redeliver ?? false,
    redeliveryGapsMs: (options.redeliveryGapsMs ?? [1000, 5000, 25_000, 125_000]).map((ms) => atLeast('redeliveryGapsMs', ms, 0)),
    webhookTimeoutMs: atLeast('webhookTimeoutMs', options.webhookTimeoutMs ?? 2000, 1),
    webhookBatch: atLeast('webhookBatch', options.webhookBatch ?? 10, 1),
    webhookConcurrency: atLeast('webhookConcurrency', options.webhookConcurrency ?? 32, 1),
    deliveryDelayMs: atLeast('deliveryDelayMs', options.deliveryDelayMs ?? 30, 0),
    deliveryJitterMs: atLeast('deliveryJitterMs', options.deliveryJitterMs ?? 20, 0),
    holdMs: atLeast('holdMs', options.holdMs ?? 86_400_000, 0),
    maxPending: atLeast('maxPending', options.maxPending ?? 200_000, 1),
    clock: options.clock ?? systemClock,
  }
}

const atLeast = (name: keyof SimulatorOptions, value: number, least: number): number => {
  if (Number.isFinite(value) && value >= least) return value
  const bound = least === Number.MIN_VALUE ? 'above 0' : `of at least ${least}`
  throw new RangeError(`the simulator's ${name} cannot be ${value}: give a number ${bound}, or leave it out for the default`)
}
