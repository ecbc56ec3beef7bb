/** Days of LINE's statistics, UTC+9, counted from 1970-01-01: so that the next is one more. */
export const dayOf = (now: number): number => Math.floor((now + NINE_HOURS) / DAY_MS)

/** `20260916`; undefined for what is no day. */
export const parseDay = (text: string): number | undefined => {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(text)
  if (!match) return undefined
  const [, year, month, date] = match
  const time = Date.UTC(Number(year), Number(month) - 1, Number(date))
  const day = time / DAY_MS
  return formatDay(day) === text ? day : undefined
}

export const formatDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')

/** `202609`. */
export const monthOf = (day: number): string => formatDay(day).slice(0, 6)

const NINE_HOURS = 9 * 3_600_000
const DAY_MS = 86_400_000
