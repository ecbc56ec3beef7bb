import { availableParallelism, cpus } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { StackUnavailable } from '../dev/stack-unavailable.ts'
import { systemClock } from '../src/clock.ts'
import { disaster } from './disaster.ts'
import { morning } from './morning.ts'
import { rate } from './rate.ts'
import type { Report, Scenario } from './scenario.ts'
import { store } from './store.ts'
import { formatTable } from './table.ts'
import { throughput } from './throughput.ts'
import { webhook } from './webhook.ts'

const SCENARIOS: Readonly<Record<string, Scenario>> = { throughput, rate, morning, disaster, webhook, store }

const USAGE = `npm run bench -- [SCENARIO] [options]

Measures tsuchi on this machine with a real Kafka, a real registry and the LINE simulator; without a name, throughput. Progress goes to
standard error, the result to standard output. Everything is stopped in the end. bench/README.md says how to read the figures.

${Object.entries(SCENARIOS).map(describe).join('\n\n')}

for all
    --json              the result as one line of JSON
    --cpu-prof DIR      every worker that is stopped leaves a CPU profile there
    --help
`

function describe([name, { summary, options }]: [string, Scenario]): string {
  const lines = Object.entries(options).map(
    ([option, each]) => `    ${`--${option} N`.padEnd(20)}${each.help} (default: ${each.default.toLocaleString('en')})`,
  )
  return [`${name}: ${summary}`, ...lines].join('\n')
}

class UsageError extends Error {}

const readArguments = () => {
  const [first = ''] = process.argv.slice(2)
  const isNamed = !first.startsWith('-') && first !== ''
  const name = isNamed ? first : 'throughput'
  const scenario = SCENARIOS[name]
  if (!scenario) throw new UsageError(`there is no scenario ${name}`)
  const own = Object.fromEntries(Object.keys(scenario.options).map((option) => [option, { type: 'string' as const }]))
  const { values } = parse(process.argv.slice(isNamed ? 3 : 2), own)
  const options = Object.fromEntries(
    Object.entries(scenario.options).map(([option, { default: standard }]) => [
      option,
      numberOf(option, values[option], standard),
    ]),
  )
  const { help, json, 'cpu-prof': profiles } = values
  return {
    ...{ name, scenario, options, help: help === true, json: json === true },
    profiles: typeof profiles === 'string' ? resolve(profiles) : undefined,
  }
}

const parse = (
  args: string[],
  own: Record<string, { type: 'string' }>,
): { readonly values: Readonly<Record<string, string | boolean | undefined>> } => {
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({ args, options: { ...own, json: flag, help: { ...flag, short: 'h' }, 'cpu-prof': { type: 'string' } } })
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault))
  }
}

const numberOf = (option: string, text: unknown, standard: number): number => {
  if (text === undefined) return standard
  const value = Number(text)
  if (text === '' || !Number.isFinite(value) || value < 0) throw new UsageError(`--${option}: write a number, 0 or more`)
  return value
}

const print = ({ title, tables, faults }: Report): void => {
  const parts = [title, ...tables.map(formatTable), ...faults.map((fault) => `NOT AS IT MUST BE: ${fault}`)]
  process.stdout.write(`${parts.join('\n\n')}\n`)
}

const bench = async (): Promise<void> => {
  const { name, scenario, options, help, json, profiles } = readArguments()
  if (help) return void process.stdout.write(USAGE)

  const began = systemClock.monotonic()
  const say = (line: string) =>
    process.stderr.write(`${((systemClock.monotonic() - began) / 1_000).toFixed(0).padStart(5)} s  ${line}\n`)
  const cleanUp = new AsyncDisposableStack()
  let ended: Promise<void> | undefined
  const end = () => {
    ended ??= cleanUp.disposeAsync()
    return ended
  }
  const interrupt = () => {
    say('ending what was started')
    const leave = () => process.exit(130)
    end().then(leave, leave)
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const report = await scenario.run({ say, cleanUp, profiles }, options)
    const machine = { cores: availableParallelism(), cpu: cpus()[0]?.model ?? 'unknown', node: process.version }
    if (json)
      process.stdout.write(`${JSON.stringify({ scenario: name, options, machine, ...report.figures, faults: report.faults })}\n`)
    else print(report)
    if (report.faults.length > 0) process.exitCode = 1
  } finally {
    await end()
  }
}

await bench().catch((fault: unknown) => {
  if (fault instanceof UsageError) process.stderr.write(`${fault.message}\n\n${USAGE}`)
  else if (fault instanceof StackUnavailable) process.stderr.write(`${fault.message}\n`)
  else process.stderr.write(`${fault instanceof Error ? fault.stack : String(fault)}\n`)
  process.exitCode = fault instanceof UsageError ? 2 : 1
})
