import { once } from 'node:events'
import { startStack } from './stack.ts'
import { StackUnavailable } from './stack-unavailable.ts'

/** `node dev/up.ts`: a stack that stays until Ctrl-C. Standard output is for the shell's `eval` or a copy into another terminal. */
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

/** An event alone would not keep a process alive that uses a given stack. */
async function holdUntil(signal: AbortSignal) {
  const alive = setInterval(() => {}, 60_000)
  await once(signal, 'abort')
  clearInterval(alive)
}
