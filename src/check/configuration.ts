import { type Config, ConfigError, loadConfig } from '../config.ts'
import { holidayWarnings } from '../holidays.ts'
import type { Environment } from '../variables.ts'
import { count, type Findings } from './findings.ts'

/** Time enough for whoever keeps the file. */
const NOTICE_MS = 30 * 86_400_000

/** The configuration, if it is sound, and what is to be said of it. Offline no secret is needed. */
export const readConfiguration = (options: {
  readonly file: string
  readonly env: Environment
  readonly offline: boolean
  readonly now: number
}): { readonly config: Config | null; readonly findings: Findings } => {
  const { file, env, offline, now } = options
  try {
    const config = loadConfig(file, env, { unset: offline ? 'stand-in' : 'fault' })
    const { environment, standIns } = config
    const unset = standIns.length > 0 ? `; ${standIns.join(', ')} not set, and not needed offline` : ''
    return {
      config,
      findings: {
        looked: `${file}, ${environment}, ${count(Object.keys(config.channels).length, 'channel')}${unset}`,
        warnings: holidayWarnings(config.holidays ?? {}, now + NOTICE_MS).map((each) => `holidays: ${each}`),
      },
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { config: null, findings: { looked: `${file}; without it nothing else can be looked at`, faults: error.faults } }
  }
}
