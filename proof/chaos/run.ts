import { Command, InvalidArgumentError, Option } from 'commander'
import { StackUnavailable } from '../../dev/stack-unavailable.ts'
import { systemClock } from '../../src/clock.ts'
import { type ChaosOptions, runChaos } from './chaos.ts'

const number = (least: number, whole: boolean) => (text: string) => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < least || (whole && !Number.isInteger(value)))
    throw new InvalidArgumentError(`Write a ${whole ? 'whole ' : ''}number, ${least} or more.`)
  return value
}

const command = new Command('npm run chaos --')
  .description(
    'runs tsuchi on a real Kafka and the LINE simulator while everything fails, and judges whether it kept its promises',
  )
  .option('--minutes <m>', 'how long, until it should have settled', number(0.5, false), 10)
  .option('--seed <s>', 'what goes wrong when, and what is asked for: the same for the same seed', number(0, true), 1)
  .option('--notifications <n>', 'how many are asked for', number(1, true), 50_000)
  .option('--limit <n>', 'requests per second that LINE takes, of each channel and endpoint', number(50, true), 200)
  .option('--keep', 'keep logs and history, also when every promise was kept', false)
  .addOption(new Option('--json', 'nothing but the last line').default(false))
  .addHelpText(
    'after',
    `
Starts Kafka and a registry as \`npm run stack\` does, the LINE simulator, and three workers: \`tsuchi run\` as it ships, each a process with
a disk of its own. Then, while notifications are asked for: workers are killed, stand still, stop in order, become one or four, find their
disk deleted, cut off, or years old, and their clocks wrong; the broker and the registry go away, the group's offsets are lost, a rebalance
is held up; LINE refuses, resets, hangs, answers nonsense, or is not there, and its webhooks come late, twice and out of order. In the last
quarter all is well, and everything must end.

Whoever watches knows nothing of tsuchi's own reckoning: the topics are read, LINE's log, and each request as it leaves a worker's socket.
What they saw is held against what was asked for and the promises of docs/guarantees.md. Faults, length and --seed are one: a run that
found something can be had again, but for what the machine does by itself. From five minutes on every kind of fault has its time; shorter
runs have some. On a Kafka that is given or in Docker the broker is left alone, and that is said.

Progress goes to standard error, the report to standard output, its last line as JSON. Exits with 0 if every promise was kept, and removes
what it wrote; with 1 if one was not, and says where logs (<worker>.log), what left the sockets (<worker>.departures) and the whole history
(history.json.gz) are; with 2 if the options are wrong.

  npm run chaos                                      10 minutes, 50,000 notifications
  npm run chaos -- --minutes 2 --notifications 5000  a look
  npm run chaos -- --seed 42 --keep                  another order of things
  TSUCHI_STACK=jvm npm run chaos                     with a broker of its own, even if Docker is there`,
  )
  .exitOverride((fault) => {
    process.exit(fault.exitCode === 0 ? 0 : 2)
  })
  .action(async (options: ChaosOptions & { readonly json: boolean }) => {
    const began = systemClock.monotonic()
    const say = (line: string) =>
      process.stderr.write(`${((systemClock.monotonic() - began) / 1_000).toFixed(0).padStart(5)} s  ${line}\n`)
    const cleanUp = new AsyncDisposableStack()
    const giveUp = new AbortController()
    let ended: Promise<void> | undefined
    const end = () => {
      ended ??= cleanUp.disposeAsync()
      return ended
    }
    const interrupt = () => {
      say('ending what was started')
      giveUp.abort(new Error('given up'))
      const leave = () => process.exit(130)
      end().then(leave, leave)
    }
    process.once('SIGINT', interrupt)
    process.once('SIGTERM', interrupt)
    try {
      const { table, ...report } = await runChaos(options, { say, signal: giveUp.signal, cleanUp })
      if (!options.json) process.stdout.write(`${table}\n\nseed ${options.seed}, ${options.minutes} minutes\n`)
      if (report.directory !== null) say(`logs and history: ${report.directory}`)
      process.stdout.write(`${JSON.stringify(report)}\n`)
      if (!report.verdict.kept) process.exitCode = 1
    } finally {
      await end()
    }
  })

await command.parseAsync().catch((fault: unknown) => {
  process.stderr.write(
    `${fault instanceof StackUnavailable ? fault.message : fault instanceof Error ? fault.stack : String(fault)}\n`,
  )
  process.exitCode = 1
})
