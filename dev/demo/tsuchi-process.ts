import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Leash, leash } from '../leash.ts'
import { until } from '../ready.ts'
import { DemoFault } from './fault.ts'
import { reasonIn } from './last-words.ts'
import type { Workspace } from './workspace.ts'

/** tsuchi as its users run it: its own process, told by arguments, environment and a configuration file. */
export interface TsuchiProcess extends Leash {
  readonly name: string
  /** What it has printed. */
  readonly logFile: string
  /** Whether somebody has told it to end. */
  readonly told: () => boolean
}

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const READY_WITHIN_MS = 30_000

/** `preload`: a module of ours that it runs first. */
export const launch = (name: string, args: readonly string[], { directory, env }: Workspace, preload?: string): TsuchiProcess => {
  const own = join(directory, name)
  const child = leash([process.execPath, ...(preload === undefined ? [] : ['--import', preload]), CLI, ...args], own, env)
  let told = false
  const end = () => {
    told = true
    return child.end()
  }
  return { ...child, end, name, logFile: join(own, 'output.log'), told: () => told }
}

/** To its end. @throws DemoFault with what it printed of the reason, when it fails. */
export const completed = async (child: TsuchiProcess): Promise<void> => {
  await child.whenEnded
  if (child.ended()?.status !== 0) throw await faultOf(child)
}

/** Tells when it ends by itself, although it should go on until it is told to end. */
export const watch = async (child: TsuchiProcess, onFault: (fault: DemoFault) => void): Promise<void> => {
  await child.whenEnded
  if (!child.told()) onFault(await faultOf(child))
}

/** The simulator's address: the first thing it prints. */
export const simulatorUrlOf = async (simulator: TsuchiProcess, signal: AbortSignal): Promise<string> => {
  let url: string | undefined
  const whyNot = async () => {
    url = /^http:\/\/\S+$/m.exec(await simulator.log())?.[0]
    return url === undefined ? 'the simulator has not said where it listens' : undefined
  }
  await untilReady(simulator, whyNot, signal)
  return url ?? ''
}

/** Where the worker answers, and where it takes LINE's webhooks, once /readyz there says that it works. */
export const workerUrlsOf = async (
  worker: TsuchiProcess,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly webhookUrl: string }> => {
  let url: string | undefined
  const whyNot = async () => {
    url ??= /"event":"started","http":"([^"]+)"/.exec(await worker.log())?.[1]
    if (url === undefined) return 'the worker has not started'
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
    return answer?.ok ? undefined : `the worker is not ready: ${await answer?.text()}`
  }
  await untilReady(worker, whyNot, signal)
  const webhookUrl = /"event":"webhook-listening","url":"([^"]+)"/.exec(await worker.log())?.[1]
  if (url === undefined || webhookUrl === undefined) throw new DemoFault('the worker takes no webhooks')
  return { url, webhookUrl }
}

const untilReady = async (
  child: TsuchiProcess,
  whyNot: () => Promise<string | undefined>,
  signal: AbortSignal,
): Promise<void> => {
  try {
    await until(whyNot, { withinMs: READY_WITHIN_MS, signal })
  } catch (fault) {
    if (signal.aborted || !(fault instanceof Error)) throw fault
    throw new DemoFault(`${fault.message}. ${await lastWordsOf(child)}`)
  }
}

const faultOf = async (child: TsuchiProcess): Promise<DemoFault> => {
  const how = `ended with status ${child.ended()?.status ?? 'unknown'}`
  return new DemoFault(`tsuchi's ${child.name} ${how}. ${await lastWordsOf(child)}`)
}

/** The log outlives the process's folder, which goes with the demo. */
const lastWordsOf = async ({ name, log, logFile }: TsuchiProcess): Promise<string> => {
  const saved = join(tmpdir(), `tsuchi-demo-${process.pid}-${name}.log`)
  const place = await copyFile(logFile, saved).then(
    () => saved,
    () => logFile,
  )
  return `What it printed of the reason (all of it: ${place}):\n${reasonIn(await log())}`
}
