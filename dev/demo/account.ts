import type { Produced } from './event-producer.ts'
import type { PublishedResult } from './result-reader.ts'

/** What was produced, held against what the results say. */
export interface Account {
  /** Recipients of everything produced. */
  readonly total: number
  /** Those with a terminal result. */
  readonly settled: number
  /** Status last told → how many, of those on their way; `not heard of` for those without any result. */
  readonly underWay: Readonly<Record<string, number>>
  /** Positions (topic/partition/offset#recipient) without a terminal result. */
  readonly open: readonly string[]
  /** Positions with more than one terminal result, and positions nobody produced. */
  readonly faults: readonly string[]
}

export const accountOf = (produced: readonly Produced[], results: readonly PublishedResult[]): Account => {
  const expected = new Set(produced.flatMap((record) => positionsOf(record)))
  const told = Map.groupBy(results, ({ source }) => positionOf(source, source.index))
  const open: string[] = []
  const faults: string[] = []
  const underWay: Record<string, number> = {}
  for (const position of expected) {
    const here = told.get(position) ?? []
    const ends = here.filter(({ terminal }) => terminal).length
    if (ends > 1) faults.push(`${position} has ${ends} terminal results`)
    if (ends > 0) continue
    open.push(position)
    const last = here.reduce<PublishedResult | undefined>(
      (so, each) => (so && so.sequence > each.sequence ? so : each),
      undefined,
    )
    const status = last?.status ?? 'not heard of'
    underWay[status] = (underWay[status] ?? 0) + 1
  }
  for (const position of told.keys()) if (!expected.has(position)) faults.push(`${position} has results, but nobody produced it`)
  return { total: expected.size, settled: expected.size - open.length, underWay, open, faults }
}

const positionsOf = (record: Produced): string[] =>
  Array.from({ length: record.recipients }, (_, index) => positionOf(record, index))

const positionOf = (at: { readonly topic: string; readonly partition: number; readonly offset: number }, index: number): string =>
  `${at.topic}/${at.partition}/${at.offset}#${index}`
