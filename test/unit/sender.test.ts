import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Clock, systemClock } from '../../src/clock.ts'
import { type AttemptFacts, createSender, type SenderLane } from '../../src/dispatch/sender.ts'
import { createTokenBucket } from '../../src/dispatch/token-bucket.ts'
import type { Intention } from '../../src/domain/changes.ts'
import { type Lane, laneOf } from '../../src/domain/entry.ts'
import type { OutcomeReport } from '../../src/domain/input.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { HashedPhone } from '../../src/domain/phone.ts'
import { createSealer, sealContent } from '../../src/domain/seal.ts'
import { createMemoryProvider, type MemoryProvider } from './memory-provider.ts'
import { accepted, MAIN, NOON, notSent, only, rejected, timedOut, unreachable } from './notification-builder.ts'

const sealer = createSealer([new Uint8Array(32).fill(1)])
const OTHER = laneOf({ channel: 'main', endpoint: 'flexible' })
const content = { to: 'ab'.repeat(32) as HashedPhone, message: { endpoint: 'template', templateKey: 'k', body: {} } } as const

beforeEach(() => {
  vi.useFakeTimers({ now: NOON })
})
afterEach(() => {
  vi.useRealTimers()
})

const intention = (n: number, changes: Partial<Intention> = {}): Intention => ({
  deliveryTag: `t${n}`,
  notificationId: `n${n}`,
  lane: MAIN,
  sealed: sealContent(content, `n${n}`, sealer.seal),
  startBy: Number.POSITIVE_INFINITY,
  traceparent: null,
  ...changes,
})

const many = (count: number, changes: Partial<Intention> = {}) =>
  Array.from({ length: count }, (_, n) => intention(n, changes))

interface Setting {
  readonly rate?: number
  readonly lanes?: readonly Lane[]
  readonly clock?: Clock
}

const settingOf = ({ rate = 1_000, lanes = [MAIN], clock = systemClock }: Setting = {}) => {
  const provider: MemoryProvider = createMemoryProvider()
  const reports: OutcomeReport[] = []
  const attempts: AttemptFacts[] = []
  const laneMap = new Map<Lane, SenderLane>(
    lanes.map((lane) => [lane, { provider, bucket: createTokenBucket({ rate, capacity: 2, now: clock.monotonic() }) }]),
  )
  const sender = createSender({
    lanes: laneMap,
    open: sealer.open,
    clock,
    onReport: (report, attempt) => {
      reports.push(report)
      attempts.push(attempt)
    },
  })
  const outcomeOf = (tag: string) => only(reports.filter(({ deliveryTag }) => deliveryTag === tag)).outcome
  return { provider, reports, attempts, sender, clock, outcomeOf, bucket: laneMap.get(MAIN)?.bucket }
}

describe('an intention', () => {
  test.each([accepted, unreachable, rejected, timedOut, notSent('connect')])('is reported once, as it came out ($kind)', async (outcome) => {
    const { sender, provider, reports, clock } = settingOf()
    provider.answer(outcome)
    sender.send([intention(1)], clock.monotonic())
    expect(sender.inFlight()).toBe(1)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(only(reports)).toMatchObject({ deliveryTag: 't1', outcome })
    expect(sender.inFlight()).toBe(0)
  })

  test('is sent with its address, message and tag', async () => {
    const { sender, provider, clock } = settingOf()
    sender.send([intention(1)], clock.monotonic())
    await vi.advanceTimersByTimeAsync(100)
    expect(only(provider.started)).toMatchObject({ ...content, deliveryTag: 't1' })
  })

  test('is reported once, however many there are and whatever becomes of them', async () => {
    const { sender, provider, reports, clock } = settingOf({ rate: 50 })
    sender.send(many(60), clock.monotonic())
    provider.answer('held')
    await vi.advanceTimersByTimeAsync(500)
    provider.release(timedOut)
    provider.answer(rejected)
    await vi.advanceTimersByTimeAsync(300)
    sender.stop()
    provider.release()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(reports.map(({ deliveryTag }) => deliveryTag).sort()).toEqual(many(60).map(({ deliveryTag }) => deliveryTag).sort())
    expect(sender.inFlight()).toBe(0)
  })

  test('tells how long it waited for a token, and how long it took', async () => {
    const { sender, provider, attempts, clock } = settingOf({ rate: 10 })
    provider.answer('held')
    sender.send([intention(1)], clock.monotonic())
    await vi.advanceTimersByTimeAsync(100)
    await vi.advanceTimersByTimeAsync(30)
    provider.release()
    await vi.advanceTimersByTimeAsync(0)
    expect(only(attempts)).toMatchObject({ waitedMs: 100, ms: 30 })
  })
})

describe('nothing is started', () => {
  test('without a token', async () => {
    const { sender, provider, clock } = settingOf({ rate: 10 })
    sender.send(many(3), clock.monotonic())
    await vi.advanceTimersByTimeAsync(99)
    expect(provider.asked).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(provider.asked.map(({ deliveryTag }) => deliveryTag)).toEqual(['t0'])
    await vi.advanceTimersByTimeAsync(200)
    expect(provider.asked.map(({ deliveryTag }) => deliveryTag)).toEqual(['t0', 't1', 't2'])
  })

  test('two seconds after it was decided: what has no token by then is reported as not sent', async () => {
    const { sender, provider, outcomeOf, clock } = settingOf({ rate: 1 })
    sender.send(many(3), clock.monotonic())
    await vi.advanceTimersByTimeAsync(1_999)
    expect(provider.started.map(({ deliveryTag }) => deliveryTag)).toEqual(['t0'])
    await vi.advanceTimersByTimeAsync(1)
    expect(outcomeOf('t1')).toEqual(notSent('send-by'))
    expect(outcomeOf('t2')).toEqual(notSent('send-by'))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(provider.asked).toHaveLength(1)
  })

  test('if it was decided more than two seconds ago: the process may have been stopped', async () => {
    const { sender, provider, outcomeOf, clock } = settingOf()
    await vi.advanceTimersByTimeAsync(5_000)
    sender.send([intention(1)], clock.monotonic() - 2_000)
    expect(outcomeOf('t1')).toEqual(notSent('send-by'))
    expect(provider.asked).toEqual([])
  })

  test('at or after the instant that forbids it', async () => {
    const { sender, provider, outcomeOf, clock } = settingOf()
    await vi.advanceTimersByTimeAsync(100)
    sender.send([intention(1, { startBy: clock.now() }), intention(2, { startBy: clock.now() + 1 })], clock.monotonic())
    await vi.advanceTimersByTimeAsync(0)
    expect(outcomeOf('t1')).toEqual(notSent('send-by'))
    expect(provider.started.map(({ deliveryTag }) => deliveryTag)).toEqual(['t2'])
  })

  test('when the wall clock has jumped past that instant, though little time has passed', () => {
    let skew = 0
    const clock: Clock = { now: () => Date.now() + skew, monotonic: () => performance.now() }
    const { sender, provider, outcomeOf } = settingOf({ clock })
    const decided = intention(1, { startBy: clock.now() + 2_000 })
    skew = 3_600_000
    sender.send([decided], clock.monotonic())
    expect(outcomeOf('t1')).toEqual(notSent('send-by'))
    expect(provider.asked).toEqual([])
  })

  test.each([
    ['after send-by', async () => vi.advanceTimersByTimeAsync(2_000), {}],
    ['after what forbids it', async () => vi.advanceTimersByTimeAsync(500), { startBy: NOON + 600 }],
    ['after a stop', async ({ sender }: ReturnType<typeof settingOf>) => sender.stop(), {}],
  ])('on a socket that is connected %s', async (_, wait, changes) => {
    const setting = settingOf()
    const { sender, provider, outcomeOf, clock } = setting
    await vi.advanceTimersByTimeAsync(100)
    provider.holdConnections()
    sender.send([intention(1, changes)], clock.monotonic())
    expect(provider.asked).toHaveLength(1)
    await wait(setting)
    provider.connect()
    await vi.advanceTimersByTimeAsync(0)
    expect(provider.started).toEqual([])
    expect(outcomeOf('t1')).toEqual(notSent('send-by'))
  })

  test('after a stop: what waits is reported at once, what is under way when it is answered', async () => {
    const { sender, provider, reports, clock } = settingOf({ rate: 10 })
    provider.answer('held')
    sender.send(many(3), clock.monotonic())
    await vi.advanceTimersByTimeAsync(100)
    sender.stop()
    expect(reports.map(({ deliveryTag, outcome }) => [deliveryTag, outcome])).toEqual([
      ['t1', notSent('send-by')],
      ['t2', notSent('send-by')],
    ])
    expect(sender.inFlight()).toBe(1)
    provider.release()
    await vi.advanceTimersByTimeAsync(0)
    expect(reports.at(-1)).toMatchObject({ deliveryTag: 't0', outcome: accepted })
    sender.send([intention(9)], clock.monotonic())
    expect(reports.at(-1)).toMatchObject({ deliveryTag: 't9', outcome: notSent('send-by') })
    expect(provider.asked).toHaveLength(1)
  })
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

  test('of all lanes together leave no more than 256 in flight', async () => {
    const { sender, provider, clock } = settingOf({ rate: 10_000, lanes: [MAIN, OTHER] })
    provider.answer('held')
    sender.send(many(250), clock.monotonic())
    await vi.advanceTimersByTimeAsync(1_000)
    const together = [...sender.permits().values()].reduce((sum, permits) => sum + permits, 0)
    expect(together).toBeLessThanOrEqual(6)
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
    ['not for one token that was not accepted, but for a second in a row', [notSent('unauthorized'), notSent('unauthorized')], [0, 1]],
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
    expect(reports.map(({ outcome }) => outcome)).toEqual([notSent('rate-limited', 30_000), notSent('send-by'), notSent('send-by')])
  })
})

describe('a message that cannot be opened', () => {
  test('is reported once and never sent, and the others are', async () => {
    const { sender, provider, reports, outcomeOf, clock } = settingOf()
    sender.send([intention(1), intention(2, { sealed: Buffer.from('damaged') }), intention(3)], clock.monotonic())
    await vi.advanceTimersByTimeAsync(5_000)
    expect(reports).toHaveLength(3)
    expect(outcomeOf('t2')).toMatchObject({ kind: 'rejected', property: 'sealed' })
    expect(provider.started.map(({ deliveryTag }) => deliveryTag)).toEqual(['t1', 't3'])
    expect(sender.inFlight()).toBe(0)
    expect(sender.permits().get(MAIN)).toBeGreaterThan(0)
  })
})
