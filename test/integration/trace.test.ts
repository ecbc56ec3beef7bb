import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { paymentDue, reservationCancelled, reservationReminder } from './events.ts'
import { type Installation, install } from './installation.ts'
import { quietInTokyoNow } from './quiet-now.ts'
import type { ObservedResult, Place } from './results.ts'
import { type Ended, tsuchi } from './tsuchi-command.ts'

let at: Installation
const outputs: string[] = []
const PHONES = [1, 2, 3, 4, 5].map((n) => phoneOf('reachable', n))
const [SENT = '', DEFERRED = '', UNKNOWN = '', WAITING = '', HIDDEN = ''] = PHONES

let accepted: ObservedResult
let duplicate: ObservedResult
let refused: ObservedResult
let cancelled: ObservedResult
let unconfirmed: ObservedResult
let waiting: Place
let eventId: string

beforeAll(async () => {
  const quietHours = quietInTokyoNow()
  at = await install({
    partitions: 2,
    furtherRoutes: ['reservation-cancelled'],
    routes: { 'payment-due': { unknown: { wait: 'PT0.2S' } }, 'reservation-reminder': { quietHours } },
    config: { channels: { main: { price: { currency: 'JPY', template: 3.5, flexible: 12 } } } },
  })
  await at.startWorker()
  const event = paymentDue({ id: 'C-1', phone: SENT, name: '山田 花子' })
  eventId = event.eventId
  accepted = await at.results.endOf(await at.produceOne('payment-due', event))
  duplicate = await at.results.endOf(await at.produceOne('payment-due', event))
  refused = await at.results.endOf(await at.produceOne('payment-due', paymentDue({ id: 'C-2', phone: '0312-99' })))

  at.simulator.faults.add({ kind: 'server-error', to: digestOf(UNKNOWN), count: 1 })
  unconfirmed = await at.results.endOf(await at.produceOne('payment-due', paymentDue({ id: 'C-4', phone: UNKNOWN })))

  const deferred = await at.produceOne('reservation-reminder', reservationReminder({ id: 'C-3', phone: DEFERRED }))
  waiting = await at.produceOne('reservation-reminder', reservationReminder({ id: 'C-5', phone: WAITING }))
  for (const place of [deferred, waiting])
    await at.results.until('it to wait', () => at.results.about(place).find(({ reason }) => reason === 'quiet-hours'))
  await at.produceOne('reservation-cancelled', reservationCancelled('R-C-3'))
  cancelled = await at.results.endOf(deferred)
  return at.close
})

const traced = async (...args: string[]): Promise<Ended> => {
  const ended = await tsuchi(at, ['trace', ...args])
  outputs.push(ended.stdout, ended.stderr)
  return ended
}
/** What times, places and ids are differs from run to run. */
const plain = (text: string): string =>
  text
    .replaceAll(at.name, 'it')
    .replace(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}/g, 'TIME')
    .replace(/ +[+-]([\d.]+ (ms|s)|\d+ min( \d+ s)?)( |$)/gm, ' +SPAN ')
    .replace(/\/\d+\/\d+\]/g, '/P/O]')
    .replace(/--partition \d+ --offset \d+/g, '--partition P --offset O')
    .replace(/\bt_\w+/g, 'TAG')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID')
    .replace(/[0-9a-f]{64}/g, 'REF')
    .replace(/[0-9a-f]{32}/g, 'ID')
    .replace(/[ \t]+$/gm, '')

describe('the story of one notification', () => {
  test("that LINE took, found by its id: where each thing lies, LINE's request, the cost, and what the journal has", async () => {
    const { stdout, stderr, code } = await traced(accepted.notificationId)
    expect([code, stderr]).toEqual([0, ''])
    expect(plain(stdout)).toBe(`Times are those of Asia/Tokyo.

notification ID: accepted
  event UUID from jp.example.billing of type jp.example.billing.PaymentDue
  customer C-1, recipient REF, about invoice/INV-UUID
  purpose payment-due, route payment-due, channel main, endpoint flexible

  TIME               event: it happened; see \`tsuchi preview --topic it.events.payment-due --partition P --offset O\`  [it.events.payment-due/P/O]
  TIME +SPAN  request: intake made it by route payment-due, for main/flexible, of no use from TIME on  [it.requests/P/O]
  TIME +SPAN  sending: attempt 1, as TAG.  [it.results/P/O]
  TIME +SPAN  accepted: LINE took it, request UUID, for at most 12 JPY. This is the end.  [it.results/P/O]

  now: it has ended. Remembered until TIME, so that it is not sent again; then forgotten  [it.journal/P/O]
  1 attempt; delivery tag TAG
`)
    expect(stdout).toContain(`request ${accepted.lineRequestId},`)
  })

  test('that was a duplicate: which one was first', async () => {
    const { stdout } = await traced(duplicate.notificationId)
    expect(stdout).toContain(`duplicate: the same event again; see notification ${accepted.notificationId}. This is the end.`)
  })

  test('that intake refused: why, without the value', async () => {
    const { stdout } = await traced(refused.notificationId)
    expect(plain(stdout)).toContain(`
  TIME +SPAN  request: intake refused it (unusable-phone): customer.phone: no valid number of JP, nor one with country code: a text of the shape 9999-99 (7 characters)  [it.requests/P/O]
  TIME +SPAN  refused: tsuchi did not send it (unusable-phone): customer.phone: no valid number of JP, nor one with country code: a text of the shape 9999-99 (7 characters). This is the end; the route says to try sms now.  [it.results/P/O]

  now: it has ended. Remembered until TIME, so that the same record is not told of twice; then forgotten  [it.journal/P/O]
`)
  })

  test('that waited for the morning, and was called off: until when, and by what', async () => {
    const { stdout } = await traced('C-3')
    expect(plain(stdout)).toContain(`
  TIME +SPAN  request: intake made it by route reservation-reminder, for main/flexible, quiet hours in Asia/Tokyo, of no use from TIME on  [it.requests/P/O]
  TIME +SPAN  queued: it waits for the end of quiet hours, until TIME.  [it.results/P/O]
  TIME +SPAN  mark: reservation/R-C-3 was called off by an event of TIME  [it.requests/P/O]
  TIME +SPAN  cancelled: what it is about was called off (cancellation). This is the end.  [it.results/P/O]

  now: it has ended. Remembered until TIME, so that it is not sent again; then forgotten  [it.journal/P/O]
  known of its subject: reservation/R-C-3 was called off by an event of TIME; remembered until TIME
`)
    expect(stdout).toContain(`notification ${cancelled.notificationId}: cancelled`)
  })

  test('of which nobody knows what became', async () => {
    const { stdout } = await traced(unconfirmed.notificationId)
    expect(plain(stdout)).toContain(`
  TIME +SPAN  sending: attempt 1, as TAG.  [it.results/P/O]
  TIME +SPAN  unknown: LINE may or may not have taken it: its answer said neither yes nor no (status), request UUID.  [it.results/P/O]
  TIME +SPAN  unconfirmed: nobody can say whether LINE took it: its answer said neither yes nor no (status), for at most 12 JPY. This is the end; the route says to try sms now.  [it.results/P/O]
`)
  })

  test('that waits: when it may go', async () => {
    const { stdout } = await traced('C-5')
    const { releaseAt } = at.results.about(waiting)[0] ?? {}
    const inTokyo = Temporal.Instant.fromEpochMilliseconds(releaseAt ?? 0)
      .toZonedDateTimeISO('Asia/Tokyo')
      .toPlainDateTime()
      .toString({ smallestUnit: 'millisecond' })
      .replace('T', ' ')
    expect(stdout).toContain(`now: it waits, and may go from ${inTokyo} on, until `)
  })
})

describe('it is found', () => {
  const headOf = async (...args: string[]) => {
    const { stdout, stderr, code } = await traced(...args)
    expect([code, stderr], stderr).toEqual([0, ''])
    return stdout.split('\n').filter((line) => line.startsWith('notification '))
  }
  const whole = ({ notificationId, status }: ObservedResult) => `notification ${notificationId}: ${status}`

  test('by delivery tag', async () => {
    expect(await headOf(unconfirmed.deliveryTag ?? '')).toEqual([whole(unconfirmed)])
  })

  test('by recipientRef, with all that the person was to get', async () => {
    expect(await headOf(accepted.recipientRef ?? '')).toEqual([whole(duplicate), whole(accepted)])
  })

  test('by customer id, by subject, and by what --as says', async () => {
    expect(await headOf('C-2')).toEqual([whole(refused)])
    expect(await headOf('reservation/R-C-3')).toEqual([whole(cancelled)])
    expect(await headOf('C-3', '--as', 'customer')).toEqual([whole(cancelled)])
    expect((await traced('C-3', '--as', 'event')).code).toBe(1)
  })

  test('by event id: a list, the newest first, and the stories of as many as are asked for', async () => {
    const { stdout } = await traced(eventId, '--limit', '1', '--zone', 'Europe/London')
    expect(plain(stdout)).toContain(`Times are those of Europe/London.

2 notifications, found by event id, the newest first:
  ID  duplicate     payment-due             TIME  event UUID
  ID  accepted      payment-due             TIME  event UUID
  Of 1 the story is not told here: see --limit, or trace one by its id

notification ID: duplicate
`)
    expect(stdout.indexOf(duplicate.notificationId)).toBeLessThan(stdout.indexOf(accepted.notificationId))
    expect(stdout).not.toContain(`notification ${accepted.notificationId}: accepted`)
  })

  test('for programs: a line of JSON each, with every fact', async () => {
    const { stdout, code } = await traced(eventId, '--json')
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(documents.map(({ notificationId, status }) => [notificationId, status])).toEqual([
      [duplicate.notificationId, 'duplicate'],
      [accepted.notificationId, 'accepted'],
    ])
    expect(documents[1]).toMatchObject({
      customerId: 'C-1',
      event: { id: eventId },
      facts: [
        { kind: 'request', topic: at.topics.requests },
        { kind: 'result', result: { status: 'sending' } },
        { kind: 'entry', entry: { state: 'sending' } },
        { kind: 'result', result: { status: 'accepted', cost: { tenThousandths: 120_000, currency: 'JPY' } } },
        { kind: 'entry', entry: { state: 'done' } },
      ],
      now: { kind: 'remembered', entry: { state: 'done', attempts: 1 } },
    })
    expect(stdout).not.toContain('"sealed"')
  })

  test('with the registry out of reach, and without a secret', async () => {
    const registry = { url: 'http://127.0.0.1:1' }
    const file = join(at.directory, 'without.yaml')
    await writeFile(file, stringify({ ...parse(await readFile(at.configFile, 'utf8')), registry }))
    const { stdout, stderr } = await tsuchi({ configFile: file, env: {} }, ['trace', accepted.notificationId])
    expect(stderr).toBe('')
    expect(stdout).toContain(whole(accepted))
  })
})

describe('nothing is found', () => {
  test('what was looked through is said, and the id, which may be a phone number, is not repeated', async () => {
    const { stdout, stderr, code } = await traced(HIDDEN)
    expect([code, stdout]).toEqual([1, ''])
    expect(plain(stderr).replace(/: \d+ records/g, ': N records')).toBe(
      `nothing is known of it as event id, customer id, subject. Looked through, from TIME (Asia/Tokyo) on, but the journal as a whole:
  it.requests: N records
  it.journal: N records
  it.results: N records
Look further back with --since P30D (results are kept longest); is it this installation (topics.prefix)? A phone number is known to nobody here: look for the customer id.
`,
    )
  })

  test('what is before --since is not looked at, but in the journal', async () => {
    const soon = new Date(Date.now()).toISOString()
    expect((await traced('C-2', '--since', soon)).code, 'the journal has no customer of what was refused').toBe(1)
    expect((await traced('C-1', '--since', soon)).stdout).toContain(`notification ${accepted.notificationId}: accepted`)
    const { stderr } = await traced('C-2', '--since', 'yesterday')
    expect(stderr).toContain('--since is neither a duration such as P7D nor a time such as 2026-01-05T21:00 that is past')
  })

  test('records that cannot be read are counted', async () => {
    const { partition } = JSON.parse((await traced('C-5', '--json')).stdout)
    const place = await at.produceRaw(at.topics.feedback, { value: 'not of tsuchi', partition })
    const { stderr, code } = await traced('C-5')
    expect([code, stderr]).toEqual([
      0,
      `1 record could not be read, and may have belonged here. The first is ${at.topics.feedback}/${partition}/${place.offset}: the record is of format 110, which there never was\n`,
    ])
  })
})

test('no output holds a phone number, or the hash of one', () => {
  expect(outputs.join().length).toBeGreaterThan(10_000)
  for (const phone of PHONES) {
    const hash = digestOf(phone)
    for (const trail of [phone, phone.slice(3), `0${phone.slice(3)}`, hash, Buffer.from(hash, 'hex').toString('base64')])
      expect(outputs.join()).not.toContain(trail)
  }
})
