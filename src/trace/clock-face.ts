/** How a trace writes times down. */
export interface ClockFace {
  /** `2026-01-05 09:00:00.120`, in the zone. */
  readonly time: (instant: number) => string
  readonly zone: string
}

export const clockFaceIn = (zone: string): ClockFace => ({
  zone,
  time: (instant) => {
    const at = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone)
    return at.toPlainDateTime().toString({ smallestUnit: 'millisecond' }).replace('T', ' ')
  },
})

/** `120 ms`, `2.1 s`, `3 min 5 s`, `3 h 5 min`, `2 d 3 h`: as exact as it matters. */
export const spanOf = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < HOUR) return pair(seconds, 60, 'min', 1, 's')
  return seconds < DAY ? pair(seconds, HOUR, 'h', 60, 'min') : pair(seconds, DAY, 'd', HOUR, 'h')
}

const HOUR = 3_600
const DAY = 24 * HOUR

const pair = (seconds: number, large: number, largeName: string, small: number, smallName: string): string => {
  const rest = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}

/** An instant, or a time on the zone's clock, or how long ago. Undefined: none of these. */
export const instantOf = (text: string, now: number, zone: string): number | undefined => {
  const read = [
    () => now - Temporal.Duration.from(text).total({ unit: 'milliseconds' }),
    () => Temporal.Instant.from(text).epochMilliseconds,
    () => Temporal.PlainDateTime.from(text).toZonedDateTime(zone).epochMilliseconds,
  ]
  for (const attempt of read) {
    try {
      const instant = attempt()
      return instant <= now ? instant : undefined
    } catch {
      // then it is another kind, or none
    }
  }
  return undefined
}
