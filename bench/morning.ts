import type { Deployment, Worker } from './deployment.ts'
import { openInstallation } from './installation.ts'
import { type Released, release } from './release.ts'
import type { Bench, Report, Scenario } from './scenario.ts'
import { pause } from './waiting.ts'

/** A night's notifications wait for the end of quiet hours. As they begin to go, an outage concerns people who are behind all of them
 *  in the queue, but before them in urgency. */
export const morning: Scenario<'waiting' | 'urgent' | 'limit' | 'latency' | 'opening' | 'release-seconds'> = {
  summary: 'quiet hours end for 100,000 (or a million) at once, and then comes an outage',
  options: {
    waiting: { default: 100_000, help: 'notifications that wait for the opening' },
    urgent: { default: 1_000, help: 'people of the outage, just after it' },
    limit: { default: 2_000, help: 'requests per second' },
    latency: { default: 20, help: 'ms until LINE answers' },
    opening: { default: 0, help: 's from the start of the fill to the opening; 0: by the rate of the first of the fill' },
    'release-seconds': { default: 600, help: 'after the opening it is watched for so long, or until nothing waits' },
  },
  run: async (bench, { waiting, urgent, limit, latency, opening, 'release-seconds': releaseSeconds }) => {
    const { say } = bench
    const at = await openInstallation(bench, { latency, rateLimit: limit, remembers: LOG_KEEPS })
    const rehearsal = await at.deploy({ quietHours: until(Date.now() + 2 * HOUR_MS) })
    say(`producing for ${waiting} people`)
    await at.events.paymentsDue(waiting)
    const outage = await at.events.outage(urgent)
    const openAfterMs = opening > 0 ? opening * 1_000 : await rehearse(bench, rehearsal, waiting)
    const opensAt = Math.ceil((Date.now() + openAfterMs) / MINUTE_MS) * MINUTE_MS
    say(`quiet hours end at ${new Date(opensAt).toISOString()}, in ${Math.round((opensAt - Date.now()) / 1_000)} s`)

    const deployment = await at.deploy({ quietHours: until(opensAt) })
    const filled = await fill(bench, deployment, waiting, opensAt)
    const startUp = await startUps(bench, { ...filled, deployment, waiting, opensAt })

    say('waiting for the opening')
    await pause(opensAt - Date.now())
    const released = await release(bench, { at, worker: startUp.worker, outage, opensAt, releaseSeconds, waiting })
    await startUp.worker.stop()
    return reportOf({ waiting, urgent, limit, latency, filled, startUp, released })
  },
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const LOG_KEEPS = 200_000

/** Quiet since an hour ago, by a clock in Tokyo, where everybody is. */
const until = (instant: number): { readonly from: string; readonly until: string } => ({
  from: clockInTokyo(Date.now() - HOUR_MS),
  until: clockInTokyo(instant),
})
const clockInTokyo = (instant: number): string =>
  Temporal.Instant.fromEpochMilliseconds(instant)
    .toZonedDateTimeISO('Asia/Tokyo')
    .toPlainTime()
    .toString({ smallestUnit: 'minute' })

const queuedIn = (worker: Worker): Promise<number> =>
  worker.metrics().then((metrics) => metrics.sum('tsuchi_notifications', { state: 'queued' }))

const REHEARSE_MS = 15_000
/** A fill gets slower as it grows; then come two starts, of which one reads it all again. */
const SLOWER = 1.4
const STARTS = 0.6
const STARTS_MS = 60_000
const STARTS_LEAST_MS = 30_000

/** How long it is until the opening must be, by the first of the same fill. */
const rehearse = async ({ say }: Bench, deployment: Deployment, waiting: number): Promise<number> => {
  say('rehearsing the fill')
  const worker = await deployment.startWorker()
  await worker.until((metrics) => metrics.sum('tsuchi_notifications', { state: 'queued' }) > 0, Date.now() + MINUTE_MS)
  const first = { at: performance.now(), queued: await queuedIn(worker) }
  let { queued } = first
  for (; queued < waiting && performance.now() - first.at < REHEARSE_MS; queued = await queuedIn(worker)) await pause(200)
  const seconds = (performance.now() - first.at) / 1_000
  await worker.stop()
  const perSecond = queued === first.queued ? 1_000 : (queued - first.queued) / seconds
  say(`the fill begins with ${Math.round(perSecond)}/s`)
  return (waiting / perSecond) * 1_000 * (SLOWER + STARTS) + STARTS_MS
}

interface Filled {
  readonly worker: Worker
  readonly seconds: number
  readonly perSecond: number
  readonly rssMb: number
  readonly cpuPer10k: number
}

/** @throws when it is not over at the opening: what waited before is then no longer all. */
const fill = async ({ say }: Bench, deployment: Deployment, waiting: number, opensAt: number): Promise<Filled> => {
  const worker = await deployment.startWorker({ state: STATE })
  const startedAt = performance.now()
  let said = 0
  const { cpuSeconds } = await worker.until((metrics) => {
    const queued = metrics.sum('tsuchi_notifications', { state: 'queued' })
    if (queued - said >= waiting / 10) {
      said = queued
      say(`${queued} wait, ${Math.round(metrics.rssMb)} MB`)
    }
    return queued >= waiting
  }, opensAt)
  const seconds = (performance.now() - startedAt) / 1_000
  await pause(CALM_MS)
  const { rssMb } = await worker.metrics()
  return { worker, seconds, rssMb, perSecond: waiting / seconds, cpuPer10k: (cpuSeconds / waiting) * 10_000 }
}

const STATE = 'kept'
/** What was under way is committed, and garbage is collected. */
const CALM_MS = 5_000

interface StartUp {
  readonly worker: Worker
  /** From the launch until it is ready, ms. */
  readonly withStoreMs: number | null
  readonly withoutMs: number | null
  readonly restoredPerSecond: number | null
  readonly rssMb: number
}

/** In order, then from the store, then from the journal alone. Left out when the opening is too near for it. */
const startUps = async (
  { say }: Bench,
  given: Filled & { readonly deployment: Deployment; readonly waiting: number; readonly opensAt: number },
): Promise<StartUp> => {
  const { deployment, waiting, opensAt } = given
  if (opensAt - Date.now() < given.seconds * 500 + STARTS_LEAST_MS) {
    say(`no time is left to start it anew: the fill took ${Math.round(given.seconds)} s. Give a later --opening`)
    return { ...given, withStoreMs: null, withoutMs: null, restoredPerSecond: null }
  }
  await given.worker.stop()
  say('starting with the store')
  const second = await deployment.startWorker({ state: STATE })
  const withStoreMs = await second.untilReady()
  await second.stop()
  await deployment.forgetState(STATE)
  say(`ready in ${Math.round(withStoreMs)} ms; starting without the store`)
  const worker = await deployment.startWorker({ state: STATE })
  const withoutMs = await worker.untilReady()
  say(`ready in ${Math.round(withoutMs)} ms`)
  await pause(Math.min(CALM_MS, Math.max(0, opensAt - Date.now() - 1_000)))
  const { rssMb } = await worker.metrics()
  return { worker, withStoreMs, withoutMs, rssMb, restoredPerSecond: waiting / ((withoutMs - withStoreMs) / 1_000) }
}

const reportOf = (found: {
  readonly waiting: number
  readonly urgent: number
  readonly limit: number
  readonly latency: number
  readonly filled: Filled
  readonly startUp: StartUp
  readonly released: Released
}): Report => {
  const { waiting, urgent, limit, latency, released } = found
  const { worker: _filling, ...filled } = found.filled
  const { worker: _releasing, ...startUp } = found.startUp
  const allowedS = 1 + urgent / limit
  const isLate = released.urgentLastS === null || released.urgentLastS > allowedS
  return {
    title: `${waiting} wait for the morning, a limit of ${limit}/s, LINE answers after ${latency} ms, one worker`,
    tables: [
      {
        columns: ['', ''],
        rows: [
          ['taken in until all wait, /s', filled.perSecond],
          ['  CPU s per 10,000', filled.cpuPer10k],
          ['RSS as all wait, MB', filled.rssMb],
          ['start until ready with the store, s', seconds(startUp.withStoreMs)],
          ['  without it, from the journal, s', seconds(startUp.withoutMs)],
          ['  restored from the journal, /s', startUp.restoredPerSecond],
          ['  RSS after that, MB', startUp.rssMb],
          ['the first is sent after the opening, s', released.firstS],
          [
            `sent after the opening, /s, for ${released.seconds.toFixed(0)} s${released.isOver ? ', then nothing waited' : ''}`,
            released.perSecond,
          ],
          ['  % of the limit', (released.perSecond / limit) * 100],
          ['  429s', released.refused],
          ['  CPU s per 10,000', released.cpuPer10k],
          ['  transactions/s', released.transactionsPerSecond],
          ['  one of them, ms', released.transactionMs],
          ['  RSS at most, MB', released.rssMb],
          [`outage for ${urgent}: its first request after the event, s`, released.urgentFirstS],
          ['  its last', released.urgentLastS],
          ['  allowed: its share of the rate and 1 s', allowedS],
        ],
      },
    ],
    faults: [
      ...(isLate
        ? [`the last of the urgent left after ${released.urgentLastS ?? 'the end of the watch'} s, not within ${allowedS} s`]
        : []),
      ...(released.refused > 0 ? [`${released.refused} times LINE's limit was met`] : []),
    ],
    figures: { filled, startUp, released, allowedS },
  }
}

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1_000)
