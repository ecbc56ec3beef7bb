/** `08:00 on 24 November (Asia/Tokyo)`; with the year, unless it is that of `now`. */
export const formatInstant = (ms: number, zone: string, now: number): string => {
  const at = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone)
  const isThisYear = at.year === Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).year
  const time = at.toPlainTime().toString({ smallestUnit: at.second === 0 ? 'minute' : 'second' })
  return `${time} on ${at.day} ${MONTHS[at.month - 1]}${isThisYear ? '' : ` ${at.year}`} (${zone})`
}

/** As `--at` takes it. */
export const isoInstant = (ms: number, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toString({ timeZoneName: 'never', smallestUnit: 'second' })

/** `3 days`, `24 h`, `15 min`: in the largest unit that is exact. */
export const formatSpan = (ms: number): string => {
  if (ms > DAY && ms % DAY === 0) return `${ms / DAY} days`
  const [unit, word] = UNITS.find(([each]) => ms % each === 0) ?? [1, 'ms']
  return `${ms / unit} ${word}`
}

const DAY = 86_400_000
const UNITS: readonly (readonly [ms: number, word: string])[] = [
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
