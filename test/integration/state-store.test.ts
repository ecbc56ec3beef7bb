import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Worker } from '../../src/app.ts'
import { createTopics } from '../../src/kafka/create-topics.ts'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import type { Parts } from '../../src/stages/stage.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { expectSound } from './audit.ts'
import { deleteTopics } from './domain-topics.ts'
import { type Customer, outageNotice, reservationCancelled, reservationReminder } from './events.ts'
import { type Installation, type InstallationOptions, install } from './installation.ts'
import { metricOf, untilMetric } from './metrics.ts'
import { PATIENCE_MS } from './patience.ts'
import { quietInTokyoNow } from './quiet-now.ts'
import { tsuchi } from './tsuchi-command.ts'
import { spawnWorker } from './worker-process.ts'

const MANY = 200
/** So many that a worker is still at it when it first syncs its stores. */
const CROWD = 1_800
const people = (count: number, from = 0): Customer[] =>
  Array.from({ length: count }, (_, n) => ({ id: `C-${from + n}`, phone: phoneOf('reachable', from + n) }))
const fileOf = (at: Installation, partition: number) => join(at.directory, 'kept', `partition-${partition}.sqlite`)
const perPerson = (at: Installation): ReadonlySet<number> =>
  new Set([...Map.groupBy(at.sends(), ({ to }) => to).values()].map((sends) => sends.length))

/** From which journal offsets partitions are restored. */
const watchedRestores = () => {
  const from: number[] = []
  const aroundJournal: Parts['aroundJournal'] = (journal) => ({
    ...journal,
    restore: (offset, onPortion) => {
      from.push(offset)
      return journal.restore(offset, onPortion)
    },
  })
  return { from, aroundJournal }
}

describe('one partition with a past', () => {
  const { clock, forward } = adjustableClock()
  const restores = watchedRestores()
  const outage = outageNotice(people(MANY))
  let at: Installation
  let worker: Worker
  let asleep: { topic: string; partition: number; offset: number }
  let ended = 0
  const startAgain = async () => {
    restores.from.length = 0
    worker = await at.startWorker({ state: 'kept', clock, aroundJournal: restores.aroundJournal })
  }
  const rebuilds = (reason: string) => metricOf(worker, 'tsuchi_store_rebuilds_total', { reason })

  beforeAll(async () => {
    at = await install({
      partitions: 1,
      furtherRoutes: ['reservation-cancelled'],
      routes: { 'reservation-reminder': { quietHours: quietInTokyoNow() } },
    })
    await startAgain()
    await at.produce('outage-notice', outage)
    asleep = await at.produceOne(
      'reservation-reminder',
      reservationReminder({ id: 'C-1000', phone: phoneOf('reachable', 1_000) }),
    )
    await at.results.until('the reminder to wait', () => at.results.about(asleep)[0])
    await at.produceOne('reservation-cancelled', reservationCancelled('R-gone'))
    await untilMetric(worker, 'tsuchi_intake_requests_total', { kind: 'mark' }, (count) => count > 0)
    ended = (await at.results.untilTerminal(MANY)).length
    return at.close
  })

  /** It knows what was sent, what was called off, and what waits; and works. */
  const expectMemory = async () => {
    await at.produce('outage-notice', outage)
    const gone = await at.produceOne(
      'reservation-reminder',
      reservationReminder(
        { ...people(1, 2_000)[0], id: 'C-2000', phone: phoneOf('reachable', 2_000), timeZone: 'Asia/Bangkok' },
        { reservationId: 'R-gone', occurredAt: clock.now() - 3_600_000 },
      ),
    )
    ended += MANY + 1
    const again = (await at.results.untilTerminal(ended)).slice(-(MANY + 1))
    expect(again.filter(({ status }) => status === 'duplicate')).toHaveLength(MANY)
    expect(await at.results.endOf(gone)).toMatchObject({ status: 'cancelled' })
    expect(await metricOf(worker, 'tsuchi_notifications', { state: 'queued' })).toBe(1)
    expect(at.sends()).toHaveLength(MANY)
  }

  test('a worker started again reads only what came after its last sync', async () => {
    await worker.stop()
    await startAgain()
    expect(restores.from).toHaveLength(1)
    expect(restores.from[0]).toBeGreaterThan(MANY)
    expect(await metricOf(worker, 'tsuchi_store_rebuilds_total')).toBe(0)
    await expectMemory()
  })

  test('without its directory it builds the store anew from the journal', async () => {
    await worker.stop()
    await rm(join(at.directory, 'kept'), { recursive: true })
    await startAgain()
    expect([restores.from, await rebuilds('missing')]).toEqual([[0], 1])
    await expectMemory()
  })

  test.for([
    ['cut off in the middle', async (file: string) => truncate(file, Math.floor((await stat(file)).size / 2))],
    ['empty', (file: string) => truncate(file, 0)],
    [
      'with garbage at its beginning',
      async (file: string) => {
        const handle = await open(file, 'r+')
        await handle.write(randomBytes(4_096), 0, 4_096, 0)
        await handle.close()
      },
    ],
    [
      'with garbage in its middle',
      async (file: string) => {
        const handle = await open(file, 'r+')
        const { size } = await handle.stat()
        const garbage = randomBytes(Math.floor(size / 3))
        await handle.write(garbage, 0, garbage.length, Math.floor(size / 3))
        await handle.close()
      },
    ],
  ] as const)('a file that is %s is found out and built anew: nobody is written to twice', async ([, damage]) => {
    await worker.stop()
    await damage(fileOf(at, 0))
    await startAgain()
    await expectMemory()
    expect(await metricOf(worker, 'tsuchi_store_rebuilds_total')).toBeGreaterThanOrEqual(1)
    expect(restores.from.at(-1)).toBe(0)
  })

  test('without a file everything is known, too', async () => {
    await worker.stop()
    restores.from.length = 0
    worker = await at.startWorker({ state: 'memory', clock, aroundJournal: restores.aroundJournal })
    expect(restores.from).toEqual([0])
    await expectMemory()
  })

  test('a store that is ahead of the log is built anew', async () => {
    await worker.stop()
    const database = new DatabaseSync(fileOf(at, 0))
    database.exec(`UPDATE meta SET facts = json_set(facts, '$.next', 1000000)`)
    database.close()
    await startAgain()
    expect(restores.from).toEqual([0])
    await expectMemory()
  })

  test('a store that was not told of the log for long may have missed what was forgotten, and is built anew', async () => {
    await worker.stop()
    forward(13 * 3_600_000) // tombstones are kept for a day
    await startAgain()
    expect([restores.from, await rebuilds('too-old')]).toEqual([[0], 1])
    // Quiet hours were over meanwhile.
    expect(await at.results.endOf(asleep)).toMatchObject({ status: 'accepted', attempts: 1 })
    expect(at.sends()).toHaveLength(MANY + 1)
    expect(perPerson(at)).toEqual(new Set([1]))
    await expectSound(at)
  })

  test('neither a number nor its digest is in the files', async () => {
    await worker.stop()
    const person = phoneOf('reachable', 1)
    const national = `0${person.slice(3)}`
    const digest = digestOf(person)
    const files = await readdir(join(at.directory, 'kept'))
    expect(files).toContain(`partition-0.sqlite`)
    for (const file of files) {
      const bytes = await readFile(join(at.directory, 'kept', file))
      for (const word of [person.slice(1), national, digest]) expect(bytes.includes(word), `${word} in ${file}`).toBe(false)
      expect(bytes.includes(Buffer.from(digest, 'hex')), `the digest in ${file}`).toBe(false)
    }
    await startAgain()
  })

  test('a second process on the same directory is refused, says why, and disturbs nobody', async () => {
    const { code, stderr } = await tsuchi(at, ['run'], { TSUCHI_STATE: 'kept' })
    expect(code).toBe(1)
    expect(stderr).toMatch(/another process keeps its state in .*kept: give every worker a state\.directory of its own/)
    expect(stderr).not.toMatch(/ {4}at /) // no stack
    const place = await at.produceOne('outage-notice', outageNotice(people(1, 3_000), { occurredAt: clock.now() }))
    expect(await at.results.endOf(place)).toMatchObject({ status: 'accepted' })
  })
})

test.concurrent('a partition that went to another worker and comes back is caught up from where its file was left', async ({
  expect,
  onTestFinished,
}) => {
  const at = await install({ partitions: 2 })
  onTestFinished(at.close)
  const restores = watchedRestores()
  const events = [0, 1, 2].map((n) => outageNotice(people(50, 50 * n), { incidentId: `INC-${n}` }))
  const produce = (...which: readonly number[]) => at.produce('outage-notice', ...which.flatMap((n) => events[n] ?? []))
  await at.startWorker({ state: 'kept', aroundJournal: restores.aroundJournal })
  await produce(0)
  await at.results.untilTerminal(50)

  const guest = await at.startWorker({ state: 'of the guest' })
  await untilMetric(guest, 'tsuchi_partitions', { state: 'open' }, (count) => count === 1)
  await produce(1)
  await at.results.untilTerminal(100)
  restores.from.length = 0
  await guest.stop()
  await produce(0, 1, 2)
  const ends = await at.results.untilTerminal(250)
  expect(ends.slice(100).filter(({ status }) => status === 'duplicate')).toHaveLength(100)
  expect(restores.from.length, 'the partition that came back').toBeGreaterThan(0)
  expect(Math.min(...restores.from)).toBeGreaterThan(1)
  expect(at.sends()).toHaveLength(150)
  expect(perPerson(at)).toEqual(new Set([1]))
  await expectSound(at)
})

test.concurrent('topics that were made anew under the same names have another store', async ({ expect, onTestFinished }) => {
  const at = await install({ partitions: 1 })
  onTestFinished(at.close)
  const restores = watchedRestores()
  const event = outageNotice(people(20))
  const first = await at.startWorker({ state: 'kept' })
  await at.produce('outage-notice', event)
  await at.results.untilTerminal(20)
  await first.stop()

  const { requests, feedback, journal } = at.topics
  await deleteTopics(at.kafka, [requests, feedback, journal])
  const admin = at.kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  await vi.waitUntil(async () => !(await admin.listTopics()).some((topic) => [requests, feedback, journal].includes(topic)), {
    timeout: PATIENCE_MS,
    interval: 50,
  })
  await createTopics({
    kafka: at.kafka,
    names: at.topics,
    partitions: 1,
    replication: 1,
    pepper: at.config.privacy.pepper,
    group: at.name,
    onProgress: () => {},
  })
  const second = await at.startWorker({ state: 'kept', aroundJournal: restores.aroundJournal })
  expect([restores.from, await metricOf(second, 'tsuchi_store_rebuilds_total', { reason: 'another-incarnation' })]).toEqual([
    [0],
    1,
  ])
  await at.produce('outage-notice', event)
  const ends = await at.results.untilTerminal(40)
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['accepted']))
})

test.concurrent('a worker killed in the midst of its sends and started again on its directory: nobody is written to twice, and nobody is missing', async (context) => {
  const options: InstallationOptions = {
    simulator: { latencyMs: 200 },
    config: { channels: { main: { deadline: 'PT2S', limits: { flexible: 200 } } } },
    routes: { 'outage-notice': { unknown: { wait: 'PT1S' } } },
  }
  const at = await install(options)
  context.onTestFinished(at.close)
  const doomed = spawnWorker(context, at, { script: 'cli', state: 'kept' })
  await doomed.untilReady()
  await at.produce('outage-notice', outageNotice(people(CROWD)))
  const logs = [0, 1, 2].map((partition) => `${fileOf(at, partition)}-wal`)
  const begun = logs.map((log) => statSync(log).size)
  await vi.waitUntil(() => logs.some((log, n) => statSync(log).size > (begun[n] ?? 0) + 100_000), {
    timeout: PATIENCE_MS,
    interval: 20,
  })
  // What is seen growing may be half written. A result that is published later comes after it.
  const ended = () => at.results.all().filter(({ terminal }) => terminal).length
  const before = ended()
  await at.results.until('more to end', () => ended() >= before + 50)
  doomed.child.kill('SIGKILL')
  await doomed.exited
  expect(ended(), 'killed in the midst').toBeLessThan(CROWD)

  const restores = watchedRestores()
  const next = await at.startWorker({ state: 'kept', aroundJournal: restores.aroundJournal })
  const ends = await at.results.untilTerminal(CROWD, 2 * PATIENCE_MS)
  expect(await metricOf(next, 'tsuchi_store_rebuilds_total')).toBe(0)
  expect(restores.from.filter((offset) => offset > 20).length, 'partitions that were restored from their files').toBeGreaterThan(
    0,
  )
  const unconfirmed = ends.filter(({ status }) => status === 'unconfirmed').length
  expect(ends.filter(({ status }) => status === 'accepted')).toHaveLength(CROWD - unconfirmed)
  expect(perPerson(at)).toEqual(new Set([1]))
  await expectSound(at)
}, 300_000)
