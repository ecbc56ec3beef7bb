import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A child process that cannot outlive us, and that a Ctrl-C at the terminal does not reach: it ends when we say, after the worker
 *  that still drains into it. */
export interface Leash {
  /** Set once it has ended. */
  readonly ended: () => { readonly status: number | null } | undefined
  readonly whenEnded: Promise<void>
  readonly log: () => Promise<string>
  /** Its end, for an error message. */
  readonly logTail: () => Promise<string>
  /** Of a child that goes on with it. */
  readonly signal: (signal: NodeJS.Signals) => Promise<void>
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>
  /** Ends it, and removes its directory. */
  readonly end: () => Promise<void>
}

const SCRIPT = fileURLToPath(new URL('leash.sh', import.meta.url))
const TAIL_LINES = 25
// The script itself kills after 10 s.
const END_WITHIN_MS = 15_000

/** @param directory is made when missing; it is the child's working directory, holds its log, and goes when it is ended.
 *  @param env is for secrets, which other users of the machine could read in a command line.
 *  @param logFile elsewhere, what it prints stays when it is ended. */
export const leash = (
  command: readonly string[],
  directory: string,
  env: NodeJS.ProcessEnv = process.env,
  logFile: string = join(directory, 'output.log'),
): Leash => {
  mkdirSync(directory, { recursive: true })
  const logFd = openSync(logFile, 'a')
  // Detached: its own process group, out of reach of the terminal's signals.
  const child = spawn('/bin/sh', [SCRIPT, directory, ...command], {
    cwd: directory,
    detached: true,
    env,
    stdio: ['pipe', logFd, logFd, 'pipe'],
  })
  closeSync(logFd)
  // A child that has just ended closes the pipe that `end` closes: EPIPE is no news.
  child.stdin?.on('error', () => {})
  const pidPipe = child.stdio[3]
  let pidText = ''
  pidPipe?.on('data', (chunk) => {
    pidText += String(chunk)
  })

  let ended: { status: number | null } | undefined
  const whenEnded = new Promise<void>((resolve) => {
    child.once('error', () => {
      ended ??= { status: null }
      resolve()
    })
    child.once('exit', (status) => {
      ended ??= { status }
      resolve()
    })
  })
  const log = () => readFile(logFile, 'utf8').catch(() => '')
  const signal = async (name: NodeJS.Signals) => {
    if (pidText === '' && pidPipe && !ended) await once(pidPipe, 'data')
    if (!ended) process.kill(Number(pidText), name)
  }

  return {
    ended: () => ended,
    whenEnded,
    log,
    logTail: async () => (await log()).trimEnd().split('\n').slice(-TAIL_LINES).join('\n'),
    signal,
    kill: async (name) => {
      await signal(name)
      await whenEnded
    },
    end: async () => {
      child.stdin?.destroy()
      const overdue = new AbortController()
      const late = delay(END_WITHIN_MS, 'late', { signal: overdue.signal }).catch(() => 'in time')
      const outcome = await Promise.race([whenEnded, late])
      overdue.abort()
      if (outcome === 'late' && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    },
  }
}
