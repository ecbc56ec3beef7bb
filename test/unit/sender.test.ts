import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { createSealer, sealContent } from '../../src/domain/seal.ts'
import { accepted, MAIN, NOON, notSent, only, rejected, timedOut, unreachable } from './notification-builder.ts'
import { content, intention, many, settingOf } from './sender-fixture.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: NOON })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('an intention', () => {
  test.each([accepted, unreachable, rejected, timedOut, notSent('connect')])(
    'is reported once, as it came out ($kind)',
    async (outcome) => {
      const { sender, provider, reports, clock } = settingOf()
      provider.answer(outcome)
      sender.send([intention(1)], clock.monotonic())
      expect(sender.inFlight()).toBe(1)
      await vi.advanceTimersByTimeAsync(5_000)
      expect(only(reports)).toMatchObject({ deliveryTag: 't1', outcome })
      expect(sender.inFlight()).toBe(0)
    },
  )

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
    expect(reports.map(({ deliveryTag }) => deliveryTag).sort()).toEqual(
      many(60)
        .map(({ deliveryTag }) => deliveryTag)
        .sort(),
    )
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

  test('when the wall clock was put back since it was decided: what might be sent then may not be now', () => {
    let skew = 0
    const clock: Clock = { now: () => Date.now() + skew, monotonic: () => performance.now() }
    const { sender, provider, outcomeOf } = settingOf({ clock })
    const decided = intention(1, { startFrom: clock.now() })
    skew = -80_000
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

describe('an intention that the state no longer wants', () => {
  test('is not started, neither from the queue nor on a connected socket', async () => {
    let wanted = true
    const { sender, provider, reports, clock } = settingOf({ rate: 125, stillWanted: () => wanted })
    provider.holdConnections()
    sender.send(many(2), clock.monotonic())
    await vi.advanceTimersByTimeAsync(8)
    expect(provider.asked).toHaveLength(1)
    wanted = false
    provider.connect()
    await vi.advanceTimersByTimeAsync(8)
    expect(provider.started).toEqual([])
    expect(reports.map(({ outcome }) => outcome)).toEqual([notSent('send-by'), notSent('send-by')])
  })
})

describe('what gathered while it was being connected', () => {
  test('does not leave all at once', async () => {
    const { sender, provider, reports, clock } = settingOf({ rate: 125 })
    provider.holdConnections()
    sender.send(many(100), clock.monotonic())
    await vi.advanceTimersByTimeAsync(400)
    expect(provider.asked).toHaveLength(50)
    provider.connect()
    await vi.advanceTimersByTimeAsync(0)
    expect(provider.started).toHaveLength(2)
    expect(reports.filter(({ outcome }) => outcome.kind === 'not-sent')).toHaveLength(48)
  })
})

describe('a provider that throws', () => {
  test('is a fault of ours, and nothing is claimed of the attempt', async () => {
    const { sender, provider, reports, faults, clock } = settingOf()
    const fault = new Error('the provider threw')
    provider.break(fault)
    sender.send([intention(1)], clock.monotonic())
    await vi.advanceTimersByTimeAsync(100)
    expect(faults).toEqual([fault])
    expect(reports).toEqual([])
  })
})

describe('a message that cannot be opened', () => {
  test('for want of its key goes back to wait for it, and holds up no other', async () => {
    const { sender, provider, outcomeOf, clock } = settingOf()
    const lost = createSealer([new Uint8Array(32).fill(2)])
    sender.send([intention(1, { sealed: sealContent(content, 'n1', lost.seal) }), intention(2)], clock.monotonic())
    await vi.advanceTimersByTimeAsync(100)
    expect(outcomeOf('t1')).toEqual(notSent('no-key'))
    expect(provider.started.map(({ deliveryTag }) => deliveryTag)).toEqual(['t2'])
    expect(sender.permits().get(MAIN)).toBeGreaterThan(0)
  })

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
