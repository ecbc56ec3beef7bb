import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { leash } from '../../dev/leash.ts'
import type { MemorySample } from '../verifier/history.ts'
import type { Control } from './control.ts'
import type { LogLine } from './log-follower.ts'
import { type Ended, type Worker, watchWorker } from './worker.ts'

/** The workers of one run, each with a place of its own, where its state stays from one life to the next. As whoever runs tsuchi would
 *  have it, one that ends by itself is started again. */
export interface Fleet {
  readonly places: number
  /** Who lives there now. */
  at(place: number): Worker | undefined
  running(): readonly Worker[]
  /** The place that is meant, or the next one where somebody lives. */
  livingFrom(place: number): number | undefined
  stateOf(place: number): string
  /** Does nothing where somebody lives. */
  start(place: number): Worker
  /** In order, as every end that is asked for: it is not started again. */
  stop(place: number): Promise<Ended | undefined>
  kill(place: number): Promise<Ended | undefined>
  readonly memory: readonly MemorySample[]
  readonly lives: readonly Life[]
  /** Those that ended although nobody had told them to, with the last that they said of why. */
  readonly endedAlone: readonly {
    readonly worker: string
    readonly at: number
    readonly status: number | null
    readonly why: string
    /** It had opened partitions; else it did not even start. */
    readonly hadBegun: boolean
  }[]
}

/** What there is to know of one life, for whoever asks later who owned what. */
export interface Life {
  readonly worker: Worker
  readonly place: number
  readonly lines: readonly LogLine[]
  ended: Ended | undefined
}

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const INSIDE = new URL('inside-worker.ts', import.meta.url).href
const START_AGAIN_AFTER_MS = 2_000
const SAMPLE_EVERY_MS = 2_000
const SCRAPE_EVERY_MS = 10_000
/** What is remembered of logs. */
const OF_INTEREST: ReadonlySet<string> = new Set([
  ...['started', 'failed', 'signal', 'assigned', 'task-opened', 'task-closed', 'task-failed', 'close-failed', 'handover-failed'],
  ...['stop-failed', 'store-rebuild', 'intake-stalled', 'intake-resumed', 'channel-paused', 'channel-resumed'],
])

export const openFleet = (options: {
  readonly places: number
  readonly directory: string
  /** Where logs, departures and metrics go. */
  readonly witnessed: string
  readonly config: string
  readonly env: NodeJS.ProcessEnv
  readonly control: Control
  readonly now: () => number
  readonly say: (line: string) => void
  readonly cleanUp: AsyncDisposableStack
}): Fleet => {
  const { directory, witnessed, control, now, say, cleanUp } = options
  const living = new Map<number, Worker>()
  const wanted = new Set<number>()
  const numbers = new Map<number, number>()
  const lives: Life[] = []
  const memory: MemorySample[] = []
  const endedAlone: Fleet['endedAlone'][number][] = []
  let isOver = false
  const stateOf = (place: number) => join(directory, `state-${place}`)

  const launch = (place: number): Worker => {
    const number = (numbers.get(place) ?? 0) + 1
    numbers.set(place, number)
    const name = `worker-${place}.${number}`
    const logFile = join(witnessed, `${name}.log`)
    writeFileSync(logFile, '')
    const child = leash(
      [process.execPath, '--import', INSIDE, CLI, 'run', '--config', options.config, '--from', 'earliest'],
      join(directory, name),
      {
        ...options.env,
        ...{ TSUCHI_STATE: stateOf(place), CHAOS_WORKER: name, CHAOS_DIRECTORY: witnessed, CHAOS_SOCKET: control.path },
      },
      logFile,
    )
    const lines: LogLine[] = []
    const onLine = (line: LogLine) => {
      if (OF_INTEREST.has(line.event)) lines.push(line)
    }
    const worker = watchWorker({ name, child, logFile, control, now, onLine })
    const life: Life = { worker, place, lines, ended: undefined }
    lives.push(life)
    living.set(place, worker)
    cleanUp.defer(async () => {
      if (worker.hasEnded()) return
      await worker.thaw()
      await worker.kill()
    })
    watchOver(life).catch((fault: unknown) => say(`${name}: ${String(fault)}`))
    return worker
  }

  const watchOver = async (life: Life): Promise<void> => {
    const { worker, place } = life
    const ended = await worker.ended
    life.ended = ended
    if (living.get(place) === worker) living.delete(place)
    await rm(join(directory, worker.name), { recursive: true, force: true })
    if (ended.how === 'killed' || ended.how === 'stopped') return
    const failure = life.lines.findLast(({ event }) => event === 'failed')?.msg
    const why = failure === undefined ? await worker.lastWords() : String(failure)
    const hadBegun = ended.how === 'alone' && life.lines.some(({ event }) => event === 'task-opened')
    endedAlone.push({ worker: worker.name, at: ended.at, status: ended.status, why, hadBegun })
    say(`${worker.name} ended with ${ended.status} ${ended.how === 'alone' ? 'by itself' : 'as it was to stop'}: ${why}`)
    await delay(START_AGAIN_AFTER_MS)
    if (wanted.has(place) && !living.has(place) && !isOver) launch(place)
  }

  const sampling = setInterval(() => {
    for (const worker of living.values()) {
      const rssBytes = worker.rssBytes()
      if (rssBytes !== undefined) memory.push({ at: now(), worker: worker.name, rssBytes })
    }
  }, SAMPLE_EVERY_MS)
  const scraping = setInterval(() => {
    for (const worker of living.values()) scrape(worker, witnessed).catch(() => undefined) // it may just be ending, or standing still
  }, SCRAPE_EVERY_MS)
  cleanUp.defer(() => {
    isOver = true
    clearInterval(sampling)
    clearInterval(scraping)
  })

  return {
    places: options.places,
    at: (place) => living.get(place),
    running: () => [...living.values()],
    livingFrom: (place) => {
      const all = Array.from({ length: options.places }, (_, n) => ((place - 1 + n) % options.places) + 1)
      return all.find((each) => living.has(each))
    },
    stateOf,
    start: (place) => {
      wanted.add(place)
      return living.get(place) ?? launch(place)
    },
    stop: async (place) => {
      wanted.delete(place)
      return living.get(place)?.stop()
    },
    kill: async (place) => {
      wanted.delete(place)
      return living.get(place)?.kill()
    },
    memory,
    lives,
    endedAlone,
  }
}

const scrape = async (worker: Worker, witnessed: string): Promise<void> => {
  const url = worker.url()
  if (url === undefined || worker.frozen.at(-1)?.until === null) return
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(SCRAPE_EVERY_MS) })
  writeFileSync(join(witnessed, `${worker.name}.metrics`), await answer.text(), { flag: 'a' })
}
