import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Lane } from '../../src/domain/entry.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { accepted, MAIN, NOON, notSent, rejected, timedOut, unreachable } from './notification-builder.ts'
import { intention, many, OTHER, settingOf } from './sender-fixture.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: NOON })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('permits', () => {
  const permitsIn = (sender: ReturnType<typeof settingOf>['sender'], lane: Lane = MAIN) => sender.permits().get(lane)

  test('are the tokens of the next sixty milliseconds', async () => {
    const { sender } = settingOf({ rate: 125 })
    expect(permitsIn(sender)).toBe(7)
    await vi.advanceTimersByTimeAsync(8)
    expect(permitsIn(sender)).toBe(8)
  })

  test('do not count tokens that something waits for already', () => {
    const { sender, clock } = settingOf({ rate: 125 })
    sender.send(many(5), clock.monotonic())
    expect(permitsIn(sender)).toBe(2)
    sender.send(many(5), clock.monotonic())
    expect(permitsIn(sender)).toBe(0)
  })

  test('leave no more than 256 in flight', async () => {
    const { sender, provider, clock } = settingOf({ rate: 10_000 })
    provider.answer('held')
    sender.send(many(250), clock.monotonic())
    await vi.advanceTimersByTimeAsync(1_000)
    expect(provider.started).toHaveLength(250)
    expect(permitsIn(sender)).toBe(6)
    provider.release()
    await vi.advanceTimersByTimeAsync(0)
    expect(permitsIn(sender)).toBe(256)
  })

  test('are not taken by one lane from another, however fast it may be', async () => {
    const { sender, provider, clock } = settingOf({ rate: 10_000, lanes: [MAIN, OTHER] })
    provider.answer('held')
    sender.send(many(256), clock.monotonic())
    await vi.advanceTimersByTimeAsync(1_000)
    expect(permitsIn(sender)).toBe(0)
    expect(permitsIn(sender, OTHER)).toBe(256)
  })

  test('there are none after a stop', () => {
    const { sender } = settingOf()
    sender.stop()
    expect(permitsIn(sender)).toBe(0)
  })

  test('lanes do not wait for each other', async () => {
    const { sender, provider, clock } = settingOf({ rate: 125, lanes: [MAIN, OTHER] })
    sender.send(many(20), clock.monotonic())
    expect(permitsIn(sender, OTHER)).toBe(7)
    sender.send([intention(99, { lane: OTHER })], clock.monotonic())
    await vi.advanceTimersByTimeAsync(8)
    expect(provider.started.map(({ deliveryTag }) => deliveryTag)).toEqual(['t0', 't99'])
  })
})

describe('what is refused now slows its lane down', () => {
  /** Sends one that comes out so, and returns how long the lane then gives no permit. */
  const pauseAfter = async ({ sender, provider, clock }: ReturnType<typeof settingOf>, outcome: Outcome): Promise<number> => {
    provider.answer(outcome)
    sender.send([intention(1)], clock.monotonic())
    await vi.advanceTimersByTimeAsync(20)
    const since = clock.monotonic()
    while (sender.permits().get(MAIN) === 0 && clock.monotonic() - since < 120_000) await vi.advanceTimersByTimeAsync(100)
    return Math.round((clock.monotonic() - since) / 1_000)
  }

  test.each([
    ['too many requests', [notSent('rate-limited'), notSent('rate-limited'), notSent('rate-limited')], [1, 2, 4]],
    ['no connection', [notSent('connect'), notSent('connect')], [1, 2]],
    ['as long as LINE says', [notSent('rate-limited', 7_000)], [7]],
    ['the month’s limit', [notSent('monthly-limit')], [60]],
    ['an endpoint that is not allowed', [notSent('forbidden')], [60]],
    ['no longer once something got through', [notSent('connect'), accepted, notSent('connect')], [1, 0, 1]],
    ['not at all for what was too late', [notSent('send-by'), notSent('send-by')], [0, 0]],
    ['not at all for what LINE rejects', [rejected, unreachable, timedOut], [0, 0, 0]],
    [
      'not for one token that was not accepted, but for a second in a row',
      [notSent('unauthorized'), notSent('unauthorized')],
      [0, 1],
    ],
  ])('(%s)', async (_, outcomes, seconds) => {
    const setting = settingOf()
    const pauses: number[] = []
    for (const outcome of outcomes) pauses.push(await pauseAfter(setting, outcome))
    expect(pauses).toEqual(seconds)
  })

  test('once, however many answers say so at the same time', async () => {
    const { sender, provider, clock } = settingOf()
    provider.answer('held')
    sender.send(many(20), clock.monotonic())
    await vi.advanceTimersByTimeAsync(100)
    provider.release(notSent('rate-limited'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(sender.permits().get(MAIN)).toBeGreaterThan(0)
  })

  test('and what waits in it then is not started', async () => {
    const { sender, provider, clock, reports } = settingOf({ rate: 10 })
    provider.answer(notSent('rate-limited', 30_000))
    sender.send(many(3), clock.monotonic())
    await vi.advanceTimersByTimeAsync(5_000)
    expect(provider.started).toHaveLength(1)
    expect(reports.map(({ outcome }) => outcome)).toEqual([
      notSent('rate-limited', 30_000),
      notSent('send-by'),
      notSent('send-by'),
    ])
  })
})
