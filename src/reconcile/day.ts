/** A day by LINE's calendar, which is that of UTC+9 in every country. */
export interface Day {
  /** 2026-11-22. */
  readonly date: string
  /** Included; ms since the epoch. */
  readonly from: number
  /** Excluded. */
  readonly until: number
}

/** `undefined`: it is no date, or has not begun. */
export const dayOf = (text: string, now: number): Day | undefined => {
  try {
    const day = dayFrom(Temporal.PlainDate.from(text))
    return /^\d{4}-\d{2}-\d{2}$/.test(text) && day.from <= now ? day : undefined
  } catch {
    return undefined
  }
}

export const dayBefore = (now: number): Day => dayFrom(today(now).subtract({ days: 1 }))

/** When LINE has most likely counted a day: the day after the next has begun. */
export const countedBy = ({ date }: Day): string => Temporal.PlainDate.from(date).add({ days: 2 }).toString()

export const isIn = ({ from, until }: Day, instant: number | null): boolean =>
  instant !== null && instant >= from && instant < until

const ZONE = '+09:00'

const today = (now: number): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(ZONE).toPlainDate()

const dayFrom = (date: Temporal.PlainDate): Day => ({
  date: date.toString(),
  from: date.toZonedDateTime(ZONE).epochMilliseconds,
  until: date.add({ days: 1 }).toZonedDateTime(ZONE).epochMilliseconds,
})
