import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { meansHolidays, quietHoursConflicts, quietHoursSetting } from '../../src/config/quiet-hours-setting.ts'

const setting = quietHoursSetting('default', 'none')

/** What is said of a setting as written in YAML: path and remedy. */
const faultsOf = (yaml: string): string[] => {
  const { error } = setting.safeParse(parse(yaml))
  return error ? error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) : []
}

describe('quiet hours may be', () => {
  test.each([
    ['a word', 'none', 'none'],
    ['another word', 'default', 'default'],
    ['a window', '{ from: "21:00", until: "08:00" }', [{ from: '21:00', until: '08:00', on: null }]],
    ['a window without quotes', '{ from: 21:00, until: 08:00 }', [{ from: '21:00', until: '08:00', on: null }]],
    ['a window with seconds', '{ from: "21:00:30", until: "08:00" }', [{ from: '21:00:30', until: '08:00', on: null }]],
    [
      'a list, on weekdays, holidays and dates, in quotes or not',
      '[{ from: "21:00", until: "08:00" }, { from: "08:00", until: "24:00", on: [sun, holiday, 2026-12-31, "2027-01-01", sun] }]',
      [
        { from: '21:00', until: '08:00', on: null },
        { from: '08:00', until: '24:00', on: [7, 'holiday', '2026-12-31', '2027-01-01'] },
      ],
    ],
    [
      'whole days',
      '{ from: "00:00", until: "24:00", on: [mon, tue, wed, thu, fri, sat] }',
      [{ from: '00:00', until: '24:00', on: [1, 2, 3, 4, 5, 6] }],
    ],
    ['all but an hour a week', '{ from: "01:00", until: "00:51:25" }', [{ from: '01:00', until: '00:51:25', on: null }]],
  ])('%s', (_, yaml, read) => expect(setting.parse(parse(yaml))).toEqual(read))
})

describe('a fault is told at its place, with the remedy:', () => {
  test.each([
    ['another word', 'never', ': write default, none, { from: "21:00", until: "08:00" }, or a list of those'],
    ['a number', '21', ': write default, none, {'],
    ['nothing', 'null', ': write default, none, {'],
    ['no window', '[]', ': give at least one window, or write none'],
    ['a word in a list', '[none]', '0: write default, none, {'],
    ['no end', '{ from: "21:00" }', 'until: write a time of day in quotes, such as "08:00", or "24:00" for midnight'],
    ['a number for a time', '{ from: 21, until: "08:00" }', 'from: write a time of day in quotes, such as "21:00"'],
    ['a beginning at 24:00', '{ from: "24:00", until: "08:00" }', 'from: write a time of day'],
    ['an end after 24:00', '{ from: "21:00", until: "24:01" }', 'until: write a time of day'],
    ['no length', '{ from: "08:00", until: "08:00" }', ': make from and until differ'],
    ['no length, written in two ways', '{ from: "08:00", until: "08:00:00" }', ': make from and until differ'],
    ['a fault in a list', '[{ from: "21:00", until: "08:00" }, { from: "9", until: "10:00" }]', '1.from: write a time of day'],
    ['a day alone', '{ from: "21:00", until: "08:00", on: sun }', 'on: write a list of days: mon, tue,'],
    ['no day', '{ from: "21:00", until: "08:00", on: [] }', 'on: give at least one day, or leave it out for every day'],
    ['a day that is none', '{ from: "21:00", until: "08:00", on: [sun, Sunday] }', 'on.1: write a list of days'],
    ['a weekday as number', '{ from: "21:00", until: "08:00", on: [7] }', 'on.0: write a list of days'],
    ['a date that does not exist', '{ from: "21:00", until: "08:00", on: [2026-02-29] }', 'on.0: write a list of days'],
    ['a date with a time', '{ from: "21:00", until: "08:00", on: [2026-02-28T00:00] }', 'on.0: write a list of days'],
    ['an unknown setting', '{ from: "21:00", until: "08:00", days: [sun] }', ': remove it: a window has from, until and'],
  ])('%s', (_, yaml, fault) => expect(faultsOf(yaml)).toEqual([expect.stringContaining(fault)]))

  test('several at once', () => {
    expect(
      faultsOf('[{ from: "9", until: "10", on: [x] }, { from: "9", until: "10:00" }]').map((fault) => fault.split(':')[0]),
    ).toEqual(['0.from', '0.until', '0.on.0', '1.from'])
  })

  test.each([
    ['one window', '{ from: "00:00", until: "24:00" }'],
    ['two windows', '[{ from: "08:00", until: "20:00" }, { from: "20:00", until: "08:00" }]'],
    ['each weekday', '{ from: "00:00", until: "24:00", on: [mon, tue, wed, thu, fri, sat, sun] }'],
    ['windows over midnight', '[{ from: "12:00", until: "11:59" }, { from: "11:00", until: "12:00" }]'],
    [
      'all but 59 minutes a week',
      '[{ from: "00:00", until: "24:00", on: [mon, tue, wed, thu, fri, sat] }, { from: "00:59", until: "24:00", on: [sun] }]',
    ],
  ])('no time to send (%s)', (_, yaml) => {
    expect(faultsOf(yaml)).toEqual([': leaves no time to send: shorten the windows until at least an hour of each week is open'])
  })
})

describe('windows that do not go with the configuration', () => {
  const windows = (yaml: string) => {
    const read = setting.parse(parse(yaml))
    if (typeof read === 'string') throw new Error('not windows')
    return read
  }
  const onHolidays = windows('[{ from: "21:00", until: "08:00" }, { from: "08:00", until: "10:00", on: [sat, holiday] }]')

  test('are those on holidays that nobody told', () => {
    expect(meansHolidays(onHolidays)).toBe(true)
    expect(quietHoursConflicts(onHolidays, { spreadMs: 0, hasHolidays: true })).toEqual([])
    expect(quietHoursConflicts(onHolidays, { spreadMs: 0, hasHolidays: false })).toEqual([
      expect.objectContaining({ found: 'holiday, but no holidays in the configuration' }),
    ])
    expect(
      quietHoursConflicts(windows('{ from: "21:00", until: "08:00", on: [sat] }'), { spreadMs: 0, hasHolidays: false }),
    ).toEqual([])
  })

  test.each([
    ['a day between nights', '{ from: "21:00", until: "08:00" }', 13 * 60],
    ['the longer of two stretches', '[{ from: "21:00", until: "08:00" }, { from: "12:00", until: "13:00" }]', 8 * 60],
    ['from Sunday to Monday', '{ from: "12:00", until: "24:00", on: [sun, mon] }', 5 * 24 * 60 + 12 * 60],
    ['over the turn of the week', '{ from: "12:00", until: "13:00", on: [wed] }', 7 * 24 * 60 - 60],
    [
      'the two weeks that are looked at, where only dates are quiet',
      '{ from: "12:00", until: "13:00", on: [2026-12-31] }',
      14 * 24 * 60,
    ],
  ])('are those that leave less open at a stretch than releases are spread over: %s', (_, yaml, minutes) => {
    const spreadMs = minutes * 60_000
    expect(quietHoursConflicts(windows(yaml), { spreadMs, hasHolidays: false })).toEqual([])
    expect(quietHoursConflicts(windows(yaml), { spreadMs: spreadMs + 1, hasHolidays: false })).toHaveLength(1)
  })
})
