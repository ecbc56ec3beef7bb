import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { affectedPeople } from './affected.ts'
import { type Deployment, PARTITIONS, type Worker } from './deployment.ts'
import { follow } from './follow.ts'
import { type Installation, openInstallation } from './installation.ts'
import { type Account, type Ledger, openLedger, type PublishedResult } from './ledger.ts'
import { BROKER, type OwnProcess, ownProcess, SIMULATOR } from './processes.ts'
import { readTopic } from './read-topic.ts'
import type { Bench, Report, Scenario } from './scenario.ts'
import type { Cell } from './table.ts'
import { pause } from './waiting.ts'
import { freeWebhookAddress } from './webhook-address.ts'

/** Several incidents at once, and everybody they concern is to know: as fast as LINE allows, nobody twice, and nobody forgotten. */
export const disaster: Scenario<'people' | 'notices' | 'limit' | 'latency'> = {
  summary: 'four notices for 200,000 people, receipts by webhook, and an account of every person',
  options: {
    people: { default: 200_000, help: 'in all, each concerned by one notice' },
    notices: { default: 4, help: 'at once, in events of 3,000 people' },
    limit: { default: 2_000, help: 'requests per second' },
    latency: { default: 20, help: 'ms until LINE answers' },
  },
  run: async (bench, { people, notices, limit, latency }) => {
    const webhook = await freeWebhookAddress()
    const at = await openInstallation(bench, { latency, rateLimit: limit, remembers: LOG_KEEPS })
    const deployment = await at.deploy({ webhook, price: PRICE })
    await at.line.setWebhook(webhook)
    const worker = await deployment.startWorker()
    await worker.untilReady()
    const affected = affectedPeople(people)
    const ledger = openLedger(affected)
    const following = follow(at.line, ledger.send)
    bench.cleanUp.defer(() => following.stop().catch(() => {}))

    bench.say(`producing ${notices} notices for ${people} people`)
    const producedAt = Date.now()
    const producing = at.events.disasters(notices, affected)
    producing.catch(() => {})
    const ended = affected.filter(({ fate }) => fate !== 'silent').length
    const watched = await watch(bench, { worker, ended, people })
    const events = await producing
    await pause(CALM_MS)
    await worker.stop()
    await following.stop()
    bench.say('reading the results')
    await readResults(at, deployment, ledger)
    const line = { stats: await at.line.stats(), deliveries: await at.line.deliveries(), webhook: await at.line.webhookStats() }
    return reportOf({ people, notices, limit, latency, events, producedAt, watched, line, account: ledger.account() })
  },
}

/** Ten seconds of it, to be sure that none is missed. */
const LOG_KEEPS = 20_000
const PRICE = 5
/** What should not be there any more had better come now. */
const CALM_MS = 5_000
const LOOK_EVERY_MS = 500
/** No result for so long: no more will come. */
const STUCK_MS = 60_000

interface Watched {
  /** Of the worker, and null: it runs elsewhere. */
  readonly cpuPer10k: number
  readonly simulatorCpuPer10k: number | null
  readonly brokerCpuPer10k: number | null
  readonly rssMb: number
  readonly isOver: boolean
}

/** Until all notifications have ended that can, by what the worker says: whether it is true is seen afterwards. */
const watch = async (
  { say }: Bench,
  { worker, ended, people }: { readonly worker: Worker; readonly ended: number; readonly people: number },
): Promise<Watched> => {
  const others = [await ownProcess(SIMULATOR), await ownProcess(BROKER)]
  const cpuOfOthers = () => Promise.all(others.map(async (each?: OwnProcess) => (await each?.cpuSeconds()) ?? null))
  const before = { worker: (await worker.metrics()).cpuSeconds, others: await cpuOfOthers() }
  let now = await worker.metrics()
  let rssMb = 0
  let said = 0
  let grown = { results: -1, at: Date.now() }
  let isOver = false
  while (!isOver && Date.now() - grown.at < STUCK_MS) {
    await pause(LOOK_EVERY_MS)
    now = await worker.metrics()
    rssMb = Math.max(rssMb, now.rssMb)
    const results = now.sum('tsuchi_results_total')
    if (results > grown.results) grown = { results, at: Date.now() }
    const terminal = now.sum('tsuchi_results_total', { terminal: 'true' })
    const open = ['queued', 'sending', 'unknown'].reduce((sum, state) => sum + now.sum('tsuchi_notifications', { state }), 0)
    isOver = terminal >= ended && open === 0
    if (terminal - said < people / 10) continue
    said = terminal
    say(`${terminal} have ended, ${Math.round(rssMb)} MB at most`)
  }
  const after = await cpuOfOthers()
  const per10k = (from: number | null | undefined, to: number | null | undefined): number | null =>
    typeof from === 'number' && typeof to === 'number' ? ((to - from) / people) * 10_000 : null
  return {
    cpuPer10k: ((now.cpuSeconds - before.worker) / people) * 10_000,
    simulatorCpuPer10k: per10k(before.others[0], after[0]),
    brokerCpuPer10k: per10k(before.others[1], after[1]),
    ...{ rssMb, isOver },
  }
}

const readResults = async ({ kafka, stack }: Installation, { name }: Deployment, ledger: Ledger): Promise<void> => {
  const registry = new SchemaRegistry({ host: stack.registryUrl })
  await readTopic({ kafka, partitions: PARTITIONS }, `${name}.results`, async ({ value }) => {
    const result: PublishedResult = await registry.decode(value ?? Buffer.of())
    ledger.result(result)
  })
}

interface Found {
  readonly people: number
  readonly notices: number
  readonly limit: number
  readonly latency: number
  readonly events: number
  readonly producedAt: number
  readonly watched: Watched
  readonly line: {
    readonly stats: Awaited<ReturnType<Installation['line']['stats']>>
    readonly deliveries: Awaited<ReturnType<Installation['line']['deliveries']>>
    readonly webhook: Awaited<ReturnType<Installation['line']['webhookStats']>>
  }
  readonly account: Account
}

const reportOf = (found: Found): Report => {
  const { people, notices, limit, latency, events, producedAt, watched, line, account } = found
  const after = (at: number | null): number | null => (at === null ? null : (at - producedAt) / 1_000)
  const { firstSendAt, lastSendAt, lastDeliveredAt, toldAfterMs, cost } = account
  const sendingS = lastSendAt !== null && firstSendAt !== null ? (lastSendAt - firstSendAt) / 1_000 : 0
  const perSecond = sendingS > 0 ? account.requests / sendingS : null
  const { busiestSecond: busiest, limited } = line.stats.flexible
  const failed = Object.values(line.webhook?.failed ?? {}).reduce((sum, each) => sum + each, 0)
  return {
    title: `${notices} notices for ${people} people in ${events} events, a limit of ${limit}/s, LINE answers after ${latency} ms, one worker`,
    tables: [
      {
        columns: ['', ''],
        rows: [
          ['from the first event until the first is at LINE, s', after(firstSendAt)],
          ['  until the last is', after(lastSendAt)],
          ['  until the last delivered result', after(lastDeliveredAt)],
          ['  at the limit it takes at least', people / limit],
          ['requests/s', perSecond],
          ['  % of the limit', perSecond === null ? null : (perSecond / limit) * 100],
          ['  busiest second', busiest.all],
          ['  429s', limited.byBucket],
          ['CPU s per 10,000, worker', watched.cpuPer10k],
          ['  LINE simulator', watched.simulatorCpuPer10k],
          ['  broker', watched.brokerCpuPer10k],
          ['RSS of the worker at most, MB', watched.rssMb],
          ['from delivery to the delivered result, ms, p50', toldAfterMs.p50],
          ['  p99', toldAfterMs.p99],
          ['  at most', toldAfterMs.most],
          ['requests of LINE to the webhook', line.webhook?.requests ?? null],
          ['  not taken, or not in time', failed],
        ],
      },
      {
        columns: ['people', '', 'of which'],
        rows: [
          ['reachable', account.people.delivered, 'one message taken by LINE, one result delivered, and it is the end'],
          ['not on LINE', account.people.unreachable, 'one message refused by LINE, one result unreachable, and it is the end'],
          ['blocked, or consent is pending', account.people.silent, 'one message taken by LINE, the last result is accepted'],
          ['with whom it is otherwise', account.breaches.length === 0 ? 0 : 'see below', ''],
        ],
      },
      { columns: ['LINE answered', 'requests'], rows: Object.entries(account.answers) },
      {
        columns: ['result', 'published', 'cost of those that are an end, JPY'],
        rows: Object.entries(account.results).map(([status, count]): readonly Cell[] => [status, count, cost[status] ?? null]),
      },
    ],
    faults: faultsOf(found, busiest.not429),
    figures: {
      events,
      sendingAfterS: after(firstSendAt),
      lastSendAfterS: after(lastSendAt),
      lastDeliveredAfterS: after(lastDeliveredAt),
      perSecond,
      watched,
      line,
      account,
    },
  }
}

const faultsOf = ({ people, limit, watched, line, account }: Found, busiest: number): string[] => {
  const { deliveries, stats } = line
  const expectedCost = account.people.delivered * PRICE
  const { delivered = 0, ...others } = account.cost
  const ended = account.people.delivered + account.people.unreachable
  return [
    ...account.breaches,
    ...(watched.isOver ? [] : [`nothing more came for ${STUCK_MS / 1_000} s, and not all of ${ended} notifications had ended`]),
    ...(stats.flexible.limited.byBucket > 0 ? [`LINE's limit was met ${stats.flexible.limited.byBucket} times`] : []),
    ...(busiest > limit ? [`a second with ${busiest} requests, above the limit of ${limit}`] : []),
    ...(deliveries.delivered === account.people.delivered
      ? []
      : [`LINE delivered ${deliveries.delivered} messages to ${account.people.delivered} reachable people of ${people}`]),
    ...(deliveries.overflowed > 0 ? [`the simulator forgot ${deliveries.overflowed} messages: fewer people`] : []),
    ...(delivered === expectedCost && Object.keys(others).length === 0
      ? []
      : [`what ended cost ${JSON.stringify(account.cost)} JPY, and LINE charges ${expectedCost}`]),
  ]
}
