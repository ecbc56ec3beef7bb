import { describe, expect, test } from 'vitest'
import { openDeliveryStatistics } from '../../src/line-simulator/delivery-statistics.ts'
import { digestOfPerson, phoneOf, userIdOf } from '../../src/line-simulator/people.ts'
import { flexible, start, startClock, template, text } from './line-simulator-fixture.ts'
import { eventsOf, startBoth } from './line-simulator-receiver.ts'

const bearer = { authorization: 'Bearer console-token' }
const USER = 'U3d3edab4f36c6292e6d8a8131f141b8b'

describe('friends', () => {
  const startFriends = async () => {
    const { clock } = startClock()
    const both = await startBoth({ clock })
    const told = async (n: number) => eventsOf(await both.receiver.received(n)).slice(0, n)
    return { ...both, told }
  }

  test('somebody adds the account: a follow event, as LINE prints it', async () => {
    const { admin, told, receiver } = await startFriends()
    const answer = await admin('POST', '/friends/follow', { userId: USER })
    expect(answer.json()).toEqual({ userId: USER, channel: '100', isUnblocked: false })
    const [event] = await told(1)
    expect(JSON.stringify(event)).toBe(
      `{"replyToken":"${event?.replyToken}","type":"follow","mode":"active","timestamp":1790000000000,"source":{"type":"user","userId":"${USER}"},"webhookEventId":"${event?.webhookEventId}","deliveryContext":{"isRedelivery":false},"follow":{"isUnblocked":false}}`,
    )
    expect(event?.replyToken).toMatch(/^[0-9a-f]{32}$/)
    expect(receiver.requests).toHaveLength(1)
  })

  test('blocks it, and unblocks it: unfollow, then follow with isUnblocked, of the same user', async () => {
    const { admin, told, push, quiet, simulator } = await startFriends()
    const phone = phoneOf('reachable', 3)
    const userId = userIdOf(digestOfPerson('reachable', 3))
    await admin('POST', '/friends/unfollow', { phone })
    const [unfollow] = await told(1)
    expect(JSON.stringify(unfollow)).toBe(
      `{"type":"unfollow","mode":"active","timestamp":1790000000000,"source":{"type":"user","userId":"${userId}"},"webhookEventId":"${unfollow?.webhookEventId}","deliveryContext":{"isRedelivery":false}}`,
    )
    const sent = await push(template({}, { to: digestOfPerson('reachable', 3) }))
    await quiet()
    expect([sent.status, simulator.deliveries.report().delivered]).toEqual([202, 0])
    await admin('POST', '/friends/follow', { phone })
    expect((await told(2))[1]).toMatchObject({ type: 'follow', source: { userId }, follow: { isUnblocked: true } })
    await admin('POST', '/friends/follow', { phone })
    expect((await told(3))[2]).toMatchObject({ follow: { isUnblocked: false } })
  })

  test('links an account: with the link token’s user and the nonce', async () => {
    const { admin, call, told } = await startFriends()
    const issued = await call('POST', `/v2/bot/user/${USER}/linkToken`, bearer)
    const { linkToken } = JSON.parse(issued.text) as { linkToken: string }
    expect([issued.status, linkToken]).toEqual([200, expect.stringMatching(/^[\w-]{32}$/)])
    const link = { linkToken, nonce: 'bm9uY2Utbm9uY2U=' }
    expect((await admin('POST', '/friends/account-link', link)).json()).toEqual({ userId: USER, channel: '100', result: 'ok' })
    const [event] = await told(1)
    expect(event).toEqual({
      type: 'accountLink',
      replyToken: expect.stringMatching(/^[0-9a-f]{32}$/),
      mode: 'active',
      source: { type: 'user', userId: USER },
      timestamp: 1_790_000_000_000,
      webhookEventId: expect.any(String),
      deliveryContext: { isRedelivery: false },
      link: { result: 'ok', nonce: 'bm9uY2Utbm9uY2U=' },
    })
    const again = await admin('POST', '/friends/account-link', link)
    expect([again.status, again.text]).toEqual([410, expect.stringContaining('sends no event')])
  })

  test('fails to: neither user nor reply token', async () => {
    const { admin, told } = await startFriends()
    await admin('POST', '/friends/account-link', { userId: USER, nonce: 'bm9uY2Utbm9uY2U=', result: 'failed' })
    const [event] = await told(1)
    expect(event).toMatchObject({ type: 'accountLink', link: { result: 'failed', nonce: 'bm9uY2Utbm9uY2U=' } })
    expect(event).not.toHaveProperty('source')
    expect(event).not.toHaveProperty('replyToken')
  })

  test('a link token lives for ten minutes', async () => {
    const { clock, advance } = startClock()
    const { admin, call } = await start({ clock })
    const issue = async () =>
      (JSON.parse((await call('POST', `/v2/bot/user/${USER}/linkToken`, bearer)).text) as { linkToken: string }).linkToken
    const link = async (linkToken: string) =>
      (await admin('POST', '/friends/account-link', { linkToken, nonce: '0123456789' })).status
    const [one, other] = [await issue(), await issue()]
    advance(599_999)
    expect(await link(one)).toBe(200)
    advance(1)
    expect(await link(other)).toBe(410)
    expect((await call('POST', `/v2/bot/user/${USER}/linkToken`, {})).status).toBe(401)
    expect((await call('POST', '/v2/bot/user/somebody/linkToken', bearer)).status).toBe(404)
  })

  test.each([
    [{}, 'say who: \\"phone\\", or \\"userId\\"'],
    [{ phone: '+816010000000', userId: USER }, 'say who'],
    [{ userId: 'somebody' }, 'U and 32 lower-case hex digits'],
  ])('%o is refused with what is wrong', async (body, message) => {
    const { admin } = await start()
    const answer = await admin('POST', '/friends/follow', body)
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(message)])
  })

  test('whose account it is need not be said when only one has got a token', async () => {
    const { admin, token } = await start({ longLivedTokens: [] })
    const follow = () => admin('POST', '/friends/follow', { userId: USER })
    expect((await follow()).json()).toEqual({ message: 'say of which account, "channel": none is known yet' })
    await token({ client_id: '300' })
    expect((await follow()).json()).toEqual({ userId: USER, channel: '300', isUnblocked: false })
    await token({ client_id: '400' })
    expect((await follow()).json()).toEqual({ message: 'say of which account, "channel": 300, 400' })
  })

  test('whose account it is must be said when there are several', async () => {
    const { admin } = await start({ channels: [{ clientId: '200', clientSecret: 'secret' }] })
    const answer = await admin('POST', '/friends/follow', { userId: USER })
    expect([answer.status, answer.json()]).toEqual([400, { message: 'say of which account, "channel": 200, 100' }])
    expect((await admin('POST', '/friends/follow', { userId: USER, channel: '200' })).status).toBe(200)
  })
})

describe('statistics of deliveries', () => {
  const startStatistics = async () => {
    const { clock, advance } = startClock()
    const both = await startBoth({ clock, webhooks: [] })
    const ask = async (path: string, headers: Record<string, string> = bearer) => {
      const answer = await both.call('GET', `/v2/bot/${path}`, headers)
      return [answer.status, JSON.parse(answer.text) as unknown]
    }
    return { ...both, advance, ask }
  }
  // The fixture's clock begins on 2026-09-21, 23:13:20 in Japan.
  const NEARLY_MIDNIGHT = 2_799_999

  test('count what was delivered, by day in Japan and by endpoint, once the day is aggregated', async () => {
    const { push, admin, ask, advance, quiet } = await startStatistics()
    await push(template())
    await push(template({}, { to: digestOfPerson('consent-pending', 0) }))
    await push(template({}, { to: digestOfPerson('blocked', 0) }))
    await push(flexible(text()))
    await quiet()
    advance(NEARLY_MIDNIGHT)
    await push(template())
    await quiet()
    advance(1)
    await admin('POST', '/people/consent', { phone: phoneOf('consent-pending', 0) })
    await quiet()
    for (const date of ['20260921', '20260922']) {
      expect(await ask(`message/delivery/pnp/templated?date=${date}`)).toEqual([200, { status: 'unready' }])
      expect((await admin('POST', '/statistics/ready', { date })).status).toBe(200)
    }
    expect(await ask('message/delivery/pnp/templated?date=20260921')).toEqual([200, { status: 'ready', success: 2 }])
    expect(await ask('message/delivery/pnp/templated?date=20260922')).toEqual([200, { status: 'ready', success: 1 }])
    expect(await ask('message/delivery/pnp?date=20260921')).toEqual([200, { status: 'ready', success: 1 }])
    await admin('POST', '/statistics/ready', { date: '20260921', ready: false })
    expect(await ask('message/delivery/pnp?date=20260921')).toEqual([200, { status: 'unready' }])
  })

  test.each([
    ['20260919', 200, { status: 'ready', success: 0 }],
    ['20260920', 200, { status: 'unready' }],
    ['20260921', 200, { status: 'unready' }],
    ['20180331', 200, { status: 'ready', success: 0 }],
    ['20180330', 200, { status: 'out_of_service' }],
    ['2026-09-21', 400, { message: "The value for the 'date' parameter is invalid" }],
    ['20260931', 400, { message: "The value for the 'date' parameter is invalid" }],
    ['', 400, { message: "The value for the 'date' parameter is invalid" }],
  ])('of %s: %i %o', async (date, status, body) => {
    const { ask } = await startStatistics()
    for (const path of ['message/delivery/pnp', 'message/delivery/pnp/templated']) {
      expect(await ask(`${path}?date=${date}`)).toEqual([status, body])
    }
  })

  test('are the channel’s own, and nobody else’s', async () => {
    const { push, ask, token, quiet, admin } = await startStatistics()
    await push(template())
    await quiet()
    await admin('POST', '/statistics/ready', { date: '20260921' })
    const other = { authorization: `Bearer ${String((await token()).body.access_token)}` }
    const path = 'message/delivery/pnp/templated?date=20260921'
    expect(await ask(path)).toEqual([200, { status: 'ready', success: 1 }])
    expect(await ask(path, other)).toEqual([200, { status: 'ready', success: 0 }])
    expect((await ask(path, {}))[0]).toBe(401)
  })

  test('by custom aggregation unit: names of this month, and what was opened when it is 20 or more', async () => {
    const { push, ask, quiet, advance } = await startStatistics()
    const send = async (unit: string, times: number) => {
      for (let n = 0; n < times; n += 1) await push(template({}, { customAggregationUnits: [unit] }))
    }
    await send('shipping', 19)
    await send('billing', 1)
    await push(template({}, { customAggregationUnits: ['blocked'], to: digestOfPerson('blocked', 0) }))
    await quiet()
    expect(await ask('message/aggregation/info')).toEqual([200, { numOfCustomAggregationUnits: 2 }])
    const opened = async () =>
      (await ask('insight/message/event/aggregation?customAggregationUnit=shipping&from=20260901&to=20261001'))[1]
    expect(await opened()).toMatchObject({ overview: { uniqueImpression: null, uniqueClick: null }, clicks: [] })
    await send('shipping', 1)
    await quiet()
    expect(await opened()).toMatchObject({ overview: { uniqueImpression: 20 }, messages: [{ seq: 1, impression: 20 }] })
    const first = await ask('message/aggregation/list?limit=1')
    expect(first).toEqual([200, { customAggregationUnits: ['shipping'], next: '1' }])
    expect(await ask('message/aggregation/list?limit=1&start=1')).toEqual([200, { customAggregationUnits: ['billing'] }])
    advance(10 * 86_400_000)
    expect(await ask('message/aggregation/info')).toEqual([200, { numOfCustomAggregationUnits: 0 }])
  })

  test.each([
    ['customAggregationUnit=a-b&from=20260901&to=20260902', 'customAggregationUnit'],
    ['customAggregationUnit=a&to=20260902', 'from'],
    ['customAggregationUnit=a&from=20260901&to=20261002', 'to'],
    ['customAggregationUnit=a&from=20260902&to=20260901', 'to'],
  ])('by unit, %s is refused', async (query, parameter) => {
    const { ask } = await startStatistics()
    const message = `The value for the '${parameter}' parameter is invalid`
    expect(await ask(`insight/message/event/aggregation?${query}`)).toEqual([400, { message }])
  })

  test('from the 1,001st unit of a month on none is assigned, and the message counts all the same', () => {
    const { clock } = startClock()
    const statistics = openDeliveryStatistics(clock.now)
    for (let n = 0; n <= 1000; n += 1) statistics.count({ channel: '100', endpoint: 'template', unit: `unit_${n}` })
    statistics.setReady(20_717, true)
    expect(statistics.units('100')).toHaveLength(1000)
    expect(statistics.day('100', 'template', '20260921')).toEqual({ status: 'ready', success: 1001 })
    expect(statistics.ofUnit('100', 'unit_1000', { from: 20_700, to: 20_730 })).toBe(0)
  })
})
