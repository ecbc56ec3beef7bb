/** When somebody listened for LINE's events on a channel, as far as one partition knows. What was not heard at another time says nothing. */
export interface Coverage {
  readonly channel: string
  /** Apart from each other, and in order. */
  readonly spans: readonly Span[]
}

/** From `from` (included) to `until` (excluded), ms since the epoch. */
export interface Span {
  readonly from: number
  readonly until: number
}

/** Nothing is waited for longer than this, whatever was not covered. */
const KEEP_MS = 10 * 86_400_000
/** A webhook that comes and goes every few minutes for days leaves no more: what is forgotten counts as not covered. */
const MOST_SPANS = 200

/** The coverage as it is after this span was heard of, or undefined if that is no news. */
export const cover = (known: Coverage | undefined, channel: string, span: Span): Coverage | undefined => {
  if (span.until <= span.from) return undefined
  const spans = known?.spans ?? []
  if (spans.some(({ from, until }) => from <= span.from && span.until <= until)) return undefined
  const apart = spans.filter(({ from, until }) => until < span.from || span.until < from)
  const touching = spans.filter((each) => !apart.includes(each))
  const joined = {
    from: Math.min(span.from, ...touching.map(({ from }) => from)),
    until: Math.max(span.until, ...touching.map(({ until }) => until)),
  }
  const all = [...apart, joined].sort((a, b) => a.from - b.from)
  const oldest = coveredUntil({ channel, spans: all }) - KEEP_MS
  return { channel, spans: all.filter(({ until }) => until > oldest).slice(-MOST_SPANS) }
}

/** Everything before it that was covered is known. */
export const coveredUntil = (coverage: Coverage | undefined): number => coverage?.spans.at(-1)?.until ?? Number.NEGATIVE_INFINITY

/** When, counted from then, so many ms will have been covered: as far as is known, and from there on as if all were. */
export const coveredFor = (coverage: Coverage | undefined, from: number, ms: number): number => {
  let left = ms
  for (const span of coverage?.spans ?? []) {
    const begin = Math.max(span.from, from)
    if (begin + left <= span.until) return begin + left
    left -= Math.max(0, span.until - begin)
  }
  return Math.max(from, coveredUntil(coverage)) + left
}

/** How much of the time between was covered, ms. */
export const coveredBetween = (coverage: Coverage | undefined, from: number, until: number): number =>
  (coverage?.spans ?? []).reduce((sum, span) => sum + Math.max(0, Math.min(span.until, until) - Math.max(span.from, from)), 0)
