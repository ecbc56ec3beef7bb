import fc from 'fast-check'
import { expect } from 'vitest'
import type { Lane } from '../../src/domain/entry.ts'
import { laneOf } from '../../src/domain/entry.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Notification, Request } from '../../src/domain/request.ts'
import {
  accepted,
  HOUR,
  MAIN,
  MINUTE,
  NIGHT,
  NOON,
  notSent,
  poison,
  ready,
  refused,
  rejected,
  SECOND,
  timedOut,
  unreachable,
} from './notification-builder.ts'
import { createPromises } from './simulation-promises.ts'
import { type Attempt, createWorld, type Ending, RULES, type Rules, type World } from './simulation-world.ts'

const DAY = 24 * HOUR
const LANES: readonly Lane[] = [
  MAIN,
  laneOf({ channel: 'main', endpoint: 'flexible' }),
  laneOf({ channel: 'other', endpoint: 'template' }),
]
const SUBJECTS = ['reservation/R-1', 'outage/O-1'] as const
const CUSTOMERS = ['C-0', 'C-1', 'C-2'] as const

/** What LINE, or the network, may say of an attempt whose first byte was written. */
const ANSWERS: readonly Outcome[] = [
  ...[accepted, accepted, timedOut, timedOut, timedOut, unreachable, rejected],
  ...[
    notSent('rate-limited', 5 * SECOND),
    notSent('rate-limited'),
    notSent('unauthorized'),
    notSent('forbidden'),
    notSent('monthly-limit'),
  ],
]
/** Of one that was not. */
const NOT_EVEN: readonly Outcome[] = [notSent('connect'), notSent('no-token'), notSent('no-key')]

type Deed =
  | { readonly do: 'produce' | 'start' | 'deliver' | 'hand-over' | 'refuse-connection'; readonly pick: number }
  | { readonly do: 'answer'; readonly pick: number; readonly outcome: Outcome; readonly way: 'told' | 'lost' }
  | { readonly do: 'cancel'; readonly subject: string; readonly ago: number }
  | { readonly do: 'revise'; readonly subject: string; readonly revision: number }
  | { readonly do: 'order'; readonly channel: string; readonly order: 'pause' | 'resume' }
  | { readonly do: 'opt'; readonly customer: string; readonly out: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'run'; readonly ms: number; readonly weather: Outcome }
  | { readonly do: 'permit'; readonly permits: number }
  | { readonly do: 'reopen'; readonly ending: Ending; readonly compacted: boolean; readonly ahead: number }
  | { readonly do: 'step'; readonly most: number }
  | { readonly do: 'barrier' | 'silence' | 'lapse' }

const pick = fc.nat({ max: 20 })
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('produce'), pick }) },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constantFrom('start', 'start', 'start', 'deliver', 'hand-over', 'refuse-connection'), pick }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('answer'),
      pick,
      outcome: fc.constantFrom(...ANSWERS),
      way: fc.constantFrom('told', 'told', 'told', 'lost'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('cancel'),
      subject: fc.constantFrom(...SUBJECTS),
      ago: fc.constantFrom(0, 0, SECOND, HOUR),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('revise'), subject: fc.constantFrom(...SUBJECTS), revision: fc.nat({ max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('order'),
      channel: fc.constantFrom('main', 'main', 'other'),
      order: fc.constantFrom('pause', 'resume', 'resume'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('opt'), customer: fc.constantFrom(...CUSTOMERS), out: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('pass'),
      ms: fc.constantFrom(1, SECOND, SECOND, 2 * SECOND, 14 * SECOND, MINUTE, 10 * MINUTE, HOUR, HOUR),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('run'),
      ms: fc.constantFrom(HOUR, 5 * HOUR, DAY, DAY, 4 * DAY, 15 * DAY),
      weather: fc.constantFrom(accepted, timedOut, unreachable, notSent('forbidden')),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('permit'), permits: fc.nat({ max: 3 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('reopen'),
      ending: fc.constantFrom('drained', 'crashed', 'crashed', 'commit-lost', 'commit-made'),
      compacted: fc.boolean(),
      ahead: fc.constantFrom(0, 0, 5 * SECOND, -5 * SECOND, 10 * MINUTE, -10 * MINUTE),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('step'), most: fc.constantFrom(1, 2, 100, 100) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('barrier', 'silence', 'silence', 'lapse') }) },
)

/** What a notification is like; when it happened is known when it is first produced. */
interface Sketch {
  readonly kind: 'ready' | 'refused' | 'poison'
  readonly identity: number
  readonly person: number
  readonly lane: number
  readonly urgent: boolean
  readonly quiet: boolean
  readonly age: number
  readonly expiresIn: number | null
  readonly policy: 'give-up' | 'resend'
  readonly wait: number
  readonly subject: number
  readonly revision: number | null
  readonly onlyIf: boolean
  readonly businessKey: number | null
  readonly fallbackAfter: number | null
}

const sketch: fc.Arbitrary<Sketch> = fc.record({
  kind: fc.constantFrom('ready', 'ready', 'ready', 'ready', 'ready', 'ready', 'refused', 'poison'),
  identity: fc.nat({ max: 9 }),
  person: fc.nat({ max: 2 }),
  lane: fc.constantFrom(0, 0, 0, 1, 2),
  urgent: fc.constantFrom(false, false, false, true),
  quiet: fc.constantFrom(false, false, true),
  age: fc.constantFrom(0, 0, 0, SECOND, HOUR, 23 * HOUR, 25 * HOUR, -HOUR),
  expiresIn: fc.constantFrom(null, null, SECOND, HOUR, 30 * HOUR),
  policy: fc.constantFrom('give-up', 'resend'),
  wait: fc.constantFrom(SECOND, SECOND, HOUR),
  subject: fc.nat({ max: 3 }),
  revision: fc.constantFrom(null, 0, 1, 2, 3),
  onlyIf: fc.constantFrom(false, false, true),
  businessKey: fc.constantFrom(null, null, 0, 0, 1),
  fallbackAfter: fc.constantFrom(null, SECOND, MINUTE, HOUR),
})

export interface History {
  readonly startAt: number
  readonly spacingMs: number
  readonly perDay: number
  readonly progress: boolean
  readonly sketches: readonly Sketch[]
  readonly deeds: readonly Deed[]
}

export const history = (length = 80): fc.Arbitrary<History> =>
  fc.record({
    /** Noon, just before quiet hours, and in them. */
    startAt: fc.constantFrom(NOON, NOON + 9 * HOUR - SECOND, NOON + 12 * HOUR),
    spacingMs: fc.constantFrom(0, 0, MINUTE, 2 * HOUR),
    perDay: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1, 2),
    progress: fc.constantFrom(true, true, true, false),
    sketches: fc.array(sketch, { minLength: 1, maxLength: 8, size: 'max' }),
    deeds: fc.array(deed, { maxLength: length, size: 'max' }),
  })

/** The same identity is the same event, which happened once. */
const requestOf = (n: number, s: Sketch, now: number, times: Map<string, number>): Request => {
  const identityKey = `k${s.person}${s.identity}`
  const time = times.get(identityKey) ?? now - s.age
  if (s.kind === 'ready') times.set(identityKey, time)
  const event = { source: 'jp.example', id: `e${n}`, type: null, time }
  if (s.kind === 'poison') return { ...poison(n), receivedAt: now }
  if (s.kind === 'refused') return refused(n, { event, receivedAt: now })
  const subject = SUBJECTS[s.subject] ?? null
  const revision = subject === null ? null : s.revision
  const lane = LANES[s.lane] ?? MAIN
  const of: Partial<Notification> = {
    identityKey,
    recipientRef: `r${s.person}`,
    customerId: CUSTOMERS[s.person] ?? null,
    channel: lane.slice(0, lane.indexOf('/')),
    endpoint: lane.endsWith('flexible') ? 'flexible' : 'template',
    urgent: s.urgent,
    quietHours: s.quiet ? NIGHT : null,
    event,
    receivedAt: now,
    expiresAt: s.expiresIn === null ? null : now + s.expiresIn,
    unknownPolicy: s.policy,
    unknownWaitMs: s.wait,
    fallbackAfterMs: s.fallbackAfter,
    subject,
    revision,
    onlyIfNotified: s.onlyIf && revision !== null,
    reviewed: true,
    businessKey: s.businessKey === null ? null : `b${s.person}${s.businessKey}`,
    businessWindowMs: 2 * HOUR,
  }
  return ready(n, of)
}

/** The same record read again: intake has received it later. */
const readAgain = (request: Request, now: number): Request => {
  if (request.kind === 'ready') return { ...request, notification: { ...request.notification, receivedAt: now } }
  return request.kind === 'refused' ? { ...request, receivedAt: now } : request
}

const choose = <T>(items: readonly T[], at: number): T | undefined => items[at % Math.max(1, items.length)]

interface Source {
  readonly sketches: readonly Sketch[]
  readonly records: Map<number, Request>
  readonly times: Map<string, number>
}

const perform = (world: World, what: Deed, { sketches, records, times }: Source, rules: Rules): void => {
  const inPhase = (...phases: readonly Attempt['phase'][]) => world.attempts.filter(({ phase }) => phases.includes(phase))
  switch (what.do) {
    case 'produce': {
      const n = what.pick % sketches.length
      const known = records.get(n)
      const one = sketches[n]
      if (!one) return
      const request = known ? readAgain(known, world.now) : requestOf(n, one, world.now, times)
      records.set(n, request)
      return world.produce(request)
    }
    case 'start': {
      const attempt = choose(inPhase('waiting'), what.pick)
      return attempt && world.start(attempt)
    }
    case 'refuse-connection': {
      const attempt = choose(inPhase('waiting'), what.pick)
      return attempt && world.answer(attempt, choose(NOT_EVEN, what.pick) ?? notSent('connect'), 'told')
    }
    case 'answer': {
      const attempt = choose(inPhase('under-way'), what.pick)
      return attempt && world.answer(attempt, what.outcome, what.way)
    }
    case 'hand-over': {
      const attempt = choose(inPhase('over'), what.pick)
      return attempt && world.handOver(attempt)
    }
    case 'deliver': {
      const doubtful = world.attempts.filter(({ truth }) => truth?.kind === 'unknown')
      const attempt = choose(doubtful, what.pick)
      return attempt && world.handOver(attempt, accepted)
    }
    case 'cancel':
      return world.produce({
        kind: 'mark',
        marking: { subject: what.subject, cancelledAt: world.now - what.ago, revision: null, forgetAt: world.now + 25 * HOUR },
      })
    case 'revise':
      return world.produce({
        kind: 'mark',
        marking: { subject: what.subject, cancelledAt: null, revision: what.revision, forgetAt: world.now + 25 * HOUR },
      })
    case 'order':
      return world.produce({ kind: 'channel', channel: what.channel, order: what.order })
    case 'opt':
      if (what.out) world.optedOut.add(what.customer)
      else world.optedOut.delete(what.customer)
      return
    case 'pass':
      world.now += what.ms
      return world.step()
    case 'run':
      run(world, rules, world.now + what.ms, what.weather)
      return world.step()
    case 'permit':
      world.permits = permitsFor(what.permits)
      return
    case 'reopen':
      return world.reopen(what.ending, what)
    case 'barrier':
      return world.barrier()
    case 'silence':
      world.now += SECOND
      world.barrier()
      return world.step()
    case 'lapse':
      for (const attempt of inPhase('under-way')) world.answer(attempt, timedOut, 'told')
      return
    case 'step':
      return world.step(what.most)
  }
}

const permitsFor = (each: number): ReadonlyMap<Lane, number> => new Map(LANES.map((lane) => [lane, each]))

/** Time passes, and nobody acts but the task itself: it steps when it would, and not when it would not. All that it sends meanwhile is
 *  answered the same. */
const run = (world: World, rules: Rules, until: number, weather: Outcome): void => {
  let barrierAt = -1
  for (let round = 0; round < 5_000; round++) {
    for (const attempt of world.attempts) {
      if (attempt.phase === 'waiting') world.start(attempt)
      if (attempt.phase !== 'under-way') continue
      world.answer(attempt, weather, attempt.life.alive ? 'told' : 'lost')
    }
    if (world.barrierWanted && barrierAt < world.steppedAt) {
      barrierAt = world.steppedAt // by the owner’s clock, as what it is compared with
      world.barrier()
    }
    if (world.more || world.backlog() > 0) {
      world.step()
      continue
    }
    const { store, owner, ahead } = world.life
    const held = LANES.some((lane) => (world.permits.get(lane) ?? 0) > 0 && rules.waitsForPermit(store, lane, world.now + ahead))
    const next = (rules.nextStepAt(store, { now: world.steppedAt, owner }) ?? Number.POSITIVE_INFINITY) - ahead
    world.now = Math.min(until, held ? world.now + 25 : Math.max(world.now, next))
    if (world.now >= until) return
    world.step()
  }
  expect.fail('the task does not come to rest')
}

/** No more faults. */
const letEnd = (world: World, rules: Rules): void => {
  for (const channel of ['main', 'other']) world.produce({ kind: 'channel', channel, order: 'resume' })
  world.permits = permitsFor(10)
  world.reopen('drained', { compacted: true, ahead: 0 })
  world.step()
  run(world, rules, world.now + 90 * DAY, accepted)
  expect(world.life.store.count(), 'everything ends, though nothing else happens').toMatchObject({
    queued: 0,
    sending: 0,
    unknown: 0,
  })
}

export const live = ({ startAt, sketches, deeds, ...limits }: History, rules: Rules = RULES): void => {
  const policyOf = { ...limits }
  // The promises are asked of the world, and the world is watched by them.
  const promises: ReturnType<typeof createPromises>[] = []
  const world = createWorld(
    rules,
    {
      taken: (taken) => promises[0]?.taken(taken),
      posted: (attempt) => promises[0]?.posted(attempt),
      reopened: (before, after) => promises[0]?.reopened(before, after),
    },
    policyOf,
  )
  const judge = createPromises(world.policy)
  promises.push(judge)
  judge.attach(world)
  world.now = startAt
  world.permits = permitsFor(1)
  const source: Source = { sketches, records: new Map(), times: new Map() }
  for (const what of deeds) perform(world, what, source, rules)
  letEnd(world, rules)
  judge.atTheEnd()
}
