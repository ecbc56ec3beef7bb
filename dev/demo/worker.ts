import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../ready.ts'
import type { Installation } from './installation.ts'
import { NIGHT_ZONE, type Night, nightUntil } from './night.ts'
import type { Run } from './run.ts'
import { workerUrlsOf } from './tsuchi-process.ts'

export interface Worker {
  readonly url: string
  /** Where it takes LINE's webhooks. */
  readonly webhookUrl: string
  readonly logFile: string
  readonly night: Night
  /** Puts its clock forward: with three calls by a day. Resolves when LINE, asked by the worker after so long, has shown that it reaches
   *  the webhook. */
  hoursPass(): Promise<void>
  /** Copies its log to where it outlives the demo, and says where. */
  saveLog(): Promise<string>
}

/** So long should who lives in Bangkok have to wait. */
const WAIT_MS = 16_000
/** Less would be over before everything is produced. */
const LEAST_WAIT_MS = 7_000

const SHOWN_WITHIN_MS = 20_000

const DAY = new URL('day.ts', import.meta.url).href

/** Starts the worker in quiet hours that end soon after it is ready. They are in its configuration, so how long it takes to start must
 *  be guessed beforehand: as long as its own commands took, and if that was too little, once more with twice as much. */
export const startWorker = async (installation: Installation, { clock, progress, signal, orStop }: Run): Promise<Worker> => {
  const { configure, startServer, workspace, prefix } = installation
  for (let allowance = installation.commandMs; ; allowance *= 2) {
    const night = nightUntil(clock.now() + allowance + WAIT_MS)
    await orStop(configure(night))
    const { quietHours } = night
    progress.note(
      `Quiet hours of this demo: ${quietHours.from} to ${quietHours.until} by each person's clock; over in Japan, not yet in ${NIGHT_ZONE}`,
    )
    progress.now('Starting the worker')
    const child = startServer('worker', ['run', '--config', workspace.configFile], DAY)
    const { url, webhookUrl } = await workerUrlsOf(child, signal)
    if (night.endsAt - clock.now() < LEAST_WAIT_MS) {
      progress.note('That took so long that they are all but over: once more, with later ones')
      await orStop(child.end())
      continue
    }
    progress.note(`The worker is ready: ${url}/readyz`)
    const { logFile } = child
    const hoursPass = async () => {
      const before = await checksOf(url)
      await child.signal('SIGUSR2')
      const whyNot = async () => ((await checksOf(url)) > before ? undefined : 'LINE has not shown that it reaches the webhook')
      await until(whyNot, { withinMs: SHOWN_WITHIN_MS, signal })
    }
    const saveLog = async () => {
      const saved = join(tmpdir(), `${prefix}-worker.log`)
      await copyFile(logFile, saved)
      return saved
    }
    return { url, webhookUrl, logFile, night, hoursPass, saveLog }
  }
}

/** Requests without events that LINE has made to the webhook, by the worker's own count. */
const checksOf = async (url: string): Promise<number> => {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) })
  return Number(/^tsuchi_webhook_checks_total\{.*\} (\d+)$/m.exec(await answer.text())?.[1] ?? 0)
}
