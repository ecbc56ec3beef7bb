import { createHash } from 'node:crypto'
import type { QuietHours, QuietWindow } from './request.ts'
import { firstInstantAt, lastInstantAt, wallClockAt } from './zone-clock.ts'

/* Quiet hours are the union of windows. Times are ms since the epoch; a call takes about 1 µs.
 *
 * A window opens on a day, and belongs to it: `{ from: 22:00, until: 10:00, on: [sat] }` ends on Sunday. It holds what is at `from`, and
 * not what is at `until`.
 *
 * What the recipient's clock shows decides. Where the clock is changed:
 *   from or until is skipped    both count at the jump    Berlin, 2026-03-29, 02:30: at 02:00+01:00, which is 03:00+02:00
 *   from comes twice            the first counts          Berlin, 2026-10-25, 02:30: at 02:30+02:00
 *   until comes twice           the second counts         Berlin, 2026-10-25, 02:30: at 02:30+01:00
 * So whenever the clock shows a time of a window it is quiet; and if an edge comes twice, also all between its two passes, as the doubt
 * is for quiet. A window is never turned inside out, and is left out only where all its times are: the clock does not show them. */

/** If `instant` lies in quiet hours: when they end, and are not followed by others at once. Otherwise null. Hours that would last for
 *  more than 60 days are said to end then: whoever waits for it asks again. */
export const quietUntil = (instant: number, zone: string, quiet: QuietHours): number | null => {
  const horizon = instant + LONGEST
  let end = instant
  while (end < horizon) {
    const next = latestEndAt(end, zone, quiet)
    if (next === null) break
    end = next
  }
  return end === instant ? null : Math.min(end, horizon)
}

/** The first instant from `instant` on that lies in quiet hours: `instant` itself, if it does. Infinite: there are none ahead. That is
 *  certain without a bound: every weekday comes within a week, or two if a jump of the clock swallows its window, and what opens on dates
 *  alone names them. */
export const nextQuietStart = (instant: number, zone: string, quiet: QuietHours): number => {
  if (latestEndAt(instant, zone, quiet) !== null) return instant
  const today = dayAt(instant, zone)
  for (let day = today; day <= today + 14; day++) {
    const start = firstStartOn(day, instant, zone, quiet)
    if (start < Number.POSITIVE_INFINITY) return start
  }
  // A later day opens later, so the first of them that opens anything has the first.
  for (const day of datesOf(quiet).sort((a, b) => a - b)) {
    const start = day > today ? firstStartOn(day, instant, zone, quiet) : Number.POSITIVE_INFINITY
    if (start < Number.POSITIVE_INFINITY) return start
  }
  return Number.POSITIVE_INFINITY
}

/** When what waited for the end of quiet hours leaves: within `spreadMs` after it, and at most half way to its expiry. A person has the
 *  same part of that time always, so that what is sent to them keeps its order; it has nothing to do with their partition. */
export const spreadAt = (quietEnd: number, expiresAt: number | null, recipientRef: string, quiet: QuietHours): number => {
  const room = expiresAt === null ? quiet.spreadMs : Math.min(quiet.spreadMs, Math.max(0, expiresAt - quietEnd) / 2)
  if (room === 0) return quietEnd
  const fraction = createHash('sha256').update(`spread ${recipientRef}`).digest().readUInt32BE(0) / 2 ** 32
  return quietEnd + Math.floor(room * fraction)
}

const DAY = 24 * 60 * 60_000
const LONGEST = 60 * DAY

/** Of the windows that hold `instant`, the end of the last to end. */
const latestEndAt = (instant: number, zone: string, { windows, holidays }: QuietHours): number | null => {
  const today = dayAt(instant, zone)
  let latest: number | null = null
  for (const window of windows) {
    const from = timeOfDay(window.from)
    const length = lengthFrom(from, window)
    // A window ends on the day after at the latest; the days beyond are for clocks that go back over midnight, or skip a day.
    for (let day = today - 2; day <= today + 1; day++) {
      const start = day * DAY + from
      if (instant < firstInstantAt(start, zone)) break
      const end = lastInstantAt(start + length, zone)
      if (instant < end && (latest === null || end > latest) && opensOn(day, window, holidays)) latest = end
    }
  }
  return latest
}

/** When the first window of a day opens that opens at or after `earliest`. */
const firstStartOn = (day: number, earliest: number, zone: string, { windows, holidays }: QuietHours): number => {
  let first = Number.POSITIVE_INFINITY
  for (const window of windows) {
    const from = timeOfDay(window.from)
    const start = firstInstantAt(day * DAY + from, zone)
    if (start < earliest || start >= first || !opensOn(day, window, holidays)) continue
    if (start < lastInstantAt(day * DAY + from + lengthFrom(from, window), zone)) first = start
  }
  return first
}

/** Days are counted from 1970-01-01, on the clock of the zone. */
const dayAt = (instant: number, zone: string): number => Math.floor(wallClockAt(instant, zone) / DAY)

const opensOn = (day: number, { on }: QuietWindow, holidays: readonly string[]): boolean => {
  if (on === null) return true
  return on.some((each) => {
    if (typeof each === 'number') return each === weekdayOf(day)
    return each === 'holiday' ? holidays.some((date) => dayOf(date) === day) : dayOf(each) === day
  })
}

/** 1970-01-01 was a Thursday: 4. */
const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1
const dayOf = (date: string): number =>
  Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)) - 1, Number(date.slice(8, 10))) / DAY

const datesOf = ({ windows, holidays }: QuietHours): number[] =>
  windows.flatMap(({ on }) =>
    (on ?? []).flatMap((each) => (typeof each === 'number' ? [] : each === 'holiday' ? holidays : [each])).map(dayOf),
  )

/** ms from midnight, on the clock. */
const timeOfDay = (text: string): number =>
  ((Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))) * 60 + Number(text.slice(6, 8))) * 1_000

/** How far the clock goes from `from` to `until`. */
const lengthFrom = (from: number, { until }: QuietWindow): number => {
  const length = timeOfDay(until) - from
  return length > 0 ? length : length + DAY
}
