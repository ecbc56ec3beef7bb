import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Coverage, cover, coveredBetween, coveredFor, coveredUntil, uncover } from '../../src/domain/coverage.ts'
import type { Span } from '../../src/domain/span.ts'

const covering = (...spans: readonly Span[]): Coverage | undefined =>
  spans.reduce<Coverage | undefined>((known, span) => cover(known, 'main', span) ?? known, undefined)

describe('the time in which somebody listened', () => {
  test.each<[string, Span[], Span[]]>([
    ['once', [{ from: 1, until: 5 }], [{ from: 1, until: 5 }]],
    [
      'twice, with a gap',
      [
        { from: 1, until: 3 },
        { from: 5, until: 9 },
      ],
      [
        { from: 1, until: 3 },
        { from: 5, until: 9 },
      ],
    ],
    [
      'going on where it left off',
      [
        { from: 1, until: 3 },
        { from: 3, until: 9 },
      ],
      [{ from: 1, until: 9 }],
    ],
    [
      'by two at a time',
      [
        { from: 1, until: 6 },
        { from: 4, until: 9 },
      ],
      [{ from: 1, until: 9 }],
    ],
    [
      'filling a gap later',
      [
        { from: 1, until: 3 },
        { from: 5, until: 9 },
        { from: 2, until: 6 },
      ],
      [{ from: 1, until: 9 }],
    ],
    [
      'told late',
      [
        { from: 5, until: 9 },
        { from: 1, until: 3 },
      ],
      [
        { from: 1, until: 3 },
        { from: 5, until: 9 },
      ],
    ],
  ])('%s', (_, told, known) => {
    expect(covering(...told)?.spans).toEqual(known)
  })

  test.each([
    ['what is known', { from: 2, until: 4 }],
    ['no time at all', { from: 7, until: 7 }],
    ['time that runs backwards', { from: 9, until: 7 }],
  ])('is no news: %s', (_, span) => {
    expect(cover(covering({ from: 1, until: 5 }), 'main', span)).toBeUndefined()
  })

  test('is remembered for ten days, and of many spans the last two hundred', () => {
    const day = 86_400_000
    expect(covering({ from: 0, until: 1 }, { from: 5, until: 10 * day })?.spans).toHaveLength(2)
    expect(covering({ from: 0, until: 1 }, { from: 5, until: 10 * day + 1 })?.spans).toHaveLength(1)
    const many = covering(...Array.from({ length: 300 }, (_, n) => ({ from: 10 * n, until: 10 * n + 5 })))
    expect(many?.spans).toHaveLength(200)
    expect(coveredUntil(many)).toBe(2_995)
  })

  test('is none where nobody has said so', () => {
    expect(coveredFor(undefined, 5, 1_000)).toBe(1_005)
    expect(coveredUntil(undefined)).toBe(Number.NEGATIVE_INFINITY)
  })

  test('is what a list of all instants says, in whatever order it and its holes were told', () => {
    const told = fc.record({ news: fc.constantFrom(cover, cover, uncover), from: fc.nat(40), until: fc.nat(40) })
    fc.assert(
      fc.property(fc.array(told), fc.nat(40), fc.integer({ min: 1, max: 40 }), (all, from, ms) => {
        const known = all.reduce<Coverage | undefined>(
          (before, { news, ...span }) => news(before, 'main', span) ?? before,
          undefined,
        )
        const isToldOf = (at: number, how: typeof cover) =>
          all.some((each) => each.news === how && each.from <= at && at < each.until)
        const listened = Array.from({ length: 40 }, (_, at) => isToldOf(at, cover) && !isToldOf(at, uncover))
        const end = listened.lastIndexOf(true) + 1
        expect(Math.max(0, coveredUntil(known))).toBe(end)
        let at = from
        for (let left = ms; left > 0; at++) if (at >= end || listened[at]) left--
        expect(coveredFor(known, from, ms)).toBe(at)
        expect(coveredBetween(known, from, from + ms)).toBe(listened.slice(from, from + ms).filter(Boolean).length)
        for (const { news, ...span } of all) expect(news(known, 'main', span), 'told again it is no news').toBeUndefined()
      }),
    )
  })
})

describe('a hole, in which something may be lost', () => {
  const LISTENED = { from: 10, until: 50 }
  const HOLE = { from: 20, until: 30 }
  const AROUND = [
    { from: 10, until: 20 },
    { from: 30, until: 50 },
  ]

  test('is not covered, whoever else listened, and whether they say so before it is told or after', () => {
    const after = uncover(cover(undefined, 'main', LISTENED), 'main', HOLE)
    const before = cover(uncover(undefined, 'main', HOLE), 'main', LISTENED)
    expect(after).toEqual({ channel: 'main', spans: AROUND, holes: [HOLE] })
    expect(before).toEqual(after)
    expect(coveredFor(after, 10, 25)).toBe(45)
  })

  test('at the end is time not covered yet: what comes after it is', () => {
    const known = uncover(covering(LISTENED), 'main', { from: 40, until: 60 })
    expect(coveredUntil(known)).toBe(40)
    expect(coveredUntil(cover(known, 'main', { from: 50, until: 70 }))).toBe(70)
    expect(cover(known, 'main', { from: 45, until: 55 })).toBeUndefined()
  })

  test('is no news twice, nor if it is no time at all', () => {
    const known = uncover(covering(LISTENED), 'main', HOLE)
    expect(uncover(known, 'main', { from: 22, until: 30 })).toBeUndefined()
    expect(uncover(known, 'main', { from: 35, until: 35 })).toBeUndefined()
  })

  test('is remembered for ten days; of more than two hundred the oldest become one, and none is covered by what is told later', () => {
    const day = 86_400_000
    const long = cover(uncover(undefined, 'main', { from: 0, until: 1 }), 'main', { from: 5, until: 10 * day + 1 })
    expect(long?.holes).toEqual([])
    const holes = Array.from({ length: 300 }, (_, n) => ({ from: 10 * n, until: 10 * n + 5 }))
    const many = holes.reduce<Coverage | undefined>((known, hole) => uncover(known, 'main', hole) ?? known, undefined)
    expect(many?.holes).toHaveLength(200)
    const all = cover(many, 'main', { from: 0, until: 3_000 })
    for (const { from, until } of holes) expect(coveredBetween(all, from, until)).toBe(0)
    expect(coveredBetween(all, 2_000, 3_000)).toBe(500)
  })
})
