import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextQuietStart, quietUntil } from '../../src/domain/quiet-hours.ts'
import { HOUR, MINUTE } from './notification-builder.ts'

const at = (text: string): number => Temporal.Instant.from(text).epochMilliseconds
const inTokyo = (time: string): number => at(`2026-06-01T${time}+09:00`)
const NIGHT = { from: '21:00', until: '08:00' }
const NOON = { from: '12:00', until: '13:00' }

describe('in Tokyo', () => {
  test.each([
    ['a millisecond before they begin', NIGHT, '20:59:59.999', 0],
    ['as they begin', NIGHT, '21:00', 660],
    ['before midnight', NIGHT, '23:59', 481],
    ['at midnight', NIGHT, '00:00', 480],
    ['after midnight', NIGHT, '00:30', 450],
    ['a minute before they end', NIGHT, '07:59', 1],
    ['as they end', NIGHT, '08:00', 0],
    ['in the afternoon', NIGHT, '15:00', 0],
    ['before those of noon', NOON, '11:59', 0],
    ['as those of noon begin', NOON, '12:00', 60],
    ['as those of noon end', NOON, '13:00', 0],
    ['with seconds, before', { from: '12:00:30', until: '12:00:45' }, '12:00:29', 0],
    ['with seconds, within', { from: '12:00:30', until: '12:00:45' }, '12:00:30', 0.25],
    ['that begin at midnight', { from: '00:00', until: '06:00' }, '00:00', 360],
    ['that end at midnight', { from: '22:00', until: '00:00' }, '23:00', 60],
    ['that ended at midnight', { from: '22:00', until: '00:00' }, '00:00', 0],
    ['that end as they begin, and so last all day', { from: '09:00', until: '09:00' }, '09:00', 1440],
  ])('quiet hours %s hold up %s at %s for %d minutes', (_, quiet, time, minutes) => {
    const now = inTokyo(time)
    expect(quietUntil(now, 'Asia/Tokyo', quiet)).toBe(minutes === 0 ? null : now + minutes * MINUTE)
  })

  test.each([
    ['today, later', NIGHT, '12:00', 9 * 60],
    ['now', NIGHT, '21:00', 0],
    ['tomorrow, once they have begun', NIGHT, '21:01', 24 * 60 - 1],
    ['today, after those of the night before', NIGHT, '03:00', 18 * 60],
    ['in a moment', NOON, '11:59:59.999', 1 / MINUTE],
  ])('quiet hours next begin %s', (_, quiet, time, minutes) => {
    const now = inTokyo(time)
    expect(nextQuietStart(now, 'Asia/Tokyo', quiet)).toBe(now + Math.round(minutes * MINUTE))
  })
})

test.each([
  ['Asia/Taipei', '2026-06-01T21:00+08:00', '2026-06-02T08:00+08:00'],
  ['Asia/Bangkok', '2026-06-01T21:00+07:00', '2026-06-02T08:00+07:00'],
  ['Asia/Kathmandu', '2026-06-01T21:00+05:45', '2026-06-02T08:00+05:45'],
  ['America/New_York', '2026-06-01T21:00-04:00', '2026-06-02T08:00-04:00'],
  ['Pacific/Kiritimati', '2026-06-01T21:00+14:00', '2026-06-02T08:00+14:00'],
])('quiet hours are those of the recipient’s clock (%s)', (zone, from, until) => {
  expect(quietUntil(at(from) - 1, zone, NIGHT)).toBeNull()
  expect(quietUntil(at(from), zone, NIGHT)).toBe(at(until))
  expect(quietUntil(at(until), zone, NIGHT)).toBeNull()
  expect(nextQuietStart(at(from) - HOUR, zone, NIGHT)).toBe(at(from))
})

describe('where the clock is changed', () => {
  // New York: 2026-03-08 02:00 → 03:00 and 2026-11-01 02:00 → 01:00. Berlin: 2026-03-29 02:00 → 03:00 and 2026-10-25 03:00 → 02:00.
  test.each([
    ['a night is an hour shorter in spring', 'America/New_York', NIGHT, '2026-03-07T21:00-05:00', '2026-03-08T08:00-04:00'],
    ['a night is an hour longer in autumn', 'America/New_York', NIGHT, '2026-10-31T21:00-04:00', '2026-11-01T08:00-05:00'],
    ['the same in Berlin in spring', 'Europe/Berlin', NIGHT, '2026-03-28T21:00+01:00', '2026-03-29T08:00+02:00'],
    ['the same in Berlin in autumn', 'Europe/Berlin', NIGHT, '2026-10-24T21:00+02:00', '2026-10-25T08:00+01:00'],
    [
      'an end that is skipped counts after the gap',
      'America/New_York',
      { from: '21:00', until: '02:30' },
      '2026-03-07T21:00-05:00',
      '2026-03-08T03:30-04:00',
    ],
    [
      'a beginning that is skipped counts after the gap',
      'Europe/Berlin',
      { from: '02:30', until: '08:00' },
      '2026-03-29T03:30+02:00',
      '2026-03-29T08:00+02:00',
    ],
    [
      'of an end that comes twice, the first counts',
      'America/New_York',
      { from: '21:00', until: '01:30' },
      '2026-10-31T21:00-04:00',
      '2026-11-01T01:30-04:00',
    ],
    [
      'of a beginning that comes twice, the first counts',
      'Europe/Berlin',
      { from: '02:30', until: '08:00' },
      '2026-10-25T02:30+02:00',
      '2026-10-25T08:00+01:00',
    ],
  ])('%s', (_, zone, quiet, from, until) => {
    expect(quietUntil(at(from) - 1, zone, quiet)).toBeNull()
    expect(quietUntil(at(from), zone, quiet)).toBe(at(until))
    expect(quietUntil(at(until) - 1, zone, quiet)).toBe(at(until))
    expect(quietUntil(at(until), zone, quiet)).toBeNull()
    expect(nextQuietStart(at(from) - 1, zone, quiet)).toBe(at(from))
  })
})

describe('whatever the hours, the zone and the instant', () => {
  const zone = fc.constantFrom(
    'Asia/Tokyo',
    'Asia/Bangkok',
    'America/New_York',
    'Europe/Berlin',
    'Australia/Lord_Howe',
    'America/St_Johns',
  )
  const instant = fc.integer({ min: at('2025-01-01T00:00Z'), max: at('2028-01-01T00:00Z') })
  /** Two hours or more, of quiet and of the rest: a change of the clock cannot turn them inside out. */
  const hours = fc
    .record({ from: fc.nat({ max: 1_439 }), length: fc.integer({ min: 120, max: 1_320 }) })
    .map(({ from, length }) => ({ from: clock(from), until: clock((from + length) % 1_440) }))
  const clock = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

  test('their end is ahead, within a day and an hour, and not itself in quiet hours', () => {
    fc.assert(
      fc.property(zone, instant, hours, (name, now, quiet) => {
        const until = quietUntil(now, name, quiet)
        if (until === null) return
        expect(until).toBeGreaterThan(now)
        expect(until).toBeLessThanOrEqual(now + 25 * HOUR)
        expect(quietUntil(until, name, quiet)).toBeNull()
        expect(quietUntil(until - 1, name, quiet)).toBe(until)
      }),
    )
  })

  test('their next beginning is not behind, is in quiet hours, and nothing before it is', () => {
    fc.assert(
      fc.property(zone, instant, hours, (name, now, quiet) => {
        const start = nextQuietStart(now, name, quiet)
        expect(start).toBeGreaterThanOrEqual(now)
        expect(quietUntil(start, name, quiet)).not.toBeNull()
        const free = quietUntil(now, name, quiet) ?? now
        if (start > free)
          for (const part of [0, 0.5, 0.999]) expect(quietUntil(Math.floor(free + (start - free) * part), name, quiet)).toBeNull()
      }),
    )
  })
})
