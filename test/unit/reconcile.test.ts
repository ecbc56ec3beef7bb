import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Config, loadConfig } from '../../src/config.ts'
import type { Result, Status } from '../../src/domain/result.ts'
import { resultIdOf } from '../../src/domain/say.ts'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import { startSimulator } from '../../src/line-simulator/simulator.ts'
import { countedBy, dayBefore, dayOf } from '../../src/reconcile/day.ts'
import { createIdTable } from '../../src/reconcile/id-table.ts'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import type { Told } from '../../src/reconcile/results.ts'
import { createTally } from '../../src/reconcile/tally.ts'
import { reconciliationDocument, reconciliationText } from '../../src/reconcile/tell.ts'
import { answer, type Peer, startPeer } from './line-peer.ts'
import { HOUR, MINUTE, NOON, notification, only, SECOND } from './notification-builder.ts'
import { folderOf } from './route-folder.ts'

const idOf = (n: number): string => createHash('sha256').update(String(n)).digest('hex').slice(0, 32)
/** 2026-06-01, the day of NOON. */
const DAY = dayOf('2026-06-01', NOON) ?? { date: '', from: 0, until: 0 }
const PRICE = { tenThousandths: 35_000, currency: 'JPY' }

const result = (n: number, sequence: number, status: Status, changes: Partial<Result> = {}): Result => {
  const { event, position, customerId, recipientRef, purpose, route, channel, endpoint, subject } = notification(n)
  const notificationId = idOf(n)
  return {
    ...{ resultId: resultIdOf(notificationId, sequence), notificationId, sequence, status },
    ...{ terminal: false, corrects: null, reason: null, detail: null },
    ...{ purpose, route, channel, endpoint, customerId, recipientRef, subject, position, event },
    ...{ duplicateOf: null, attempts: 1, deliveryTag: 't1', lineRequestId: null, httpStatus: null, property: null },
    ...{ receivedAt: NOON, releaseAt: NOON, sentAt: NOON, deliveredAt: null, decidedAt: NOON + sequence * SECOND },
    ...{ cost: null, fallback: null, traceparent: null },
    ...changes,
  }
}
const accepted = (n: number, changes: Partial<Result> = {}) => result(n, 1, 'accepted', changes)
const delivered = (n: number, deliveredAt = NOON + SECOND, changes: Partial<Result> = {}) =>
  result(n, 2, 'delivered', { terminal: true, deliveredAt, cost: PRICE, ...changes })
const unconfirmed = (n: number) => result(n, 2, 'unconfirmed', { terminal: true, cost: PRICE })

const tallied = (...results: readonly Result[]) => {
  const tally = createTally(DAY)
  for (const each of results) tally.add(each)
  return tally.figures()
}
const figuresOf = (...results: readonly Result[]) => only(tallied(...results)).figures
const told = (changes: Partial<Told> = {}): Told => ({
  lanes: [],
  records: 0,
  unreadable: { count: 0, first: null },
  deleted: null,
  ...changes,
})

describe("a day by LINE's calendar", () => {
  test('begins at midnight of UTC+9, wherever the command runs', () =>
    expect([DAY.from, DAY.until].map((at) => new Date(at).toISOString())).toEqual([
      '2026-05-31T15:00:00.000Z',
      '2026-06-01T15:00:00.000Z',
    ]))

  test('is yesterday if none is named', () => {
    expect(dayBefore(DAY.from - 1).date).toBe('2026-05-30')
    expect(dayBefore(DAY.from).date).toBe('2026-05-31')
  })

  test.each(['2026-06-02', '2026-02-30', '20260601', 'yesterday', ''])('%j is none, or has not begun', (text) =>
    expect(dayOf(text, NOON)).toBeUndefined(),
  )

  test('is counted by the day after the next', () => expect(countedBy(DAY)).toBe('2026-06-03'))
})

test('ids are told apart in all their digits, also when there are many', () => {
  const table = createIdTable()
  const twin = (last: string) => `${'0'.repeat(31)}${last}`
  table.set(twin('1'), 1)
  table.set(twin('2'), 2)
  for (let n = 0; n < 5_000; n++) table.set(idOf(n), n)
  for (let n = 0; n < 5_000; n++) table.set(idOf(n), n * 2)
  expect([twin('1'), twin('2'), twin('3'), idOf(4_999), idOf(5_000)].map(table.get)).toEqual([1, 2, undefined, 9_998, undefined])
})

describe('of a notification the last word counts', () => {
  test('delivered, on the day of LINE’s clock, with what it cost', () => {
    const figures = figuresOf(accepted(1), delivered(1))
    expect(figures).toMatchObject({ delivered: 1, awaited: 0, accepted: 0 })
    expect([...figures.cost]).toEqual([['JPY', 35_000]])
  })

  test('the edges: the first millisecond of the day is in it, that of the next is not', () => {
    const at = (deliveredAt: number) => figuresOf(delivered(1, deliveredAt)).delivered
    expect([at(DAY.from), at(DAY.until - 1), at(DAY.until)]).toEqual([1, 1, 0])
    expect(tallied(delivered(1, DAY.from - 1, { sentAt: DAY.from - HOUR }))).toEqual([])
  })

  test('a message that LINE held over midnight counts on the day it was delivered', () =>
    expect(figuresOf(accepted(1), delivered(1, DAY.until + HOUR))).toMatchObject({
      delivered: 0,
      awaited: 0,
      deliveredElsewhere: 1,
    }))

  test('a correction takes the place of what it corrects', () => {
    const correction = delivered(1, NOON + MINUTE, { sequence: 3, terminal: false, corrects: resultIdOf(idOf(1), 2) })
    expect(figuresOf(unconfirmed(1))).toMatchObject({ delivered: 0, unconfirmed: 1 })
    expect(figuresOf(unconfirmed(1), correction)).toMatchObject({ delivered: 1, unconfirmed: 0 })
    const unreachable = result(1, 3, 'unreachable', { corrects: resultIdOf(idOf(1), 2) })
    expect(figuresOf(unconfirmed(1), unreachable)).toMatchObject({ unconfirmed: 0 })
  })

  test('however often a result is read, it counts once; and an older one that comes again takes nothing back', () =>
    expect(figuresOf(accepted(1), delivered(1), delivered(1), accepted(1))).toMatchObject({ delivered: 1, awaited: 0 }))

  test('accepted is the end where nobody listens, and on the way where somebody does', () => {
    expect(figuresOf(accepted(1, { terminal: true, cost: PRICE }))).toMatchObject({ accepted: 1, awaited: 0 })
    expect(figuresOf(accepted(1))).toMatchObject({ accepted: 0, awaited: 1 })
  })

  test('what is sent again stays unknown until more is said', () =>
    expect(figuresOf(result(1, 1, 'unknown'), result(1, 2, 'sending'))).toMatchObject({ unknown: 1 }))

  test('each channel and kind by itself', () =>
    expect(
      tallied(delivered(1), delivered(2, NOON, { endpoint: 'flexible' }), delivered(3, NOON, { channel: 'other' })).map(
        ({ channel, endpoint, figures }) => [channel, endpoint, figures.delivered],
      ),
    ).toEqual([
      ['main', 'template', 1],
      ['main', 'flexible', 1],
      ['other', 'template', 1],
    ]))
})

describe('what LINE counts, beside what results say', () => {
  const config = (baseUrl: string, settings = ''): Config => {
    const text = `kafka: { brokers: [localhost:9092] }
registry: { url: http://localhost:8081 }
privacy: { pepper: "${Buffer.alloc(32).toString('base64')}", sealingKeys: ["${Buffer.alloc(32).toString('base64')}"] }
channels:
  main:
    baseUrl: ${baseUrl}
    token: { kind: long-lived, token: c4nary-t0ken }
    price: { currency: JPY, template: 3.5, flexible: 10 }
    ${settings}
`
    return loadConfig(join(folderOf({ 'tsuchi.yaml': text }), 'tsuchi.yaml'), {})
  }
  const WEBHOOK = `receipts: webhook
    webhook: { destination: U00000000000000000000000000000000, secrets: [abc] }`

  /** LINE, with so many template and flexible messages. */
  const line = (template: number, flexible = 0): Promise<Peer> =>
    startPeer(({ socket, text }) =>
      socket.end(answer(200, JSON.stringify({ status: 'ready', success: text.includes('/templated') ? template : flexible }))),
    )
  const saying = (status: number, body: string): Promise<Peer> => startPeer(({ socket }) => socket.end(answer(status, body)))
  const compared = async (peer: { origin: string }, results: Partial<Told>, settings = WEBHOOK, tolerance = 0) => {
    const found = await reconcile({
      config: config(peer.origin, settings),
      day: DAY,
      channel: undefined,
      tolerance,
      readResults: async () => told({ records: 1_234, ...results }),
    })
    const text = reconciliationText(found)
    expect(text + JSON.stringify(reconciliationDocument(found))).not.toContain('c4nary')
    return { verdict: found.verdict, text, document: reconciliationDocument(found) }
  }

  test('both the same: a table with what it cost, asked with the token of the channel for that day', async () => {
    const peer = await line(2, 1)
    const { verdict, text } = await compared(peer, {
      lanes: tallied(delivered(1), delivered(2), delivered(3, NOON, { endpoint: 'flexible' })),
    })
    expect([verdict, text]).toEqual([
      'agrees',
      `2026-06-01, by LINE's calendar (UTC+9); 1,234 results read

channel  kind      LINE  results  difference  LINE, cost  results, cost
main     template     2        2           0       7 JPY          7 JPY
main     flexible     1        1           0      10 JPY        3.5 JPY`,
    ])
    expect(peer.requests.map(({ text: request }) => request.split('\r\n')[0]).sort()).toEqual([
      'GET /v2/bot/message/delivery/pnp/templated?date=20260601 HTTP/1.1',
      'GET /v2/bot/message/delivery/pnp?date=20260601 HTTP/1.1',
    ])
    expect(peer.requests.map((request) => request.header('authorization'))).toEqual(Array(2).fill('Bearer c4nary-t0ken'))
  })

  test('LINE counts more: what of ours may lie behind it, and what to do', async () => {
    const { verdict, text } = await compared(await line(5), {
      lanes: tallied(delivered(1), unconfirmed(2), accepted(3), result(4, 2, 'undelivered', { terminal: true })),
    })
    expect(verdict).toBe('differs')
    expect(text.slice(text.indexOf('main/template, sent'))).toBe(
      `main/template, sent on that day: 1 accepted, and not delivered yet; 1 undelivered; 1 unconfirmed

main/template: LINE counts 4 more than results.
  - 1 sent on that day have no answer of LINE's (unconfirmed, unknown), and may have been delivered: \`tsuchi trace\` with the delivery tag of one tells what is known of it
  - 1 that LINE took on that day have no receipt yet, and may have been delivered: was the webhook up, and is it redelivered what it missed ("Webhook redelivery" in LINE's console)? Ask again when it has been heard
  - 1 ended undelivered, as no receipt came within 24 hours: an event may have been lost. LINE's console has the webhook's errors of that day; switch on its redelivery
  - another system may send with the same account, another installation of tsuchi, or another channel of this one: their messages are in the same count. Ask whoever has its token
  - what an earlier day sent may have been delivered on this one without a receipt, and what was sent again (unknown: resend) twice, which results have once`,
    )
  })

  test('LINE counts less where nobody listens: accepted is not delivered', async () => {
    const took = accepted(1, { terminal: true, cost: PRICE })
    const { verdict, text } = await compared(await line(0), { lanes: tallied(took) }, '')
    expect(verdict).toBe('differs')
    expect(text).toContain(`main/template: LINE counts 1 less than results.
  - 1 were accepted where nobody listened for receipts, and that is not delivered: LINE holds some until the person consents, and counts them on the day it really delivers them, and never delivers to those who have blocked the account. Write receipts: webhook, and results have what was delivered`)
  })

  test('LINE counts less than it has told: the accounts may be two', async () => {
    const { text } = await compared(await line(0), { lanes: tallied(delivered(1)) })
    expect(text).toContain("  - LINE counts less than it told the webhook: does the channel's token belong to the account")
  })

  test('within the tolerance it agrees, and is told all the same', async () => {
    const { verdict, text } = await compared(await line(2), { lanes: tallied(delivered(1)) }, WEBHOOK, 1)
    expect([verdict, text.includes('LINE counts 1 more than results.')]).toEqual(['agrees', true])
  })

  test('results of that day that are deleted by age explain that ours are too few', async () => {
    const { text } = await compared(await line(2), { deleted: { oldest: NOON } })
    expect(text).toContain(
      '  - results of that day are deleted by age: the oldest that is left is of 2026-06-01T12:00:00+09:00. Ours are too few: reconcile earlier, or let the topic keep them longer (retention.ms)',
    )
  })

  test('LINE has counted nothing yet: when to ask again, without reading millions of results', async () => {
    const { verdict, text } = await compared(await saying(200, '{"status":"unready"}'), {})
    expect([verdict, text.split('\n')[0]]).toEqual(['not-ready', "2026-06-01, by LINE's calendar (UTC+9); results were not read"])
    expect(text).toContain(
      'main/template: LINE has not counted 2026-06-01 yet: it usually has within the next day, so ask again on 2026-06-03',
    )
  })

  test.each([
    [
      404,
      '{}',
      "HTTP 404: this relay has no statistics of LINE's. Ask the partner for the count by day, and compare it with ours",
    ],
    [401, '{}', 'HTTP 401: LINE does not let this token ask. Is it of this channel? `tsuchi check` tells'],
    [400, '{"message":"x"}', 'HTTP 400, LINE does not take the date: is it one?'],
    [500, '{}', 'HTTP 500: try again later'],
    [200, '<html>', "HTTP 200, but not with LINE's answer (JSON with status): is baseUrl right?"],
    [200, '{"status":"out_of_service"}', 'LINE has counted since 2018-03-31 only: choose a later day'],
  ])('LINE or a relay answers %i %s: it says so, and nothing is compared', async (status, body, words) => {
    const { verdict, text } = await compared(await saying(status, body), { lanes: tallied(delivered(1)) })
    expect(verdict).toBe('not-told')
    expect(text).toContain('main     template     ?        1           ?           -        3.5 JPY')
    expect(text).toContain(`main/template: ${words}`)
  })

  test('for programs the same as data', async () => {
    const { document } = await compared(await line(2), { lanes: tallied(delivered(1)) })
    expect(document).toMatchObject({
      date: '2026-06-01',
      verdict: 'differs',
      comparisons: [
        {
          channel: 'main',
          kind: 'template',
          line: { status: 'ready', delivered: 2 },
          results: { delivered: 1, unconfirmed: 0 },
          difference: 1,
          cost: { line: { amount: 7, currency: 'JPY' }, results: [{ amount: 3.5, currency: 'JPY' }] },
        },
        { kind: 'flexible', difference: 0 },
      ],
    })
  })

  test('a shadow sends nothing, so LINE is not asked; a channel that is no longer configured is named', async () => {
    const peer = await line(5)
    const { text, verdict } = await compared(peer, { lanes: tallied(delivered(1, NOON, { channel: 'old' })) }, 'mode: shadow')
    expect(verdict).toBe('not-told')
    expect(text).toContain(`not compared: main: mode is shadow, so nothing was sent by tsuchi
not compared: old/template: results count 1, and the configuration has no such channel any more`)
    expect(peer.requests).toEqual([])
  })

  test('the simulator counts what it delivered, and says when it has', async () => {
    const simulator = await startSimulator({
      longLivedTokens: [{ token: 'c4nary-t0ken', clientId: '100' }],
      clock: { now: () => NOON, monotonic: () => performance.now() },
    })
    onTestFinished(() => simulator.stop())
    const sent = await fetch(`${simulator.url}/bot/pnp/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer c4nary-t0ken' },
      body: JSON.stringify({ to: digestOf(phoneOf('reachable', 1)), messages: [{ type: 'text', text: 'a' }] }),
    })
    expect(sent.status).toBe(200)
    const settings = 'provider: line-simulator'
    const results = { lanes: tallied(delivered(1, NOON, { endpoint: 'flexible' })) }
    expect((await compared({ origin: simulator.url }, results, settings)).verdict).toBe('not-ready')
    await fetch(`${simulator.url}/_simulator/statistics/ready`, { method: 'POST', body: '{"date":"20260601"}' })
    expect((await compared({ origin: simulator.url }, results, settings)).verdict).toBe('agrees')
  })
})
