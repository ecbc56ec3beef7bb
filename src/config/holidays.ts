import { readFileSync } from 'node:fs'
import { isMap, isNode, isScalar, isSeq, type Pair } from 'yaml'
import { SERVED_COUNTRIES, type ServedCountry, ZONE_OF_COUNTRY } from '../domain/phone.ts'
import { describe } from '../value-shape.ts'
import { readYaml } from '../yaml-text.ts'
import { isDate } from './quiet-hours-setting.ts'

/** Dates `YYYY-MM-DD` of each country that the file names, in order. */
export type Holidays = Readonly<Partial<Record<ServedCountry, readonly string[]>>>

export type HolidaysReading =
  | { readonly kind: 'read'; readonly holidays: Holidays }
  | { readonly kind: 'faulty'; readonly faults: readonly string[] }

/** Reads the holidays file: a mapping of country to list of dates. Every fault is told at once, with line and remedy. Quotes no value:
 *  the path may lead to another file, with secrets in it. */
export const readHolidays = (file: string, called = file): HolidaysReading => {
  const text = readText(file, called)
  return typeof text === 'string' ? parseHolidays(text, called) : text
}

/** For the log of a worker that starts: which countries' holidays have run out, and that they are then days like others. */
export const holidayWarnings = (holidays: Holidays, now: number): string[] =>
  SERVED_COUNTRIES.flatMap((country) => {
    const last = holidays[country]?.at(-1)
    const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(ZONE_OF_COUNTRY[country]).toPlainDate()
    if (last === undefined || last >= today.toString()) return []
    return [`the holidays of ${country} end with ${last}: until later ones are added, there are none`]
  })

const readText = (file: string, called: string): string | Extract<HolidaysReading, { kind: 'faulty' }> => {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    return { kind: 'faulty', faults: [`${called} cannot be read (${code}): name the file with the dates, or leave holidays out`] }
  }
}

const COUNTRY = `write one of ${SERVED_COUNTRIES.join(', ')}`
const COUNTRIES = `write a mapping of ${SERVED_COUNTRIES.join(', ')}, as far as they are served, to lists of dates`
const DATES = 'write a list of dates, such as [2026-12-31]'
const DATE = 'write a date that exists, such as 2026-12-31'

const parseHolidays = (text: string, file: string): HolidaysReading => {
  const yaml = readYaml(text)
  if (yaml.kind === 'faulty') {
    const { line, found, remedy } = yaml.fault
    return { kind: 'faulty', faults: [`${file}${line === null ? '' : `:${line}`}: ${found}; ${remedy}`] }
  }
  const { contents, lineAt } = yaml
  const faults: string[] = []
  const tell: Tell = (node, place, message) => {
    const line = lineAt(isNode(node) ? (node.range?.[0] ?? 0) : 0)
    faults.push(`${file}:${line} ${place}: ${message}`)
  }
  const pairs = isMap(contents) ? contents.items : []
  if (pairs.length === 0) tell(contents, '(the whole file)', COUNTRIES)
  const holidays: Partial<Record<ServedCountry, readonly string[]>> = {}
  for (const pair of pairs) {
    const country = SERVED_COUNTRIES.find((each) => isScalar(pair.key) && pair.key.value === each)
    if (country) holidays[country] = datesOf(country, pair, tell)
    else tell(pair.key, 'a key', `found ${describe(plain(pair.key))}; ${COUNTRY}`)
  }
  return faults.length > 0 ? { kind: 'faulty', faults } : { kind: 'read', holidays }
}

type Tell = (node: unknown, place: string, message: string) => void

const datesOf = (country: ServedCountry, { key, value }: Pair, tell: Tell): string[] => {
  if (!isSeq(value) || value.items.length === 0) {
    tell(isScalar(value) && value.value !== null ? value : key, country, DATES)
    return []
  }
  const dates = new Set<string>()
  for (const [index, item] of value.items.entries()) {
    const place = `${country}[${index}]`
    const date = plain(item)
    if (typeof date !== 'string' || !isDate(date)) tell(item, place, `found ${describe(date)}; ${DATE}`)
    else if (dates.has(date)) tell(item, place, 'remove it: the same date is there before')
    else dates.add(date)
  }
  return [...dates].sort()
}

const plain = (node: unknown): unknown => {
  if (isScalar(node)) return node.value
  return isSeq(node) ? [] : {}
}
