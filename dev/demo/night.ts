/** Where those live whose night ends during the demo. Two hours behind Japan, without summer time. */
export const NIGHT_ZONE = 'Asia/Bangkok'

export interface Night {
  /** As the configuration writes them. */
  readonly quietHours: { readonly from: string; readonly until: string }
  /** When they end there, ms since the epoch: a whole second. */
  readonly endsAt: number
}

/** Quiet hours are times of day, whoever's day it is. Eight hours that end in Bangkok now have ended two hours ago in Japan, so they
 *  hold the ones back and not the others, at any hour the demo is run. */
export const nightUntil = (instant: number): Night => {
  const end = Temporal.Instant.fromEpochMilliseconds(Math.ceil(instant / 1_000) * 1_000).toZonedDateTimeISO(NIGHT_ZONE)
  return {
    quietHours: { from: timeOf(end.subtract({ hours: 8 })), until: timeOf(end) },
    endsAt: end.epochMilliseconds,
  }
}

const timeOf = (at: Temporal.ZonedDateTime): string => at.toPlainTime().toString({ smallestUnit: 'second' })
