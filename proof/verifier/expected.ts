import type { Asked } from './history.ts'
import { grouped, type Known } from './known.ts'
import { isCancelled, isSuperseded } from './rightful-end.ts'

/** How many ends of one kind there may be by what was asked alone, and how many were found. `from`: as many can end in no other way, if
 *  every answer of LINE comes through; any of them that LINE did not answer may be unconfirmed instead, and any that it answered by 4xx
 *  rejected. `to`: so many can end so at all. An end that was corrected counts as what it was corrected to; `open`: it has not ended. */
export interface ExpectedEnds {
  readonly end: string
  readonly from: number
  readonly to: number
  readonly found: number
}

export const expectedEnds = (known: Known): readonly ExpectedEnds[] => {
  const from = new Map<string, number>()
  const to = new Map<string, number>()
  const found = new Map<string, number>()
  let ready = 0
  const expect = (ends: ReadonlySet<string>) => {
    for (const end of ends) to.set(end, (to.get(end) ?? 0) + 1)
    const [only] = ends
    if (only !== undefined && ends.size === 1) from.set(only, (from.get(only) ?? 0) + 1)
  }
  const asked = [...known.asked.values()]
  for (const { kind } of asked) if (kind !== 'ready') expect(new Set([kind]))
  const alike = grouped(asked, ({ kind, identity, position }) => (kind === 'ready' ? (identity ?? `at ${position}`) : null))
  for (const group of alike.values()) {
    ready++
    for (let others = group.length; others > 1; others--) expect(new Set(['duplicate']))
    expect(new Set(group.flatMap((each) => endsOf(known, each))))
  }
  for (const { position } of asked) {
    const results = known.resultsAt.get(position) ?? []
    const end = results.findLast(({ terminal, corrects }) => terminal || corrects !== null)?.status ?? 'open'
    found.set(end, (found.get(end) ?? 0) + 1)
  }
  for (const end of ['unconfirmed', 'rejected']) to.set(end, ready)
  return [...new Set([...to.keys(), ...found.keys()])]
    .sort()
    .map((end) => ({ end, from: from.get(end) ?? 0, to: to.get(end) ?? 0, found: found.get(end) ?? 0 }))
}

/** In how many ways it may end, if LINE answers. */
const endsOf = (known: Known, asked: Asked): readonly string[] => {
  const { fate, channel, expiresAt, staleAt } = asked
  const awaited = known.history.settings.awaitsReceipts.includes(channel ?? '')
  const byLine =
    fate === 'unreachable'
      ? ['unreachable']
      : !awaited
        ? ['accepted']
        : fate === 'delivered'
          ? ['delivered']
          : ['open', 'undelivered']
  return [
    ...byLine,
    ...(isCancelled(known, asked) ? ['cancelled'] : []),
    ...(isSuperseded(known, asked) ? ['superseded'] : []),
    ...(expiresAt !== null || staleAt != null ? ['expired'] : []),
    ...(asked.quiet === null ? [] : ['open']),
  ]
}
