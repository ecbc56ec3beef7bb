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

  test('are the tokens of the next hundred milliseconds', async () => {
    const { sender } = settingOf({ rate: 125 })
    expect(permitsIn(sender)).toBe(12)
    await vi.advanceTimersByTimeAsync(8)
    expect(permitsIn(sender)).toBe(13)
  })

  test('do not count tokens that something waits for already', () => {
    const { sender, clock } = settingOf({ rate: 125 })
    sender.send(many(8), clock.monotonic())
    expect(permitsIn(sender)).toBe(4)
    sender.send(many(8), clock.monotonic())
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
    expect(permitsIn(sender, OTHER)).toBe(12)
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
    ['for what pauses the channel, only until that is committed', [notSent('monthly-limit'), notSent('forbidden')], [1, 1]],
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

  test('and what has only been connected by then does not leave either', async () => {
    const { sender, provider, clock, outcomeOf } = settingOf({ rate: 125 })
    provider.answer('held')
    sender.send([intention(1)], clock.monotonic())
    await vi.advanceTimersByTimeAsync(8)
    provider.holdConnections()
    sender.send([intention(2)], clock.monotonic())
    await vi.advanceTimersByTimeAsync(8)
    provider.release(notSent('forbidden'))
    await vi.advanceTimersByTimeAsync(100)
    provider.connect()
    await vi.advanceTimersByTimeAsync(0)
    expect(provider.started.map(({ deliveryTag }) => deliveryTag)).toEqual(['t1'])
    expect(outcomeOf('t2')).toEqual(notSent('send-by'))
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

describe('too many requests', () => {
  /** Sends as many as it may, for so long: how many left. */
  const sendFor = async ({ sender, provider, clock }: ReturnType<typeof settingOf>, ms: number): Promise<number> => {
    const before = provider.started.length
    for (let passed = 0; passed < ms; passed += 50) {
      sender.send(many(sender.permits().get(MAIN) ?? 0), clock.monotonic())
      await vi.advanceTimersByTimeAsync(50)
    }
    return provider.started.length - before
  }
  const refuse = async (setting: ReturnType<typeof settingOf>, outcome = notSent('rate-limited', 1_000)) => {
    await vi.advanceTimersByTimeAsync(100) // what waits from before leaves first
    setting.provider.answer(outcome)
    setting.sender.send([intention(1)], setting.clock.monotonic())
    await vi.advanceTimersByTimeAsync(1_200)
    setting.provider.answer(accepted)
  }

  test('halve the rate of their lane, and of no other', async () => {
    const setting = settingOf({ lanes: [MAIN, OTHER] })
    expect(setting.sender.lanes).toEqual([MAIN, OTHER])
    await refuse(setting)
    expect(setting.sender.pace()).toEqual(
      new Map([
        [MAIN, 0.5],
        [OTHER, 1],
      ]),
    )
  })

  test('halve it once, however many were under way, even if one is answered when the pause is over', async () => {
    const { sender, provider, clock } = settingOf()
    provider.answer('held')
    sender.send(many(20), clock.monotonic())
    await vi.advanceTimersByTimeAsync(100)
    provider.answer(notSent('rate-limited'))
    sender.send([intention(99)], clock.monotonic())
    await vi.advanceTimersByTimeAsync(1_500)
    expect(provider.open).toBe(20)
    provider.release(notSent('rate-limited'))
    await vi.advanceTimersByTimeAsync(0)
    expect(sender.pace().get(MAIN)).toBe(0.5)
  })

  test('are the only answer that does', async () => {
    for (const cause of ['connect', 'unauthorized', 'no-token', 'forbidden', 'monthly-limit', 'send-by'] as const) {
      const setting = settingOf()
      await refuse(setting, notSent(cause))
      expect(setting.sender.pace().get(MAIN), cause).toBe(1)
    }
  })

  test('leave half of what was sent before; a second of sending later it is 5 % of the share more', async () => {
    const setting = settingOf({ rate: 100 })
    expect(await sendFor(setting, 1_000)).toBeCloseTo(100, -1)
    await refuse(setting)
    expect(await sendFor(setting, 1_000)).toBeCloseTo(50, -1)
    expect(setting.sender.pace().get(MAIN)).toBeCloseTo(0.55, 2)
    await sendFor(setting, 9_500)
    expect(setting.sender.pace().get(MAIN)).toBe(1)
    expect(await sendFor(setting, 1_000)).toBeCloseTo(100, -1)
  })
})
