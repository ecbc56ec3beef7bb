import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Leash } from '../../dev/leash.ts'
import type { Control, Wanted } from './control.ts'
import { followLog, type LogLine } from './log-follower.ts'

/** One life of a worker: a process, from its launch to its end. */
export interface Worker {
  /** `worker-2.3`: the third life of the second. */
  readonly name: string
  /** Where it answers, and takes LINE's webhooks, once it has said so. */
  url(): string | undefined
  webhookPort(): number | undefined
  /** When it was made to stand still; the last one may still last. */
  readonly frozen: readonly Frozen[]
  readonly ended: Promise<Ended>
  /** The last that it said, be it for people. */
  lastWords(): Promise<string>
  hasEnded(): boolean
  /** Resolves when it says that it has joined, and has restored what it has been given; `false`: it ended before, or it took too long. */
  untilReady(withinMs: number): Promise<boolean>
  rssBytes(): number | undefined
  tell(order: Wanted): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** In order. */
  stop(): Promise<Ended>
  kill(): Promise<Ended>
}

export interface Ended {
  readonly at: number
  /** `alone`: nobody had told it to. `failed`: it was to stop in order, and could not. */
  readonly how: 'killed' | 'stopped' | 'alone' | 'failed'
  readonly status: number | null
}

export interface Frozen {
  readonly from: number
  readonly until: number | null
}

const LOOK_EVERY_MS = 100

export const watchWorker = (options: {
  readonly name: string
  readonly child: Leash
  readonly logFile: string
  readonly control: Control
  readonly now: () => number
  readonly onLine: (line: LogLine) => void
}): Worker => {
  const { name, child, control, now } = options
  let url: string | undefined
  let webhookPort: number | undefined
  let told: 'killed' | 'stopped' | undefined
  const frozen: Frozen[] = []
  let hasEnded = false

  const log = followLog(options.logFile, (line) => {
    if (line.event === 'started') url = String(line.http)
    if (line.event === 'webhook-listening') webhookPort = Number(new URL(String(line.url)).port)
    options.onLine(line)
  })
  const looking = setInterval(log.look, LOOK_EVERY_MS)

  const end = async (): Promise<Ended> => {
    await child.whenEnded
    const at = now()
    hasEnded = true
    clearInterval(looking)
    log.look()
    log.close()
    const status = child.ended()?.status ?? null
    if (told === 'killed') return { at, how: 'killed', status }
    // 143: it was told so early that it had not begun to listen to signals, nor to do anything else.
    if (told === 'stopped') return { at, how: status === 0 || status === 143 ? 'stopped' : 'failed', status }
    return { at, how: 'alone', status }
  }
  const ended = end()

  const isReady = async (): Promise<boolean> => {
    if (url === undefined) return false
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
    await answer?.arrayBuffer().catch(() => undefined)
    return answer?.ok === true
  }

  return {
    name,
    url: () => url,
    webhookPort: () => webhookPort,
    frozen,
    ended,
    lastWords: async () =>
      (await child.logTail())
        .split('\n')
        .slice(-3)
        .filter((line) => !line.startsWith('{'))
        .join(' '),
    hasEnded: () => hasEnded,
    untilReady: async (withinMs) => {
      const until = now() + withinMs
      while (!hasEnded && now() < until) {
        if (await isReady()) return true
        await delay(LOOK_EVERY_MS)
      }
      return false
    },
    rssBytes: () => {
      const pid = control.pidOf(name)
      if (pid === undefined || hasEnded) return undefined
      try {
        const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
        return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024
      } catch {
        return undefined // it has just ended
      }
    },
    tell: (order) => control.tell(name, order),
    freeze: async () => {
      await child.signal('SIGSTOP')
      frozen.push({ from: now(), until: null })
    },
    thaw: async () => {
      const last = frozen.at(-1)
      if (last?.until !== null) return
      frozen.splice(-1, 1, { from: last.from, until: now() })
      await child.signal('SIGCONT')
    },
    stop: async () => {
      told ??= 'stopped'
      await child.signal('SIGTERM')
      return ended
    },
    kill: async () => {
      told = 'killed'
      await child.signal('SIGKILL')
      return ended
    },
  }
}
