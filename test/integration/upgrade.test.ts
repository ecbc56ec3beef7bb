import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { decodeJournal, encodeJournal } from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { readFormats } from '../../src/kafka/partition-formats.ts'
import { scanTopics } from '../../src/kafka/topic-scan.ts'
import { topicNames } from '../../src/kafka/topics.ts'
import { phoneOf } from '../../src/line-simulator/people.ts'
import { expectSound } from './audit.ts'
import { deleteTopics } from './domain-topics.ts'
import { invoiceSettled, outageNotice, paymentDue, reservationReminder } from './events.ts'
import { type Installation, install } from './installation.ts'
import { makeNextVersion, NEXT_FORMAT, PREPARED_BY } from './next-version.ts'
import { quietInTokyoNow } from './quiet-now.ts'
import { tsuchi } from './tsuchi-command.ts'
import { spawnWorker, type WorkerProcess } from './worker-process.ts'

const PARTITIONS = 4
/** People who are told at once, again and again; who wait for the morning; and who wait for a channel that is paused. */
const WAVE = 300
const BILLS = 50
const REMINDERS = 100

test('workers of two versions share one installation, forward and back, under load; then it is raised, and only the newer go on', async (context) => {
  const next = await makeNextVersion()
  onTestFinished(next.remove)
  const at = await install({
    partitions: PARTITIONS,
    simulator: { latencyMs: 50 },
    furtherRoutes: ['invoice-settled'],
    routes: { 'payment-due': { quietHours: quietInTokyoNow() }, 'reservation-reminder': { channel: 'other' } },
    config: { channels: { main: { limits: { flexible: 300 } } } },
  })
  onTestFinished(at.close)
  await addChannel(at, 'other')
  const { people, wave, ended } = loadOf(at)
  const old = (state: string) => spawnWorker(context, at, { script: 'cli', state })
  const newer = (state: string) => spawnWorker(context, at, { script: 'cli', state, root: next.root })
  const byNext = (...args: string[]) => tsuchi(at, args, {}, next.root)

  // The old one alone.
  const a1 = old('a')
  await a1.untilReady()
  const bills = people(BILLS).map((customer) => paymentDue(customer))
  await at.produce('payment-due', ...bills)
  expect(await tsuchi(at, ['channels', 'pause', 'other'])).toMatchObject({ code: 0 })
  await at.produce('reservation-reminder', ...people(REMINDERS).map((customer) => reservationReminder(customer)))
  await wave()
  // Both.
  const b1 = newer('b')
  await b1.untilReady()
  await wave()
  const refused = await byNext('topics', 'upgrade', '--yes')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(
    /1 of 2 workers that run dispatch do not know format 2, and would end: stop them, or start this version in their place, at 127\.0\.0\.1\. Then give the command again/,
  )
  // The new one alone.
  await stopped(a1)
  await wave()
  // Back: the old one alone.
  const a2 = old('a')
  await a2.untilReady()
  await wave()
  await stopped(b1)
  await ended()
  expect(await readFormats(at.kafka, at.topics.journal, PARTITIONS)).toEqual(Array(PARTITIONS).fill(NEWEST_FORMAT))
  // And forward again, the second in the directory of an old one.
  const b2 = newer('b')
  await b2.untilReady()
  await wave()
  await stopped(a2)
  const a3 = newer('a')
  await a3.untilReady()
  await a3.untilLogged(
    'that its store is of another version',
    ({ event, reason }) => event === 'store-rebuild' && reason === 'another-version',
  )

  const told = await byNext('topics', 'upgrade')
  expect(told).toMatchObject({ code: 0, stderr: expect.stringContaining('To do it, give the same command with --yes.') })
  expect((await byNext('check')).stderr).toContain('`tsuchi topics upgrade` raises it')
  await wave()
  const raised = await byNext('topics', 'upgrade', '--yes')
  expect(raised.stderr).toContain('4 of 4 partitions are to be raised from format 1 to 2')
  expect(raised).toMatchObject({ code: 0, stderr: expect.stringContaining('raised. Workers that run go on within seconds') })
  await wave()
  await stopped(b2)
  const b3 = newer('b')
  await b3.untilReady()
  await stopped(a3)
  const a4 = newer('a')
  await a4.untilReady()
  await wave()
  expect(await byNext('topics', 'upgrade')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('is in format 2, the newest'),
  })

  // What waited has waited through all of it.
  await ended()
  expect(await byNext('channels', 'resume', 'other')).toMatchObject({ code: 0 })
  await ended(REMINDERS)
  await at.produce('invoice-settled', ...bills.map(({ invoiceId }) => invoiceSettled(String(invoiceId))))
  const ends = await ended(REMINDERS + BILLS)
  const results = at.results.all()
  expect(ends.filter(({ status }) => status === 'cancelled')).toHaveLength(BILLS)
  expect(ends.filter(({ status }) => status === 'accepted')).toHaveLength(ends.length - BILLS)
  expect(at.sends()).toHaveLength(ends.length - BILLS)
  expect(results.filter(({ status }) => status === 'unknown')).toEqual([])
  expect(new Set(perPerson(at))).toEqual(new Set([1]))
  expect(await lettersOf(at)).toBe(0)
  await expectSound(at)
  const { requests, positions } = await formatsWritten(at)
  expect(requests).toEqual(new Set([1, NEXT_FORMAT]))
  expect(positions).toEqual(new Set([NEXT_FORMAT]))

  // No way back, and it says so.
  const late = old('late')
  expect(await late.exited).toEqual({ code: 1, signal: null })
  expect(late.errors()).toContain(
    `${at.topics.journal} is in format 2 of internal records, and this version of tsuchi knows formats up to 1. It was raised by \`tsuchi topics upgrade\`, and there is no way back: run the version that did that, or a newer one. Nothing is lost meanwhile; what waits, waits`,
  )
  expect(await tsuchi(at, ['channels', 'resume', 'main'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is in format 2'),
  })
  expect((await tsuchi(at, ['check'])).stderr).toMatch(/✗ .*is in format 2 of internal records/)
}, 600_000)

test('a worker that runs while the topics are raised to what it does not know passes nothing, and ends with the reason', async (context) => {
  const at = await install({ partitions: 1 })
  onTestFinished(at.close)
  const worker = spawnWorker(context, at, 'cli')
  await worker.untilReady()
  const { people } = loadOf(at)
  await at.produce('outage-notice', outageNotice(people(3)))
  await at.results.untilTerminal(3)

  // As a newer version does it, but without asking who runs.
  await underTheIdOf(at, 0, {
    key: 'format',
    value: encodeJournal({ kind: 'format', format: NEXT_FORMAT }, NEWEST_FORMAT),
  })
  const newer = Buffer.from([NEXT_FORMAT, 4, 1, 2, 3])
  const { offset } = await at.produceRaw(at.topics.requests, { key: 'somebody', value: newer, partition: 0 })

  expect(await worker.exited).toEqual({ code: 1, signal: null })
  expect(worker.lines.find(({ event }) => event === 'failed')).toMatchObject({
    error: 'NewerFormatError',
    msg: expect.stringContaining('the journal of partition 0 is in format 2 of internal records'),
  })
  expect(await lettersOf(at)).toBe(0)
  const positions: number[] = []
  await scanTopics({
    kafka: at.kafka,
    scans: [{ topic: at.topics.journal }],
    onRecord: ({ key, value }) => {
      if (key?.toString() !== 'position') return 'go-on'
      const record = decodeJournal(value)
      if (record.kind === 'task-position') positions.push(record.position.requests)
      return 'go-on'
    },
  })
  expect(Math.max(...positions), 'the request that it cannot read is still to be read').toBe(offset)
})

test('a record in requests that only looks like one of a newer version, while the topics are in no such format, is set aside as any other', async (context) => {
  const at = await install({ partitions: 1 })
  onTestFinished(at.close)
  const worker = spawnWorker(context, at, 'cli')
  await worker.untilReady()
  const { people } = loadOf(at)
  await at.produceRaw(at.topics.requests, { key: 'somebody', value: Buffer.from([NEXT_FORMAT, 4, 1, 2, 3]), partition: 0 })
  await at.produce('outage-notice', outageNotice(people(1)))
  await at.results.untilTerminal(1)
  expect(await lettersOf(at)).toBe(1)
})

test('the format of a partition is found behind what says nothing of it, and without waiting for a transaction that does not end', async () => {
  const at = await install({ partitions: 2 })
  onTestFinished(at.close)
  const raised = { key: 'format', value: encodeJournal({ kind: 'format', format: NEXT_FORMAT }, NEWEST_FORMAT) }
  await underTheIdOf(at, 1, raised)
  const epochs = Array.from({ length: 300 }, (_, n) => ({
    key: 'epoch',
    value: encodeJournal({ kind: 'epoch', nonce: `${n}` }, 1),
  }))
  await underTheIdOf(at, 1, ...epochs)
  const stuck = at.kafka.producer({ transactionalId: `${at.name}-dispatch-1`, idempotent: true, maxInFlightRequests: 1 })
  await stuck.connect()
  onTestFinished(() => stuck.disconnect())
  await underTheIdOf(at, 0, { key: 'position', value: Buffer.from('{"not":"ours"}') })
  const transaction = await stuck.transaction()
  await transaction.send({ topic: at.topics.journal, messages: epochs.map((record) => ({ ...record, partition: 1 })) })
  expect(await readFormats(at.kafka, at.topics.journal, 2)).toEqual([NEWEST_FORMAT, NEXT_FORMAT])
  await transaction.abort()
  expect(await readFormats(at.kafka, at.topics.journal, 2)).toEqual([NEWEST_FORMAT, NEXT_FORMAT])
})

test('a journal in which somebody else has written ends the worker with the place and the remedy, rather than failing for ever', async (context) => {
  const at = await install({ partitions: 1 })
  onTestFinished(at.close)
  await at.produceRaw(at.topics.journal, { key: 'entry/x', value: 'nothing of ours', partition: 0 })
  const worker = spawnWorker(context, at, 'cli')
  expect(await worker.exited).toEqual({ code: 1, signal: null })
  expect(worker.lines.find(({ event }) => event === 'failed')).toMatchObject({
    msg: expect.stringMatching(/^the journal of partition 0 cannot be read at offset 2: .* restore the topic from a backup/),
  })
})

test('topics that the next version creates are in its format from the start, and this one refuses them', async () => {
  const next = await makeNextVersion()
  onTestFinished(next.remove)
  const at = await install({ partitions: 1 })
  onTestFinished(at.close)
  const prefix = `${at.name}-next`
  const configFile = join(at.directory, 'next.yaml')
  await writeFile(configFile, (await readFile(at.configFile, 'utf8')).replace(`prefix: ${at.name}`, `prefix: ${prefix}`))
  const there = { configFile, env: at.env }
  const names = topicNames(prefix)
  onTestFinished(() => deleteTopics(at.kafka, Object.values(names)))
  expect(await tsuchi(there, ['topics', 'create'], {}, next.root)).toMatchObject({ code: 0 })
  expect(await readFormats(at.kafka, names.journal, 1)).toEqual([NEXT_FORMAT])
  expect(await tsuchi(there, ['run'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`${names.journal} is in format 2`),
  })
})

/** Another one of the same account. */
const addChannel = async (at: Installation, name: string): Promise<void> => {
  const { channels, ...rest } = parse(await readFile(at.configFile, 'utf8'))
  await writeFile(
    at.configFile,
    stringify({ ...rest, channels: { ...channels, [name]: channels.main } }, { aliasDuplicateObjects: false }),
  )
}

/** People who were never told of anything before, by waves. */
const loadOf = (at: Installation) => {
  let known = 0
  let due = 0
  const people = (count: number) =>
    Array.from({ length: count }, () => ({ id: `C-${known}`, phone: phoneOf('reachable', known++) }))
  return {
    people,
    /** Begins one, and resolves while it is under way. */
    wave: async () => {
      const before = at.sends().length
      await at.produce('outage-notice', outageNotice(people(WAVE), { incidentId: `INC-${known}` }))
      due += WAVE
      await at.results.until('the wave to be under way', () => at.sends().length > before + WAVE / 20)
    },
    /** All that was begun, and so many more. */
    ended: (more = 0) => at.results.untilTerminal(due + more),
  }
}

const stopped = async (worker: WorkerProcess): Promise<void> => {
  worker.child.kill('SIGTERM')
  expect(await worker.exited).toEqual({ code: 0, signal: null })
}

const perPerson = (at: Installation): number[] =>
  [...Map.groupBy(at.sends(), ({ to }) => to).values()].map(({ length }) => length)

const lettersOf = async (at: Installation): Promise<number> => {
  let letters = 0
  await scanTopics({
    kafka: at.kafka,
    scans: [{ topic: at.topics.deadLetters }],
    onRecord: () => {
      letters++
      return 'go-on'
    },
  })
  return letters
}

/** The first byte of each request that has something to send, and of the last position of each partition. */
const formatsWritten = async (at: Installation) => {
  const requests = new Set<number>()
  const last = new Map<number, number>()
  await scanTopics({
    kafka: at.kafka,
    scans: [{ topic: at.topics.requests }, { topic: at.topics.journal }],
    onRecord: ({ topic, partition, key, value }) => {
      const [format = 0, kind] = value ?? []
      if (topic === at.topics.requests && kind === READY) {
        requests.add(format)
        expect(value?.includes(PREPARED_BY)).toBe(format === NEXT_FORMAT)
      }
      if (topic === at.topics.journal && key?.toString() === 'position') last.set(partition, format)
      return 'go-on'
    },
  })
  return { requests, positions: new Set(last.values()) }
}

/** The second byte of a ready request. */
const READY = 4

/** What a newer version commits as the owner of a partition. */
const underTheIdOf = async (
  at: Installation,
  partition: number,
  ...records: { readonly key: string; readonly value: Buffer }[]
): Promise<void> => {
  const transactionalId = `${at.name}-dispatch-${partition}`
  const producer = at.kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic: at.topics.journal, messages: records.map((record) => ({ ...record, partition })) })
  await transaction.commit()
  await producer.disconnect()
}
