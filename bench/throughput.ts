import { fileURLToPath } from 'node:url'
import type { Deployment } from './deployment.ts'
import { createFollower } from './follow.ts'
import { type Installation, openInstallation } from './installation.ts'
import type { Send } from './line.ts'
import { type Metrics, readMetrics } from './metrics.ts'
import { messageOf } from './routes.ts'
import type { Report, Scenario } from './scenario.ts'
import { pause, printed } from './waiting.ts'

/** A backlog of payment-due events is worked off by one worker with everything on: decode, render, seal, commit, send, publish. */
export const throughput: Scenario<'events' | 'latency' | 'runs'> = {
  summary: 'a backlog is worked off by one worker, and by a bare loop of kafkajs and undici beside it',
  options: {
    events: { default: 20_000, help: 'in the backlog' },
    latency: { default: 20, help: 'ms until LINE answers' },
    runs: { default: 2, help: 'of each, in turn' },
  },
  run: async (bench, { events, latency, runs }) => {
    const at = await openInstallation(bench, { latency, remembers: events + 1_000 })
    const contenders = await contendersOf(at)
    const measured: Run[] = []
    for (let round = 1; round <= runs; round++) {
      for (const contender of contenders) {
        const deployment = await contender.prepare()
        if (measured.length === 0) {
          bench.say(`producing ${events} events`)
          await at.events.paymentDue(events)
        }
        await at.line.forget()
        const run = await runOf(at, events, contender.name, () => contender.start(deployment))
        bench.say(`${contender.name}, run ${round}: ${run.perSecond.toFixed(0)}/s, ${run.cpuPer10k.toFixed(2)} CPU s per 10,000`)
        measured.push(run)
      }
    }
    return reportOf(measured, { events, latency })
  },
}

interface Contender {
  readonly name: string
  readonly prepare: () => Promise<Deployment | undefined>
  readonly start: (deployment: Deployment | undefined) => Promise<Running>
}

interface Running {
  readonly metrics: () => Promise<Metrics>
  /** Of the events, how many are behind it for good. */
  readonly done: (metrics: Metrics) => number
  readonly stop: () => Promise<void>
}

interface Run {
  readonly name: string
  readonly perSecond: number
  /** Of the process, from when it had started until the last result is committed. */
  readonly cpuPer10k: number
  readonly rssMb: number
  readonly sent: number
  readonly sentTwice: number
}

const BARE_LOOP = fileURLToPath(new URL('bare-loop.ts', import.meta.url))
const LOOK_EVERY_MS = 200
const WITHIN_MS = 1_200_000

const contendersOf = async (at: Installation): Promise<Contender[]> => {
  const message = JSON.stringify(await messageOf('payment-due'))
  const worker = async (deployment: Deployment | undefined): Promise<Running> => {
    if (!deployment) throw new Error('a worker needs a deployment')
    const { metrics, stop } = await deployment.startWorker()
    return { metrics, stop, done: (now) => now.sum('tsuchi_results_total', { terminal: 'true' }) }
  }
  const bareLoop = async (): Promise<Running> => {
    const { stack, line } = at
    const args = [stack.brokers.join(), stack.registryUrl, at.topicOf('payment-due'), line.url, message]
    const child = at.launch('bare-loop', [BARE_LOOP, ...args])
    const url = await printed(child, /^(http:\/\/\S+)$/m)
    return { metrics: () => readMetrics(url), stop: () => child.end(), done: (now) => now.sum('committed_total') }
  }
  return [
    { name: 'tsuchi', prepare: () => at.deploy(), start: worker },
    { name: 'bare loop', prepare: async () => undefined, start: bareLoop },
    { name: 'tsuchi, state: memory', prepare: () => at.deploy({ state: 'memory' }), start: worker },
  ]
}

const runOf = async (at: Installation, events: number, name: string, start: () => Promise<Running>): Promise<Run> => {
  const running = await start()
  const { cpuSeconds: atStart } = await running.metrics()
  let rssMb = 0
  let cpuSeconds = 0
  const deadline = Date.now() + WITHIN_MS
  for (let done = 0; done < events; ) {
    if (Date.now() > deadline) throw new Error(`${name} has done ${done} of ${events} after ${WITHIN_MS / 1_000} s`)
    await pause(LOOK_EVERY_MS)
    const now = await running.metrics()
    rssMb = Math.max(rssMb, now.rssMb)
    cpuSeconds = now.cpuSeconds
    done = running.done(now)
  }
  await running.stop()
  const sends: Send[] = []
  await createFollower(at.line, (send) => sends.push(send)).look()
  const accepted = sends.filter(({ status }) => status === 200)
  return {
    ...{ name, rssMb, perSecond: (accepted.length / spanMs(accepted)) * 1_000 },
    cpuPer10k: ((cpuSeconds - atStart) / events) * 10_000,
    sent: accepted.length,
    sentTwice: accepted.length - new Set(accepted.map(({ to }) => to)).size,
  }
}

const spanMs = (sends: readonly Send[]): number => (sends.at(-1)?.monotonic ?? 0) - (sends[0]?.monotonic ?? 0)

const reportOf = (runs: readonly Run[], { events, latency }: { events: number; latency: number }): Report => {
  const byName = Map.groupBy(runs, ({ name }) => name)
  const mean = (each: readonly Run[], of: (run: Run) => number) => each.reduce((sum, run) => sum + of(run), 0) / each.length
  const rows = [...byName].map(([name, each]) => [
    name,
    mean(each, ({ perSecond }) => perSecond),
    each.map(({ perSecond }) => perSecond.toFixed(0)).join(' '),
    mean(each, ({ cpuPer10k }) => cpuPer10k),
    each.map(({ cpuPer10k }) => cpuPer10k.toFixed(2)).join(' '),
    mean(each, ({ rssMb }) => rssMb),
  ])
  return {
    title: `${events} notifications, LINE answers after ${latency} ms, one process at a time`,
    tables: [{ columns: ['', 'notifications/s', 'runs', 'CPU s per 10,000', 'runs', 'RSS MB, at most'], rows }],
    faults: runs.flatMap(({ name, sent, sentTwice }) =>
      sent === events && sentTwice === 0 ? [] : [`${name}: LINE accepted ${sent}, ${sentTwice} of them twice`],
    ),
    figures: { runs },
  }
}
