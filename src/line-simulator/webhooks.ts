import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ChannelCredentials, LongLivedToken } from './options.ts'
import type { Mode } from './webhook-event.ts'

/** Where the events of a channel are sent. Without a `channel`, those of every channel that has no webhook of its own. LINE has one
 *  URL for each channel, takes https only, and signs with the channel secret; http is for here. */
export const webhookSpec = z.strictObject({
  channel: z.string().min(1).optional(),
  url: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(500),
  /** Default: the channel's, if the simulator knows the channel, and otherwise the one it was started with. */
  secret: z.string().min(1).optional(),
  /** User id of the bot. Default: one of its own for each channel, as `GET /v2/bot/info` tells. */
  destination: z
    .string()
    .regex(/^U[0-9a-f]{32}$/, 'must be U and 32 lower-case hex digits')
    .optional(),
  redeliver: z.boolean().optional(),
  mode: z.enum(['active', 'standby']).optional(),
})
export type WebhookSpec = z.input<typeof webhookSpec>

export interface Webhook {
  readonly url: string
  readonly secret: string
  readonly destination: string
  readonly redeliver: boolean
  readonly mode: Mode
}

/** Without the secret. */
export interface ListedWebhook extends Omit<Webhook, 'secret' | 'destination'> {
  /** Null: of every channel that has none of its own. */
  readonly channel: string | null
  /** Null: each channel its own. */
  readonly destination: string | null
}

export interface Webhooks {
  /** Replaces the one that the channel has. Throws a ZodError, or a WebhookError when nobody knows with what to sign. */
  set(spec: WebhookSpec): ListedWebhook
  /** Of one channel, or all. */
  remove(channel: string | undefined): void
  list(): ListedWebhook[]
  of(channel: string): Webhook | undefined
  /** The bot's user id, whether there is a webhook or not. */
  destinationOf(channel: string): string
  /** With what the channel's requests would be signed. */
  secretOf(channel: string): string | undefined
}

export class WebhookError extends Error {
  override readonly name = 'WebhookError'
}

interface WebhookSettings {
  readonly webhooks: readonly WebhookSpec[]
  readonly webhookSecret: string | undefined
  readonly redeliver: boolean
  readonly channels: readonly ChannelCredentials[] | 'any'
  readonly longLivedTokens: readonly LongLivedToken[]
}

type Spec = z.output<typeof webhookSpec>

export const openWebhooks = (settings: WebhookSettings): Webhooks => {
  const { channels, longLivedTokens, webhookSecret } = settings
  const channelSecrets = new Map(channels === 'any' ? [] : channels.map(({ clientId, clientSecret }) => [clientId, clientSecret]))
  const own = new Map<string, Spec>()
  let forAll: Spec | undefined

  const specOf = (channel: string): Spec | undefined => own.get(channel) ?? forAll
  const secretOf = (channel: string): string | undefined =>
    specOf(channel)?.secret ?? channelSecrets.get(channel) ?? webhookSecret

  /** A channel that may get events, and of which nobody knows the secret. */
  const unsigned = ({ channel, secret }: Spec): string | undefined => {
    if (secret !== undefined || webhookSecret !== undefined) return undefined
    if (channel !== undefined) return channelSecrets.has(channel) ? undefined : `channel ${channel}`
    if (channels === 'any') return 'channels that are not known beforehand'
    const stranger = longLivedTokens.find(({ clientId }) => !channelSecrets.has(clientId) && !own.has(clientId))
    return stranger && `channel ${stranger.clientId}`
  }

  const listed = (spec: Spec): ListedWebhook => ({
    channel: spec.channel ?? null,
    url: spec.url,
    destination: spec.destination ?? (spec.channel === undefined ? null : botUserId(spec.channel)),
    redeliver: spec.redeliver ?? settings.redeliver,
    mode: spec.mode ?? 'active',
  })

  const resolve = (channel: string): Webhook | null => {
    const spec = specOf(channel)
    const secret = secretOf(channel)
    if (!spec || secret === undefined) return null
    const { url, redeliver, mode } = listed(spec)
    return { url, secret, destination: webhooks.destinationOf(channel), redeliver, mode }
  }

  /** Asked for several times with every push. */
  const resolved = new Map<string, Webhook | null>()

  const webhooks: Webhooks = {
    set: (written) => {
      const spec = webhookSpec.parse(written)
      const whose = unsigned(spec)
      if (whose !== undefined) {
        throw new WebhookError(
          `no webhook was set: nothing to sign the events of ${whose} with. Give the webhook a secret, start the simulator with --webhook-secret, or name the channel with --channel id:secret`,
        )
      }
      resolved.clear()
      if (spec.channel === undefined) forAll = spec
      else own.set(spec.channel, spec)
      return listed(spec)
    },
    remove: (channel) => {
      resolved.clear()
      if (channel !== undefined) return void own.delete(channel)
      own.clear()
      forAll = undefined
    },
    list: () => [...own.values(), ...(forAll ? [forAll] : [])].map(listed),
    of: (channel) => {
      const known = resolved.get(channel)
      if (known !== undefined) return known ?? undefined
      const webhook = resolve(channel)
      resolved.set(channel, webhook)
      return webhook ?? undefined
    },
    destinationOf: (channel) => specOf(channel)?.destination ?? botUserId(channel),
    secretOf,
  }
  for (const spec of settings.webhooks) webhooks.set(spec)
  return webhooks
}

const botUserId = (channel: string): string => `U${createHash('sha256').update(channel).digest('hex').slice(0, 32)}`
