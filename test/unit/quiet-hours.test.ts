import { describe, expect, test } from 'vitest'
import { nextQuietStart, quietUntil, spreadAt } from '../../src/domain/quiet-hours.ts'
import type { QuietHours, QuietWindow } from '../../src/domain/request.ts'
import { HOUR, MINUTE } from './notification-builder.ts'

const DAY = 24 * HOUR
const at = (text: string): number => Temporal.Instant.from(text).epochMilliseconds
const inTokyo = (time: string): number => at(`2026-06-01T${time}+09:00`)
const daily = (from: string, until: string): QuietWindow => ({ from, until, on: null })
const quietIn = (...windows: readonly QuietWindow[]): QuietHours => ({ windows, holidays: [], spreadMs: 0 })
const NIGHT = quietIn(daily('21:00', '08:00'))
const NOON = quietIn(daily('12:00', '13:00'))

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
    ['with seconds, before', quietIn(daily('12:00:30', '12:00:45')), '12:00:29', 0],
    ['with seconds, within', quietIn(daily('12:00:30', '12:00:45')), '12:00:30', 0.25],
    ['that begin at midnight', quietIn(daily('00:00', '06:00')), '00:00', 360],
    ['that end at midnight', quietIn(daily('22:00', '24:00')), '23:00', 60],
    ['that ended at midnight', quietIn(daily('22:00', '24:00')), '00:00', 0],
    ['that end at midnight, written as its beginning', quietIn(daily('22:00', '00:00')), '23:00', 60],
    ['in two windows, in the first', quietIn(daily('12:00', '13:00'), daily('21:00', '08:00')), '12:30', 30],
    ['in two windows, between them', quietIn(daily('12:00', '13:00'), daily('21:00', '08:00')), '13:00', 0],
    ['in two windows, in the second', quietIn(daily('12:00', '13:00'), daily('21:00', '08:00')), '22:00', 600],
    ['in windows that overlap', quietIn(daily('12:00', '14:00'), daily('13:00', '15:00')), '12:30', 150],
    ['in windows that touch', quietIn(daily('14:00', '15:00'), daily('12:00', '14:00')), '12:30', 150],
    ['in a window within another', quietIn(daily('12:00', '16:00'), daily('13:00', '14:00')), '13:30', 150],
    ['that go on over midnight in another window', quietIn(daily('22:00', '24:00'), daily('00:00', '07:00')), '23:00', 480],
  ])('quiet hours %s hold up %s at %s for %d minutes', (_, quiet, time, minutes) => {
    const now = inTokyo(time)
    expect(quietUntil(now, 'Asia/Tokyo', quiet)).toBe(minutes === 0 ? null : now + minutes * MINUTE)
  })

  test.each([
    ['today, later', NIGHT, '12:00', 9 * 60],
    ['at this instant', NIGHT, '21:00', 0],
    ['at this instant, if they have begun', NIGHT, '21:01', 0],
    ['at this instant, in those of the night before', NIGHT, '03:00', 0],
    ['today, once those of the night before have ended', NIGHT, '08:00', 13 * 60],
    ['in a moment', NOON, '11:59:59.999', 1 / MINUTE],
    ['tomorrow, once they have ended', NOON, '13:00', 23 * 60],
    ['with the nearer of two windows', quietIn(daily('21:00', '08:00'), daily('12:00', '13:00')), '09:00', 3 * 60],
  ])('the next that is quiet comes %s', (_, quiet, time, minutes) => {
    const now = inTokyo(time)
    expect(nextQuietStart(now, 'Asia/Tokyo', quiet)).toBe(now + Math.round(minutes * MINUTE))
  })
})

describe('on some days only', () => {
  // 2026-06-05 is a Friday.
  const saturdayNight = quietIn({ from: '22:00', until: '10:00', on: [6] })
  const weekend = quietIn({ from: '00:00', until: '24:00', on: [6, 7] })
  const yearsEnd = quietIn({ from: '00:00', until: '24:00', on: ['2026-12-31'] })
  const holidays: QuietHours = { ...quietIn({ from: '21:00', until: '10:00', on: ['holiday'] }), holidays: ['2026-09-22'] }

  test.each([
    ['Friday night is open', saturdayNight, '2026-06-05T23:00', null],
    ['Saturday night is not', saturdayNight, '2026-06-06T22:00', '2026-06-07T10:00'],
    ['a Saturday’s window goes on into Sunday', saturdayNight, '2026-06-07T09:59', '2026-06-07T10:00'],
    ['a Sunday night is open', saturdayNight, '2026-06-07T22:00', null],
    ['a Saturday morning is: its window opens at night', saturdayNight, '2026-06-06T09:00', null],
    ['two whole days are one', weekend, '2026-06-06T00:00', '2026-06-08T00:00'],
    ['the evening before them is open', weekend, '2026-06-05T23:59', null],
    ['Monday is open', weekend, '2026-06-08T00:00', null],
    ['a date is', yearsEnd, '2026-12-31T12:00', '2027-01-01T00:00'],
    ['the same date of another year is not', yearsEnd, '2027-12-31T12:00', null],
    ['a holiday is', holidays, '2026-09-22T22:00', '2026-09-23T10:00'],
    ['the day after a holiday is not', holidays, '2026-09-23T22:00', null],
  ])('%s', (_, quiet, local, until) => {
    expect(quietUntil(at(`${local}+09:00`), 'Asia/Tokyo', quiet)).toBe(until && at(`${until}+09:00`))
  })

  test.each([
    ['the weekday, in a week', saturdayNight, '2026-06-07T10:00', '2026-06-13T22:00'],
    ['today, if it is the weekday', saturdayNight, '2026-06-06T12:00', '2026-06-06T22:00'],
    ['the date, however far', yearsEnd, '2025-01-01T00:00', '2026-12-31T00:00'],
    ['the holiday', holidays, '2026-01-01T00:00', '2026-09-22T21:00'],
    [
      'the first of several dates',
      quietIn({ from: '12:00', until: '13:00', on: ['2026-12-31', '2026-08-11'] }),
      '2026-06-01T00:00',
      '2026-08-11T12:00',
    ],
    [
      'the first, of a date in one window and a weekday in another',
      quietIn({ from: '12:00', until: '13:00', on: ['2026-06-04'] }, { from: '12:00', until: '13:00', on: [5] }),
      '2026-06-01T00:00',
      '2026-06-04T12:00',
    ],
  ])('the next that is quiet is on %s', (_, quiet, now, start) => {
    expect(nextQuietStart(at(`${now}+09:00`), 'Asia/Tokyo', quiet)).toBe(at(`${start}+09:00`))
  })

  test('a date that is past never comes again', () => {
    expect(nextQuietStart(at('2027-01-01T00:00+09:00'), 'Asia/Tokyo', yearsEnd)).toBe(Number.POSITIVE_INFINITY)
    expect(nextQuietStart(at('2026-09-23T10:00+09:00'), 'Asia/Tokyo', holidays)).toBe(Number.POSITIVE_INFINITY)
    expect(nextQuietStart(at('2027-01-01T00:00+09:00'), 'Asia/Tokyo', quietIn())).toBe(Number.POSITIVE_INFINITY)
  })

  test('a weekend prolonged by a holiday, and the nights around it, end once', () => {
    // 2026-09-19 is a Saturday; the 21st to the 23rd are holidays.
    const quiet: QuietHours = {
      ...quietIn(daily('21:00', '08:00'), { from: '08:00', until: '21:00', on: [6, 7, 'holiday'] }),
      holidays: ['2026-09-21', '2026-09-22', '2026-09-23'],
    }
    expect(quietUntil(at('2026-09-18T21:00+09:00'), 'Asia/Tokyo', quiet)).toBe(at('2026-09-24T08:00+09:00'))
  })

  test('hours that never end are looked at for 60 days', () => {
    const now = inTokyo('12:00')
    expect(quietUntil(now, 'Asia/Tokyo', quietIn(daily('00:00', '24:00')))).toBe(now + 60 * DAY)
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

test('a weekday is that of the recipient’s clock', () => {
  const sunday = quietIn({ from: '00:00', until: '24:00', on: [7] })
  expect(quietUntil(at('2026-06-06T15:00Z'), 'Asia/Tokyo', sunday)).toBe(at('2026-06-07T15:00Z'))
  expect(quietUntil(at('2026-06-06T15:00Z'), 'America/New_York', sunday)).toBeNull()
})

describe('where the clock is changed', () => {
  // The jump, and its local times: forward from…to (a gap), or back (an hour that comes twice).
  test.each([
    // New York: 2026-03-08 02:00 → 03:00, 2026-11-01 02:00 → 01:00.
    [
      'a night is an hour shorter in spring',
      'America/New_York',
      '21:00',
      '08:00',
      '2026-03-07T21:00-05:00',
      '2026-03-08T08:00-04:00',
    ],
    [
      'a night is an hour longer in autumn',
      'America/New_York',
      '21:00',
      '08:00',
      '2026-10-31T21:00-04:00',
      '2026-11-01T08:00-05:00',
    ],
    [
      'a skipped end counts at the jump',
      'America/New_York',
      '21:00',
      '02:30',
      '2026-03-07T21:00-05:00',
      '2026-03-08T03:00-04:00',
    ],
    [
      'of an end that comes twice, the second counts',
      'America/New_York',
      '21:00',
      '01:30',
      '2026-10-31T21:00-04:00',
      '2026-11-01T01:30-05:00',
    ],
    // Berlin: 2026-03-29 02:00 → 03:00, 2026-10-25 03:00 → 02:00.
    [
      'a skipped beginning counts at the jump',
      'Europe/Berlin',
      '02:30',
      '08:00',
      '2026-03-29T03:00+02:00',
      '2026-03-29T08:00+02:00',
    ],
    [
      'of a beginning that comes twice, the first counts',
      'Europe/Berlin',
      '02:30',
      '08:00',
      '2026-10-25T02:30+02:00',
      '2026-10-25T08:00+01:00',
    ],
    [
      'a window within the repeated hour lasts from its first pass to the end of its second',
      'Europe/Berlin',
      '02:15',
      '02:45',
      '2026-10-25T02:15+02:00',
      '2026-10-25T02:45+01:00',
    ],
    [
      'a window up to the gap ends as it begins',
      'Europe/Berlin',
      '01:00',
      '02:00',
      '2026-03-29T01:00+01:00',
      '2026-03-29T03:00+02:00',
    ],
    [
      'a window from the gap’s end begins with it',
      'Europe/Berlin',
      '03:00',
      '04:00',
      '2026-03-29T03:00+02:00',
      '2026-03-29T04:00+02:00',
    ],
    // Lord Howe changes by half an hour: 2026-10-04 02:00 → 02:30, 2026-04-05 02:00 → 01:30.
    ['half an hour is skipped', 'Australia/Lord_Howe', '02:15', '08:00', '2026-10-04T02:30+11:00', '2026-10-04T08:00+11:00'],
    ['half an hour comes twice', 'Australia/Lord_Howe', '21:00', '01:45', '2026-04-04T21:00+11:00', '2026-04-05T01:45+10:30'],
    // Beirut skips the first hour of a day: 2026-03-29 00:00 → 01:00.
    [
      'a day begins an hour late, and so does its window',
      'Asia/Beirut',
      '00:00',
      '06:00',
      '2026-03-29T01:00+03:00',
      '2026-03-29T06:00+03:00',
    ],
    [
      'a window that ends at a midnight that is skipped ends at the jump',
      'Asia/Beirut',
      '22:00',
      '24:00',
      '2026-03-28T22:00+02:00',
      '2026-03-29T01:00+03:00',
    ],
    [
      'one that ends within the skipped hour does, too',
      'Asia/Beirut',
      '22:00',
      '00:30',
      '2026-03-28T22:00+02:00',
      '2026-03-29T01:00+03:00',
    ],
    // São Paulo did so until 2019: 2018-11-04 00:00 → 01:00, 2018-02-18 00:00 → 2018-02-17 23:00.
    [
      'a midnight of São Paulo that never was',
      'America/Sao_Paulo',
      '00:00',
      '08:00',
      '2018-11-04T01:00-02:00',
      '2018-11-04T08:00-02:00',
    ],
    [
      'an evening of São Paulo that came twice',
      'America/Sao_Paulo',
      '23:30',
      '08:00',
      '2018-02-17T23:30-02:00',
      '2018-02-18T08:00-03:00',
    ],
    // St. John's changed its clock after midnight until 2011: 2010-11-07 00:01 → 2010-11-06 23:01.
    [
      'a day that begins twice is quiet from the first',
      'America/St_Johns',
      '00:00',
      '00:30',
      '2010-11-07T00:00-02:30',
      '2010-11-07T00:30-03:30',
    ],
    // Apia skipped all of 2011-12-30.
    [
      'a night goes on over a day that never was, as that day’s own window does',
      'Pacific/Apia',
      '22:00',
      '08:00',
      '2011-12-29T22:00-10:00',
      '2011-12-31T08:00+14:00',
    ],
  ])('%s (%s)', (_, zone, from, until, starts, ends) => {
    const quiet = quietIn({ from, until, on: null })
    expect(quietUntil(at(starts) - 1, zone, quiet)).toBeNull()
    expect(nextQuietStart(at(starts) - 1, zone, quiet)).toBe(at(starts))
    expect(quietUntil(at(starts), zone, quiet)).toBe(at(ends))
    for (let instant = at(starts); instant < at(ends); instant += MINUTE / 2)
      expect(quietUntil(instant, zone, quiet)).toBe(at(ends))
    expect(quietUntil(at(ends) - 1, zone, quiet)).toBe(at(ends))
    expect(quietUntil(at(ends), zone, quiet)).toBeNull()
  })

  test('a window that ends on a day that comes back is quiet in the minute of the next day between', () => {
    // St. John’s again: 23:01 to 24:00 of November 6 comes twice, with the first minute of November 7 between.
    const quiet = quietIn({ from: '23:45', until: '23:30', on: ['2010-11-05'] })
    const end = at('2010-11-06T23:30-03:30')
    expect(quietUntil(at('2010-11-07T00:00:30-02:30'), 'America/St_Johns', quiet)).toBe(end)
    expect(quietUntil(end, 'America/St_Johns', quiet)).toBeNull()
  })
})

test('a window whose every time is skipped is left out', () => {
  // Berlin, 2026-03-29, a Sunday: 02:00 → 03:00.
  const before = at('2026-03-29T00:00+01:00')
  const quiet = quietIn(daily('02:15', '02:45'))
  for (let minutes = 0; minutes < 6 * 60; minutes++)
    expect(quietUntil(before + minutes * MINUTE, 'Europe/Berlin', quiet)).toBeNull()
  expect(nextQuietStart(before, 'Europe/Berlin', quiet)).toBe(at('2026-03-30T02:15+02:00'))
  const sundays = quietIn({ from: '02:00', until: '03:00', on: [7] })
  expect(nextQuietStart(before, 'Europe/Berlin', sundays)).toBe(at('2026-04-05T02:00+02:00'))
  expect(nextQuietStart(at('2026-03-22T03:00+01:00'), 'Europe/Berlin', sundays)).toBe(at('2026-04-05T02:00+02:00'))
})

describe('what waited for the end', () => {
  const end = inTokyo('08:00')
  const spread = (spreadMs: number): QuietHours => ({ ...NIGHT, spreadMs })
  const people = Array.from({ length: 1_000 }, (_, index) => `person-${index}`)

  test('leaves at once if nothing is spread', () => {
    for (const person of people) expect(spreadAt(end, null, person, spread(0))).toBe(end)
  })

  test('leaves within the time it is spread over, evenly', () => {
    const minutes = Array.from({ length: 10 }, () => 0)
    for (const person of people) {
      const late = spreadAt(end, null, person, spread(10 * MINUTE)) - end
      expect(late).toBeGreaterThanOrEqual(0)
      expect(late).toBeLessThan(10 * MINUTE)
      minutes[Math.floor(late / MINUTE)] = (minutes[Math.floor(late / MINUTE)] ?? 0) + 1
    }
    // 1,000 people over ten minutes are 100 a minute, give or take 9.5: five times that is beyond chance.
    for (const count of minutes) expect(Math.abs(count - 100)).toBeLessThan(48)
  })

  test('keeps its order for one person: each has the same moment always', () => {
    for (const person of people) {
      const late = spreadAt(end, null, person, spread(10 * MINUTE)) - end
      expect(spreadAt(end, null, person, spread(10 * MINUTE))).toBe(end + late)
      expect(spreadAt(end + DAY, null, person, spread(10 * MINUTE))).toBe(end + DAY + late)
    }
  })

  test('leaves before half of the time to its expiry has passed', () => {
    for (const person of people) {
      expect(spreadAt(end, end + 4 * MINUTE, person, spread(10 * MINUTE))).toBeLessThan(end + 2 * MINUTE)
      expect(spreadAt(end, end + DAY, person, spread(10 * MINUTE))).toBe(spreadAt(end, null, person, spread(10 * MINUTE)))
      expect(spreadAt(end, end, person, spread(10 * MINUTE))).toBe(end)
      expect(spreadAt(end, end - HOUR, person, spread(10 * MINUTE))).toBe(end)
    }
  })

  test('leaves at whole milliseconds', () => {
    for (const person of people) expect(spreadAt(end, end + 4_321, person, spread(777)) % 1).toBe(0)
  })
})
