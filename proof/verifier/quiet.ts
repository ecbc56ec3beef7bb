import type { Quiet } from './history.ts'

const MINUTE_MS = 60_000
/** A window is shorter than a day, and a day has up to 25 hours, some 26 where a zone moved. */
const MOST_MINUTES = 26 * 60

/** Whether the wall clocks of the zone show a time in `[from, until)` at this instant. Where the clocks go back over an edge, it comes twice:
 *  between its two passes the doubt is for quiet. A time that is left out is shown by none. Equal ends make a whole day. */
export const isQuietAt = (quiet: Quiet, at: number): boolean => {
  const there = Temporal.Instant.fromEpochMilliseconds(Math.floor(at)).toZonedDateTimeISO(quiet.zone)
  const clock = there.toPlainTime()
  const [begin, end] = [timeOf(quiet.from), timeOf(quiet.until)]
  const begun = Temporal.PlainTime.compare(clock, begin) >= 0
  const ended = Temporal.PlainTime.compare(clock, end) >= 0
  const shown = Temporal.PlainTime.compare(begin, end) < 0 ? begun && !ended : begun || !ended
  return shown || doubtsOn(quiet, there.toPlainDate()).some(({ from, until }) => from <= at && at < until)
}

/** The first instant at or after this one, to the minute, that is not quiet; infinite: there is none within a day. */
export const openFrom = (quiet: Quiet, at: number): number => {
  if (!isQuietAt(quiet, at)) return at
  const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS
  for (let passed = 1; passed <= MOST_MINUTES; passed++) {
    const then = minute + passed * MINUTE_MS
    if (!isQuietAt(quiet, then)) return then
  }
  return Number.POSITIVE_INFINITY
}

const times = new Map<string, Temporal.PlainTime>()

const timeOf = (text: string): Temporal.PlainTime => {
  const known = times.get(text)
  if (known) return known
  const time = Temporal.PlainTime.from(text)
  times.set(text, time)
  return time
}

interface Doubt {
  readonly from: number
  readonly until: number
}

const doubts = new Map<string, readonly Doubt[]>()

/** Between the two passes of an edge that comes twice on this day. */
const doubtsOn = ({ zone, from, until }: Quiet, day: Temporal.PlainDate): readonly Doubt[] => {
  const key = `${zone} ${day} ${from} ${until}`
  const known = doubts.get(key)
  if (known) return known
  const found = [from, until].flatMap((edge) => {
    const time = timeOf(edge)
    const [first, second] = (['earlier', 'later'] as const).map((disambiguation) =>
      day.toPlainDateTime(time).toZonedDateTime(zone, { disambiguation }),
    )
    // Of a time that is left out, these are others.
    if (!first?.toPlainTime().equals(time) || !second?.toPlainTime().equals(time)) return []
    return first.epochMilliseconds < second.epochMilliseconds
      ? [{ from: first.epochMilliseconds, until: second.epochMilliseconds }]
      : []
  })
  doubts.set(key, found)
  return found
}
