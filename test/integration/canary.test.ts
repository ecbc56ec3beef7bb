import { createHash } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../src/line-simulator/people.ts'
import { outageNotice, paymentDue } from './events.ts'
import { type Installation, install } from './installation.ts'
import { openTopicReader, type TopicRecord } from './topic-records.ts'

/** A number that occurs nowhere else, in the spellings in which people give it. */
const CANARY = '+819076543210'
const SPELLINGS = [
  '+819076543210',
  '+81 90-7654-3210',
  '090-7654-3210',
  '09076543210',
  '(090) 7654 3210',
  '０９０−７６５４−３２１０',
  '０９０７６５４３２１０',
]

/** Whatever the number could be told by: its spellings, its digits, and the digest that LINE is given. */
const traces = (): readonly { readonly what: string; readonly bytes: Buffer }[] => {
  const digest = createHash('sha256').update(CANARY).digest()
  const texts = [
    ...SPELLINGS,
    '9076543210',
    '76543210',
    '7654-3210',
    '７６５４',
    digest.toString('hex'),
    digest.toString('hex').toUpperCase(),
    digest.toString('base64'),
    digest.toString('base64').replace(/=+$/, ''),
    digest.toString('base64url'),
    // Base64 of a text that holds the digits, wherever in it they begin.
    ...[0, 1, 2].map((shift) => base64Within('76543210', shift)),
  ]
  return [...texts.map((text) => ({ what: text, bytes: Buffer.from(text) })), { what: 'the raw digest', bytes: digest }]
}

const base64Within = (text: string, shift: number): string => {
  const encoded = Buffer.from(`${'x'.repeat(shift)}${text}`).toString('base64')
  return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + text.length) * 8) / 6))
}

let at: Installation
const records: TopicRecord[] = []
const metrics: string[] = []
const errors: string[] = []

beforeAll(async () => {
  const soonGivenUp = { unknown: { wait: 'PT0.2S' } }
  at = await install({ routes: { 'payment-due': soonGivenUp, 'outage-notice': soonGivenUp } })
  const worker = await at.startWorker()
  const bill = (phone: string, fields = {}) => paymentDue({ id: 'C-1', phone, name: '山田 花子' }, fields)

  // Every spelling is sent, and whichever goes first, to an unknown end. The same twice: a duplicate. Too long a text: refused.
  const twice = bill(CANARY)
  at.simulator.faults.add({ kind: 'server-error', to: digestOf(CANARY), count: 1 })
  const places = [
    ...(await at.produce('payment-due', ...SPELLINGS.map((phone) => bill(phone)), twice, twice)),
    ...(await at.produce('payment-due', ...SPELLINGS.map((phone) => bill(phone, { serviceName: '電'.repeat(2_000) })))),
    // With a digit too many it is unusable, and still nearly a number.
    ...(await at.produce('payment-due', bill(`${SPELLINGS[2]}9`))),
    ...(await at.produce('outage-notice', outageNotice(SPELLINGS.map((phone, n) => ({ id: `C-${n}`, phone }))))),
  ]
  // Poison: the number within bytes that cannot be read, and as the key of the record.
  const sound = await at.encode('payment-due', bill(CANARY))
  for (const [n, spelling] of SPELLINGS.entries()) {
    const value = [Buffer.from(`{"phone":"${spelling}"}`), sound.subarray(0, -n - 1)][n % 2] ?? sound
    places.push(
      await at.produceRaw(at.events['payment-due'], {
        value,
        key: spelling,
        headers: { 'x-phone': spelling, ce_subject: CANARY },
      }),
    )
  }
  for (const place of places) await at.results.endOf(place)
  metrics.push(await (await fetch(`${worker.url}/metrics`)).text())
  await worker.stop()

  // A worker that takes over what is there logs it all again, if it does.
  const second = await at.startWorker()
  metrics.push(await (await fetch(`${second.url}/metrics`)).text())
  await second.stop()
  const admin = at.kafka.admin()
  await admin.connect()
  await admin.deleteGroups([`${at.name}-intake`])
  await admin.disconnect()
  const fault = await at.startWorker({ mayDie: true }).then(String, (error: Error) => `${error.message}${error.stack}`)
  errors.push(fault)

  const reader = await openTopicReader({
    kafka: at.kafka,
    topics: [...Object.values(at.topics), at.events['payment-due']],
    isolation: 'uncommitted',
    onRecord: (record) => records.push(record),
  })
  await reader.caughtUp()
  await reader.close()
  return at.close
})

const bytesOf = ({ key, value, headers }: TopicRecord): Buffer =>
  Buffer.concat([
    ...[key, value].map((part) => part ?? Buffer.of()),
    ...Object.entries(headers).flatMap(([name, each]) => [
      Buffer.from(name),
      ...[each ?? []].flat().map((part) => Buffer.from(part)),
    ]),
  ])

const found = (where: string, bytes: Buffer): string[] =>
  traces().flatMap((trace) => (bytes.includes(trace.bytes) ? [`${trace.what} in ${where}`] : []))

test('the number has gone to every end it can', () => {
  const ends = Map.groupBy(
    at.results.all().filter(({ terminal }) => terminal),
    ({ status }) => status,
  )
  expect([...ends.keys()].toSorted()).toEqual(['accepted', 'duplicate', 'poison', 'refused', 'unconfirmed'])
  expect(new Set(at.sends().map(({ to }) => to))).toEqual(new Set([digestOf(CANARY)]))
  for (const topic of [at.topics.requests, at.topics.journal, at.topics.results, at.topics.deadLetters])
    expect(records.filter((record) => record.topic === topic).length, topic).toBeGreaterThan(5)
})

test('the search finds the number where it may be: in the domain topic', () => {
  const domain = records.filter(({ topic }) => topic === at.events['payment-due'])
  const traced = new Set(domain.flatMap((record) => found('it', bytesOf(record))))
  for (const spelling of SPELLINGS) expect(traced).toContain(`${spelling} in it`)
  for (const hidden of ['tel 09076543210', 'tel: 09076543210', '{"tel":"09076543210"}'])
    expect(found('it', Buffer.from(Buffer.from(hidden).toString('base64'))), hidden).not.toEqual([])
  // And where it must be: LINE is given its digest.
  expect(found('it', Buffer.from(at.sends()[0]?.body ?? ''))).toContain(`${digestOf(CANARY)} in it`)
})

test('no topic of tsuchi holds the number or its digest in the clear, committed or not', () => {
  const own = records.filter(({ topic }) => topic !== at.events['payment-due'])
  expect(own.flatMap((record) => found(`${record.topic}/${record.partition}@${record.offset}`, bytesOf(record)))).toEqual([])
})

test('no result, as its readers see it, holds it', () => {
  expect(found('results', Buffer.from(JSON.stringify(at.results.all())))).toEqual([])
})

test('no line of the log, no metric and no error message holds it', () => {
  expect(at.log.length).toBeGreaterThan(100)
  expect(at.log.flatMap((line) => found(line, Buffer.from(line)))).toEqual([])
  expect(metrics.join().length).toBeGreaterThan(1_000)
  expect(found('metrics', Buffer.from(metrics.join()))).toEqual([])
  expect(errors.join()).toContain('has no offsets')
  expect(found('errors', Buffer.from(errors.join()))).toEqual([])
})
