import { setImmediate } from 'node:timers/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '../../src/clock.ts'
import { showProgress } from '../../src/commands/progress.ts'
import type { Breach } from '../verifier/history.ts'
import { keepRegression, RegressionError, readRegression } from './regressions.ts'
import { judge, trySeed } from './simulate.ts'

interface Options {
  readonly seeds: number
  readonly from: number
  readonly replay?: string
}

/** For one that is found, until it is small enough. */
const SHRINK_MS = 60_000

const whole = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Write a whole number, 1 or more.')
  return value
}

const command = new Command('npm run simulate --')
  .description(
    'lives thousands of small lives of a whole installation in simulated time, and judges whether it kept its promises',
  )
  .option('--seeds <n>', 'how many lives', whole, 1_000)
  .option('--from <s>', 'the first seed', whole, 1)
  .addOption(new Option('--replay <file>', 'lives only this one, which an earlier run has found').conflicts(['seeds', 'from']))
  .addHelpText(
    'after',
    `
In each life two or three workers share two to four partitions, in one thread and a time that passes only when nothing else happens: the
dispatcher, the tasks, the senders, the restoring, the sharing out and the journal's codecs are those that ship; Kafka's log and group, LINE
and its webhooks are models (test/contract/ holds the log to what real brokers do). Commits wait, fail, are made and not answered, or arrive
late; workers stand still, sleep, are killed at any await, lose their disks and the coordinator, come back, and do not know that they were
replaced; clocks are wrong, and jump; LINE refuses, fails, resets, and answers too late or never; receipts and hand-overs come late, twice,
and in any order. Then nothing more goes wrong, everything must end, and all that happened is held against the promises of
docs/guarantees.md.

A seed always has the same life. One in which a promise is broken is made as small as it can be, kept in proof/simulation/regressions/ for
the tests to live again, and the command that replays it is told.

Progress goes to standard error; the last line of standard output is JSON, also after Ctrl-C. Exits with 1 if a promise was broken, with 2
if the options are wrong.

  npm run simulate                                    1,000 lives
  npm run simulate -- --seeds 100000 --from 5000      an hour or two of others
  npm run simulate -- --replay FILE                   what an earlier run has kept`,
  )
  .exitOverride((fault) => {
    process.exit(fault.exitCode === 0 ? 0 : 2)
  })
  .action(async (options: Options) => {
    const broken = options.replay === undefined ? await liveAll(options) : await replay(options.replay)
    if (broken) process.exitCode = 1
  })

const tell = (breaches: readonly Breach[]): void => {
  for (const { invariant, what, where } of breaches) process.stdout.write(`  ${invariant}  ${where}: ${what}\n`)
}

const replay = async (file: string): Promise<boolean> => {
  const { scenario } = readRegression(file)
  const breaches = await judge(scenario)
  tell(breaches)
  process.stdout.write(`${JSON.stringify({ replayed: file, breaches: breaches.length })}\n`)
  return breaches.length > 0
}

const liveAll = async ({ seeds, from }: Options): Promise<boolean> => {
  const begun = systemClock.monotonic()
  const progress = showProgress({ stream: process.stderr, label: 'living' })
  const kept: string[] = []
  let lived = 0
  let interrupted = false
  process.once('SIGINT', () => {
    interrupted = true
  })
  for (let seed = from; seed < from + seeds && !interrupted; seed++) {
    await setImmediate() // a signal is heard here
    const found = await trySeed(seed, { shrinkMs: SHRINK_MS })
    progress.update(++lived, seeds)
    if (!found) continue
    progress.end()
    const file = keepRegression(found)
    kept.push(file)
    process.stdout.write(`seed ${seed} breaks a promise; made smaller ${found.shrinks} times\n`)
    tell(found.breaches)
    process.stdout.write(`  npm run simulate -- --replay ${file}\n`)
  }
  progress.end()
  if (interrupted) process.exitCode = 130
  const minutes = (systemClock.monotonic() - begun) / 60_000
  process.stdout.write(
    `${JSON.stringify({ seeds: lived, from, broken: kept.length, regressions: kept, seedsPerMinute: Math.round(lived / minutes) })}\n`,
  )
  return kept.length > 0
}

await command.parseAsync().catch((fault: unknown) => {
  if (!(fault instanceof RegressionError)) throw fault
  process.stderr.write(`${fault.message}\n`)
  process.exitCode = 2
})
