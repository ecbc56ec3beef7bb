import type { Holidays } from '../config/holidays.ts'
import { meansHolidays, quietHoursConflicts } from '../config/quiet-hours-setting.ts'
import type { ServedCountry } from '../domain/phone.ts'
import { goesAtAnyHour } from '../domain/purpose.ts'
import type { QuietHours, QuietWindow } from '../domain/request.ts'
import type { NotifyingDocument } from './route-document.ts'
import type { Fault } from './route-fault.ts'
import type { NotifyingFile } from './route-file.ts'

/** When a route does not disturb, for recipients of every country. */
export interface RouteQuietHours {
  readonly windows: readonly QuietWindow[]
  readonly spreadMs: number
  /** Null if no window means holidays. */
  readonly holidays: Holidays | null
}

/** What the configuration says of quiet hours. */
export interface QuietDefaults {
  /** For purposes that wait; null for none. */
  readonly quietHours: readonly QuietWindow[] | null
  readonly releaseSpreadMs: number
  /** Null without a file of them. */
  readonly holidays: Holidays | null
}

/** What a notification carries: with the holidays of the recipient's country from yesterday to 31 days from now, on any clock. What
 *  waits longer meets days like others. */
export const quietHoursFor = (
  { quietHours }: { readonly quietHours: RouteQuietHours | null },
  country: ServedCountry,
  now: number,
): QuietHours | null => {
  if (quietHours === null) return null
  const { windows, spreadMs, holidays } = quietHours
  if (holidays === null) return { windows, holidays: [], spreadMs }
  // Clocks are up to 14 hours from UTC: a day more on either side is enough for all of them.
  const first = dateOf(now - 2 * DAY)
  const last = dateOf(now + 32 * DAY)
  return { windows, holidays: (holidays[country] ?? []).filter((date) => first <= date && date <= last), spreadMs }
}

export const routeQuietHours = (
  { quietHours, purpose }: Pick<NotifyingFile, 'quietHours' | 'purpose'>,
  defaults: QuietDefaults,
): RouteQuietHours | null => {
  const windows = windowsOf(quietHours, goesAtAnyHour(purpose) ? null : defaults.quietHours)
  if (windows === null) return null
  return { windows, spreadMs: defaults.releaseSpreadMs, holidays: meansHolidays(windows) ? defaults.holidays : null }
}

/** A route's own windows against the configuration; those of the configuration were checked with it. */
export const quietHoursFaults = ({ sound: { quietHours }, fault }: NotifyingDocument, defaults: QuietDefaults): Fault[] => {
  const own = quietHours === undefined ? null : windowsOf(quietHours, null)
  if (own === null) return []
  return quietHoursConflicts(own, { spreadMs: defaults.releaseSpreadMs, hasHolidays: defaults.holidays !== null }).map(
    ({ found, remedy }) => fault(['quietHours'], found, remedy),
  )
}

const windowsOf = (
  setting: NotifyingFile['quietHours'],
  byDefault: readonly QuietWindow[] | null,
): readonly QuietWindow[] | null => {
  if (setting === 'none') return null
  return setting === 'default' ? byDefault : setting
}

const DAY = 24 * 60 * 60_000
const dateOf = (instant: number): string => new Date(instant).toISOString().slice(0, 10)
