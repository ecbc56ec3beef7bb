import { type ExpectedEnds, expectedEnds } from './expected.ts'
import type { Findings } from './findings.ts'
import type { Breach, History, Invariant } from './history.ts'
import { knownOf } from './known.ts'
import { checkLeaks } from './leaks.ts'
import { checkEnds } from './one-end.ts'
import { checkOrder } from './order.ts'
import { checkPositions } from './positions.ts'
import { checkPosts } from './posts.ts'
import { checkRate, type LaneRate } from './rate.ts'
import { checkSettling, type Open, type Stranded } from './settling.ts'
import { checkStarts, type Residual } from './starts.ts'

export interface Verdict {
  /** None: every promise was kept, as far as was seen. */
  readonly breaches: readonly Breach[]
  readonly summary: Summary
}

export interface Summary {
  readonly invariants: readonly Kept[]
  readonly ends: readonly ExpectedEnds[]
  readonly open: Open
  readonly rates: readonly LaneRate[]
  readonly stranded: readonly Stranded[]
  readonly residuals: readonly Residual[]
  readonly totals: Totals
}

export interface Kept {
  readonly invariant: Invariant
  readonly promise: string
  readonly checked: number
  readonly breaches: number
}

export type Totals = Readonly<
  Record<
    'asked' | 'orders' | 'results' | 'corrections' | 'inputs' | 'journal' | 'departures' | 'posts' | 'faultyPosts' | 'ownerships',
    number
  >
>

/** Judges what happened to an installation by what its witnesses saw, and by nothing else. Throws if they contradict themselves. */
export const verify = (history: History): Verdict => {
  const known = knownOf(history)
  const starts = checkStarts(known)
  const rate = checkRate(known)
  const settling = checkSettling(known)
  const findings: readonly (readonly [Invariant, string, Findings])[] = [
    [1, 'what was asked for ends once, and rightly', checkEnds(known)],
    [2, 'committed first, and not sent again', checkPosts(known)],
    [3, 'nothing starts when it may not', starts],
    [4, 'no second exceeds a limit', rate],
    [5, 'positions pass only what is committed', checkPositions(known)],
    [6, 'one at a time to a person, and in order', checkOrder(known)],
    [7, 'nothing sensitive is anywhere (bytes searched)', checkLeaks(known)],
    [8, 'in calm everything settles', settling],
  ]
  return {
    breaches: findings.flatMap(([, , { breaches }]) => breaches),
    summary: {
      invariants: findings.map(([invariant, promise, { checked, breaches }]) => ({
        invariant,
        promise,
        checked,
        breaches: breaches.length,
      })),
      ends: expectedEnds(known),
      open: settling.open,
      rates: rate.rates,
      stranded: settling.stranded,
      residuals: starts.residuals,
      totals: totalsOf(history),
    },
  }
}

const totalsOf = ({ asked, orders, results, inputs, journal, departures, posts, ownerships }: History): Totals => ({
  asked: asked.length,
  orders: orders.length,
  results: results.length,
  corrections: results.filter(({ corrects }) => corrects !== null).length,
  inputs: inputs.length,
  journal: journal.length,
  departures: departures.length,
  posts: posts.length,
  faultyPosts: posts.filter(({ faulty }) => faulty).length,
  ownerships: ownerships.length,
})
