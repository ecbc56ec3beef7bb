import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Coverage, cover, coveredBetween, coveredFor, coveredUntil, type Span } from '../../src/domain/coverage.ts'

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

  test('is what a list of all instants says, in whatever order it was told', () => {
    const span = fc.record({ from: fc.nat(40), until: fc.nat(40) })
    fc.assert(
      fc.property(fc.array(span), fc.nat(40), fc.integer({ min: 1, max: 40 }), (spans, from, ms) => {
        const known = covering(...spans)
        const listened = Array.from({ length: 40 }, (_, at) => spans.some((each) => each.from <= at && at < each.until))
        const end = listened.lastIndexOf(true) + 1
        expect(Math.max(0, coveredUntil(known))).toBe(end)
        let at = from
        for (let left = ms; left > 0; at++) if (at >= end || listened[at]) left--
        expect(coveredFor(known, from, ms)).toBe(at)
        expect(coveredBetween(known, from, from + ms)).toBe(listened.slice(from, from + ms).filter(Boolean).length)
      }),
    )
  })
})
