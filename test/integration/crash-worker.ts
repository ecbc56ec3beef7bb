import { writeSync } from 'node:fs'
import { startWorker } from '../../src/app.ts'
import { systemClock } from '../../src/clock.ts'
import { loadConfig } from '../../src/config.ts'
import { createLog } from '../../src/observability/log.ts'

/** A worker as a process, that sends itself a signal right after its first commit with an intention in it: before any of them is
 *  acted on. `crash-worker.ts CONFIG [SIGNAL]`. */
const [configFile = '', signal] = process.argv.slice(2)
let struck = signal === undefined

const worker = await startWorker({
  config: loadConfig(configFile),
  stages: ['intake', 'dispatch'],
  from: undefined,
  clock: systemClock,
  log: createLog('info'),
  aroundJournal: (journal) => ({
    ...journal,
    commit: async (changes) => {
      const next = await journal.commit(changes)
      const intentions = changes.entries.filter(({ state }) => state === 'sending').length
      if (struck || intentions === 0) return next
      struck = true
      writeSync(1, `${JSON.stringify({ event: 'crash-point', intentions })}\n`)
      process.kill(process.pid, signal)
      return next
    },
  }),
})
process.on('SIGTERM', () => {
  worker.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
