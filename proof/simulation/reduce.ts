import type { Scenario, Sketch, Timed } from './scenario.ts'

/** Leaves out whatever it can do without, until nothing more can go: deeds, many at once and then one by one, and whatever is out of the
 *  ordinary in the rest. fast-check does so too, but from the front and for hours. */
export const reduce = async (
  scenario: Scenario,
  isBroken: (smaller: Scenario) => Promise<boolean>,
  isLate: () => boolean,
): Promise<void> => {
  let smallest = scenario
  const tryThis = async (smaller: Scenario): Promise<boolean> => {
    if (isLate() || JSON.stringify(smaller) === JSON.stringify(smallest) || !(await isBroken(smaller))) return false
    smallest = smaller
    return true
  }

  for (let before = ''; before !== JSON.stringify(smallest) && !isLate(); ) {
    before = JSON.stringify(smallest)
    for (let size = Math.ceil(smallest.deeds.length / 2); size >= 1; size = Math.floor(size / 2))
      for (let from = 0; from < smallest.deeds.length; )
        if (!(await tryThis({ ...smallest, deeds: without(smallest.deeds, from, size) }))) from += size
    for (const plain of CALMER) await tryThis({ ...smallest, ...plain })
    await tryThis({ ...smallest, workers: 2 })
    await tryThis(onlyAsked(smallest))
    for (let index = 0; index < smallest.sketches.length; index++)
      for (const plain of [PLAIN, ...Object.entries(PLAIN).map(([name, value]) => ({ [name]: value }))])
        await tryThis({
          ...smallest,
          sketches: smallest.sketches.map((sketch, at) => (at === index ? { ...sketch, ...plain } : sketch)),
        })
    for (let index = 0; index < smallest.deeds.length; index++)
      for (const simpler of simplerThan(smallest.deeds[index]))
        await tryThis({ ...smallest, deeds: smallest.deeds.map((deed, at) => (at === index ? simpler : deed)) })
  }
}

/** Without the sketches that nobody asks for. */
const onlyAsked = (scenario: Scenario): Scenario => {
  const { sketches, deeds } = scenario
  const asks = deeds.flatMap((deed) => (deed.do === 'ask' ? [deed] : []))
  if (asks.length === 0 || asks.some(({ count }) => count > 1)) return scenario
  const asked = [...new Set(asks.map(({ pick }) => pick % sketches.length))]
  return {
    ...scenario,
    sketches: asked.flatMap((index) => sketches[index] ?? []),
    deeds: deeds.map((deed) => (deed.do === 'ask' ? { ...deed, pick: asked.indexOf(deed.pick % sketches.length) } : deed)),
  }
}

/** Those that stay keep their times. */
const without = (deeds: readonly Timed[], from: number, size: number): Timed[] => {
  const gone = deeds.slice(from, from + size).reduce((sum, { after }) => sum + after, 0)
  const [next, ...others] = deeds.slice(from + size)
  return [...deeds.slice(0, from), ...(next ? [{ ...next, after: next.after + gone }] : []), ...others]
}

const simplerThan = (deed: Timed | undefined): Timed[] => {
  if (!deed) return []
  const sooner = [0, 1_000].filter((after) => after < deed.after).map((after) => ({ ...deed, after }))
  return deed.do === 'ask' && deed.count > 1
    ? [...sooner, { ...deed, count: 1 }, { ...deed, count: Math.ceil(deed.count / 2) }]
    : sooner
}

const CALMER: readonly Partial<Scenario>[] = [
  { seed: 0 },
  { seed: 1 },
  { ahead: [0, 0, 0] },
  { startAt: Date.UTC(2026, 5, 1, 3) },
  { awaitsReceipts: [] },
  { listening: [] },
  { answersWithinMs: 20 },
  { listeningAtLast: [0] },
  { partitions: 2 },
]

const PLAIN: Omit<Sketch, 'person' | 'identity'> = {
  kind: 'ready',
  lane: 0,
  urgent: false,
  resend: false,
  waitMs: 1_000,
  quiet: null,
  expiresInMs: null,
  staleInMs: null,
  subject: null,
  revision: null,
  fate: 'delivered',
  receiptAfterMs: 0,
  receiptTwiceMs: null,
}
