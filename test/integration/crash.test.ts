import { expect, type TestContext, test } from 'vitest'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { outageNotice, paymentDue } from './events.ts'
import { type Installation, type InstallationOptions, install } from './installation.ts'
import { PATIENCE_MS } from './patience.ts'
import { spawnWorker } from './worker-process.ts'

/** How long LINE may take, and so until a crash is judged: where it does not matter what a busy machine makes a time-out of. */
const SOON = { channels: { main: { deadline: 'PT2S' } } }
const fresh = async ({ onTestFinished }: TestContext, options: InstallationOptions = {}): Promise<Installation> => {
  const at = await install({
    routes: { 'payment-due': { unknown: { wait: 'PT1S' } }, 'outage-notice': { unknown: { wait: 'PT1S' } } },
    ...options,
  })
  onTestFinished(at.close)
  return at
}
const people = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => ({ id: `C-${from + n}`, phone: phoneOf('reachable', from + n) }))
const perPerson = (at: Installation): number[] => {
  const counts = new Map<string | null, number>()
  for (const { to } of at.sends()) counts.set(to, (counts.get(to) ?? 0) + 1)
  return [...counts.values()]
}

test.concurrent('a worker killed between commit and send leaves an unknown, which ends unconfirmed, and nothing is sent', async (context) => {
  const at = await fresh(context, { config: SOON })
  const doomed = spawnWorker(context, at, 'crash', 'SIGKILL')
  await doomed.untilReady()
  await at.produce('payment-due', paymentDue({ id: 'C-1', phone: phoneOf('reachable', 1) }))
  expect(await doomed.exited).toMatchObject({ signal: 'SIGKILL' })

  await at.startWorker()
  const [end] = await at.results.untilTerminal(1)
  expect(end).toMatchObject({ status: 'unconfirmed', attempts: 1, fallback: 'sms' })
  expect(at.results.of(end?.notificationId ?? '').map(({ status, reason }) => [status, reason])).toEqual([
    ['sending', null],
    ['unknown', 'crash'],
    ['unconfirmed', 'crash'],
  ])
  expect(at.sends()).toEqual([])
})

test.concurrent('a worker stopped between commit and send sends nothing when it wakes after another has taken over, and goes on as a good member', async (context) => {
  const at = await fresh(context)
  const sleeper = spawnWorker(context, at, 'crash', 'SIGSTOP')
  await sleeper.untilReady()
  const [place] = await at.produce('payment-due', paymentDue({ id: 'C-1', phone: phoneOf('reachable', 1) }))
  await sleeper.untilStopped()

  await at.startWorker()
  const [end] = await at.results.untilTerminal(1, 100_000)
  expect(end).toMatchObject({ status: 'unconfirmed', source: { offset: place?.offset } })
  sleeper.child.kill('SIGCONT')
  await sleeper.untilLogged('that its attempt was not started', ({ event, cause }) => event === 'attempt' && cause === 'send-by')
  await sleeper.untilLogged(
    'a second assignment',
    (line) => sleeper.lines.filter(({ event }) => event === 'assigned').indexOf(line) > 0,
  )

  await at.produce('payment-due', ...people(30, 100).map((customer) => paymentDue(customer)))
  const ends = await at.results.untilTerminal(31)
  expect(ends.filter(({ status }) => status === 'accepted')).toHaveLength(30)
  expect(perPerson(at)).toEqual(Array(30).fill(1))
}, 300_000)

test.concurrent('a worker killed in the midst of its sends: every notification ends once, nobody is messaged twice, and what was under way is unconfirmed', async (context) => {
  const at = await fresh(context, { config: SOON, simulator: { latencyMs: 300 } })
  const doomed = spawnWorker(context, at, 'cli')
  await doomed.untilReady()
  await at.produce('outage-notice', outageNotice(people(300)))
  await at.results.until('some ends', (results) => results.filter(({ terminal }) => terminal).length > 60)
  doomed.child.kill('SIGKILL')
  await doomed.exited

  await at.startWorker()
  const ends = await at.results.untilTerminal(300)
  const unconfirmed = ends.filter(({ status }) => status === 'unconfirmed').length
  expect(ends.filter(({ status }) => status === 'accepted')).toHaveLength(300 - unconfirmed)
  expect(new Set(perPerson(at))).toEqual(new Set([1]))
  expect(at.sends().length).toBeGreaterThanOrEqual(300 - unconfirmed)
})

test('a partition whose owner was fenced is opened again from the journal by the true owner, and goes on', async (context) => {
  const at = await fresh(context)
  await at.startWorker()
  await at.produce('payment-due', ...people(20).map((customer) => paymentDue(customer)))
  await at.results.untilTerminal(20)

  // What a zombie would do: it takes the transactional id of every partition, and dies.
  for (let partition = 0; partition < 3; partition++) {
    const rogue = at.kafka.producer({
      transactionalId: `${at.name}-dispatch-${partition}`,
      idempotent: true,
      maxInFlightRequests: 1,
    })
    await rogue.connect()
    const transaction = await rogue.transaction()
    await transaction.abort()
    await rogue.disconnect()
  }
  await at.produce('payment-due', ...people(20, 20).map((customer) => paymentDue(customer)))

  const ends = await at.results.untilTerminal(40)
  expect(ends.every(({ status }) => status === 'accepted')).toBe(true)
  expect(perPerson(at)).toEqual(Array(40).fill(1))
  expect(at.log.filter((line) => line.includes('"event":"task-failed"')).length).toBeGreaterThanOrEqual(1)
})

test('a worker started anew knows from the journal what was sent: the same events again are duplicates', async (context) => {
  const at = await fresh(context)
  const events = people(20).map((customer) => paymentDue(customer))
  const first = await at.startWorker()
  await at.produce('payment-due', ...events)
  await at.results.untilTerminal(20)
  await first.stop()

  await at.startWorker()
  await at.produce('payment-due', ...events)
  const ends = await at.results.untilTerminal(40)
  const [sent, again] = [ends.slice(0, 20), ends.slice(20)]
  expect(again.map(({ status }) => status)).toEqual(Array(20).fill('duplicate'))
  expect(new Set(again.map(({ duplicateOf }) => duplicateOf))).toEqual(new Set(sent.map(({ notificationId }) => notificationId)))
  expect(perPerson(at)).toEqual(Array(20).fill(1))
})

test('a second worker that joins in the midst of sends takes over partitions without one unknown', async (context) => {
  const at = await fresh(context, {
    partitions: 6,
    simulator: { latencyMs: 100 },
    config: { channels: { main: { limits: { flexible: 300 } } } },
  })
  const first = await at.startWorker()
  let told = 0
  /** Resolves when some of them are still to be sent to. */
  const tellMore = async () => {
    await at.produce('outage-notice', outageNotice(people(300, told)))
    told += 300
    await at.results.until('most ends', (results) => results.filter(({ terminal }) => terminal).length > told - 200)
  }
  await tellMore()
  const second = spawnWorker(context, at, 'cli')
  const takesPart = () => second.lines.some(({ event, outcome }) => event === 'attempt' && outcome === 'accepted')
  // However long it takes to start.
  while (!takesPart() && told < 30_000) await tellMore()
  expect(takesPart()).toBe(true)

  const ends = await at.results.untilTerminal(told)
  expect(ends.every(({ status }) => status === 'accepted')).toBe(true)
  expect(at.results.all().filter(({ status }) => status === 'unknown')).toEqual([])
  expect(new Set(perPerson(at))).toEqual(new Set([1]))
  expect(at.sends()).toHaveLength(told)
  await first.stop()
})

test('a worker told to stop settles what is under way, hands over the rest, and exits with 0', async (context) => {
  const at = await fresh(context, { simulator: { latencyMs: 1_000 } })
  const stopped = spawnWorker(context, at, 'cli')
  await stopped.untilReady()
  await at.produce('outage-notice', outageNotice(people(200)))
  await at.results.until('sends under way', (results) => results.filter(({ status }) => status === 'sending').length > 100)
  stopped.child.kill('SIGTERM')
  expect(await stopped.exited).toEqual({ code: 0, signal: null })

  await at.startWorker()
  const ends = await at.results.untilTerminal(200)
  expect(ends.every(({ status }) => status === 'accepted')).toBe(true)
  expect(at.results.all().filter(({ status }) => status === 'unknown')).toEqual([])
  expect(new Set(perPerson(at))).toEqual(new Set([1]))
})

test('intake killed in the midst of a fan-out: whoever it had reached and whoever not gets one message', async (context) => {
  const at = await fresh(context, {
    simulator: { rateLimit: 1_000_000 },
    config: { channels: { main: { limits: { flexible: 100_000 } } } },
  })
  const doomed = spawnWorker(context, at, 'crash-in-fan-out', '--only', 'intake')
  await doomed.untilReady()
  const admin = at.kafka.admin()
  await admin.connect()
  context.onTestFinished(() => admin.disconnect())
  const written = async () => (await admin.fetchTopicOffsets(at.topics.requests)).reduce((sum, { high }) => sum + Number(high), 0)
  const [place] = await at.produce('outage-notice', outageNotice([...people(3_000), ...people(100)]))
  expect(await doomed.exited).toMatchObject({ signal: 'SIGKILL' })
  const [offsets] = await admin.fetchOffsets({ groupId: `${at.name}-intake`, topics: [at.events['outage-notice']] })
  const committed = Number(offsets?.partitions.find(({ partition }) => partition === place?.partition)?.offset)
  expect(committed, 'the offset must not have moved').toBe(place?.offset)
  expect(await written()).toBeGreaterThan(0)
  expect(await written()).toBeLessThan(3_100)

  await at.startWorker()
  const ends = await at.results.untilTerminal(3_100)
  expect(ends.filter(({ status }) => status === 'accepted')).toHaveLength(3_000)
  expect(ends.filter(({ status }) => status === 'duplicate')).toHaveLength(100)
  expect(new Set(ends.map(({ source }) => source.index)).size).toBe(3_100)
  expect(perPerson(at)).toHaveLength(3_000)
  expect(new Set(perPerson(at))).toEqual(new Set([1]))
})

test('a worker that finds records deleted which it had not read says so, and exits with 1', async (context) => {
  const at = await fresh(context)
  const first = await at.startWorker()
  await at.produce('payment-due', ...people(9).map((customer) => paymentDue(customer)))
  await at.results.untilTerminal(9)
  await first.stop()
  const intake = await at.startWorker({ stages: ['intake'] })
  await at.produce('payment-due', ...people(30, 9).map((customer) => paymentDue(customer)))
  const admin = at.kafka.admin()
  await admin.connect()
  context.onTestFinished(() => admin.disconnect())
  await expect
    .poll(async () => (await admin.fetchTopicOffsets(at.topics.requests)).reduce((sum, { high }) => sum + Number(high), 0), {
      timeout: PATIENCE_MS,
    })
    .toBe(39)
  await intake.stop()
  const ends = await admin.fetchTopicOffsets(at.topics.requests)
  await admin.deleteTopicRecords({
    topic: at.topics.requests,
    partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
  })

  const worker = spawnWorker(context, at, 'cli')
  expect(await worker.exited).toEqual({ code: 1, signal: null })
  expect(worker.lines.find(({ event }) => event === 'failed')).toMatchObject({
    msg: expect.stringMatching(/records were deleted unread/),
  })
  expect(at.sends()).toHaveLength(9)
})
