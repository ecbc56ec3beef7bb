import { Command, InvalidArgumentError, Option } from 'commander'
import { type StageName, stagesOf, startWorker } from '../app.ts'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config.ts'
import type { StartFrom } from '../kafka/intake-group.ts'
import { createLog } from '../observability/log.ts'
import { configOption } from './config-option.ts'
import { fail } from './fail.ts'

/** One Ctrl-C may arrive twice: from the terminal, and again from npm. */
const SAME_SIGNAL_MS = 1_000

/** What leaving groups and closing connections may take after the budget. */
const STOP_GRACE_MS = 10_000

class UnstoppableError extends Error {
  override readonly name = 'UnstoppableError'

  constructor(budgetMs: number) {
    super(
      `the worker did not stop within ${(budgetMs + STOP_GRACE_MS) / 1_000} s: what was under way will be settled as unknown. Are the brokers reachable?`,
    )
  }
}

export const runCommand = (): Command =>
  new Command('run')
    .description('consume events, send notifications, publish results')
    .addOption(configOption())
    .addOption(
      new Option('--only <stage>', 'one stage in this process; without it, all').choices(['intake', 'dispatch', 'webhook']),
    )
    .option(
      '--from <where>',
      'where to begin on topics never read before: latest, earliest, or a time such as 2026-08-10T09:00:00+09:00 (default: latest). Where the group has offsets, they count',
      readFrom,
    )
    .addHelpText(
      'after',
      `
Serves /livez, /readyz and /metrics on http.port of the configuration. Where a channel has a webhook, LINE's requests are taken on webhook.port
and webhook.path; in front of it stands what ends TLS.
SIGTERM or SIGINT: takes in nothing more, waits for answers that are under way (at most shutdown.budget), hands the rest over, leaves
the group, and exits with 0. A second one ends it at once: what was under way is then settled by the next worker as unknown.
Exits with 1 when something died for good, or the configuration is wrong: it says what, and what to do.`,
    )
    .action(async (options: { config: string; only?: StageName; from?: StartFrom }) => {
      const config = loadConfig(options.config)
      const log = createLog(config.log.level)
      const stages = stagesOf(config, options.only)
      const worker = startWorker({ config, stages, from: options.from, clock: systemClock, log })
      let askedAt: number | undefined
      const stop = (signal: string) => {
        const now = systemClock.monotonic()
        if (askedAt !== undefined && now - askedAt > SAME_SIGNAL_MS) process.exit(130)
        if (askedAt !== undefined) return
        askedAt = now
        log.info({ event: 'signal', signal }, `${signal}: stopping`)
        setTimeout(() => fail(new UnstoppableError(config.shutdown.budget)), config.shutdown.budget + STOP_GRACE_MS)
        worker.then((started) => started.stop()).then(() => process.exit(0), fail)
      }
      // From the very first: dispatch may be sending while intake still starts.
      process.on('SIGTERM', () => stop('SIGTERM'))
      process.on('SIGINT', () => stop('SIGINT'))
      const { done, stop: stopWorker } = await worker
      await done.catch(async () => {
        await stopWorker() // it has said why
        process.exit(1)
      })
    })

const readFrom = (text: string): StartFrom => {
  if (text === 'latest' || text === 'earliest') return text
  try {
    return { timestamp: Temporal.Instant.from(text).epochMilliseconds }
  } catch {
    throw new InvalidArgumentError('Write latest, earliest, or a time with its offset, such as 2026-08-10T09:00:00+09:00.')
  }
}
