import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Installation } from './installation.ts'
import type { Ended } from './tsuchi-command.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

/** A command that can be watched, interrupted and killed. */
export interface RunningCommand {
  readonly child: ChildProcess
  /** Resolves once its standard output so far is like this; rejects if it ends before. */
  untilOut(what: RegExp): Promise<void>
  readonly ended: Promise<Ended>
}

export const startCommand = (at: Pick<Installation, 'configFile' | 'env'>, args: readonly string[]): RunningCommand => {
  const child = spawn(process.execPath, [CLI, ...args, '--config', at.configFile], {
    env: { ...at.env, NODE_OPTIONS: '--disable-warning=TimeoutNegativeWarning' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const watchers = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    stdout += data
    for (const watch of [...watchers]) watch()
  })
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    stderr += data
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
  return {
    child,
    ended,
    untilOut: async (what) => {
      const seen = new Promise<void>((resolve) => {
        const look = () => {
          if (!what.test(stdout)) return
          watchers.delete(look)
          resolve()
        }
        watchers.add(look)
        look()
      })
      const over = ended.then(({ code }) => {
        throw new Error(`it ended with ${code} before its output was like ${what}:\n${stdout}\n${stderr}`)
      })
      await Promise.race([seen, over])
    },
  }
}
