import { describe, expect, test } from 'vitest'
import { nextQuietStart, quietUntil } from '../../src/domain/quiet-hours.ts'
import type { QuietHours, QuietWindow } from '../../src/domain/request.ts'
import { HOUR, MINUTE, SECOND } from './notification-builder.ts'

/* Every change of every zone's clock from 2020 to 2030, against a model that knows nothing but what the clock shows. */

const DAY = 24 * HOUR

/** A change of the clock: `at` shows `before` a moment earlier, and `after` from then on; both as ms on the clock. */
interface Change {
  readonly zone: string
  readonly at: number
  readonly before: number
  readonly after: number
}

const changes: Change[] = Intl.supportedValuesOf('timeZone').flatMap((zone) => {
  const found: Change[] = []
  const last = Temporal.Instant.from('2031-01-01T00:00Z').epochMilliseconds
  let at = Temporal.Instant.from('2020-01-01T00:00Z').toZonedDateTimeISO(zone)
  for (;;) {
    const next = at.getTimeZoneTransition('next')
    if (!next || next.epochMilliseconds >= last) return found
    const before = next.epochMilliseconds + next.subtract({ nanoseconds: 1 }).offsetNanoseconds / 1e6
    found.push({ zone, at: next.epochMilliseconds, before, after: next.epochMilliseconds + next.offsetNanoseconds / 1e6 })
    at = next
  }
})

/** One zone stands for all with the same changes: the rest would only repeat them. */
const distinct = [...new Map(changes.map((change) => [`${change.at} ${change.before} ${change.after}`, change])).values()]

test('there are changes of the clock to look at', () => {
  expect(new Set(changes.map(({ zone }) => zone)).size).toBeGreaterThan(100)
  expect(distinct.length).toBeGreaterThan(300)
  expect(distinct.some(({ before, after }) => after > before)).toBe(true)
  expect(distinct.some(({ before, after }) => after < before)).toBe(true)
})

const pad = (value: number): string => String(value).padStart(2, '0')
/** `HH:MM` of so many minutes after the midnight of any day. */
const clock = (minutes: number): string => {
  const within = ((minutes % 1_440) + 1_440) % 1_440
  return `${pad(Math.floor(within / 60))}:${pad(within % 60)}`
}
const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))

/** Windows with their edges at, beside and within the hour of the change, on every day, on its day, and on the days beside it. */
const policiesAround = ({ before, after }: Change): QuietHours[] => {
  const low = Math.round((Math.min(before, after) % DAY) / MINUTE)
  const high = low + Math.abs(after - before) / MINUTE
  const middle = Math.round((low + high) / 2)
  const window = (from: number, until: number, on: QuietWindow['on'] = null): QuietWindow => ({
    from: clock(from),
    until: clock(until),
    on,
  })
  const date = (days: number): string => new Date(before + days * DAY).toISOString().slice(0, 10)
  const weekday = (new Date(before).getUTCDay() + 6) % 7
  const lists: QuietWindow[][] = [
    [window(low - 300, middle)],
    [window(middle, high + 300)],
    [window(middle - 10, middle + 10)],
    [window(low, high)],
    [window(low - 120, low)],
    [window(high, high + 120)],
    [{ from: '21:00', until: '08:00', on: null }],
    [{ from: '00:00', until: '24:00', on: [date(0)] }],
    [
      { from: '22:00', until: '24:00', on: null },
      { from: '00:00', until: '00:30', on: [weekday + 1] },
    ],
    [window(low - 60, middle, [((weekday + 6) % 7) + 1]), window(middle, high + 60, ['holiday']), window(high + 200, high + 300)],
    [window(middle + 1, middle, [date(-1)])],
  ]
  return lists.map((windows) => ({ windows, holidays: [date(0)], spreadMs: 0 }))
}

/** What the clock says: whether the time that it shows lies in a window of the day that it shows, or of the day before. */
const clockSays = (shown: number, { windows, holidays }: QuietHours): boolean =>
  windows.some(({ from, until, on }) => {
    const opens = minutesOf(from) * MINUTE
    const ends = minutesOf(until) * MINUTE
    const length = ends > opens ? ends - opens : ends - opens + DAY
    const midnight = Math.floor(shown / DAY) * DAY
    return [midnight, midnight - DAY].some((day) => {
      const name = new Date(day).toISOString().slice(0, 10)
      const weekday = new Date(day).getUTCDay() || 7
      const isOn = on === null || on.includes(weekday) || on.includes(name) || (on.includes('holiday') && holidays.includes(name))
      return isOn && day + opens <= shown && shown < day + opens + length
    })
  })

/** Where an hour comes twice, quiet hours may be longer than the clock says, if one of their edges lies in it; never elsewhere, and never
 *  shorter. */
const mayBeLonger = (instant: number, { at, before, after }: Change): boolean => Math.abs(instant - at) <= before - after

const around = (change: Change, most: number, step: number): number[] => {
  const shift = Math.abs(change.after - change.before)
  const samples: number[] = []
  for (let instant = change.at - shift - most; instant <= change.at + shift + most; instant += step) samples.push(instant)
  return [...samples, change.at - 1, change.at, change.at + 1]
}

/** The runtime would take some 2 µs for each answer. */
const shownAt = (instant: number, { at, before, after }: Change): number => instant - at + (instant < at ? before : after)

test('the model’s clock is that of the runtime', () => {
  for (const change of distinct)
    for (const instant of [change.at - 6 * HOUR, change.at - SECOND, change.at, change.at + 6 * HOUR]) {
      const zoned = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(change.zone)
      expect(shownAt(instant, change) - instant).toBe(zoned.offsetNanoseconds / 1e6)
    }
})

describe('whenever a clock is changed, anywhere', () => {
  /** Fails with what is needed to look into it; one `expect` for each instant would take longer than what it looks at. */
  const always = (holds: (instant: number, change: Change, quiet: QuietHours) => boolean, most: number, step: number): void => {
    const failures: unknown[] = []
    for (const change of distinct)
      for (const quiet of policiesAround(change))
        for (const instant of around(change, most, step))
          if (!holds(instant, change, quiet))
            failures.push({ zone: change.zone, instant: new Date(instant).toISOString(), windows: quiet.windows })
    expect(failures.slice(0, 3)).toEqual([])
  }

  test('it is quiet when the clock says so, and else only where an hour comes twice', () => {
    always(
      (instant, change, quiet) => {
        const isQuiet = quietUntil(instant, change.zone, quiet) !== null
        const says = clockSays(shownAt(instant, change), quiet)
        return isQuiet === says || (isQuiet && mayBeLonger(instant, change))
      },
      90 * MINUTE,
      10 * MINUTE,
    )
  })

  test('the end of quiet hours is ahead and open, and all until then is quiet', () => {
    always(
      (instant, { zone }, quiet) => {
        const end = quietUntil(instant, zone, quiet)
        if (end === null) return true
        return (
          end > instant &&
          quietUntil(end, zone, quiet) === null &&
          [0.3, 0.7].every((part) => quietUntil(Math.floor(instant + (end - instant) * part), zone, quiet) === end) &&
          quietUntil(end - 1, zone, quiet) === end
        )
      },
      60 * MINUTE,
      20 * MINUTE,
    )
  })

  test('all until quiet hours begin is open, and they are quiet as they begin', () => {
    always(
      (instant, { zone }, quiet) => {
        const start = nextQuietStart(instant, zone, quiet)
        if (quietUntil(instant, zone, quiet) !== null) return start === instant
        if (start === Number.POSITIVE_INFINITY) return quietUntil(instant + 7 * DAY, zone, quiet) === null
        return (
          start > instant &&
          quietUntil(start, zone, quiet) !== null &&
          [0.3, 0.7].every((part) => quietUntil(Math.floor(instant + (start - instant) * part), zone, quiet) === null) &&
          quietUntil(start - 1, zone, quiet) === null
        )
      },
      60 * MINUTE,
      20 * MINUTE,
    )
  })
})
