import { connect } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import type { FaultSpec } from '../../src/line-simulator/fault.ts'
import { digestOfPerson } from '../../src/line-simulator/people.ts'
import { flexible, start, TEMPLATE, template, text } from './line-simulator-fixture.ts'
import { SOON } from './soon.ts'

describe('faults', () => {
  test.each<[string, FaultSpec, number, string | RegExp, string]>([
    ['500 before', { kind: 'server-error' }, 500, /message/, 'nothing'],
    ['500 after', { kind: 'server-error', recorded: true }, 500, /message/, 'delivered'],
    ['503', { kind: 'server-error', status: 503 }, 503, /message/, 'nothing'],
    ['429', { kind: 'rate-limited' }, 429, '{"message":"The API rate limit has been exceeded. Try again later."}', 'nothing'],
    ['monthly limit', { kind: 'monthly-limit' }, 429, '{"message":"You have reached your monthly limit."}', 'nothing'],
    ['403', { kind: 'forbidden' }, 403, '{"message":"Access to this API is not available for your account"}', 'nothing'],
    ['401', { kind: 'unauthorized' }, 401, /^{"message":"Authentication failed due to the following reason: /, 'nothing'],
    ['slow', { kind: 'slow', ms: 20 }, 202, '{}', 'delivered'],
    ['html', { kind: 'malformed', body: 'html' }, 200, /^<!DOCTYPE html>/, 'nothing'],
    ['half JSON', { kind: 'malformed', body: 'half-json', recorded: true }, 202, '{"mess', 'delivered'],
  ])('%s', async (_, fault, status, body, came) => {
    const { push, simulator } = await start()
    const { id } = simulator.faults.add({ ...fault, count: 1 })
    const answer = await push(template())
    expect(answer.status).toBe(status)
    expect(answer.text).toMatch(body)
    expect([...simulator.log.after(0, 1)]).toMatchObject([{ status, came, fault: id }])
    expect((await push(template())).status).toBe(202)
  })

  test('a page by somebody on the way has no request id of LINE’s, any other answer has one', async () => {
    const { push, simulator } = await start()
    simulator.faults.add({ kind: 'malformed', body: 'html', count: 1 })
    expect((await push(template())).headers['x-line-request-id']).toBeUndefined()
    expect((await push(template())).headers['x-line-request-id']).toMatch(/./)
  })

  test.each<[string, FaultSpec, string, string]>([
    ['reset before', { kind: 'reset' }, 'reset', 'nothing'],
    ['reset after', { kind: 'reset', recorded: true }, 'reset', 'delivered'],
    ['cut in the body', { kind: 'malformed', body: 'cut', recorded: true }, 'reset', 'delivered'],
  ])('%s ends the connection', async (_, fault, status, came) => {
    const { push, simulator } = await start()
    simulator.faults.add({ ...fault, count: 1 })
    await expect(push(template())).rejects.toThrow()
    expect([...simulator.log.after(0, 1)]).toMatchObject([{ status, came }])
    expect((await push(template())).status).toBe(202)
  })

  test.each([
    [false, 'nothing'],
    [true, 'delivered'],
  ])('a hanging request, recorded %s, lasts until the simulator stops', async (recorded, came) => {
    const { push, simulator } = await start()
    simulator.faults.add({ kind: 'hang', recorded })
    const outcome = push(template()).catch((error: unknown) => error)
    await vi.waitFor(() => expect([...simulator.log.after(0, 1)]).toMatchObject([{ status: 'hang', came }]), SOON)
    await simulator.stop()
    expect(await outcome).toBeInstanceOf(Error)
  })

  test('a delayed answer goes out at once when the simulator stops', async () => {
    const { push, simulator } = await start({ latencyMs: 3_600_000 })
    const answer = push(template())
    await vi.waitFor(() => expect(simulator.log.count().total).toBe(1), SOON)
    await simulator.stop()
    expect((await answer).status).toBe(202)
  })

  test('a client that does not wait for a slow answer is logged as gone; the message came all the same', async () => {
    const { push, simulator } = await start()
    simulator.faults.add({ kind: 'slow', ms: 3_600_000 })
    const aborter = new AbortController()
    const answer = push(template(), {}, aborter.signal)
    await vi.waitFor(() => expect(simulator.log.count().total).toBe(1), SOON)
    aborter.abort()
    await expect(answer).rejects.toThrow()
    await vi.waitFor(
      () => expect([...simulator.log.after(0, 1)]).toMatchObject([{ status: 'abandoned', came: 'delivered' }]),
      SOON,
    )
  })

  test('a request that never was whole is logged, and comes to nobody', async () => {
    const { simulator } = await start()
    const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1')
    const head = `POST ${TEMPLATE} HTTP/1.1\r\nhost: line\r\nauthorization: Bearer console-token\r\ncontent-length: 100\r\n\r\n`
    socket.end(`${head}{"to":`)
    await vi.waitFor(
      () => expect([...simulator.log.after(0, 1)]).toMatchObject([{ status: 'incomplete', came: 'nothing' }]),
      SOON,
    )
    socket.destroy()
  })

  test('a 429 may say when to come back', async () => {
    const { push, simulator } = await start()
    simulator.faults.add({ kind: 'rate-limited', retryAfterSeconds: 7 })
    expect((await push(template())).headers['retry-after']).toBe('7')
    expect(simulator.stats.report().template.limited).toEqual({ byBucket: 0, injected: 1 })
  })

  test.each<[string, FaultSpec, number, object]>([
    ['500', { kind: 'server-error' }, 500, { message: 'Internal server error' }],
    ['401', { kind: 'unauthorized' }, 401, { error: 'invalid_client', error_description: 'invalid client_secret' }],
  ])('the token endpoint can refuse with %s', async (_, fault, status, body) => {
    const { push, token, simulator } = await start()
    simulator.faults.add({ ...fault, endpoint: 'token' })
    expect(await token()).toEqual({ status, body })
    expect((await push(template())).status).toBe(202)
  })

  test('a fault recorded for an invalid request delivers nothing', async () => {
    const { push, simulator } = await start()
    simulator.faults.add({ kind: 'server-error', recorded: true })
    await push(template({}, { templateKey: 'reserve_004' }))
    await push(template({}, { to: digestOfPerson('blocked', 3) }))
    await push(template({}, { to: digestOfPerson('consent-pending', 3) }))
    expect([...simulator.log.after(0, 9)].map(({ came }) => came)).toEqual(['nothing', 'nothing', 'held'])
  })

  test('is chosen by endpoint, person and count, and spares who has no valid token', async () => {
    const { push, admin } = await start()
    const [other, third] = [digestOfPerson('reachable', 1), digestOfPerson('reachable', 2)]
    const set = await admin('POST', '/faults', [
      { kind: 'forbidden', endpoint: 'flexible' },
      { kind: 'server-error', to: [other, third], count: 2 },
    ])
    expect(set.status).toBe(201)
    expect((await push(template({}, { to: other }), { authorization: 'Bearer x' })).status).toBe(401)
    expect((await push(template())).status).toBe(202)
    expect((await push(flexible(text()))).status).toBe(403)
    expect((await push(template({}, { to: third }))).status).toBe(500)
    expect((await push(template({}, { to: other }))).status).toBe(500)
    expect((await push(template({}, { to: other }))).status).toBe(202)
    expect((await admin('GET', '/faults')).json()).toMatchObject({
      faults: [
        { id: 1, happened: 1, remaining: null },
        { id: 2, happened: 2, remaining: 0 },
      ],
    })
    await admin('DELETE', '/faults')
    expect((await push(flexible(text()))).status).toBe(200)
  })

  test('with a probability, the same seed fails the same requests', async () => {
    const run = async (seed: number) => {
      const { push, simulator } = await start()
      simulator.faults.add({ kind: 'server-error', probability: 0.5, seed })
      for (let i = 0; i < 40; i += 1) await push(template())
      return [...simulator.log.after(0, 40)].map(({ status }) => status)
    }
    const [first, again, other] = [await run(7), await run(7), await run(8)]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
    expect(first.filter((status) => status === 500).length).toBeGreaterThan(10)
    expect(first.filter((status) => status === 202).length).toBeGreaterThan(10)
  })

  test.each<[object, string]>([
    [{ kind: 'explode' }, 'no fault was set'],
    [{ kind: 'reset', cuont: 3 }, 'cuont'],
    [{ kind: 'slow' }, 'ms'],
    [{ kind: 'hang', to: '+819012345678' }, 'SHA-256 digest'],
  ])('%o is refused with what is wrong', async (fault, message) => {
    const { admin } = await start()
    const answer = await admin('POST', '/faults', fault)
    expect([answer.status, answer.json()]).toEqual([400, { message: expect.stringContaining(message) }])
  })
})
