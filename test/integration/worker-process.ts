import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type TestContext, vi } from 'vitest'
import type { Installation } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'

/** A worker in a process of its own, which can be stopped, killed and woken. */
export interface WorkerProcess {
  readonly child: ChildProcess
  /** Its log lines so far. */
  readonly lines: readonly LogLine[]
  /** What it has written to standard error so far. */
  errors(): string
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  untilLogged(what: string, holds: (line: LogLine) => boolean): Promise<LogLine>
  untilReady(): Promise<void>
  /** Until the kernel has stopped it. */
  untilStopped(): Promise<void>
}

export type LogLine = Readonly<Record<string, unknown>>

let spawned = 0

type Script = 'cli' | 'crash' | 'crash-in-fan-out'

/** Default: this one. `root` is the folder of another version. */
interface Given {
  readonly script: Script
  readonly state: string
  readonly root?: string
}

/** `cli` for the product's own command, the others for those with a crash point; with a state directory in the installation's, or one that
 *  no other worker had. Killed when the test ends, if it still runs. */
export const spawnWorker = (
  { onTestFinished }: TestContext,
  at: Installation,
  given: Script | Given,
  ...args: readonly string[]
): WorkerProcess => {
  const {
    script,
    state,
    root = ROOT,
  } = typeof given === 'string' ? { script: given, state: `state-of-process-${spawned++}`, root: ROOT } : given
  const preloaded = script === 'crash-in-fan-out' ? ['--import', path('./crash-in-fan-out.ts')] : []
  const command =
    script === 'crash'
      ? [path('./crash-worker.ts'), at.configFile]
      : [...preloaded, join(root, 'src/cli.ts'), 'run', '--config', at.configFile]
  const child = spawn(process.execPath, [...command, ...args], {
    env: { ...process.env, ...at.env, TSUCHI_STATE: state },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: LogLine[] = []
  let rest = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    const [...whole] = (rest + data).split('\n')
    rest = whole.pop() ?? ''
    lines.push(...whole.map((line): LogLine => JSON.parse(line)))
  })
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    errors += data
  })
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
  })

  const untilLogged: WorkerProcess['untilLogged'] = (what, holds) =>
    vi.waitFor(
      () => {
        const line = lines.find(holds)
        if (!line)
          throw new Error(
            `the worker never logged ${what}\n${errors}${lines
              .slice(-5)
              .map((each) => JSON.stringify(each))
              .join('\n')}`,
          )
        return line
      },
      { timeout: PATIENCE_MS, interval: 20 },
    )
  return {
    child,
    lines,
    errors: () => errors,
    exited,
    untilLogged,
    untilReady: async () => {
      const { http } = await untilLogged('that it has started', ({ event }) => event === 'started')
      await vi.waitFor(
        async () => {
          const answer = await fetch(`${String(http)}/readyz`)
          if (answer.status !== 200) throw new Error(await answer.text())
        },
        { timeout: PATIENCE_MS, interval: 50 },
      )
    },
    untilStopped: () =>
      vi.waitFor(
        () => {
          if (!/^\d+ \(.*\) T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))) throw new Error('the worker still runs')
        },
        { timeout: PATIENCE_MS, interval: 20 },
      ),
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
