import type { Worker } from './deployment.ts'
import { follow } from './follow.ts'
import { type Installation, openInstallation } from './installation.ts'
import type { Send } from './line.ts'
import { busiestMoment, busiestSecond, type Phase, recoveryOf, within } from './phases.ts'
import type { Bench, Report, Scenario } from './scenario.ts'
import { pause } from './waiting.ts'

/** LINE enforces its limit, and there is always more to send than it allows: how near to it, and never above it, while workers come and
 *  go; and what becomes of 429s that are not ours. */
export const rate: Scenario<'limit' | 'seconds' | 'latency'> = {
  summary: 'a limit that LINE enforces: one, two, four workers, one joins, one is killed, and 429s',
  options: {
    limit: { default: 2_000, help: 'requests per second' },
    seconds: { default: 20, help: 'of each phase in which nothing changes' },
    latency: { default: 20, help: 'ms until LINE answers' },
  },
  run: async (bench, { limit, seconds, latency }) => {
    const people = Math.ceil(limit * (4 * seconds + KILLED_S + REFUSED_S + RECOVERY_S + JOINING_S))
    const at = await openInstallation(bench, { latency, rateLimit: limit, remembers: LOG_KEEPS })
    const workers = await fill(bench, at, people)
    const sends: Send[] = []
    const following = follow(at.line, (send) => sends.push(send))
    bench.cleanUp.defer(() => following.stop().catch(() => {}))

    const phases: Phase[] = []
    const phase = async (name: string, work: () => Promise<unknown>): Promise<Phase> => {
      bench.say(name)
      const from = Date.now()
      await work()
      const done = { name, from, to: Date.now() }
      phases.push(done)
      return done
    }
    const steady = () => pause(seconds * 1_000)
    const joined = async (...joining: readonly Promise<Worker>[]) => {
      for (const worker of await Promise.all(joining)) await worker.untilReady()
      await pause(SETTLE_MS)
    }

    await workers.resume()
    await pause(SETTLE_MS)
    await phase('one worker', steady)
    await phase('a second one joins', () => joined(workers.start()))
    await phase('two workers', steady)
    await phase('two more join', () => joined(workers.start(), workers.start()))
    await phase('four workers', steady)
    await phase('one of four is killed (kill -9)', async () => {
      await workers.killLast()
      await pause(KILLED_S * 1_000)
    })
    const before = await phase('three workers', steady)
    const refusing = await phase(`LINE answers 429 to everything`, async () => {
      await at.line.setFault({ kind: 'rate-limited', endpoint: 'flexible' })
      await pause(REFUSED_S * 1_000)
      await at.line.endFaults()
    })
    const recovering = await phase('after that', () => pause(RECOVERY_S * 1_000))

    const { unknown, queued } = await workers.tell()
    await workers.stop()
    await following.stop()
    const recovery = recoveryOf(sends, { before, refusing, recovering })
    return reportOf({ limit, latency, sends, phases, recovery, unknown, queued, calmUntil: before.to })
  },
}

/** Ten seconds of it, to be sure that none is missed. */
const LOG_KEEPS = 20_000
const FILL_WITHIN_MS = 1_800_000
const SETTLE_MS = 3_000
/** A worker needs some seconds to start and to restore its partitions. */
const JOINING_S = 40
/** A session of 10 s ends, then the partitions are restored, and 13 s later what was under way is unknown. */
const KILLED_S = 35
const REFUSED_S = 3
const RECOVERY_S = 40

interface Workers {
  resume(): Promise<void>
  start(): Promise<Worker>
  killLast(): Promise<void>
  tell(): Promise<{ readonly unknown: number; readonly queued: number }>
  stop(): Promise<void>
}

/** All is read, decided and waiting before the first is sent: what is measured is sending. */
const fill = async ({ say }: Bench, at: Installation, people: number): Promise<Workers> => {
  const deployment = await at.deploy()
  say(`producing for ${people} people`)
  await at.events.paymentsDue(people)
  await deployment.run('channels', 'pause', 'main')
  const first = await deployment.startWorker()
  const workers = [first]
  let said = 0
  await first.until((metrics) => {
    const queued = metrics.sum('tsuchi_notifications', { state: 'queued' })
    if (queued - said >= people / 10) {
      said = queued
      say(`${queued} wait`)
    }
    return queued >= people
  }, Date.now() + FILL_WITHIN_MS)
  return {
    resume: () => deployment.run('channels', 'resume', 'main'),
    start: async () => {
      const worker = await deployment.startWorker()
      workers.push(worker)
      return worker
    },
    killLast: async () => workers.pop()?.kill(),
    tell: async () => {
      const each = await Promise.all(workers.map((worker) => worker.metrics()))
      const sum = (name: string, labels: Record<string, string>) => each.reduce((total, its) => total + its.sum(name, labels), 0)
      return {
        unknown: sum('tsuchi_results_total', { status: 'unknown' }),
        queued: sum('tsuchi_notifications', { state: 'queued' }),
      }
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()))
    },
  }
}

const reportOf = (found: {
  readonly limit: number
  readonly latency: number
  readonly sends: readonly Send[]
  readonly phases: readonly Phase[]
  readonly recovery: ReturnType<typeof recoveryOf>
  readonly unknown: number
  readonly queued: number
  /** Until then, no 429 was asked for. */
  readonly calmUntil: number
}): Report => {
  const { limit, latency, sends, phases, recovery, unknown, queued } = found
  const isRefused = ({ status }: Send) => status === 429
  const rows = phases.map((phase) => {
    const here = within(sends, phase)
    const seconds = (phase.to - phase.from) / 1_000
    const perSecond = here.length / seconds
    return {
      ...{ name: phase.name, seconds, perSecond, busiestSecond: busiestSecond(here), busiestMoment: busiestMoment(here) },
      refused: here.filter(isRefused).length,
    }
  })
  const accepted = sends.filter(({ status }) => status === 200)
  const sentTwice = accepted.length - new Set(accepted.map(({ to }) => to)).size
  const busiest = busiestSecond(sends)
  const refused = sends.filter((send) => send.at < found.calmUntil && isRefused(send)).length
  return {
    title: `A limit of ${limit}/s, 12 partitions, LINE answers after ${latency} ms, all on one machine`,
    tables: [
      {
        columns: ['', 's', 'requests/s', '% of the limit', 'busiest second', 'of one task in 10 ms', '429s'],
        rows: rows.map(({ name, perSecond, ...row }) => [
          ...[name, row.seconds, perSecond, (perSecond / limit) * 100, row.busiestSecond, row.busiestMoment, row.refused],
        ]),
      },
      {
        columns: ['in the whole run', ''],
        rows: [
          ['requests', sends.length],
          ['busiest second, wherever it starts', busiest],
          ['429s that were not asked for', refused],
          ['notifications accepted twice', sentTwice],
          ['results "unknown"', unknown],
          ['rate before the 429s, /s', recovery.before],
          ['  lowest, /s', recovery.lowest],
          ['  at 95 % of it again after the last refusal, s', recovery.backAfterS],
        ],
      },
    ],
    faults: [
      ...(busiest > limit ? [`a second with ${busiest} requests, above the limit of ${limit}`] : []),
      ...(refused > 0 ? [`LINE's limit was met ${refused} times`] : []),
      ...(sentTwice > 0 ? [`${sentTwice} notifications were accepted twice`] : []),
      ...(queued === 0 ? ['nothing waited in the end: the last figures are of a backlog that was over'] : []),
    ],
    figures: { phases: rows, busiestSecond: busiest, refused, sentTwice, unknown, recovery },
  }
}
