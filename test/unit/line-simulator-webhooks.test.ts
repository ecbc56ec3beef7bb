import { describe, expect, test, vi } from 'vitest'
import { simulatorCommand } from '../../src/line-simulator/command.ts'
import { digestOf } from '../../src/line-simulator/people.ts'
import { openPostQueue } from '../../src/line-simulator/post-queue.ts'
import { ulid } from '../../src/line-simulator/ulid.ts'
import { signatureOf, writeWebhook } from '../../src/line-simulator/webhook-body.ts'
import { deliveryEvent } from '../../src/line-simulator/webhook-event.ts'
import { flexible, somebody, start, startClock, template, text } from './line-simulator-fixture.ts'
import { bodyOf, eventsOf, isSigned, SECRET, startBoth, startReceiver, TAG } from './line-simulator-receiver.ts'
import { SOON } from './soon.ts'

const DESTINATION = 'Uc7472b39e21dab71c2347e02714630d6'
const tagged = { 'x-line-delivery-tag': TAG }

describe('what is sent', () => {
  test('to the letter what LINE prints: the delivery tag in data', async () => {
    const { clock } = startClock()
    const { push, receiver, simulator } = await startBoth({ clock })
    simulator.webhooks.set({ url: receiver.url, destination: DESTINATION })
    await push(template(), tagged)
    const [request] = await receiver.received(1)
    const [id] = eventsOf(receiver.requests).map(({ webhookEventId }) => webhookEventId)
    expect(request?.body.toString()).toBe(
      `{"destination":"${DESTINATION}","events":[{"type":"delivery","delivery":{"data":"${TAG}"},"webhookEventId":"${id}","deliveryContext":{"isRedelivery":false},"timestamp":1790000000000,"mode":"active"}]}`,
    )
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'LineBotWebhook/2.0',
      'content-length': String(request?.body.length),
    })
    expect(request && isSigned(request)).toBe(true)
  })

  test('without a tag, the digest of the number is in data', async () => {
    const { push, receiver } = await startBoth()
    await push(flexible(text()))
    expect(eventsOf(await receiver.received(1))).toMatchObject([{ type: 'delivery', delivery: { data: somebody } }])
  })

  test.each([
    [
      'the empty list of LINE’s documents',
      '{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}',
      'GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=',
    ],
    [
      'text beyond ASCII',
      `{"destination":"${DESTINATION}","events":[{"type":"message","message":{"type":"text","id":"1","text":"受け取りました😀"},"timestamp":1650591346705,"source":{"type":"user","userId":"U00000000000000000000000000000001"},"mode":"active","webhookEventId":"01G17EJCGAVV66J5WNA7ZCTF6J","deliveryContext":{"isRedelivery":false}}]}`,
      'FXI0g5xI85QYhRaAdW9oQsFcC2pRDTE9K2aWC+onFAQ=',
    ],
  ])('is signed as LINE signs: %s', (_, body, signature) => {
    expect(signatureOf(SECRET, body)).toBe(signature)
    expect(signatureOf(SECRET, Buffer.from(body))).toBe(signature)
  })

  test.each([
    [
      'with tag',
      { id: '01G17EJCGAVV66J5WNA7ZCTF6H', at: 1650591346705 },
      '15034552939884E28681A7D668CEA94C147C716C0EC9DFE8B80B44EF3B57F6BD0602366BC3menu01',
      'Gy8RRsIw8Sg/wEOEZAuhYHOfn22eC6icIkutwmxn6N4=',
    ],
    [
      'with digest',
      { id: '01G17DAF0QJ7A3ERC5EJ9MAMH8', at: 1650590038721 },
      digestOf('+818000001234'),
      'jQIuJ2z2X7gkycJb/iO6n9CGGf+04uJf4by47Tc6Cj0=',
    ],
  ])('a delivery event %s has the signature it has in LINE’s documents, byte for byte', (_, { id, at }, data, signature) => {
    const event = deliveryEvent({ id, at, mode: 'active' }, data)
    expect(writeWebhook({ destination: DESTINATION, events: [event] }, SECRET, {}).signature).toBe(signature)
  })

  test('ids are ULIDs: the time first, and no two alike', () => {
    // The example of the specification of ULIDs.
    expect(ulid(1_469_918_176_385).slice(0, 10)).toBe('01ARYZ6S41')
    const ids = new Set(Array.from({ length: 5000 }, () => ulid(1650591346705)))
    expect(ids.size).toBe(5000)
    for (const id of ids) expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  })

  test('what waits travels together, so many at most, and so many requests at a time', async () => {
    const held: (() => void)[] = []
    const { push, receiver, quiet, simulator } = await startBoth(
      { webhookBatch: 4, webhookConcurrency: 2 },
      (response, n) => void (n > 2 ? response.end() : held.push(() => response.end())),
    )
    // One by one, until both requests are under way.
    for (const n of [1, 2]) {
      await push(template())
      await receiver.received(n)
    }
    for (let i = 0; i < 9; i += 1) await push(template())
    await vi.waitFor(() => expect(simulator.deliveries.report()).toMatchObject({ onTheWay: 0, waiting: 11 }), SOON)
    expect(receiver.requests.length).toBe(2)
    held[0]?.()
    await receiver.received(5)
    held[1]?.()
    await quiet()
    expect(receiver.requests.map((request) => bodyOf(request).events.length)).toEqual([1, 1, 4, 4, 1])
    expect(new Set(eventsOf(receiver.requests).map(({ webhookEventId }) => webhookEventId)).size).toBe(11)
  })
})

test('what has to travel alone does, and nothing is overtaken for it', () => {
  const queue = openPostQueue()
  const parcel = (fault: number | null) => ({
    channel: '100',
    events: [],
    attempt: 1,
    isAlone: fault !== null,
    manner: {},
    fault,
  })
  for (const fault of [null, null, 1, 2, null]) queue.add(parcel(fault))
  const taken = Array.from({ length: 5 }, () => queue.take(10).map(({ fault }) => fault))
  expect(taken).toEqual([[null, null], [1], [2], [null], []])
  for (let n = 0; n < 5000; n += 1) queue.add(parcel(n))
  expect(Array.from({ length: 5000 }, () => queue.take(1)[0]?.fault).every((fault, n) => fault === n)).toBe(true)
})

describe('when a request fails', () => {
  test('LINE gives up, and says why in its statistics', async () => {
    const answers = [500, 302, 404]
    const { push, admin, receiver, quiet, simulator, log } = await startBoth({ webhookBatch: 1 }, (response, n) => {
      const status = answers[n - 1]
      if (status === undefined) return void response.socket?.resetAndDestroy()
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
    for (let i = 0; i < 4; i += 1) {
      await push(template())
      await receiver.received(i + 1)
    }
    await quiet()
    simulator.webhooks.set({ url: 'http://127.0.0.1:1/nobody' })
    await push(template())
    await quiet()
    expect((await admin('GET', '/webhooks')).json()).toEqual({
      webhooks: [{ channel: null, url: 'http://127.0.0.1:1/nobody', destination: null, redeliver: false, mode: 'active' }],
      waiting: 0,
      stats: {
        100: {
          requests: 5,
          answered: 0,
          failed: { could_not_connect: 1, request_timeout: 0, error_status_code: 3, unclassified: 1 },
          redeliveries: 0,
          givenUp: 5,
        },
      },
    })
    expect(log().map(({ outcome, status, attempt }) => [outcome, status, attempt])).toEqual([
      ['error_status_code', 500, 1],
      ['error_status_code', 302, 1],
      ['error_status_code', 404, 1],
      ['unclassified', null, 1],
      ['could_not_connect', null, 1],
    ])
    await admin('DELETE', '/webhooks/stats')
    expect((await admin('GET', '/webhooks')).json()).toMatchObject({ stats: {} })
  })

  test('an answer that does not come in time is none, though the receiver has the event', async () => {
    const { push, receiver, quiet, log } = await startBoth({ webhookTimeoutMs: 30 }, () => {})
    await push(template(), tagged)
    await receiver.received(1)
    await quiet()
    expect(log()).toMatchObject([
      {
        sequence: 1,
        channel: '100',
        url: receiver.url,
        attempt: 1,
        events: [{ type: 'delivery', isRedelivery: false, data: TAG }],
        outcome: 'request_timeout',
        status: null,
        fault: null,
      },
    ])
  })

  test('and redelivery is on: the same request comes again, with isRedelivery true and a signature of its own', async () => {
    const { push, receiver, simulator } = await startBoth({ redeliver: true, redeliveryGapsMs: [1, 2, 3] }, (response, n) => {
      response.writeHead(n < 3 ? 503 : 200).end()
    })
    await push(template(), tagged)
    const [first, ...again] = await receiver.received(3)
    await vi.waitFor(
      () => expect(simulator.postman.stats()[100]).toMatchObject({ requests: 3, answered: 1, redeliveries: 2, givenUp: 0 }),
      SOON,
    )
    const expected = first?.body.toString().replace('"isRedelivery":false', '"isRedelivery":true')
    expect(again.map(({ body }) => body.toString())).toEqual([expected, expected])
    expect(receiver.requests.every((request) => isSigned(request))).toBe(true)
    expect(simulator.deliveries.report()).toMatchObject({ waiting: 0 })
  })

  test('what is sent again waits for its turn like the rest, and counts as in hand until then', async () => {
    const held: (() => void)[] = []
    const options = { redeliver: true, redeliveryGapsMs: [0, 3_600_000], webhookBatch: 1, webhookConcurrency: 1, maxPending: 2 }
    const { push, receiver, simulator } = await startBoth(options, (response, n) => {
      if (n === 1) response.writeHead(500).end()
      else held.push(() => response.writeHead(n === 2 ? 500 : 200).end())
    })
    await push(template(), tagged)
    await receiver.received(2)
    await push(template())
    await vi.waitFor(() => expect(simulator.deliveries.report()).toMatchObject({ waiting: 2, onTheWay: 0, toRedeliver: 0 }), SOON)
    expect(receiver.requests.length).toBe(2)
    held[0]?.()
    await receiver.received(3)
    expect(simulator.deliveries.report()).toMatchObject({ waiting: 1, toRedeliver: 1, overflowed: 0 })
    await push(template())
    expect(simulator.deliveries.report()).toMatchObject({ overflowed: 1 })
  })

  test('and again, and then no more', async () => {
    const { push, receiver, simulator } = await startBoth({ redeliver: true, redeliveryGapsMs: [1, 1] }, (response) => {
      response.writeHead(500).end()
    })
    await push(template())
    await receiver.received(3)
    await vi.waitFor(
      () => expect(simulator.postman.stats()[100]).toMatchObject({ requests: 3, redeliveries: 2, givenUp: 1 }),
      SOON,
    )
  })
})

describe('where it is sent', () => {
  test('a channel’s own webhook goes before that of all, and each is signed with the secret of its channel', async () => {
    const own = await startReceiver()
    const { push, receiver, token, simulator } = await startBoth({
      channels: [{ clientId: '200', clientSecret: 'secret' }],
    })
    simulator.webhooks.set({ channel: '100', url: own.url, secret: 'switcher' })
    const authorization = `Bearer ${String((await token()).body.access_token)}`
    await push(template(), { authorization })
    await push(template())
    const [[forAll], [forOne]] = [await receiver.received(1), await own.received(1)]
    expect([forAll && isSigned(forAll, 'secret'), forOne && isSigned(forOne, 'switcher')]).toEqual([true, true])
    expect(forAll && bodyOf(forAll).destination).not.toBe(forOne && bodyOf(forOne).destination)
  })

  test('destination is the bot’s user id, as GET /v2/bot/info tells it', async () => {
    const { call, push, receiver, simulator } = await startBoth()
    const userId = async () => {
      const answer = await call('GET', '/v2/bot/info', { authorization: 'Bearer console-token' })
      return (JSON.parse(answer.text) as { userId: string }).userId
    }
    await push(template())
    const [request] = await receiver.received(1)
    expect(request && bodyOf(request).destination).toBe(await userId())
    simulator.webhooks.set({ channel: '100', url: receiver.url, destination: DESTINATION })
    expect(await userId()).toBe(DESTINATION)
  })

  test('can be changed while it runs; without a webhook nobody is told, and all else is the same', async () => {
    const { push, admin, receiver, quiet, simulator } = await startBoth({ webhooks: [] })
    await push(template())
    await quiet()
    expect(receiver.requests).toEqual([])
    const set = await admin('POST', '/webhooks', { channel: '100', url: receiver.url, mode: 'standby', redeliver: true })
    expect([set.status, set.json()]).toEqual([
      201,
      {
        channel: '100',
        url: receiver.url,
        destination: expect.stringMatching(/^U[0-9a-f]{32}$/),
        redeliver: true,
        mode: 'standby',
      },
    ])
    await push(template(), tagged)
    expect(eventsOf(await receiver.received(1))).toMatchObject([{ mode: 'standby' }])
    await admin('DELETE', '/webhooks?channel=100')
    await push(template())
    await quiet()
    expect(receiver.requests.length).toBe(1)
    expect(simulator.deliveries.report()).toMatchObject({ delivered: 3 })
  })

  test.each([
    [{ url: 'ftp://example.com' }, 'must be an http or https URL'],
    [{ url: 'http://localhost/', destination: 'U123' }, 'U and 32 lower-case hex digits'],
    [{ uri: 'http://localhost/' }, 'uri'],
  ])('%o is refused with what is wrong', async (webhook, message) => {
    const { admin } = await start({ webhookSecret: SECRET })
    const answer = await admin('POST', '/webhooks', webhook)
    expect([answer.status, answer.json()]).toEqual([400, { message: expect.stringContaining(message) }])
  })

  test.each([
    [{ channel: '100', url: 'http://localhost/' }, 'nothing to sign the events of channel 100 with'],
    [{ url: 'http://localhost/' }, 'nothing to sign the events of channels that are not known beforehand with'],
  ])('%o is refused when nobody knows the secret', async (webhook, message) => {
    const { admin } = await start()
    const answer = await admin('POST', '/webhooks', webhook)
    expect([answer.status, answer.json()]).toEqual([400, { message: expect.stringContaining(message) }])
    expect(answer.text).toContain('start the simulator with --webhook-secret, or name the channel with --channel id:secret')
  })
})

describe('the connection check', () => {
  const proper = { authorization: 'Bearer console-token', 'content-type': 'application/json' }

  test('sends an empty list of events, properly signed, and tells the outcome as LINE does', async () => {
    const { call, admin, receiver, simulator } = await startBoth()
    const answer = await call('POST', '/v2/bot/channel/webhook/test', proper, '{}')
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      200,
      { success: true, timestamp: expect.stringMatching(/^\d{4}-.*Z$/), statusCode: 200, reason: 'OK', detail: '200' },
    ])
    const [request] = await receiver.received(1)
    expect(request && bodyOf(request).events).toEqual([])
    expect(request && isSigned(request)).toBe(true)
    expect((await admin('POST', '/webhooks/check')).json()).toEqual({ kind: 'answered', status: 200 })
    expect(simulator.postman.stats()).toEqual({})
  })

  test.each([
    [
      '{"endpoint":"http://127.0.0.1:1/"}',
      { success: false, statusCode: 0, reason: 'COULD_NOT_CONNECT', detail: 'ECONNREFUSED' },
    ],
    ['{}', { success: false, statusCode: 418, reason: 'ERROR_STATUS_CODE', detail: '418' }],
  ])('says what is wrong: %s', async (body, outcome) => {
    const { call } = await startBoth({}, (response) => response.writeHead(418).end())
    const answer = await call('POST', '/v2/bot/channel/webhook/test', proper, body)
    expect(JSON.parse(answer.text)).toMatchObject(outcome)
  })

  test('is refused without a token, without a webhook, and beyond 60 an hour', async () => {
    const { clock, advance } = startClock()
    const { call, receiver, simulator } = await startBoth({ clock, webhooks: [] })
    const check = async (headers = proper) => (await call('POST', '/v2/bot/channel/webhook/test', headers, '{}')).status
    expect(await check({ ...proper, authorization: 'Bearer other' })).toBe(401)
    expect(await check()).toBe(404)
    simulator.webhooks.set({ url: receiver.url })
    for (let n = 0; n < 59; n += 1) expect(await check()).toBe(200)
    expect(await check()).toBe(429)
    advance(60_000)
    expect([await check(), await check()]).toEqual([200, 429])
  })

  test('LINE’s console and the API agree on where events go', async () => {
    const { call, receiver, simulator } = await startBoth()
    const endpoint = async () => JSON.parse((await call('GET', '/v2/bot/channel/webhook/endpoint', proper)).text)
    expect(await endpoint()).toEqual({ endpoint: receiver.url, active: true })
    simulator.webhooks.remove(undefined)
    expect(await endpoint()).toEqual({ message: 'Webhook endpoint not found' })
  })
})

test('when the simulator stops, requests under way are cut off and nothing more is sent', async () => {
  const { push, receiver, simulator } = await startBoth({ redeliver: true, redeliveryGapsMs: [0] }, () => {})
  await push(template())
  await receiver.received(1)
  await simulator.stop()
  expect(receiver.requests.length).toBe(1)
})

test('the log of webhook requests is read page by page, and emptied', async () => {
  const { push, admin, receiver, quiet } = await startBoth({ webhookBatch: 1 })
  for (let n = 1; n <= 3; n += 1) {
    await push(template())
    await receiver.received(n)
  }
  await quiet()
  const read = async (query: string) =>
    (await admin('GET', `/webhooks/log?${query}`)).text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  expect(await read('after=1&limit=1')).toMatchObject([{ sequence: 2, outcome: 'answered', status: 200 }])
  await admin('DELETE', '/webhooks/log')
  expect(await read('')).toEqual([])
})

describe('the command', () => {
  const run = (...args: string[]) => {
    const command = simulatorCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
    return command.parseAsync(['--port', '0', ...args], { from: 'user' })
  }

  test.each([
    [['--webhook', 'ftp://localhost/'], 'Write an http or https URL, or channelId=url.'],
    [['--webhook', '100=localhost'], 'Write an http or https URL, or channelId=url.'],
    [['--redelivery-gaps', '1,x'], 'Write a number.'],
    // The = of a query is none of a channel.
    [['--webhook', 'http://localhost/?a=b'], 'nothing to sign the events of channels that are not known beforehand with'],
    [['--webhook', '100=http://localhost/?a=b'], 'nothing to sign the events of channel 100 with'],
    [['--webhook', '100=http://localhost/', '--channel', '200:secret'], 'nothing to sign the events of channel 100 with'],
  ])('%s is refused: %s', async (args, message) => {
    await expect(run(...args)).rejects.toThrow(message)
  })

  test('teaches what webhooks need', () => {
    let help = ''
    simulatorCommand()
      .configureOutput({ writeOut: (text) => (help += text) })
      .outputHelp()
    expect(help).toContain('--webhook http://localhost:3000/line --webhook-secret s3cret --redeliver')
  })
})
