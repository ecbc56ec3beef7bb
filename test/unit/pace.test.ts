import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPace, type Pace } from '../../src/dispatch/pace.ts'

const SHARE = { rate: 125, capacity: 2, burst: 4 }
const paceOf = (share = SHARE) => createPace({ share, now: 0 })

/** Sends as much as it may, looking every millisecond: how many left, and when. */
const sendAll = (pace: Pace, from: number, to: number): number[] => {
  const left: number[] = []
  for (let now = from; now < to; now++) while (pace.take(now)) if (pace.gate(now)) left.push(now)
  return left
}

/** The next 429 to something that has just left. */
const refuse = (pace: Pace, now: number): void => {
  pace.shrink(now, now - 1)
  pace.pauseUntil(now)
}

describe('a pace', () => {
  test('is its whole share at first', () => {
    const pace = paceOf()
    expect(pace.fraction()).toBe(1)
    expect(sendAll(pace, 0, 8_000)).toHaveLength(999)
  })

  test('is halved by a refusal, for what is spaced and for what leaves', () => {
    const pace = paceOf()
    refuse(pace, 1_000)
    expect(pace.fraction()).toBe(0.5)
    expect(pace.nextAt(1_000)).toBe(1_016)
    expect(pace.within(1_000, 64)).toBe(4)
    expect(pace.gate(1_015)).toBe(false)
    expect(pace.gate(1_016)).toBe(true)
  })

  test('is halved once for what was under way together', () => {
    const pace = paceOf()
    pace.shrink(1_000, 900)
    for (const leftAt of [100, 999, 1_000]) pace.shrink(5_000, leftAt)
    expect(pace.fraction()).toBe(0.5)
    pace.shrink(5_000, 1_001)
    expect(pace.fraction()).toBe(0.25)
  })

  test('is never less than a twentieth of its share', () => {
    const pace = paceOf()
    for (let now = 1; now <= 20; now++) refuse(pace, now)
    expect(pace.fraction()).toBe(0.05)
  })

  test('gives nothing and lets nothing leave during a pause', () => {
    const pace = paceOf()
    pace.pauseUntil(2_000)
    expect(sendAll(pace, 0, 2_008)).toEqual([])
    expect(pace.gate(2_007)).toBe(false)
    expect(pace.take(2_008)).toBe(true)
    expect(pace.gate(2_008)).toBe(true)
  })

  test('grows by a twentieth of the share with each second of sending, and not with a pause or a rest', () => {
    const pace = paceOf()
    refuse(pace, 0)
    pace.pauseUntil(60_000)
    expect(sendAll(pace, 0, 60_000)).toEqual([])
    expect(pace.fraction()).toBe(0.5)
    sendAll(pace, 60_000, 61_000)
    expect(pace.fraction()).toBeCloseTo(0.55, 2)
    sendAll(pace, 61_000, 62_000)
    expect(pace.fraction()).toBeCloseTo(0.6, 2)
    sendAll(pace, 600_000, 601_000)
    expect(pace.fraction()).toBeCloseTo(0.65, 2)
  })

  test('is the whole share again in the end, and never more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 8 }), (rate, refusals) => {
        const pace = paceOf({ rate, capacity: 2, burst: 4 })
        for (let now = 1; now <= refusals; now++) refuse(pace, now)
        // 19 s of sending from the least, and as much again for what the slowest lanes lose by looking only every millisecond.
        sendAll(pace, 100, 40_000)
        expect(pace.fraction()).toBe(1)
        expect(sendAll(pace, 40_000, 44_000).length).toBeGreaterThanOrEqual(4 * rate - 2)
        expect(pace.fraction()).toBe(1)
      }),
      { numRuns: 40 },
    )
  })
})

describe('in any second', () => {
  const SHARES = fc.record({
    rate: fc.double({ min: 0.5, max: 400, noNaN: true }),
    capacity: fc.integer({ min: 2, max: 4 }),
    burst: fc.integer({ min: 4, max: 8 }),
  })
  const HISTORY = fc.array(
    fc.record({
      rest: fc.nat({ max: 1_500 }),
      sending: fc.nat({ max: 1_500 }),
      /** How many are gathered at the gate at each look, whatever the bucket says: connections that were slow to come. */
      gathered: fc.nat({ max: 12 }),
      refusedAfter: fc.option(fc.nat({ max: 300 })),
      pauseMs: fc.oneof(fc.constant(0), fc.nat({ max: 3_000 })),
    }),
    { maxLength: 12 },
  )

  test('no more leave than rate and burst, after any history of refusals and pauses', () => {
    fc.assert(
      fc.property(SHARES, HISTORY, (share, history) => {
        const pace = paceOf(share)
        const left: number[] = []
        let now = 0
        for (const { rest, sending, gathered, refusedAfter, pauseMs } of history) {
          now += rest
          for (const until = now + sending; now < until; now++)
            for (let tries = gathered; tries > 0; tries--) if (pace.gate(now)) left.push(now)
          if (refusedAfter === null) continue
          pace.shrink(now, now - refusedAfter)
          pace.pauseUntil(now + pauseMs)
          expect(pace.fraction()).toBeGreaterThanOrEqual(0.05)
        }
        expect(pace.fraction()).toBeLessThanOrEqual(1)
        expect(mostInASecond(left)).toBeLessThanOrEqual(share.rate + share.burst)
      }),
      { numRuns: 300 },
    )
  })

  test('the bound is met, so that it is one', () => {
    const pace = paceOf()
    const left: number[] = []
    for (let now = 5_000; now < 8_000; now++) while (pace.gate(now)) left.push(now)
    expect(mostInASecond(left)).toBeGreaterThanOrEqual(SHARE.rate + SHARE.burst - 1)
  })
})

/** The most that lie within any 1,000 ms. */
const mostInASecond = (times: readonly number[]): number => {
  let first = 0
  let most = 0
  for (const [last, time] of times.entries()) {
    while ((times[first] ?? time) <= time - 1_000) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}
