import { holidayWarnings } from '../config/holidays.ts'
import type { Environment } from '../config/variables.ts'
import { type Config, ConfigError, loadConfig } from '../config.ts'
import { count, type Findings } from './findings.ts'

/** Time enough for whoever keeps the file. */
const NOTICE_MS = 30 * 86_400_000

const DAY_MS = 86_400_000

/** Of what is measured in minutes at most: more is a slip of the pen. */
const longWarnings = ({ releaseSpread, shutdown, channels }: Config): readonly string[] => {
  const measured: [string, number][] = [
    ['releaseSpread', releaseSpread],
    ['shutdown.budget', shutdown.budget],
    ...Object.entries(channels).flatMap(([name, { deadline, probeEvery }]): [string, number][] => [
      [`channels.${name}.deadline`, deadline],
      [`channels.${name}.probeEvery`, probeEvery],
    ]),
  ]
  return measured
    .filter(([, ms]) => ms > DAY_MS)
    .map(
      ([setting, ms]) =>
        `${setting}: ${Number((ms / 3_600_000).toFixed(2)).toLocaleString('en')} h; write a duration below 24 h, such as PT10M`,
    )
}

/** The configuration, if it is sound, and what is to be said of it. Offline no secret is needed. */
export const readConfiguration = (options: {
  readonly file: string
  readonly env?: Environment
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
        warnings: [
          ...holidayWarnings(config.holidays ?? {}, now + NOTICE_MS).map((each) => `holidays: ${each}`),
          ...longWarnings(config),
        ],
      },
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { config: null, findings: { looked: `${file}; without it nothing else can be looked at`, faults: error.faults } }
  }
}
