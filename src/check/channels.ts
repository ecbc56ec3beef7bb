import { type ChannelConfig, type Config, ConfigError } from '../config.ts'
import { lineClientOf, sharesOf } from '../stages/channels.ts'
import { count, type Findings } from './findings.ts'

export interface Channels {
  readonly findings: Findings
  /** Those that a client can be made for. */
  readonly usable: ReadonlySet<string>
}

/** Whether every channel can be sent on at all, as far as that shows without asking anybody: settings, and a rate for each partition. */
export const channelsOf = async (config: Config, monotonic: () => number): Promise<Channels> => {
  const { partitions } = config.topics
  const usable = new Set<string>()
  const faults = [...limitFaults(config)]
  for (const [name, channel] of Object.entries(config.channels)) {
    try {
      await lineClientOf(channel, monotonic).close()
      usable.add(name)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      faults.push(`channels.${name}: ${error.message}`)
    }
  }
  const names = Object.entries(config.channels).map(([name, { provider, mode }]) => `${name} (${provider}, ${mode})`)
  const looked = `${names.join(', ')} over ${count(partitions, 'partition')}`
  const warnings = Object.entries(config.channels).flatMap(([name, channel]) => oddities(name, channel, config))
  return { usable, findings: { looked, faults, warnings } }
}

/** What works, and is hardly meant. */
const oddities = (
  name: string,
  { provider, mode, allow, baseUrl, receipts, webhook }: ChannelConfig,
  { environment }: Config,
): string[] => {
  const odd: string[] = []
  if (environment === 'production' && provider === 'line-simulator')
    odd.push(
      `channels.${name}.provider: line-simulator in production, so nobody gets anything: write line, or environment: development`,
    )
  if (mode !== 'allow-list' && allow.length > 0)
    odd.push(`channels.${name}.allow: has no effect with mode: ${mode}; take it away, or write mode: allow-list`)
  if (provider === 'line' && baseUrl.startsWith('http:'))
    odd.push(`channels.${name}.baseUrl: http, so numbers' hashes, messages and the token go in the clear: use https`)
  if (receipts === 'none' && webhook)
    odd.push(
      `channels.${name}.receipts: none, though its webhooks are taken: accepted is the end, whatever LINE tells of the delivery; write receipts: webhook once events are seen to come`,
    )
  return odd
}

const limitFaults = (config: Config): readonly string[] => {
  try {
    sharesOf(config, config.topics.partitions)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults
  }
}
