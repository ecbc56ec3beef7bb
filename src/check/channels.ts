import { type Config, ConfigError } from '../config.ts'
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
  return { usable, findings: { looked, faults } }
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
