import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/clock.ts'
import { patchKafkajs } from '../src/kafka/kafkajs-patches.ts'
import { formatAddresses, NEXT_STEPS } from './demo/addresses.ts'
import { DemoFault, Interrupted } from './demo/fault.ts'
import { openInstallation } from './demo/installation.ts'
import { play } from './demo/play.ts'
import { showProgress } from './demo/progress.ts'
import { reportAsJson, reportOf } from './demo/report.ts'
import { openRun } from './demo/run.ts'
import { StackUnavailable } from './stack-unavailable.ts'

const USAGE = `npm run demo [-- --keep] [-- --json]

Starts Kafka, a schema registry and a stand-in for LINE on this machine, runs a worker, produces some 300 events, and shows what became
of them; a day passes in it by the worker's clock. Takes less than a minute; the first time, Kafka is downloaded before.

  --keep   leave it all running until Ctrl-C, and say where everything is
  --json   end with the table as one line of JSON on standard output; all else goes to standard error
`

/** A Ctrl-C reaches us from the terminal, and once more through npm. */
const NPM_REPEATS_WITHIN_MS = 1_000

/** @throws the reason it was stopped for, or the first fault. Either way nothing is left running. */
const demo = async ({ keep, json }: Options, stopping: AbortController): Promise<void> => {
  const say = (text: string) => (json ? process.stderr : process.stdout).write(`\n${text}\n`)
  const progress = showProgress(process.stderr, systemClock.monotonic)
  const cleanUp = new AsyncDisposableStack()
  try {
    const run = openRun({ clock: systemClock, progress, cleanUp, stopping })
    const installation = await openInstallation(run)
    const { findings, worker } = await play(installation, run)
    progress.end()
    say(reportOf(findings))
    if (json) process.stdout.write(`${reportAsJson(findings)}\n`)
    if (!keep) {
      say(NEXT_STEPS)
      return
    }
    const { stack, simulatorUrl, prefix } = installation
    installation.keepTopics()
    say(
      formatAddresses({
        ...stack,
        simulatorUrl,
        workerUrl: worker.url,
        webhookUrl: worker.webhookUrl,
        workerLog: worker.logFile,
        results: `${prefix}.results`,
      }),
    )
    if (stack.kind === 'given') say(`The topics ${prefix}.* stay when it ends`)
    await run.orStop(once(stopping.signal, 'abort'))
  } finally {
    progress.now('Ending what was started')
    await cleanUp.disposeAsync().catch((fault: unknown) => progress.note(`Not everything could be ended: ${String(fault)}`))
    progress.end()
  }
}

const flag = { type: 'boolean', default: false } as const

interface Options {
  readonly keep: boolean
  readonly json: boolean
}

/** `undefined` once it has said what is wrong with them, or helped. */
const readOptions = (): Options | undefined => {
  try {
    const { values } = parseArgs({ options: { keep: flag, json: flag, help: { ...flag, short: 'h' } } })
    if (!values.help) return values
    process.stdout.write(USAGE)
  } catch (fault) {
    process.stderr.write(`${fault instanceof Error ? fault.message : fault}\n\n${USAGE}`)
    process.exitCode = 2
  }
  return undefined
}

const exitCodeOf = (fault: unknown): number => {
  if (fault instanceof Interrupted) {
    process.stderr.write('\nEnded; nothing is left running\n')
    return 130
  }
  process.stderr.write(
    `\n${fault instanceof DemoFault || fault instanceof StackUnavailable ? fault.message : String((fault as Error).stack)}\n`,
  )
  return 1
}

const options = readOptions()
if (options) {
  patchKafkajs()
  const stopping = new AbortController()
  let askedAt: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      askedAt ??= systemClock.monotonic()
      stopping.abort(new Interrupted(signal))
      // Asked again: what still runs notices that we are gone, and ends by itself.
      if (systemClock.monotonic() - askedAt > NPM_REPEATS_WITHIN_MS) process.exit(130)
    })
  const code = await demo(options, stopping).then(
    () => 0,
    (fault: unknown) => exitCodeOf(stopping.signal.aborted ? stopping.signal.reason : fault),
  )
  // Not left to the event loop: what we gave up may still wait for an answer.
  process.exit(code)
}
