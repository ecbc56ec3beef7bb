/** From `from` (included) to `until` (excluded), ms since the epoch. */
export interface Span {
  readonly from: number
  readonly until: number
}

/** What is left of it between the holes. */
export const without = (span: Span, holes: readonly Span[]): readonly Span[] =>
  holes.reduce<readonly Span[]>((left, hole) => left.flatMap((each) => cut(each, hole)), span.from < span.until ? [span] : [])

/** Those that overlap or adjoin it become one with it: apart from each other, and in order, as they were. */
export const joined = (spans: readonly Span[], span: Span): readonly Span[] => {
  const apart = spans.filter(({ from, until }) => until < span.from || span.until < from)
  const touching = spans.filter((each) => !apart.includes(each))
  const one = {
    from: Math.min(span.from, ...touching.map(({ from }) => from)),
    until: Math.max(span.until, ...touching.map(({ until }) => until)),
  }
  return [...apart, one].sort((a, b) => a.from - b.from)
}

/** At most so many: of more, the oldest become one, and what lies between them is theirs. */
export const oldestAsOne = (spans: readonly Span[], most: number): readonly Span[] => {
  const [oldest, last] = [spans[0], spans[spans.length - most]]
  if (spans.length <= most || !oldest || !last) return spans
  return [{ from: oldest.from, until: last.until }, ...spans.slice(spans.length - most + 1)]
}

const cut = (span: Span, hole: Span): readonly Span[] =>
  [
    { from: span.from, until: Math.min(span.until, hole.from) },
    { from: Math.max(span.from, hole.until), until: span.until },
  ].filter(({ from, until }) => from < until)
