import { describe, expect, test, vi } from 'vitest'
import { digestOfPerson } from '../../src/line-simulator/people.ts'
import type { WebhookFaultSpec } from '../../src/line-simulator/webhook-fault.ts'
import { template } from './line-simulator-fixture.ts'
import { bodyOf, eventsOf, isSigned, SECRET, startBoth } from './line-simulator-receiver.ts'
import { SOON } from './soon.ts'

const tag = (n: number) => ({ 'x-line-delivery-tag': `t_${n}_abcdef012345_1` })
const dataOf = (requests: Parameters<typeof eventsOf>[0]) => eventsOf(requests).map(({ delivery }) => delivery?.data)

/** Where the fault is set once, and the first notification meets it. */
const startUnder = async (fault: WebhookFaultSpec, options: Parameters<typeof startBoth>[0] = {}) => {
  const both = await startBoth(options)
  const { id } = both.simulator.webhookFaults.add({ count: 1, ...fault })
  return { ...both, id }
}

describe('an event', () => {
  test('late: its timestamp says when it happened, and others overtake it', async () => {
    const { push, receiver, id, log } = await startUnder({ kind: 'late', ms: 40 })
    await push(template(), tag(1))
    const [event] = eventsOf(await receiver.received(1))
    const [entry] = log()
    // A timer may fire some tenths of a ms early.
    expect((entry?.sentAt ?? 0) - (event?.timestamp ?? 0)).toBeGreaterThanOrEqual(39)
    expect(entry?.fault).toBe(id)
  })

  test('duplicated: comes twice with the same id, and neither is marked', async () => {
    const { push, receiver, quiet } = await startUnder({ kind: 'duplicated' })
    await push(template(), tag(1))
    const [first, second] = await receiver.received(2)
    expect(second?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true)
    expect(eventsOf(receiver.requests).map(({ deliveryContext }) => deliveryContext.isRedelivery)).toEqual([false, false])
    await quiet()
    expect(receiver.requests.length).toBe(2)
  })

  test('redelivered: comes again, marked, after it was answered', async () => {
    const held: (() => void)[] = []
    const { push, receiver, quiet, log, simulator } = await startBoth({}, (response) => {
      held.push(() => response.end())
    })
    simulator.webhookFaults.add({ kind: 'redelivered', count: 1 })
    await push(template(), tag(1))
    await receiver.received(1)
    expect(simulator.postman.waiting()).toBe(1)
    held[0]?.()
    await receiver.received(2)
    held[1]?.()
    await quiet()
    const [first, second] = eventsOf(receiver.requests)
    expect(second).toEqual({ ...first, deliveryContext: { isRedelivery: true } })
    expect(log().map(({ outcome }) => outcome)).toEqual(['answered', 'answered'])
  })

  test('reordered: comes after the next of its channel was answered', async () => {
    const held: (() => void)[] = []
    const { push, receiver, simulator, quiet } = await startBoth({}, (response, n) => {
      if (n === 1) held.push(() => response.end())
      else response.end()
    })
    simulator.webhookFaults.add({ kind: 'reordered', ms: 3_600_000, count: 1 })
    await push(template(), tag(1))
    await vi.waitFor(() => expect(simulator.webhookFaults.list()).toMatchObject([{ happened: 1 }]), SOON)
    await push(template(), tag(2))
    await receiver.received(1)
    held[0]?.()
    await receiver.received(2)
    await push(template(), tag(3))
    await receiver.received(3)
    await quiet()
    expect(dataOf(receiver.requests)).toEqual(['t_2_abcdef012345_1', 't_1_abcdef012345_1', 't_3_abcdef012345_1'])
  })

  test('reordered, and no other comes: after a while it goes by itself', async () => {
    const { push, receiver } = await startUnder({ kind: 'reordered', ms: 5 })
    await push(template(), tag(1))
    expect(dataOf(await receiver.received(1))).toEqual(['t_1_abcdef012345_1'])
  })

  test('lost: never comes, is counted, and the person has the message all the same', async () => {
    const { push, receiver, quiet, simulator } = await startUnder({ kind: 'lost' }, { redeliver: true })
    await push(template(), tag(1))
    await vi.waitFor(() => expect(simulator.deliveries.report()).toMatchObject({ delivered: 1, lost: 1 }), SOON)
    await push(template(), tag(2))
    await receiver.received(1)
    await quiet()
    expect(dataOf(receiver.requests)).toEqual(['t_2_abcdef012345_1'])
  })

  test('early: comes, and is answered, before the push is', async () => {
    const order: string[] = []
    const { push, simulator } = await startBoth({}, (response) => {
      order.push('event')
      response.end()
    })
    simulator.webhookFaults.add({ kind: 'early' })
    const { status } = await push(template(), tag(1))
    order.push('answer')
    expect([status, order]).toEqual([202, ['event', 'answer']])
    expect(simulator.deliveries.report()).toMatchObject({ delivered: 1, onTheWay: 0, waiting: 0 })
  })

  test('early, and the webhook never answers: the push is answered when LINE stops waiting', async () => {
    const { push, simulator } = await startBoth({ webhookTimeoutMs: 20 }, () => {})
    simulator.webhookFaults.add({ kind: 'early' })
    expect((await push(template())).status).toBe(202)
    expect(simulator.postman.stats()[100]?.failed.request_timeout).toBe(1)
  })

  test('early, and the simulator stops: the push is answered at once', async () => {
    const { push, receiver, simulator } = await startBoth({ webhookTimeoutMs: 3_600_000 }, () => {})
    simulator.webhookFaults.add({ kind: 'early' })
    const answer = push(template())
    await receiver.received(1)
    await simulator.stop()
    expect((await answer).status).toBe(202)
  })

  test('of an unknown type is in the same request, before the one that was to come', async () => {
    const { push, receiver } = await startUnder({ kind: 'unknown-type' })
    await push(template(), tag(1))
    const [unknown, known] = eventsOf(await receiver.received(1))
    expect([unknown?.type, known?.type]).toEqual(['somethingNew', 'delivery'])
    expect(unknown?.webhookEventId).not.toBe(known?.webhookEventId)
    expect(receiver.requests.every((request) => isSigned(request))).toBe(true)
  })

  test('with extra properties, among them the source of before 2025', async () => {
    const { push, receiver } = await startUnder({ kind: 'extra-properties' })
    await push(template(), tag(1))
    const [request] = await receiver.received(1)
    expect(request && bodyOf(request)).toMatchObject({
      somethingNew: true,
      events: [
        {
          type: 'delivery',
          delivery: { data: 't_1_abcdef012345_1', somethingNew: [1, { two: 2 }] },
          source: { type: 'user', userId: expect.stringMatching(/^U[0-9a-f]{32}$/) },
          mode: 'active',
          somethingNew: { since: 'today' },
        },
      ],
    })
    expect(request && isSigned(request)).toBe(true)
  })
})

describe('a request', () => {
  test.each([
    ['other-secret', /^[A-Za-z0-9+/]{43}=$/],
    ['malformed', /^not base64/],
  ] as const)('forged: signature %s', async (signature, shape) => {
    const { push, receiver } = await startUnder({ kind: 'forged-signature', signature })
    await push(template(), tag(1))
    const [request] = await receiver.received(1)
    expect(request?.headers['x-line-signature']).toMatch(shape)
    expect(request && isSigned(request)).toBe(false)
    expect(request && isSigned(request, `not ${SECRET}`)).toBe(signature === 'other-secret')
  })

  test('forged: not signed at all', async () => {
    const { push, receiver } = await startUnder({ kind: 'forged-signature', signature: 'missing' })
    await push(template(), tag(1))
    const [request] = await receiver.received(1)
    expect(request?.headers).not.toHaveProperty('x-line-signature')
  })

  test('that was refused for its forged signature comes again properly signed, if redelivery is on', async () => {
    const { push, receiver, simulator } = await startBoth({ redeliver: true, redeliveryGapsMs: [0] }, (response, n) => {
      response.writeHead(n === 1 ? 401 : 200).end()
    })
    simulator.webhookFaults.add({ kind: 'forged-signature' })
    await push(template(), tag(1))
    expect((await receiver.received(2)).map((request) => isSigned(request))).toEqual([false, true])
  })

  test('re-serialised: the same JSON in other bytes than were signed', async () => {
    const { push, receiver } = await startUnder({ kind: 'reserialised' })
    await push(template(), tag(1))
    const [request] = await receiver.received(1)
    expect(request && isSigned(request)).toBe(false)
    const compact = { headers: request?.headers ?? {}, path: '', body: Buffer.from(JSON.stringify(request && bodyOf(request))) }
    expect(isSigned(compact)).toBe(true)
  })

  test('oversized: as many bytes as asked for, properly signed', async () => {
    const { push, receiver } = await startUnder({ kind: 'oversized', bytes: 3_000_000 })
    await push(template(), tag(1))
    const [request] = await receiver.received(1)
    expect([request?.body.length, request && isSigned(request)]).toEqual([3_000_000, true])
    expect(dataOf(receiver.requests)).toEqual(['t_1_abcdef012345_1'])
  })

  test('slow: the body dribbles, and is whole in the end', async () => {
    const { push, receiver, quiet, log } = await startUnder({ kind: 'slow-body', ms: 60 }, { webhookTimeoutMs: 1000 })
    await push(template(), tag(1))
    const [request] = await receiver.received(1)
    expect([request?.headers['content-length'], request && isSigned(request)]).toEqual([String(request?.body.length), true])
    await quiet()
    expect(log()).toMatchObject([{ outcome: 'answered' }])
  })

  test('slow, and the receiver hangs up: that is a failure', async () => {
    const { push, receiver, simulator, quiet, log } = await startUnder({ kind: 'slow-body', ms: 3_600_000 })
    await push(template(), tag(1))
    await vi.waitFor(() => expect(log()).toHaveLength(1), SOON)
    await receiver.close()
    await quiet()
    expect(simulator.postman.stats()[100]).toMatchObject({ answered: 0, givenUp: 1 })
  })
})

describe('which events', () => {
  test('are chosen by tag, person, type, channel and count; what is chosen travels alone', async () => {
    const { push, admin, receiver, quiet, log } = await startBoth()
    const set = await admin('POST', '/webhooks/faults', [
      { kind: 'lost', tag: ['t_1_abcdef012345_1', 't_2_abcdef012345_1'], count: 1 },
      { kind: 'lost', to: digestOfPerson('reachable', 5) },
      { kind: 'lost', event: 'follow' },
      { kind: 'lost', channel: '200' },
      { kind: 'reserialised', event: 'delivery', count: 1 },
    ])
    expect(set.status).toBe(201)
    for (const n of [1, 2, 3]) await push(template(), tag(n))
    await push(template({}, { to: digestOfPerson('reachable', 5) }), tag(4))
    await admin('POST', '/friends/follow', { phone: '+816010000009' })
    await admin('POST', '/friends/unfollow', { phone: '+816010000009' })
    await quiet()
    expect((await admin('GET', '/webhooks/faults')).json()).toMatchObject({
      faults: [
        { id: 1, happened: 1, remaining: 0 },
        { id: 2, happened: 1, remaining: null },
        { id: 3, happened: 1 },
        { id: 4, happened: 0 },
        { id: 5, happened: 1, remaining: 0 },
      ],
    })
    const sent = log().map(({ events, fault }) => ({ what: events.map(({ type, data }) => data ?? type), fault }))
    expect(sent).toContainEqual({ what: ['t_2_abcdef012345_1'], fault: 5 })
    expect(sent.flatMap(({ what }) => what).sort()).toEqual(['t_2_abcdef012345_1', 't_3_abcdef012345_1', 'unfollow'])
    await admin('DELETE', '/webhooks/faults')
    await push(template(), tag(1))
    await quiet()
    expect(dataOf(receiver.requests)).toContain('t_1_abcdef012345_1')
  })

  test('meet no fault while nobody is to be told of them', async () => {
    const { push, simulator, quiet } = await startBoth({ webhooks: [] })
    simulator.webhookFaults.add({ kind: 'lost', count: 1 })
    simulator.webhookFaults.add({ kind: 'early', count: 1 })
    await push(template())
    await quiet()
    expect(simulator.webhookFaults.list()).toMatchObject([{ happened: 0 }, { happened: 0 }])
  })

  test('with a probability, the same seed takes the same', async () => {
    const run = async (seed: number) => {
      const { push, simulator, quiet, receiver } = await startBoth()
      simulator.webhookFaults.add({ kind: 'lost', probability: 0.5, seed })
      for (let n = 0; n < 30; n += 1) {
        await push(template(), tag(n))
        await quiet()
      }
      return dataOf(receiver.requests)
    }
    const [first, again, other] = [await run(7), await run(7), await run(8)]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  test.each<[object, string]>([
    [{ kind: 'explode' }, 'no fault was set'],
    [{ kind: 'lost', cuont: 3 }, 'cuont'],
    [{ kind: 'late' }, 'ms'],
    [{ kind: 'lost', event: 'deliver' }, 'event'],
  ])('%o is refused with what is wrong', async (fault, message) => {
    const { admin } = await startBoth()
    const answer = await admin('POST', '/webhooks/faults', fault)
    expect([answer.status, answer.json()]).toEqual([400, { message: expect.stringContaining(message) }])
  })
})
