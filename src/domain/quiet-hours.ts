import type { QuietHours } from './request.ts'

/** If `instant` lies in quiet hours: when they end. Otherwise null. Times in ms since the epoch.
 *  Where the clock skips `from` or `until` in spring, the time after the gap counts; where it repeats one in autumn, the first. */
export const quietUntil = (instant: number, zone: string, quiet: QuietHours): number | null => {
  const today = dateIn(zone, instant)
  for (const date of [today.subtract({ days: 1 }), today]) {
    const window = windowOpeningOn(date, zone, quiet)
    if (window.from <= instant && instant < window.until) return window.until
  }
  return null
}

/** When quiet hours next begin, at or after `instant`. */
export const nextQuietStart = (instant: number, zone: string, quiet: QuietHours): number => {
  const today = dateIn(zone, instant)
  for (let days = 0; days <= 2; days++) {
    const { from } = windowOpeningOn(today.add({ days }), zone, quiet)
    if (from >= instant) return from
  }
  throw new RangeError(`no quiet hours begin within two days of ${instant} in ${zone}`)
}

const dateIn = (zone: string, instant: number): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone).toPlainDate()

const windowOpeningOn = (date: Temporal.PlainDate, zone: string, quiet: QuietHours): { from: number; until: number } => {
  const from = Temporal.PlainTime.from(quiet.from)
  const until = Temporal.PlainTime.from(quiet.until)
  const wraps = Temporal.PlainTime.compare(until, from) <= 0
  const at = (day: Temporal.PlainDate, time: Temporal.PlainTime) =>
    day.toZonedDateTime({ timeZone: zone, plainTime: time }).epochMilliseconds
  return { from: at(date, from), until: at(wraps ? date.add({ days: 1 }) : date, until) }
}
