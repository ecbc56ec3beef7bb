import fc from 'fast-check'
import type { LineFate, Weather } from './line-endpoint.ts'
import { type Deed, PEOPLE, type Scenario, type Sketch, type Timed } from './scenario.ts'
import type { Point, Trouble } from './trouble.ts'

const SECOND = 1_000
const HOUR = 3_600_000
/** 2026-06-01, noon in Tokyo; and a few seconds before the clocks are changed in Berlin, in spring and in autumn. */
const STARTS = [Date.UTC(2026, 5, 1, 3), Date.UTC(2026, 2, 29, 0, 59, 45), Date.UTC(2026, 9, 25, 0, 59, 45)] as const

const often = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 2 * others.length, arbitrary: fc.constant(usual) }, ...others.map((each) => fc.constant(each)))

const sketch: fc.Arbitrary<Sketch> = fc.record({
  kind: often<Sketch['kind']>('ready', 'ready', 'ready', 'refused', 'poison'),
  // Often the same few, who are written to one after the other.
  person: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: PEOPLE - 1 })),
  identity: fc.nat({ max: 19 }),
  lane: fc.nat({ max: 1 }),
  urgent: often(false, true),
  resend: often(false, true),
  waitMs: fc.constantFrom(SECOND, 5 * SECOND, 30 * SECOND, HOUR),
  quiet: often<Sketch['quiet']>(
    null,
    { fromMs: 0, forMs: 20 * SECOND },
    { fromMs: 5 * SECOND, forMs: 5 * SECOND },
    { fromMs: 10 * SECOND, forMs: 30 * SECOND },
    { fromMs: -HOUR, forMs: HOUR + 15 * SECOND },
    { fromMs: 20 * SECOND, forMs: 2 * HOUR },
  ),
  expiresInMs: often<number | null>(null, SECOND, 3 * SECOND, 10 * SECOND, HOUR),
  staleInMs: often<number | null>(null, SECOND),
  subject: fc.constantFrom(null, 0, 1),
  revision: fc.constantFrom(null, null, 0, 1, 2),
  fate: often<LineFate>('delivered', 'silent', 'unreachable'),
  receiptAfterMs: fc.constantFrom(0, 0, 50, SECOND, 10 * SECOND, HOUR, 5 * HOUR, 30 * HOUR),
  receiptTwiceMs: often<number | null>(null, 0, 5 * SECOND),
})

/** Nothing keeps it from leaving at once. */
const rushed: fc.Arbitrary<Sketch> = sketch.map((each) => ({
  ...each,
  kind: 'ready',
  lane: 0,
  quiet: null,
  staleInMs: null,
  expiresInMs: null,
  person: (each.identity * 7 + each.person) % PEOPLE,
}))

const WEATHERS: readonly Weather[] = [
  'no-connection',
  'swallowed',
  'answer-lost',
  'answer-late',
  'reset-before',
  'reset-after',
  'failed-taken',
  'failed',
  'rate-limited',
  'unauthorized',
  'forbidden',
  'monthly-limit',
  'rejected',
  'slow',
]

const JOURNAL: readonly Point[] = ['fence', 'fenced', 'write', 'commit', 'committed', 'restore', 'portion', 'inputs', 'close']
const OTHERS: readonly Point[] = ['connect', 'connected', 'answered', 'feedback', 'told', 'join', 'sync', 'heartbeat', 'fetch']

const ms = fc.constantFrom(50, 500, 3 * SECOND, 12 * SECOND, 20 * SECOND)
const worker = fc.nat({ max: 2 })

const trouble: fc.Arbitrary<Trouble> = fc.record({
  worker: fc.option(worker, { freq: 3 }),
  at: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...JOURNAL, 'commit', 'committed') }, fc.constantFrom(...OTHERS)),
  what: fc.constantFrom('wait', 'throw', 'throw', 'freeze', 'sleep', 'kill', 'twice', 'later'),
  ms,
})

interface Weighted {
  readonly weight: number
  readonly arbitrary: fc.Arbitrary<Deed>
}

/** What comes about where all is well. */
const ORDERLY: readonly Weighted[] = [
  {
    weight: 20,
    arbitrary: fc.record({ do: fc.constant('ask'), pick: fc.nat({ max: 59 }), count: often(1, 2, 5, 15, 60) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('cancel'), subject: fc.nat({ max: 1 }), agoMs: fc.constantFrom(0, 0, SECOND, HOUR) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('order'),
      channel: fc.constantFrom('main', 'other'),
      order: fc.constantFrom('pause', 'resume', 'resume'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('stop'), worker, backInMs: fc.constantFrom(0, SECOND, 15 * SECOND) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('again'), pick: fc.nat({ max: 50 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wake'), webhook: fc.nat({ max: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('beat', 'compact') }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('weather'), weather: fc.constant<Weather>('slow'), count: fc.nat({ max: 9 }) }),
  },
]

const FAULTS: readonly Weighted[] = [
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('weather'),
      weather: fc.constantFrom(...WEATHERS),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 8, arbitrary: trouble.map((each) => ({ do: 'trouble' as const, ...each })) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('freeze'), worker, ms, asleep: often(false, true) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('kill'),
      worker,
      backInMs: fc.constantFrom(0, SECOND, 15 * SECOND),
      disk: fc.constantFrom('kept', 'kept', 'older', 'none'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('jump'),
      worker,
      ms: fc.constantFrom(-10 * SECOND, -SECOND, SECOND, 10 * SECOND, HOUR),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut-off'), worker, ms: fc.constantFrom(5 * SECOND, 15 * SECOND) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('fall'), webhook: fc.nat({ max: 1 }), way: fc.constantFrom('in-order', 'crashed') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('doubt'), webhook: fc.nat({ max: 1 }), ms: fc.constantFrom(SECOND, 10 * SECOND) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('garbage'),
      topic: fc.constantFrom('requests', 'feedback'),
      partition: fc.nat({ max: 3 }),
    }),
  },
]

const timed = (deed: fc.Arbitrary<Deed>): fc.Arbitrary<Timed> =>
  fc
    .tuple(fc.constantFrom(0, 0, 5, 50, 50, 300, 300, SECOND, SECOND, 3 * SECOND, 8 * SECOND), deed)
    .map(([after, each]) => ({ after, ...each }))

const MOST_DEEDS = 60
const deeds = (...kinds: readonly Weighted[]): fc.Arbitrary<readonly Timed[]> =>
  fc.array(timed(fc.oneof(...kinds)), { maxLength: MOST_DEEDS, size: 'max' })

/** Some lives are orderly, so that what has no excuse is seen; and in some there is a rush on one lane. */
export const scenario = (): fc.Arbitrary<Scenario> =>
  fc.record({
    seed: fc.integer({ min: 0, max: 0x7fffffff }),
    startAt: fc.constantFrom(...STARTS),
    partitions: fc.integer({ min: 2, max: 4 }),
    workers: fc.integer({ min: 2, max: 3 }),
    awaitsReceipts: often<readonly string[]>([], ['main'], ['main', 'other']),
    listening: fc.subarray([0, 1]),
    listeningAtLast: fc.subarray([0, 1]),
    answersWithinMs: fc.constantFrom(20, 60, 300, 1_500),
    ahead: fc.array(often(0, -5 * SECOND, -SECOND, SECOND, 5 * SECOND), { minLength: 3, maxLength: 3 }),
    sketches: fc.oneof(
      { weight: 4, arbitrary: fc.array(sketch, { minLength: 4, maxLength: 60, size: 'max' }) },
      { weight: 1, arbitrary: fc.array(rushed, { minLength: 60, maxLength: 60, size: 'max' }) },
    ),
    deeds: fc.oneof({ weight: 3, arbitrary: deeds(...ORDERLY, ...FAULTS) }, { weight: 1, arbitrary: deeds(...ORDERLY) }),
  })
