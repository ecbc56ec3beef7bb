import { joined, oldestAsOne, type Span, without } from './span.ts'

/** When somebody listened for LINE's events on a channel, and took all that came, as far as one partition knows. What was not heard at
 *  another time says nothing. */
export interface Coverage {
  readonly channel: string
  /** Apart from each other, and in order. No hole is in them. */
  readonly spans: readonly Span[]
  /** Of which somebody said that something may be lost, whoever else listened. Remembered, as others may say later that they did. Apart from
   *  each other, and in order. */
  readonly holes: readonly Span[]
}

/** Nothing is waited for longer than this, whatever was not covered. */
const KEEP_MS = 10 * 86_400_000
/** A webhook that comes and goes every few minutes for days leaves no more: what is forgotten counts as not covered. */
const MOST_SPANS = 200

/** The coverage as it is after this span was heard of, or undefined if that is no news. */
export const cover = (known: Coverage | undefined, channel: string, span: Span): Coverage | undefined => {
  const { spans, holes } = known ?? NOTHING
  const news = without(span, holes).filter((each) => !isIn(spans, each))
  return news.length > 0 ? bounded(channel, news.reduce(joined, spans), holes) : undefined
}

/** The same of a hole: told before or after those that cover it, it is none the less one. */
export const uncover = (known: Coverage | undefined, channel: string, hole: Span): Coverage | undefined => {
  const { spans, holes } = known ?? NOTHING
  if (hole.until <= hole.from || isIn(holes, hole)) return undefined
  return bounded(channel, spans, joined(holes, hole))
}

const NOTHING: Pick<Coverage, 'spans' | 'holes'> = { spans: [], holes: [] }

const isIn = (spans: readonly Span[], span: Span): boolean =>
  spans.some(({ from, until }) => from <= span.from && span.until <= until)

/** Between the holes that become one there are no spans but those that are forgotten for their number. */
const bounded = (channel: string, spans: readonly Span[], holes: readonly Span[]): Coverage => {
  const newest = Math.max(...[spans, holes].map((all) => all.at(-1)?.until ?? Number.NEGATIVE_INFINITY))
  const isRecent = ({ until }: Span) => until > newest - KEEP_MS
  const kept = oldestAsOne(holes.filter(isRecent), MOST_SPANS)
  const covered = spans.filter(isRecent).flatMap((each) => without(each, kept))
  return { channel, spans: covered.slice(-MOST_SPANS), holes: kept }
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
