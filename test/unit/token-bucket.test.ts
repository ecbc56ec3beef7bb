import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { capacityFor, createTokenBucket, rateShare } from '../../src/dispatch/token-bucket.ts'

/** Mostly asked for 125 a second: a millisecond then brings an eighth of a token, which a double holds exactly. */
const bucketOf = (rate: number, capacity = 2) => createTokenBucket({ rate, capacity, now: 0 })

/** Every millisecond from `from` to `to`, as many as are wanted: when they were had. */
const takeAll = (
  bucket: ReturnType<typeof createTokenBucket>,
  from: number,
  to: number,
  wanted = Number.POSITIVE_INFINITY,
): number[] => {
  const had: number[] = []
  for (let now = from; now <= to; now++) while (had.length < wanted && bucket.take(now)) had.push(now)
  return had
}

describe('a bucket', () => {
  test('is empty at first', () => {
    const bucket = bucketOf(125)
    expect(bucket.take(0)).toBe(false)
    expect(bucket.nextAt(0)).toBe(8)
    expect(bucket.take(7)).toBe(false)
    expect(bucket.take(8)).toBe(true)
    expect(bucket.take(8)).toBe(false)
  })

  test('gives its rate, no more and no less', () => expect(takeAll(bucketOf(125), 0, 8_000)).toHaveLength(1_000))

  test('gathers no more than its capacity, however long nobody takes', () => {
    const bucket = bucketOf(125, 3)
    expect(takeAll(bucket, 60_000, 60_000)).toHaveLength(3)
    expect(bucket.nextAt(60_000)).toBe(60_008)
  })

  test('says when there will be a token, and there is one then', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.array(fc.nat({ max: 700 })), (rate, gaps) => {
        const bucket = bucketOf(rate)
        let now = 0
        for (const gap of gaps) {
          now += gap
          const next = bucket.nextAt(now)
          expect(next).toBeGreaterThanOrEqual(now)
          expect(bucket.take(Math.ceil(next) + 1)).toBe(true)
          now = Math.ceil(next) + 1
        }
      }),
    )
  })

  test('promises no more than will come', () => {
    const bucket = bucketOf(125)
    expect(bucket.within(0, 60)).toBe(7)
    expect(bucket.within(0, 7)).toBe(0)
    expect(takeAll(bucket, 0, 60)).toHaveLength(7)
  })

  test('gives nothing during a pause, and begins empty after it', () => {
    const bucket = bucketOf(125)
    bucket.take(500)
    bucket.pauseUntil(2_000)
    expect(bucket.within(1_000, 500)).toBe(0)
    expect(bucket.nextAt(1_000)).toBe(2_008)
    expect(takeAll(bucket, 1_000, 2_007)).toEqual([])
    expect(bucket.take(2_008)).toBe(true)
  })

  test('a shorter pause does not end a longer one', () => {
    const bucket = bucketOf(125)
    bucket.pauseUntil(2_000)
    bucket.pauseUntil(1_000)
    expect(takeAll(bucket, 0, 2_007)).toEqual([])
  })

  test('keeps what has come when its rate changes, and no more', () => {
    const bucket = bucketOf(125)
    bucket.setRate(62.5, 4) // half a token has come
    expect(bucket.nextAt(4)).toBe(12)
    expect(takeAll(bucket, 4, 11)).toEqual([])
    expect(bucket.take(12)).toBe(true)
  })

  test('has the rate it was given in a pause once that ends', () => {
    const bucket = bucketOf(125)
    bucket.pauseUntil(2_000)
    bucket.setRate(62.5, 1_000)
    expect(bucket.nextAt(1_000)).toBe(2_016)
  })

  test('does not mind a clock that goes back', () => {
    const bucket = bucketOf(125)
    expect(bucket.take(10)).toBe(true)
    expect(bucket.take(5)).toBe(false)
    expect(bucket.within(5, 60)).toBeLessThanOrEqual(7)
    expect(bucket.take(20)).toBe(true)
  })
})

describe('the share of one partition', () => {
  test('uses nearly all of LINE’s limit with twelve partitions', () => {
    const { rate, capacity } = rateShare(2_000, 12)
    expect(rate * 12).toBeGreaterThanOrEqual(0.97 * 2_000)
    expect(capacity).toBe(2)
  })

  test('is refused when it leaves nothing, with a remedy', () => {
    expect(() => rateShare(60, 12)).toThrow(RangeError)
    expect(() => rateShare(60, 12)).toThrow('a limit of 60 requests per second is too small for 12 partitions')
    expect(rateShare(61, 12).rate).toBeGreaterThan(0)
  })

  test('has room for what a timer of a millisecond misses', () => {
    expect(capacityFor(10)).toBe(2)
    expect(capacityFor(2_000)).toBe(10)
  })
})

describe('over all partitions', () => {
  test('no second sees more than the limit, whatever is wanted and whoever takes over', () => {
    const life = fc.record({
      ms: fc.integer({ min: 1, max: 1_500 }),
      rest: fc.integer({ min: 0, max: 900 }),
      wanted: fc.nat({ max: 400 }),
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 6, max: 60 }),
        fc.array(fc.array(life, { minLength: 1, maxLength: 5 }), { minLength: 12, maxLength: 12 }),
        (partitions, perPartition, owners) => {
          const limit = partitions * perPartition
          const { rate, burst } = rateShare(limit, partitions)
          const sends = owners.slice(0, partitions).flatMap((lives) => {
            let now = 0
            return lives.flatMap(({ ms, rest, wanted }) => {
              // One owner after the other, each with a bucket of its own; it rests first, so that tokens gather.
              const bucket = createTokenBucket({ rate, capacity: burst, now })
              const had = takeAll(bucket, now + Math.min(rest, ms), now + ms, wanted)
              now += ms
              return had
            })
          })
          expect(mostInASecond(sends)).toBeLessThanOrEqual(limit)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('all of them full at once stay within the limit', () => {
    const { rate, burst } = rateShare(2_000, 12)
    const sends = Array.from({ length: 12 }, () =>
      takeAll(createTokenBucket({ rate, capacity: burst, now: 0 }), 5_000, 8_000),
    ).flat()
    expect(mostInASecond(sends)).toBeLessThanOrEqual(2_000)
    expect(mostInASecond(sends)).toBeGreaterThan(1_950)
  })
})

/** The most that lie within any 1,000 ms. */
const mostInASecond = (times: readonly number[]): number => {
  const sorted = times.toSorted((a, b) => a - b)
  let first = 0
  let most = 0
  for (const [last, time] of sorted.entries()) {
    while ((sorted[first] ?? time) <= time - 1_000) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}
