import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { startStack } from './stack.ts'
import { StackUnavailable } from './stack-unavailable.ts'

const USAGE = `npm run stack

Starts a real Kafka and a real schema registry (Confluent's API) on free ports of 127.0.0.1, and leaves them running until Ctrl-C; then
they are gone, with all data. Prints the line that tells a terminal where they are: paste it there.

Takes the first of these that there is:
  given    what KAFKA_BROKERS and SCHEMA_REGISTRY_URL name, if they are set; it is not ended
  docker   if its daemon answers
  jvm      Java 17 or later, and Maven; the first time, Kafka and the registry are downloaded into ~/.cache/tsuchi

TSUCHI_STACK=docker or TSUCHI_STACK=jvm asks for one.
`

/** Standard output is for the shell's `eval` or a copy into another terminal. */
const up = async (): Promise<void> => {
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  process.once('SIGTERM', () => stopping.abort())
  try {
    const stack = await startStack({ onProgress: (line) => console.error(line), signal: stopping.signal })
    console.log(`export KAFKA_BROKERS=${stack.brokers.join(',')} SCHEMA_REGISTRY_URL=${stack.registryUrl}`)
    console.error('Ctrl-C ends it')
    if (!stopping.signal.aborted) await holdUntil(stopping.signal)
    await stack.stop()
  } catch (fault) {
    if (stopping.signal.aborted) process.exitCode = 130
    else if (fault instanceof StackUnavailable) {
      console.error(fault.message)
      process.exitCode = 1
    } else throw fault
  }
}

/** An event alone would not keep a process alive that uses a given stack. */
const holdUntil = async (signal: AbortSignal): Promise<void> => {
  const alive = setInterval(() => {}, 60_000)
  await once(signal, 'abort')
  clearInterval(alive)
}

/** False once it has helped, or said what is wrong. */
const mayStart = (): boolean => {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', default: false, short: 'h' } } })
    if (values.help) process.stdout.write(USAGE)
    return !values.help
  } catch (fault) {
    process.stderr.write(`${fault instanceof Error ? fault.message : fault}\n\n${USAGE}`)
    process.exitCode = 2
    return false
  }
}

if (mayStart()) await up()
