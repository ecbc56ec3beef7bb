import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Installation } from './installation.ts'
import { NIGHT_ZONE, type Night, nightUntil } from './night.ts'
import type { Run } from './run.ts'
import { workerUrlOf } from './tsuchi-process.ts'

export interface Worker {
  readonly url: string
  readonly logFile: string
  readonly night: Night
  /** Copies its log to where it outlives the demo, and says where. */
  saveLog(): Promise<string>
}

/** So long should who lives in Bangkok have to wait. */
const WAIT_MS = 16_000
/** Less would be over before everything is produced. */
const LEAST_WAIT_MS = 7_000

/** Starts the worker in quiet hours that end soon after it is ready. They are in its configuration, so how long it takes to start must
 *  be guessed beforehand: as long as its own commands took, and if that was too little, once more with twice as much. */
export const startWorker = async (installation: Installation, { clock, progress, signal, orStop }: Run): Promise<Worker> => {
  const { configure, startServer, workspace, prefix } = installation
  for (let allowance = installation.commandMs; ; allowance *= 2) {
    const night = nightUntil(clock.now() + allowance + WAIT_MS)
    await orStop(configure(night))
    const { from, until } = night.quietHours
    progress.note(`Quiet hours of this demo: ${from} to ${until} by each person's clock; over in Japan, not yet in ${NIGHT_ZONE}`)
    progress.now('Starting the worker')
    const child = startServer('worker', ['run', '--config', workspace.configFile])
    const url = await workerUrlOf(child, signal)
    if (night.endsAt - clock.now() < LEAST_WAIT_MS) {
      progress.note('That took so long that they are all but over: once more, with later ones')
      await orStop(child.end())
      continue
    }
    progress.note(`The worker is ready: ${url}/readyz`)
    const { logFile } = child
    const saveLog = async () => {
      const saved = join(tmpdir(), `${prefix}-worker.log`)
      await copyFile(logFile, saved)
      return saved
    }
    return { url, logFile, night, saveLog }
  }
}
