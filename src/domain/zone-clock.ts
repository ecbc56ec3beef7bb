/** What the wall clock of a zone shows at an instant: ms since 1970-01-01T00:00 on that clock. */
export const wallClockAt = (instant: number, zone: string): number => instant + spanAt(instant, zone).offset

/** The first instant at which the clock shows `local` or later: of a time that comes twice the first, and for one that is skipped the
 *  instant of the jump. It never falls as `local` grows. */
export const firstInstantAt = (local: number, zone: string): number => {
  let span = spanAt(local - BEYOND_ANY_OFFSET, zone)
  while (local - span.offset >= span.end) span = spanAt(span.end, zone)
  return Math.max(local - span.offset, span.start)
}

/** The last instant at which the clock comes to show `local` or later: of a time that comes twice the second, and for one that is skipped
 *  the instant of the jump. It never falls as `local` grows, and is never before `firstInstantAt`. */
export const lastInstantAt = (local: number, zone: string): number => {
  let span = spanAt(local + BEYOND_ANY_OFFSET, zone)
  while (local - span.offset < span.start) span = spanAt(span.start - 1, zone)
  return Math.min(local - span.offset, span.end)
}

/** A time within which a zone keeps its offset: `[start, end)`, without bounds if it never changed, or never will. All in ms. */
interface Span {
  readonly start: number
  readonly end: number
  readonly offset: number
}

/** The furthest a clock was ever from UTC is under 16 hours. */
const BEYOND_ANY_OFFSET = 24 * 60 * 60_000

/** Asking Temporal takes some 2 µs a question, and a look at quiet hours asks ten; the answers stay true. A zone needs the spans around
 *  now: at most three, where its clock is changed within days. */
const spansOf = new Map<string, Span[]>()
const MOST_SPANS = 4

const spanAt = (instant: number, zone: string): Span => {
  const known = spansOf.get(zone)
  if (known) for (const span of known) if (span.start <= instant && instant < span.end) return span
  const span = readSpan(instant, zone)
  spansOf.set(zone, [span, ...(known ?? []).slice(0, MOST_SPANS - 1)])
  return span
}

const readSpan = (instant: number, zone: string): Span => {
  const at = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone)
  // "Previous" is before, and a change at this very instant counts.
  const start = at.add({ nanoseconds: 1 }).getTimeZoneTransition('previous')
  const end = at.getTimeZoneTransition('next')
  return {
    start: start?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    end: end?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: at.offsetNanoseconds / 1e6,
  }
}
