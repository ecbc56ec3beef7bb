import { type ChannelConfig, type Config, ConfigError, withoutUndefined } from '../config.ts'
import { createPace } from '../dispatch/pace.ts'
import type { Provider } from '../dispatch/provider.ts'
import type { SenderLane } from '../dispatch/sender.ts'
import { type RateShare, rateShare } from '../dispatch/token-bucket.ts'
import { type Lane, laneOf } from '../domain/entry.ts'
import type { Endpoint } from '../domain/message.ts'
import { NOT_STARTED } from '../domain/outcome.ts'
import type { Cost } from '../domain/result.ts'
import type { ChannelRules } from '../intake/channel-rules.ts'
import { createLineClient, type LineClientOptions } from '../providers/line/client.ts'
import { violationsOf } from '../providers/line/content-rules.ts'
import type { TokenSource } from '../providers/line/issuer.ts'
import type { Parts } from './stage.ts'

const ENDPOINTS: readonly Endpoint[] = ['template', 'flexible']

export type Shares = ReadonlyMap<Lane, RateShare & { readonly channel: string }>

/** What one task may send on each lane. Throws ConfigError for a limit that is too small for the partitions. */
export const sharesOf = (config: Config, partitions: number): Shares => {
  const faults: string[] = []
  const shares = new Map<Lane, RateShare & { readonly channel: string }>()
  for (const [channel, { limits }] of Object.entries(config.channels))
    for (const endpoint of ENDPOINTS)
      try {
        shares.set(laneOf({ channel, endpoint }), { channel, ...rateShare(limits[endpoint], partitions) })
      } catch (cause) {
        if (!(cause instanceof RangeError)) throw cause
        faults.push(`channels.${channel}.limits.${endpoint}: ${cause.message}`)
      }
  if (faults.length > 0) throw new ConfigError(config.file, faults)
  return shares
}

/** Lanes of a task that is being opened: each begins without a token. */
export const lanesOf = (shares: Shares, providers: ReadonlyMap<string, Provider>, now: number): ReadonlyMap<Lane, SenderLane> =>
  new Map(
    [...shares].flatMap(([lane, { channel, ...share }]) => {
      const provider = providers.get(channel)
      return provider ? [[lane, { provider, pace: createPace({ share, now }) }]] : []
    }),
  )

/** Does everything but the call. */
const SHADOW: Provider = {
  send: async ({ mayStart }) => (mayStart() ? { kind: 'withheld', requestId: null } : NOT_STARTED),
  close: async () => {},
}

/** One client for each channel, shared by all tasks. */
export const providersOf = ({ config, clock, metrics, log }: Parts): ReadonlyMap<string, Provider> =>
  new Map(
    Object.entries(config.channels).map(([name, channel]) => [
      name,
      channel.mode === 'shadow'
        ? SHADOW
        : lineClientOf(channel, clock.monotonic, (event) => {
            metrics.tokens.inc({ channel: name, event: event.kind })
            log[event.kind === 'renewed' ? 'info' : 'warn'](
              { ...event, event: `token-${event.kind}`, channel: name },
              `access token ${event.kind}`,
            )
          }),
    ]),
  )

/** Throws TypeError for settings that no client can be made with. */
export const lineClientOf = (
  { baseUrl, paths, headers, token, aggregationUnits, deadline, connections }: ChannelConfig,
  monotonic: () => number,
  onTokenEvent?: LineClientOptions['onTokenEvent'],
): Provider =>
  createLineClient({
    baseUrl,
    paths: withoutUndefined(paths),
    headers,
    token: tokenSourceOf({ baseUrl, token }),
    aggregationUnits,
    deadlineMs: deadline,
    connections,
    monotonic,
    ...(onTokenEvent && { onTokenEvent }),
  })

/** Never LINE's own when the channel's requests go elsewhere: the secret would go there. */
export const tokenSourceOf = ({ baseUrl, token }: Pick<ChannelConfig, 'baseUrl' | 'token'>): TokenSource =>
  token.kind === 'stateless' ? { ...token, url: token.url ?? `${baseUrl.replace(/\/$/, '')}/oauth2/v3/token` } : token

/** What each channel wants of the routes that use it. */
export const channelRulesOf = ({ channels, bannedWords }: Config): ReadonlyMap<string, ChannelRules> =>
  new Map(
    Object.entries(channels).map(([name, { provider, mode, catalogue, advertising }]) => [
      name,
      {
        violationsOf: (message) => violationsOf(message, catalogue),
        bannedWords,
        advertising,
        review: reviewOf({ provider, mode }),
      },
    ]),
  )

/** Only on a live channel of LINE's do real people get what is sent. One that is not configured is taken for such. */
export const reviewOf = (channel: Pick<ChannelConfig, 'provider' | 'mode'> | undefined): ChannelRules['review'] => {
  if (channel?.provider === 'line-simulator') return 'none'
  return channel === undefined || channel.mode === 'live' ? 'required' : 'advised'
}

/** Whether a channel writes to this person. */
export const mayReach = ({ channels }: Config): ((channel: string, recipientRef: string) => boolean) => {
  const allowed = new Map(
    Object.entries(channels).flatMap(([name, { mode, allow }]) =>
      mode === 'allow-list' ? [[name, new Set(allow)] as const] : [],
    ),
  )
  return (channel, recipientRef) => allowed.get(channel)?.has(recipientRef) ?? true
}

/** What one message costs, as far as the configuration says. */
export const costOf =
  (config: Config) =>
  (channel: string, endpoint: Endpoint): Cost | null => {
    const price = config.channels[channel]?.price
    return price ? { tenThousandths: Math.round(price[endpoint] * 10_000), currency: price.currency } : null
  }
