import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { describe, expect, test } from 'vitest'
import { createBusiestSecond } from '../../src/line-simulator/busiest-second.ts'
import { settle } from '../../src/line-simulator/options.ts'
import { digestOf, digestOfPerson, PEOPLE, type PersonKind, phoneOf } from '../../src/line-simulator/people.ts'
import { startSimulator } from '../../src/line-simulator/simulator.ts'
import { flexible, item, somebody, start, startClock, TEMPLATE, template, text } from './line-simulator-fixture.ts'

describe('people', () => {
  test.each<[PersonKind, number, string]>([
    ['reachable', 202, 'delivered'],
    ['not-on-line', 422, 'nothing'],
    ['blocked', 202, 'nothing'],
    ['consent-pending', 202, 'held'],
  ])('who is %s: %i, %s', async (kind, status, came) => {
    const { push, simulator } = await start()
    for (const n of [0, PEOPLE[kind].count - 1]) {
      const answer = await push(template({}, { to: digestOfPerson(kind, n) }))
      expect([answer.status, answer.text]).toEqual([status, status === 422 ? '{"message":"Failed to send messages"}' : '{}'])
    }
    expect([...simulator.log.after(0, 9)].map((entry) => entry.came)).toEqual([came, came])
  })

  test.each(Object.keys(PEOPLE) as PersonKind[])('every %s number is a valid Japanese mobile number', (kind) => {
    const { count } = PEOPLE[kind]
    for (const n of [0, 1, Math.floor(count / 2), count - 1]) {
      const parsed = parsePhoneNumberFromString(phoneOf(kind, n))
      expect([parsed?.isValid(), parsed?.country, parsed?.getType()]).toEqual([true, 'JP', 'MOBILE'])
    }
    expect(() => phoneOf(kind, count)).toThrow(`choose one from 0 to ${count - 1}`)
  })

  test('digests are LINE’s: SHA-256 of the E.164 number with its plus sign', () => {
    expect(digestOf('+818000001234')).toBe('d41e0ad70dddfeb68f149ad6fc61574b9c5780ab7bcb2fba5517771ffbb2409c')
  })

  test('a digest of no range is somebody reachable', async () => {
    const { push } = await start()
    expect((await push(template({}, { to: 'f'.repeat(64) }))).status).toBe(202)
  })

  test('the ranges explain themselves', async () => {
    const { admin } = await start()
    expect((await admin('GET', '/people')).json()).toEqual(PEOPLE)
  })
})

describe('tokens', () => {
  test('a stateless token works until it expires, and not a moment longer', async () => {
    const { clock, advance } = startClock()
    const { push, token, simulator } = await start({ clock })
    const issued = await token()
    expect(issued).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 900 } })
    const authorization = `Bearer ${String(issued.body.access_token)}`
    advance(899_999)
    expect((await push(template(), { authorization })).status).toBe(202)
    advance(1)
    const late = await push(template(), { authorization })
    expect([late.status, late.text]).toEqual([401, expect.stringContaining('reason: The access token expired')])
    expect([...simulator.log.after(0, 9)].map((entry) => entry.channel)).toEqual(['200', '200', null])
    // The secret is in the form: the log never has it.
    expect([...simulator.log.after(0, 1)][0]?.body).toBeNull()
  })

  test('its life can be shortened', async () => {
    const { token } = await start({ tokenLifeSeconds: 3 })
    expect((await token()).body.expires_in).toBe(3)
  })

  test.each<[string, Record<string, string>, string, string]>([
    ['wrong secret', { client_secret: 'other' }, 'invalid_request', "Invalid 'client_credentials'."],
    ['unknown channel', { client_id: '999' }, 'invalid_request', "Invalid 'client_credentials'."],
    ['no secret', { client_secret: '' }, 'invalid_request', "Invalid 'client_credentials'."],
    ['other grant', { grant_type: 'password' }, 'unsupported_grant_type', "grant_type must be 'client_credentials'"],
  ])('%s is refused in OAuth’s shape', async (_, form, error, description) => {
    const { token } = await start({ channels: [{ clientId: '200', clientSecret: 'secret' }] })
    expect((await token()).status).toBe(200)
    expect(await token(form)).toEqual({ status: 400, body: { error, error_description: description } })
  })
})

describe('rate limit', () => {
  test('an empty bucket answers 429, and refills steadily', async () => {
    const { clock, advance } = startClock()
    const { push, simulator } = await start({ clock, rateLimit: 10, rateBurst: 2 })
    const statuses = async (n: number) => {
      const answers = []
      for (let i = 0; i < n; i += 1) answers.push((await push(template())).status)
      return answers
    }
    expect(await statuses(3)).toEqual([202, 202, 429])
    advance(99)
    expect(await statuses(1)).toEqual([429])
    advance(1)
    expect(await statuses(2)).toEqual([202, 429])
    advance(60_000)
    expect(await statuses(3)).toEqual([202, 202, 429])
    expect(simulator.stats.report().template.limited).toEqual({ byBucket: 4, injected: 0 })
  })

  test('each channel and each endpoint has a bucket of its own', async () => {
    const { clock } = startClock()
    const { push, token } = await start({ clock, rateLimit: 1, rateBurst: 1 })
    const authorization = `Bearer ${String((await token()).body.access_token)}`
    const answers = [push(template()), push(template()), push(flexible(text())), push(template(), { authorization })]
    expect((await Promise.all(answers)).map((answer) => answer.status).sort()).toEqual([200, 202, 202, 429])
    expect((await push(template())).text).toBe('{"message":"The API rate limit has been exceeded. Try again later."}')
  })

  test('LINE’s limit is the default, with a tenth of a second in store', () => {
    expect(settle({})).toMatchObject({ rateLimit: 2000, rateBurst: 200, tokenLifeSeconds: 900, host: '127.0.0.1' })
    expect(() => settle({ rateLimit: 0 })).toThrow('give a number above 0, or leave it out')
  })
})

describe('log and figures', () => {
  test('tells all about each request, in order, page by page', async () => {
    const { clock, advance } = startClock()
    const { push, admin, token } = await start({ clock })
    await token()
    advance(5)
    const body = template({ items: [item('time_range_001_ja')] })
    const answer = await push(body, { 'x-line-delivery-tag': 't_1_abcdef012345_1' })
    await push('nonsense', { 'x-line-retry-key': '123e4567-e89b-12d3-a456-426614174000' })
    const read = async (query: string) =>
      (await admin('GET', `/log?${query}`)).text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    expect(await read('after=1&limit=1')).toEqual([
      {
        sequence: 2,
        receivedAt: 1_790_000_000_005,
        monotonicNs: 5_005_000_000,
        method: 'POST',
        path: TEMPLATE,
        endpoint: 'template',
        channel: '100',
        to: somebody,
        deliveryTag: 't_1_abcdef012345_1',
        status: 202,
        came: 'delivered',
        requestId: answer.headers['x-line-request-id'],
        fault: null,
        forbiddenHeaders: [],
        body,
      },
    ])
    expect(await read('after=2')).toMatchObject([
      { sequence: 3, status: 400, forbiddenHeaders: ['x-line-retry-key'], body: 'nonsense' },
    ])
    expect((await read('')).map(({ sequence }) => sequence)).toEqual([1, 2, 3])
    expect((await admin('GET', '/log?after=x')).status).toBe(400)
  })

  test('keeps the newest, says what it dropped, and numbers on after a DELETE', async () => {
    const { push, admin, simulator } = await start({ maxLogEntries: 3, logBodies: false })
    for (let i = 0; i < 5; i += 1) await push(template())
    expect([...simulator.log.after(0, 9)].map(({ sequence, body }) => [sequence, body])).toEqual([
      [3, null],
      [4, null],
      [5, null],
    ])
    expect((await admin('GET', '/log/count')).json()).toEqual({ total: 5, kept: 3, dropped: 2, firstKept: 3, last: 5 })
    await admin('DELETE', '/log')
    expect((await admin('GET', '/log/count')).json()).toEqual({ total: 0, kept: 0, dropped: 0, firstKept: null, last: 5 })
    await push(template())
    expect([...simulator.log.after(0, 9)].map(({ sequence }) => sequence)).toEqual([6])
  })

  test('counts by endpoint and status, and what came to people', async () => {
    const { push, post, admin } = await start()
    await push(template())
    await push(template({}, { to: digestOfPerson('consent-pending', 0) }))
    await push(template({}, { to: digestOfPerson('not-on-line', 0) }))
    await push(flexible(text()))
    await post('/elsewhere', {})
    const report = (await admin('GET', '/stats')).json()
    expect(report).toMatchObject({
      template: { total: 3, byStatus: { 202: 2, 422: 1 }, came: { delivered: 1, held: 1, nothing: 1 } },
      flexible: { total: 1, byStatus: { 200: 1 } },
      token: { total: 0 },
      other: { total: 1, byStatus: { 404: 1 } },
    })
    await admin('DELETE', '/stats')
    expect((await admin('GET', '/stats')).json()).toMatchObject({ template: { total: 0, byStatus: {} } })
  })

  test('the busiest second slides, and is told with and without 429s', async () => {
    const { clock, advance } = startClock()
    const { push, simulator } = await start({ clock, rateLimit: 1, rateBurst: 3 })
    await push(template())
    advance(900)
    for (let i = 0; i < 3; i += 1) await push(template())
    advance(99)
    await push(template())
    advance(1)
    await push(template())
    expect(simulator.stats.report().template.busiestSecond).toEqual({ all: 5, not429: 3 })
  })

  test('a window of one second is half-open, and exact beyond any buffer', () => {
    const second = createBusiestSecond()
    second.count(0)
    second.count(1000)
    expect(second.max()).toBe(1)
    for (let i = 0; i < 5000; i += 1) second.count(2000 + i / 10)
    expect(second.max()).toBe(5000)
  })

  test('the admin API lists itself, and says where to look', async () => {
    const { admin, simulator } = await start()
    expect((await admin('GET', '')).json()).toMatchObject({
      endpoints: expect.arrayContaining([expect.objectContaining({ path: '/_simulator/log' })]),
    })
    const lost = await admin('GET', '/logs')
    expect([lost.status, lost.json()]).toEqual([404, { message: 'there is no GET /_simulator/logs here: see GET /_simulator' }])
    expect(simulator.log.count().total).toBe(0)
  })
})

test('a taken port is refused with a remedy', async () => {
  const { simulator } = await start()
  await expect(startSimulator({ port: Number(new URL(simulator.url).port) })).rejects.toThrow('choose another port, or 0')
})
