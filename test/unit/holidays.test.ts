import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Holidays, holidayWarnings, readHolidays } from '../../src/config/holidays.ts'
import { folderOf } from './route-folder.ts'

/** The faults of a holidays file, with its name alone in place of its path. */
const faultsOf = (text: string): string[] => {
  const reading = readHolidays(join(folderOf({ 'holidays.yaml': text }), 'holidays.yaml'))
  return reading.kind === 'read' ? [] : reading.faults.map((fault) => fault.replace(/^\S*\//, ''))
}

const read = (file: string): Holidays => {
  const reading = readHolidays(file)
  if (reading.kind === 'faulty') throw new Error(reading.faults.join('\n'))
  return reading.holidays
}

describe('a holidays file', () => {
  test('names dates of countries, in any order, in quotes or not', () => {
    const file = join(folderOf({ 'h.yaml': 'TW: ["2026-10-10"]\nJP:\n  - 2027-01-01 # 元日\n  - 2026-11-23\n' }), 'h.yaml')
    expect(read(file)).toEqual({ JP: ['2026-11-23', '2027-01-01'], TW: ['2026-10-10'] })
  })

  const COUNTRIES = 'write a mapping of JP, TH, TW, as far as they are served, to lists of dates'
  test.each([
    ['is empty', '', [`holidays.yaml:1 (the whole file): ${COUNTRIES}`]],
    ['is a list', '- 2026-01-01\n', [`holidays.yaml:1 (the whole file): ${COUNTRIES}`]],
    ['is no YAML', 'JP: [\n', [expect.stringContaining('holidays.yaml:2: not YAML (BAD_INDENT); mend the YAML')]],
    [
      'names a country twice',
      'JP: [2026-01-01]\nJP: [2026-01-02]\n',
      ['holidays.yaml:2: not YAML (DUPLICATE_KEY); write each setting once'],
    ],
    [
      'names another country',
      'JP: [2026-01-01]\nUS: [2026-07-04]\n',
      ['holidays.yaml:2 a key: found a text of the shape AA (2 characters); write one of JP, TH, TW'],
    ],
    ['has no dates', 'JP:\n', ['holidays.yaml:1 JP: write a list of dates, such as [2026-12-31]']],
    ['has an empty list', 'JP: []\n', ['holidays.yaml:1 JP: write a list of dates, such as [2026-12-31]']],
    ['has a date for a list', 'JP:\n  2026-01-01\n', ['holidays.yaml:2 JP: write a list of dates, such as [2026-12-31]']],
    [
      'has several faults',
      'JP:\n  - 2026-01-01\n  - 2026-13-01\n  - 2026-01-01\n  - 20260101\n  - New Year\n  - { date: 2026-01-01 }\nXX: [2026-02-30]\n',
      [
        'holidays.yaml:3 JP[1]: found a text of the shape 9999-99-99 (10 characters); write a date that exists, such as 2026-12-31',
        'holidays.yaml:4 JP[2]: remove it: the same date is there before',
        'holidays.yaml:5 JP[3]: found a number; write a date that exists, such as 2026-12-31',
        'holidays.yaml:6 JP[4]: found a text of the shape AAA AAAA (8 characters); write a date that exists, such as 2026-12-31',
        'holidays.yaml:7 JP[5]: found a record; write a date that exists, such as 2026-12-31',
        'holidays.yaml:8 a key: found a text of the shape AA (2 characters); write one of JP, TH, TW',
      ],
    ],
  ])('that %s is refused, with every line and remedy', (_, text, faults) => expect(faultsOf(text)).toEqual(faults))

  test('that is not there is refused', () => {
    expect(readHolidays('/nowhere/holidays.yaml')).toEqual({
      kind: 'faulty',
      faults: ['/nowhere/holidays.yaml cannot be read (ENOENT): name the file with the dates, or leave holidays out'],
    })
  })

  test('is never quoted: the path may lead to another file', () => {
    expect(faultsOf('privacy: CANARY\nJP: [CANARY]\nCANARY: 1\n').join()).not.toContain('CANARY')
    expect(faultsOf('JP: "CANARY" CANARY').join()).not.toContain('CANARY')
  })
})

describe('a worker that starts', () => {
  const at = (text: string): number => Temporal.Instant.from(text).epochMilliseconds

  test('is warned of each country whose holidays have run out', () => {
    const holidays: Holidays = { JP: ['2026-01-01', '2026-11-23'], TW: ['2027-01-01'] }
    expect(holidayWarnings(holidays, at('2026-12-01T00:00Z'))).toEqual([
      'the holidays of JP end with 2026-11-23: until later ones are added, there are none',
    ])
    expect(holidayWarnings(holidays, at('2027-06-01T00:00Z'))).toHaveLength(2)
    expect(holidayWarnings({}, at('2027-06-01T00:00Z'))).toEqual([])
  })

  test('is not warned on the last of them, by that country’s clock', () => {
    expect(holidayWarnings({ JP: ['2026-11-23'] }, at('2026-11-23T23:59+09:00'))).toEqual([])
    expect(holidayWarnings({ JP: ['2026-11-23'] }, at('2026-11-24T00:00+09:00'))).toHaveLength(1)
  })
})

describe('the example', () => {
  const { JP = [], TH = [], TW = [] } = read('deploy/holidays.example.yaml')

  test.each([2026, 2027])('has the holidays of Japan of %i as the law says', (year) => {
    expect(JP.filter((date) => date.startsWith(`${year}-`))).toEqual(japanIn(year))
  })

  test.each([
    ['Thailand', TH],
    ['Taiwan', TW],
  ])('has those of %s that have a date of their own, each year', (_, dates) => {
    const days = (year: string) => dates.filter((date) => date.startsWith(year)).map((date) => date.slice(5))
    expect(days('2026').length).toBeGreaterThan(0)
    expect(days('2027')).toEqual(days('2026'))
  })
})

/** 国民の祝日に関する法律, articles 2 and 3, for 2023 and later. */
function japanIn(year: number): string[] {
  const on = (month: number, day: number) => new Temporal.PlainDate(year, month, day)
  const monday = (month: number, nth: number) => {
    const first = on(month, 1)
    return first.add({ days: ((8 - first.dayOfWeek) % 7) + 7 * (nth - 1) })
  }
  // The formula of the Hydrographic Department for 1980 to 2099.
  const equinox = (constant: number) => Math.floor(constant + 0.242194 * (year - 1980) - Math.floor((year - 1980) / 4))
  const named = [
    on(1, 1),
    monday(1, 2),
    on(2, 11),
    on(2, 23),
    on(3, equinox(20.8431)),
    on(4, 29),
    on(5, 3),
    on(5, 4),
    on(5, 5),
    monday(7, 3),
    on(8, 11),
    monday(9, 3),
    on(9, equinox(23.2488)),
    monday(10, 2),
    on(11, 3),
    on(11, 23),
  ]
  const dates = new Set(named.map(String))
  // 3.2: for one on a Sunday, the next day that is none. 3.3: a day between two of them.
  for (const sunday of named.filter(({ dayOfWeek }) => dayOfWeek === 7)) {
    let day = sunday
    while (named.some((each) => each.equals(day))) day = day.add({ days: 1 })
    dates.add(day.toString())
  }
  for (const day of named.map((each) => each.add({ days: 1 })))
    if (!dates.has(day.toString()) && named.some((each) => each.equals(day.add({ days: 1 })))) dates.add(day.toString())
  return [...dates].sort()
}
