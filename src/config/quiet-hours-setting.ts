import { z } from 'zod'
import { nextQuietStart, quietUntil } from '../domain/quiet-hours.ts'
import type { QuietWindow } from '../domain/request.ts'

/** The setting `quietHours`: one of these words, a window, or a list of windows. Every fault is told at its place, with its remedy. */
export const quietHoursSetting = <const Word extends string>(...words: readonly Word[]) => {
  const window = windowNamed(`write ${words.join(', ')}, ${WINDOW}, or a list of those`)
  return z.unknown().transform((value, context): Word | readonly QuietWindow[] => {
    const word = words.find((each) => each === value)
    if (word !== undefined) return word
    const read = (
      Array.isArray(value) ? z.array(window).min(1, { error: NO_WINDOW }).max(MOST_WINDOWS, { error: TOO_MANY_WINDOWS }) : window
    ).safeParse(value)
    if (!read.success) {
      for (const issue of read.error.issues) {
        const { path, message } = issue
        if (issue.code !== 'unrecognized_keys') context.issues.push({ code: 'custom', path, message, input: value })
        else context.issues.push({ code: issue.code, keys: issue.keys, path, message, input: undefined })
      }
      return z.NEVER
    }
    const windows = Array.isArray(read.data) ? read.data : [read.data]
    if (openTimeOf(windows).perWeekMs >= LEAST_OPEN_MS) return windows
    context.addIssue({
      code: 'custom',
      message: 'leaves no time to send: shorten the windows until at least an hour of each week is open',
    })
    return z.NEVER
  })
}

export const meansHolidays = (windows: readonly QuietWindow[]): boolean => windows.some(({ on }) => on?.includes('holiday'))

/** Windows that do not go with the rest of the configuration: found, and the remedy. */
export const quietHoursConflicts = (
  windows: readonly QuietWindow[],
  { spreadMs, hasHolidays }: { readonly spreadMs: number; readonly hasHolidays: boolean },
): { readonly found: string; readonly remedy: string }[] => {
  const conflicts = []
  if (meansHolidays(windows) && !hasHolidays) {
    conflicts.push({
      found: 'holiday, but no holidays in the configuration',
      remedy: 'name the file with their dates there as holidays, or take holiday away',
    })
  }
  if (spreadMs > openTimeOf(windows).longestMs) {
    // Who is to leave last would find hours quiet again, every time.
    conflicts.push({
      found: 'less time open at any stretch than releaseSpread',
      remedy: 'shorten releaseSpread in the configuration, or these windows',
    })
  }
  return conflicts
}

const HOUR = 60 * 60_000
const WEEK = 7 * 24 * HOUR
const LEAST_OPEN_MS = HOUR

/** What an ordinary week, without holidays, leaves open. Two weeks are looked at, so that what goes on from Sunday to Monday is seen
 *  whole: from a Monday of 2001, when the dates that a window may name are past. */
const openTimeOf = (windows: readonly QuietWindow[]): { perWeekMs: number; longestMs: number } => {
  const weekly = { windows, holidays: [], spreadMs: 0 }
  const from = Date.UTC(2001, 0, 1)
  const until = from + 2 * WEEK
  let open = 0
  let longestMs = 0
  for (let at = from; at < until; ) {
    const opens = quietUntil(at, 'UTC', weekly) ?? at
    const closes = Math.min(nextQuietStart(opens, 'UTC', weekly), until)
    open += Math.max(0, closes - opens)
    longestMs = Math.max(longestMs, closes - opens)
    at = Math.max(closes, opens)
  }
  return { perWeekMs: open / 2, longestMs }
}

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
/** Every notification carries them. */
const MOST_WINDOWS = 50
const MOST_DAYS = 400
const TOO_MANY_WINDOWS = `write at most ${MOST_WINDOWS} windows`
const WINDOW = '{ from: "21:00", until: "08:00" }'
const NO_WINDOW = 'give at least one window, or write none'
const FROM = 'write a time of day in quotes, such as "21:00"'
const UNTIL = 'write a time of day in quotes, such as "08:00", or "24:00" for midnight'
const ON = 'write a list of days: mon, tue, wed, thu, fri, sat, sun, holiday, or dates such as 2026-12-31'
const NO_DAY = 'give at least one day, or leave it out for every day'
const SAME = `make from and until differ, such as ${WINDOW}; a whole day is { from: "00:00", until: "24:00" }`

const windowNamed = (remedy: string) =>
  z
    .strictObject(
      {
        from: z.string({ error: FROM }).regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, { error: FROM }),
        until: z.string({ error: UNTIL }).regex(/^(([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?|24:00(:00)?)$/, { error: UNTIL }),
        on: z
          .array(day(), { error: ON })
          .min(1, { error: NO_DAY })
          .max(MOST_DAYS, { error: `write at most ${MOST_DAYS} days` })
          .transform((days) => [...new Set(days)])
          .nullable()
          .default(null),
      },
      {
        error: (issue) =>
          issue.code === 'unrecognized_keys' ? 'remove it: a window has from, until and, for some days only, on' : remedy,
      },
    )
    .refine(({ from, until }) => from.padEnd(8, ':00') !== until.padEnd(8, ':00'), { error: SAME })

/** ISO weekday, date, or the word. YAML 1.2 has no dates, so that one without quotes is a text as well. */
const day = () =>
  z.string({ error: ON }).transform((value, context): number | string => {
    const weekday = WEEKDAYS.indexOf(value) + 1
    if (weekday > 0) return weekday
    if (value === 'holiday' || isDate(value)) return value
    context.addIssue({ code: 'custom', message: ON })
    return z.NEVER
  })

/** `2026-02-28`, and a day that exists. */
export const isDate = (text: string): boolean => {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  try {
    return Temporal.PlainDate.from(text).toString() === text
  } catch {
    return false
  }
}
