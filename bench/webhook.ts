import type { Deployment, Worker } from './deployment.ts'
import { type Installation, openInstallation } from './installation.ts'
import { percentilesOf } from './percentiles.ts'
import { BROKER, ownProcess } from './processes.ts'
import { incarnationOf, readReceipts } from './receipts.ts'
import type { Bench, Report, Scenario } from './scenario.ts'
import { type Cell, inWords } from './table.ts'
import { pause } from './waiting.ts'
import { freeWebhookAddress, type WebhookAddress } from './webhook-address.ts'
import { type Answer, type Body, bodiesOf, openSender, type Sender, speaker } from './webhook-load.ts'

/** LINE asks for a 200 within 2 s, and for all of it to be kept: under more events than ever come, and while Kafka stands still. */
export const webhook: Scenario<'events' | 'per-body' | 'connections' | 'rate' | 'still-seconds'> = {
  summary: 'the webhook alone: as many events as it takes, and then Kafka stands still',
  options: {
    events: { default: 200_000, help: 'as fast as they are taken' },
    'per-body': { default: 10, help: 'events in a request' },
    connections: { default: 32, help: 'at a time' },
    rate: { default: 200, help: 'requests per second around the standstill' },
    'still-seconds': { default: 5, help: 'for which the broker stands still' },
  },
  run: async (bench, options) => {
    const address = await freeWebhookAddress()
    const at = await openInstallation(bench, { latency: 0, remembers: 1 })
    const deployment = await at.deploy({ webhook: address, webhookRequestsPerSecond: ANY_NUMBER })
    const worker = await deployment.startWorker({ only: 'webhook' })
    await worker.untilReady()
    const { flooded, stood, bodies, spoken } = await load(bench, { at, deployment, worker, address, options })
    await worker.stop()
    bench.say('reading what was stored')
    const events = bodies.reduce((sum, body) => sum + body.events, 0)
    const stored = await readReceipts(at, { name: deployment.name, spoken, events })
    return reportOf({ options, flooded, stood, kept: keptOf([...flooded.answers, ...(stood?.answers ?? [])], bodies, stored) })
  },
}

const ANY_NUMBER = 100_000
/** The first are taken while the JIT compiler warms up. */
const WARM_UP_SHARE = 0.1
const LOOK_EVERY_MS = 500
const BEFORE_S = 5
const AFTER_S = 10

type Options = Parameters<typeof webhook.run>[1]

const load = async (
  bench: Bench,
  given: {
    readonly at: Installation
    readonly deployment: Deployment
    readonly worker: Worker
    readonly address: WebhookAddress
    readonly options: Options
  },
) => {
  const { at, deployment, worker, address, options } = given
  const { rate, 'per-body': perBody, 'still-seconds': stillS } = options
  const spoken = speaker(await incarnationOf(at, deployment.name), Date.now())
  bench.say(`signing ${options.events} events`)
  const many = bodiesOf(spoken, address, { from: 0, events: options.events, perBody })
  const steady = bodiesOf(spoken, address, {
    from: options.events,
    events: Math.ceil(rate * (BEFORE_S + stillS + AFTER_S)) * perBody,
    perBody,
  })
  const sender = openSender(address)
  bench.cleanUp.defer(async () => sender.close())
  const flooded = await flood(bench, { sender, worker, bodies: many, connections: options.connections })
  const stood = await stand(bench, { sender, worker, bodies: steady, rate, stillS })
  return { flooded, stood, spoken, bodies: stood ? [...many, ...steady] : many }
}

interface Flooded {
  /** Those of the warming up too. */
  readonly answers: readonly Answer[]
  readonly measured: readonly Answer[]
  readonly requestsPerSecond: number
  readonly eventsPerSecond: number
  readonly cpuPer10k: number
  readonly rssMb: number
}

const flood = async (
  { say }: Bench,
  given: { readonly sender: Sender; readonly worker: Worker; readonly bodies: readonly Body[]; readonly connections: number },
): Promise<Flooded> => {
  const { sender, worker, bodies, connections } = given
  const warm = Math.ceil(bodies.length * WARM_UP_SHARE)
  say(`${bodies.length} requests over ${connections} connections`)
  const warming = await sender.flood(bodies.slice(0, warm), connections)
  const watching = watchRss(worker)
  const { cpuSeconds } = await worker.metrics()
  const began = performance.now()
  const measured = await sender.flood(bodies.slice(warm), connections)
  const seconds = (performance.now() - began) / 1_000
  const after = await worker.metrics()
  const events = measured.reduce((sum, { body }) => sum + body.events, 0)
  return {
    ...{ measured, answers: [...warming, ...measured] },
    requestsPerSecond: measured.length / seconds,
    eventsPerSecond: events / seconds,
    cpuPer10k: ((after.cpuSeconds - cpuSeconds) / events) * 10_000,
    rssMb: await watching.stop(),
  }
}

/** The most there is until it is told to stop. */
const watchRss = (worker: Worker): { stop(): Promise<number> } => {
  let stopped = false
  const watching = (async () => {
    let rssMb = 0
    while (!stopped) {
      rssMb = Math.max(rssMb, (await worker.metrics()).rssMb)
      await pause(LOOK_EVERY_MS)
    }
    return rssMb
  })()
  watching.catch(() => {})
  return {
    stop: () => {
      stopped = true
      return watching
    },
  }
}

interface Stood {
  readonly answers: readonly Answer[]
  /** By when they were sent. */
  readonly phases: readonly { readonly name: string; readonly answers: readonly Answer[] }[]
  readonly rssMb: number
}

/** Undefined where the broker is no process of ours. */
const stand = async (
  { say, cleanUp }: Bench,
  given: {
    readonly sender: Sender
    readonly worker: Worker
    readonly bodies: readonly Body[]
    readonly rate: number
    readonly stillS: number
  },
): Promise<Stood | undefined> => {
  const { sender, bodies, rate, stillS } = given
  const broker = await ownProcess(BROKER)
  if (!broker) {
    say('the broker is no process of this machine that could be stopped: TSUCHI_STACK=jvm starts one')
    return undefined
  }
  const goOn = () => void process.kill(broker.pid, 'SIGCONT')
  // Stopped, it would not end either.
  cleanUp.defer(async () => goOn())
  say(`${rate} requests a second`)
  const watching = watchRss(given.worker)
  const streaming = sender.stream(bodies, rate)
  streaming.catch(() => {})
  await pause(BEFORE_S * 1_000)
  say(`Kafka stands still for ${stillS} s`)
  const stoppedAt = performance.now()
  process.kill(broker.pid, 'SIGSTOP')
  await pause(stillS * 1_000)
  goOn()
  const wentOnAt = performance.now()
  say('it goes on')
  const answers = await streaming
  const between = (from: number, to: number) => answers.filter(({ sentAt }) => sentAt >= from && sentAt < to)
  return {
    answers,
    phases: [
      { name: 'before', answers: between(0, stoppedAt) },
      { name: 'while Kafka stands still', answers: between(stoppedAt, wentOnAt) },
      { name: 'after', answers: between(wentOnAt, Number.POSITIVE_INFINITY) },
    ],
    rssMb: await watching.stop(),
  }
}

interface Kept {
  readonly events: number
  /** In a request that was answered with 200. */
  readonly taken: number
  /** In one that was not, however often it was sent. */
  readonly neverTaken: number
  readonly stored: number
  readonly missing: number
  readonly moreThanOnce: number
  readonly strangers: number
}

const keptOf = (
  answers: readonly Answer[],
  bodies: readonly Body[],
  { times, strangers }: { readonly times: Uint8Array; readonly strangers: number },
): Kept => {
  const taken = new Set(answers.filter(({ status }) => status === 200).map(({ body }) => body.first))
  const isStored = (n: number) => (times[n] ?? 0) > 0
  const numbersOf = ({ first, events }: Body) => Array.from({ length: events }, (_, place) => first + place)
  const mustBe = bodies.filter(({ first }) => taken.has(first)).flatMap(numbersOf)
  return {
    events: times.length,
    taken: mustBe.length,
    neverTaken: times.length - mustBe.length,
    stored: times.filter((each) => each > 0).length,
    missing: mustBe.filter((n) => !isStored(n)).length,
    moreThanOnce: times.filter((each) => each > 1).length,
    strangers,
  }
}

const byStatus = (answers: readonly Answer[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(answers, ({ status }) => String(status))].map(([status, each]) => [status, each.length]))

/** LINE waits no longer. */
const LINE_WAITS_MS = 2_000

const reportOf = (found: {
  readonly options: Options
  readonly flooded: Flooded
  readonly stood: Stood | undefined
  readonly kept: Kept
}): Report => {
  const { options, flooded, stood, kept } = found
  const { answers: _flooding, measured, ...figures } = flooded
  const answered = percentilesOf(measured.map(({ ms }) => ms))
  const phases = (stood?.phases ?? []).map(({ name, answers }) => ({
    ...{ name, requests: answers.length, byStatus: byStatus(answers) },
    ...percentilesOf(answers.map(({ ms }) => ms)),
  }))
  return {
    title: `The webhook alone, ${options['per-body']} events in a request, ${options.connections} connections`,
    tables: [
      {
        columns: ['as fast as they are taken', ''],
        rows: [
          ['events/s', figures.eventsPerSecond],
          ['  requests/s', figures.requestsPerSecond],
          ['answers', inWords(byStatus(measured))],
          ['  ms, p50', answered.p50],
          ['  p99', answered.p99],
          ['  at most', answered.most],
          ['CPU s per 10,000 events', figures.cpuPer10k],
          ['RSS at most, MB', figures.rssMb],
        ],
      },
      {
        columns: [`${options.rate} requests/s, again what is not taken`, 'requests', 'p50 ms', 'p99', 'at most', 'answers'],
        rows: phases.map((each): readonly Cell[] => [
          ...[each.name, each.requests, each.p50, each.p99, each.most, inWords(each.byStatus)],
        ]),
      },
      {
        columns: ['events', ''],
        rows: [
          ['sent', kept.events],
          ['  answered with 200, the first time or later', kept.taken],
          ['in feedback', kept.stored],
          ['  more than once', kept.moreThanOnce],
          ['answered with 200, and not there', kept.missing],
          ['never answered with 200', kept.neverTaken],
          ['in feedback, and never sent', kept.strangers],
          ['RSS around the standstill at most, MB', stood?.rssMb ?? null],
        ],
      },
    ],
    faults: faultsOf(found),
    figures: { flooded: { ...figures, ...answered, byStatus: byStatus(measured) }, phases, kept, rssMb: stood?.rssMb ?? null },
  }
}

const faultsOf = ({ flooded, stood, kept }: { flooded: Flooded; stood: Stood | undefined; kept: Kept }): string[] => {
  const all = [...flooded.answers, ...(stood?.answers ?? [])]
  const { most } = percentilesOf(all.map(({ ms }) => ms))
  const notTaken = flooded.answers.filter(({ status }) => status !== 200)
  const odd = all.filter(({ status }) => status !== 200 && status !== 503)
  return [
    ...(kept.missing > 0 ? [`${kept.missing} events were answered with 200, and are not in feedback`] : []),
    ...(kept.strangers > 0 ? [`${kept.strangers} records of feedback are not what was sent, or lie in another partition`] : []),
    ...(kept.neverTaken > 0 ? [`${kept.neverTaken} events were never answered with 200`] : []),
    ...(notTaken.length > 0 ? [`nothing was wrong, and it answered ${inWords(byStatus(notTaken))}`] : []),
    ...(odd.length > 0 ? [`answers that are neither 200 nor 503: ${inWords(byStatus(odd))}`] : []),
    ...(most !== null && most >= LINE_WAITS_MS
      ? [`an answer took ${Math.round(most)} ms, and LINE waits ${LINE_WAITS_MS} ms`]
      : []),
  ]
}
