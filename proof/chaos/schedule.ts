import type { FaultSpec } from '../../src/line-simulator/fault.ts'
import type { WebhookFaultSpec } from '../../src/line-simulator/webhook-fault.ts'
import { type Chance, chanceOf } from './inputs/chance.ts'

/** What goes wrong in a run, and when: the same for the same seed and length. Times are ms from the start of the production. */
export interface Schedule {
  readonly acts: readonly Act[]
  /** The window of quiet hours, on whole seconds. */
  readonly quietFrom: number
  readonly quietUntil: number
  readonly producedBy: number
  readonly faultsFrom: number
  /** After this nothing new goes wrong. */
  readonly calmFrom: number
  /** It should all be over. */
  readonly until: number
}

/** Acts of one lane follow each other; lanes go side by side, so that faults meet. */
export type Lane = 'workers' | 'cluster' | 'line' | 'events'

/** `worker`: a place, from 1; if nobody lives there then, the next one. */
export type Act = { readonly at: number; readonly lane: Lane; readonly lastsMs: number } & Deed

export type Deed =
  | { readonly kind: 'kill'; readonly worker: number; readonly downMs: number }
  | { readonly kind: 'freeze'; readonly worker: number; readonly ms: number }
  /** Begins before the quiet window opens, and ends in it, while connections to LINE are slow to come about. */
  | { readonly kind: 'freeze-into-quiet'; readonly worker: number; readonly ms: number; readonly connectMs: number }
  | { readonly kind: 'restart'; readonly worker: number }
  | { readonly kind: 'scale'; readonly to: readonly number[]; readonly holdMs: number }
  | { readonly kind: 'store'; readonly worker: number; readonly damage: Damage }
  | { readonly kind: 'group-offsets' }
  | { readonly kind: 'clock'; readonly worker: number; readonly aheadMs: number; readonly ms: number }
  | { readonly kind: 'machine-pause'; readonly worker: number; readonly ms: number }
  | { readonly kind: 'slow-sync'; readonly worker: number; readonly other: number; readonly ms: number }
  | { readonly kind: 'fan-out'; readonly downMs: number }
  | { readonly kind: 'broker'; readonly how: 'crash' | 'shutdown'; readonly downMs: number }
  | { readonly kind: 'registry'; readonly how: 'cut' | 'stall'; readonly ms: number }
  | { readonly kind: 'line'; readonly fault: FaultSpec; readonly ms: number }
  | { readonly kind: 'line-outage'; readonly how: 'refuses' | 'answers-503'; readonly ms: number }
  | { readonly kind: 'webhook'; readonly fault: WebhookFaultSpec; readonly ms: number }

export type Damage = 'deleted' | 'truncated' | 'earlier' | 'years-old'
export type Kind = Deed['kind']

/** How many workers there are when nothing is wrong. */
export const WORKERS = 3

/** From here on every kind of fault has its time. */
const FULL_MS = 5 * 60_000
const SECOND = 1_000
const MINUTE = 60 * SECOND

export const scheduleOf = (seed: number, minutes: number): Schedule => {
  const until = Math.round(minutes * MINUTE)
  const whole = (share: number) => Math.round((share * until) / SECOND) * SECOND
  const of = {
    ...{ quietFrom: whole(0.3), quietUntil: whole(0.55), producedBy: whole(0.7), calmFrom: whole(0.75), until },
    from: Math.min(10 * SECOND, whole(0.1)),
    isFull: until >= FULL_MS,
  }
  const lanes = (['workers', 'cluster', 'line', 'events'] as const).map((_, n) => chanceOf(Math.imul(seed, 31) + n))
  const [forWorkers, forCluster, forLine, forEvents] = lanes as [Chance, Chance, Chance, Chance]
  const workers = workerActs(forWorkers, of)
  const acts = [...workers, ...clusterActs(forCluster, of, workers), ...lineActs(forLine, of), ...eventActs(forEvents, of)]
  const { quietFrom, quietUntil, producedBy, calmFrom } = of
  return { acts: acts.sort((a, b) => a.at - b.at), quietFrom, quietUntil, producedBy, faultsFrom: of.from, calmFrom, until }
}

interface Span {
  readonly from: number
  readonly calmFrom: number
  readonly quietFrom: number
  readonly until: number
  readonly isFull: boolean
}

type Draft = { readonly lastsMs: number } & Deed

/** From here on the first worker is let live after the first round: whether memory grows is seen only of one that grows old. */
const LONG_MS = 8 * MINUTE
/** The process ends. */
const ENDS: ReadonlySet<Kind> = new Set(['kill', 'restart', 'store'])
/** No worker lives on. */
const END_ALL: ReadonlySet<Kind> = new Set(['group-offsets', 'fan-out'])

/** In short runs these come first; the others as there is time. */
const FIRST: readonly Kind[] = ['kill', 'restart', 'freeze']
const OTHERS: readonly Kind[] = ['scale', 'store', 'group-offsets', 'clock', 'machine-pause', 'slow-sync', 'fan-out']
const GAP_MS = [500, 1_500] as const
/** What is still being put right after the act before. */
const BEFORE_QUIET_MS = 2_500
const LEAST_WITH_QUIET_MS = 2 * MINUTE

/** Round by round, each with every kind in an order of its own. One that would run into the freeze at the start of quiet hours lets one
 *  go before that does not. */
const workerActs = (chance: Chance, of: Span): Act[] => {
  const acts: Act[] = []
  let quiet =
    of.until >= LEAST_WITH_QUIET_MS
      ? ({ at: of.quietFrom - BEFORE_QUIET_MS, lane: 'workers', ...freezeIntoQuiet(chance) } as const)
      : undefined
  const damages = shuffled(chance, DAMAGES)
  let stores = 0
  let at = of.from
  let round: Draft[] = []
  let rounds = 0
  while (at < of.calmFrom) {
    if (round.length === 0) {
      const spares = of.until >= LONG_MS && rounds++ > 0
      const draft = (kind: Kind) => draftOf(kind, chance, of, spares, () => damages[stores++ % damages.length] ?? 'deleted')
      const first = shuffled(chance, of.isFull ? [...FIRST, ...OTHERS] : FIRST)
      round = [...first, ...(of.isFull ? [] : shuffled(chance, OTHERS))]
        .filter((kind) => !(spares && END_ALL.has(kind)))
        .map(draft)
    }
    const end = quiet ? quiet.at - GAP_MS[1] : of.calmFrom
    const index = round.findIndex(({ lastsMs }) => at + lastsMs <= end)
    const [next] = index < 0 ? [] : round.splice(index, 1)
    if (next) {
      acts.push({ at, lane: 'workers', ...next })
      at += next.lastsMs + chance.between(...GAP_MS)
    } else if (quiet) {
      acts.push(quiet)
      at = quiet.at + quiet.lastsMs
      quiet = undefined
    } else break
  }
  return acts.map((act) => ({ ...act, at: Math.round(act.at) }))
}

const DAMAGES: readonly Damage[] = ['deleted', 'truncated', 'earlier', 'years-old']

const freezeIntoQuiet = (chance: Chance) =>
  ({
    kind: 'freeze-into-quiet',
    worker: anyWorker(chance),
    ms: Math.round(chance.between(14_500, 17_000)),
    connectMs: Math.round(chance.between(1_200, 1_700)),
    lastsMs: 22_000,
  }) as const

const draftOf = (kind: Kind, chance: Chance, of: Span, spares: boolean, damage: () => Damage): Draft => {
  // Of the slow one's rebalance, the next worker is the cause: it is restarted.
  const least = spares && ENDS.has(kind) ? 2 : 1
  const most = spares && kind === 'slow-sync' ? WORKERS - 1 : WORKERS
  const worker = least + chance.below(most - least + 1)
  switch (kind) {
    case 'kill': {
      const downMs = Math.round(chance.between(200, 4_000))
      return { kind, worker, downMs, lastsMs: downMs + 5_000 }
    }
    case 'freeze': {
      const ms = Math.round(chance.between(14_500, 18_000))
      return { kind, worker, ms, lastsMs: ms + 3_000 }
    }
    case 'restart':
      return { kind, worker, lastsMs: 7_000 }
    case 'scale':
      return { kind, to: [1, 4, 3], holdMs: 5_000, lastsMs: 24_000 }
    case 'store':
      return { kind, worker, damage: damage(), lastsMs: 9_000 }
    case 'group-offsets':
      return { kind, lastsMs: 14_000 }
    case 'clock': {
      const ms = Math.round(chance.between(8_000, 14_000))
      return { kind, worker, aheadMs: Math.round(jump(chance, of)), ms, lastsMs: ms + 1_000 }
    }
    case 'machine-pause': {
      const ms = Math.round(chance.between(4_000, 14_000))
      return { kind, worker, ms, lastsMs: ms + 4_000 }
    }
    case 'slow-sync':
      return { kind, worker, other: (worker % WORKERS) + 1, ms: 8_000, lastsMs: 15_000 }
    case 'fan-out': {
      const downMs = Math.round(chance.between(200, 3_000))
      return { kind, downMs, lastsMs: downMs + 13_000 }
    }
    default:
      throw new RangeError(`${kind} is not done to workers`)
  }
}

/** Backwards by minutes or hours. Forwards by no more than what is decided then can be waited for: who waits ten seconds by a clock that
 *  is two minutes ahead waits for two minutes more. */
const jump = (chance: Chance, { until }: Span): number =>
  chance.happens(0.5) ? -chance.between(2 * MINUTE, 3 * 60 * MINUTE) : chance.between(0.05, 0.2) * until

const anyWorker = (chance: Chance): number => chance.below(WORKERS) + 1

/** They need a broker that answers. */
const NEED_BROKER: ReadonlySet<Kind> = new Set(['group-offsets', 'fan-out', 'slow-sync'])
const CLUSTER_EVERY_MS = 50 * SECOND
const CLUSTER_LASTS_MS = 20 * SECOND

const clusterActs = (chance: Chance, of: Span, workers: readonly Act[]): Act[] => {
  const barred = workers.filter(({ kind }) => NEED_BROKER.has(kind)).map(({ at, lastsMs }) => [at - 5_000, at + lastsMs] as const)
  const all = [
    ...shuffled(chance, [broker(chance, 'crash'), broker(chance, 'shutdown')]),
    ...shuffled(chance, [registry(chance, 'cut'), registry(chance, 'stall')]),
  ]
  const span = of.calmFrom - of.from
  const count = of.isFull ? Math.max(all.length, Math.floor(span / CLUSTER_EVERY_MS)) : span > MINUTE ? 2 : 1
  const chosen = of.isFull || count === 1 ? all : [all[0], all[2]].filter((each) => each !== undefined)
  const order = of.isFull ? shuffled(chance, all) : chosen
  const acts: Act[] = []
  let free = of.from
  for (let n = 0; n < count; n++) {
    const deed = order[n % order.length]
    if (!deed) continue
    const slot = of.from + (span / count) * n
    const lastsMs = deed.kind === 'broker' ? deed.downMs + 8_000 : deed.ms + 1_000
    const wish = Math.max(free, slot + chance.between(0.1, 0.5) * (span / count))
    const at = Math.round(deed.kind === 'broker' ? outOf(barred, wish, CLUSTER_LASTS_MS) : wish)
    acts.push({ at, lane: 'cluster', lastsMs, ...deed })
    free = at + lastsMs + 2_000
  }
  return acts
}

/** The first time from `at` on at which so long a span meets none of these. */
const outOf = (spans: readonly (readonly [number, number])[], at: number, lastsMs: number): number => {
  const met = spans.find(([from, until]) => at < until && at + lastsMs > from)
  return met ? outOf(spans, met[1] + 1, lastsMs) : at
}

const broker = (chance: Chance, how: 'crash' | 'shutdown') =>
  ({ kind: 'broker', how, downMs: chance.happens(0.5) ? 0 : Math.round(chance.between(1_000, 8_000)) }) as const
const registry = (chance: Chance, how: 'cut' | 'stall') =>
  ({ kind: 'registry', how, ms: Math.round(chance.between(5_000, 15_000)) }) as const

const OUTAGE_MS = MINUTE

/** Short, as each of them that is met may cost a notification its end. */
const lineActs = (chance: Chance, of: Span): Act[] => {
  const outage = (how: 'refuses' | 'answers-503'): Draft => {
    const ms = Math.round(Math.min(OUTAGE_MS, 0.1 * of.until))
    return { kind: 'line-outage', how, ms, lastsMs: ms }
  }
  return inTurn(chance, of, [2_000, 5_000], () => [
    ...LINE_FAULTS.map((fault): Draft => {
      const ms = Math.round(chance.between(2_000, 6_000))
      const probability = 'recorded' in fault ? chance.between(0.1, 0.4) : chance.between(0.3, 1)
      return { kind: 'line', fault: { ...fault, probability, seed: chance.below(1 << 30) }, ms, lastsMs: ms }
    }),
    ...(of.isFull ? [outage(chance.happens(0.5) ? 'refuses' : 'answers-503')] : []),
  ])
}

const LINE_FAULTS: readonly FaultSpec[] = [
  { kind: 'rate-limited', retryAfterSeconds: 2 },
  { kind: 'rate-limited' },
  { kind: 'server-error', status: 500, recorded: true },
  { kind: 'server-error', status: 503, recorded: false },
  { kind: 'reset', recorded: true },
  { kind: 'reset', recorded: false },
  { kind: 'hang', recorded: true },
  { kind: 'hang', recorded: false },
  { kind: 'malformed', body: 'html', recorded: false },
  { kind: 'malformed', body: 'half-json', recorded: true },
  { kind: 'malformed', body: 'cut', recorded: true },
  { kind: 'slow', ms: 1_500 },
  { kind: 'unauthorized' },
  { kind: 'monthly-limit' },
  { kind: 'forbidden' },
]

const eventActs = (chance: Chance, of: Span): Act[] =>
  inTurn(chance, of, [1_000, 4_000], () =>
    WEBHOOK_FAULTS.map((fault): Draft => {
      const ms = Math.round(chance.between(4_000, 10_000))
      return {
        kind: 'webhook',
        fault: { ...fault, probability: chance.between(0.2, 0.7), seed: chance.below(1 << 30) },
        ms,
        lastsMs: ms,
      }
    }),
  )

/** Nothing that is lost for good: what was accepted would never be said to be delivered. */
const WEBHOOK_FAULTS: readonly WebhookFaultSpec[] = [
  { kind: 'late', ms: 4_000 },
  { kind: 'early' },
  { kind: 'duplicated', ms: 0 },
  { kind: 'duplicated', ms: 3_000 },
  { kind: 'redelivered', ms: 1_000 },
  { kind: 'reordered' },
  { kind: 'slow-body', ms: 1_000 },
  { kind: 'unknown-type' },
]

/** All of a round in an order of its own, then those of the next, until it is over. */
const inTurn = (chance: Chance, of: Span, gap: readonly [number, number], round: () => readonly Draft[]): Act[] => {
  const acts: Act[] = []
  const lane = (draft: Draft): Lane => (draft.kind === 'webhook' ? 'events' : 'line')
  let left: Draft[] = []
  for (let at = of.from; ; ) {
    if (left.length === 0) left = shuffled(chance, round())
    const next = left.shift()
    if (!next || at + next.lastsMs > of.calmFrom) return acts
    acts.push({ at: Math.round(at), lane: lane(next), ...next })
    at += next.lastsMs + chance.between(...gap)
  }
}

const shuffled = <T>(chance: Chance, all: readonly T[]): T[] =>
  all
    .map((each) => ({ each, place: chance.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ each }) => each)
