import { Command, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '../clock.ts'
import { isStandIn } from '../config/variables.ts'
import { type ChannelConfig, type Config, ConfigError, loadConfig } from '../config.ts'
import { createRegistry } from '../kafka/event-reader.ts'
import { topicNames } from '../kafka/topics.ts'
import { type Day, dayBefore, dayOf } from '../reconcile/day.ts'
import { reconcile, type Verdict } from '../reconcile/reconcile.ts'
import { readResults } from '../reconcile/results.ts'
import { reconciliationDocument, reconciliationText } from '../reconcile/tell.ts'
import { createResultReader } from '../trace/result-reader.ts'
import { writerSchemaFrom } from '../trace/writer-schema.ts'
import { configOption } from './config-option.ts'
import { kafkaFor } from './kafka-for.ts'
import { showProgress } from './progress.ts'

interface Options {
  readonly config: string
  readonly date?: string
  readonly channel?: string
  readonly tolerance: number
  readonly json?: true
}

const EXIT_CODES: Readonly<Record<Verdict, number>> = { agrees: 0, differs: 1, 'not-told': 1, 'not-ready': 2 }

/** `tsuchi reconcile`. */
export const reconcileCommand = (): Command =>
  new Command('reconcile')
    .description('compare what LINE says that it delivered on a day, and charges, with what results say; changes nothing')
    .addOption(configOption())
    .option('--date <date>', "a day by LINE's calendar (UTC+9), such as 2026-11-22; default: yesterday")
    .option('--channel <name>', 'only this channel; default: every one that is not a shadow')
    .option('--tolerance <n>', 'how many messages a channel and kind may differ by', readTolerance, 0)
    .addOption(new Option('--json', 'one line of JSON in place of the table'))
    .addHelpText(
      'after',
      `
Asks LINE for its count of that day, for template and flexible messages, with each channel's own token; and, if LINE has counted, reads
results from that day to now, as receipts and corrections come late. Of a notification its last word counts: delivered, by LINE's time; and
accepted, by when it was sent, where nobody listens for receipts (receipts: none). Joins no group and writes nothing.
LINE has usually counted a day by the end of the next one. Exits with 0 if all agree, 1 if any differs or could not be asked, and 2 if LINE
has not counted yet. A difference is told with what may lie behind it, and what to do.

  tsuchi reconcile                                 yesterday
  tsuchi reconcile --date 2026-10-31 --tolerance 5
  tsuchi reconcile --channel main --json           for a nightly job; 2 means: again later`,
    )
    .action(async (options: Options, command: Command) => {
      const now = systemClock.now()
      const day = options.date === undefined ? dayBefore(now) : dayOf(options.date, now)
      if (!day) command.error('error: --date is not a day such as 2026-10-31, or has not begun (UTC+9)')
      const config = loadConfig(options.config, undefined, { unset: 'stand-in' })
      const names = Object.keys(config.channels)
      if (options.channel !== undefined && !names.includes(options.channel))
        command.error(`error: --channel: the configuration has ${names.join(', ')}`)
      verifySecrets(config, options.channel)
      const found = await reconcile({
        ...options,
        channel: options.channel,
        config,
        day,
        readResults: () => resultsOf(config, day),
      })
      const unreadable = found.told?.unreadable
      if (unreadable && unreadable.first !== null)
        console.error(
          `${unreadable.count} result${unreadable.count === 1 ? '' : 's'} could not be read. The first is ${unreadable.first}`,
        )
      console.log(options.json ? JSON.stringify(reconciliationDocument(found)) : reconciliationText(found))
      process.exitCode = EXIT_CODES[found.verdict]
    })

const resultsOf = async (config: Config, day: Day) => {
  const progress = showProgress({ stream: process.stderr, label: 'reading' })
  try {
    return await readResults({
      kafka: kafkaFor(config, 'reconcile'),
      topic: topicNames(config.topics.prefix).results,
      day,
      reader: createResultReader(writerSchemaFrom(createRegistry(config.registry))),
      onProgress: progress.update,
    })
  } finally {
    progress.end()
  }
}

/** The pepper is not needed, and so may be missing; a token is. */
const verifySecrets = ({ channels, file, standIns }: Config, only: string | undefined): void => {
  const missing = Object.entries(channels).filter(
    ([name, { mode, ...channel }]) => (only === undefined || name === only) && mode !== 'shadow' && lacksSecret(channel),
  )
  if (missing.length === 0) return
  const needed = `one of ${standIns.join(', ')} is needed to ask LINE, and not set`
  throw new ConfigError(
    file,
    missing.map(([name]) => `channels.${name}: ${needed}`),
  )
}

const lacksSecret = ({ token, headers }: Pick<ChannelConfig, 'token' | 'headers'>): boolean =>
  [...Object.values(token), ...Object.values(headers)].some((each) => each !== undefined && isStandIn(each))

function readTolerance(text: string): number {
  const tolerance = Number(text)
  if (text.trim() !== '' && Number.isInteger(tolerance) && tolerance >= 0) return tolerance
  throw new InvalidArgumentError('Write a whole number, 0 or more.')
}
