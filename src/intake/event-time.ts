/** A time as an event writes it. Only an instant is a point in time by itself; the others need a zone. */
export type EventTime =
  | { readonly kind: 'instant'; readonly ms: number }
  | { readonly kind: 'local'; readonly at: Temporal.PlainDateTime }
  | { readonly kind: 'date'; readonly date: Temporal.PlainDate }

/** What readTime takes, for messages to people. */
export const TIME_FORMS =
  'milliseconds since 1970 (from 2000 to 2199), or ISO 8601: 2026-08-10T14:30:00+09:00, 2026-08-10T14:30, 2026-08-10'

/** `undefined` for anything else. Numbers outside 2000 to 2199 are refused, as they are seconds, microseconds or days: a wrong unit
 *  must not become a due date in 1970. */
export const readTime = (value: unknown): EventTime | undefined => {
  if (typeof value === 'number' || typeof value === 'bigint') return readMilliseconds(Number(value))
  if (typeof value !== 'string') return undefined
  try {
    if (INSTANT.test(value)) return { kind: 'instant', ms: Temporal.Instant.from(value).epochMilliseconds }
    if (LOCAL.test(value)) return { kind: 'local', at: Temporal.PlainDateTime.from(value) }
    if (DATE.test(value)) return { kind: 'date', date: Temporal.PlainDate.from(value) }
  } catch {
    return undefined // 30 February
  }
  return undefined
}

/** Date and time on a clock in `zone`; the time is null for a mere date. */
export const onClock = (time: EventTime, zone: string): { date: Temporal.PlainDate; time: Temporal.PlainTime | null } => {
  if (time.kind === 'date') return { date: time.date, time: null }
  const at = time.kind === 'local' ? time.at : Temporal.Instant.fromEpochMilliseconds(time.ms).toZonedDateTimeISO(zone)
  return { date: 'toPlainDate' in at ? at.toPlainDate() : at, time: at.toPlainTime() }
}

/** The instant something is over: of a date, the end of that day in `zone`, since a bill due on the 31st is due all that day. */
export const endOf = (time: EventTime, zone: string): number => {
  if (time.kind === 'instant') return time.ms
  if (time.kind === 'local') return time.at.toZonedDateTime(zone).epochMilliseconds
  return time.date.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds
}

/** The name of an IANA zone in its canonical spelling, or `undefined`. Offsets (`+09:00`) are not zones: they know no summer time. */
export const readZone = (value: string): string | undefined => {
  if (!ZONE.test(value)) return undefined
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(value).timeZoneId
  } catch {
    return undefined
  }
}

const DATE = /^\d{4}-\d{2}-\d{2}$/
const LOCAL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/
/** Letters first: Temporal would also take `2020-01-01T00:00Z`. */
const ZONE = /^[A-Za-z][A-Za-z0-9_+\-/]*$/

const readMilliseconds = (ms: number): EventTime | undefined =>
  Number.isSafeInteger(ms) && ms >= Y2000 && ms < Y2200 ? { kind: 'instant', ms } : undefined

const Y2000 = Date.UTC(2000, 0)
const Y2200 = Date.UTC(2200, 0)
