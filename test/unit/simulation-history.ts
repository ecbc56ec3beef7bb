import fc from 'fast-check'
import { expect } from 'vitest'
import type { Lane } from '../../src/domain/entry.ts'
import { laneOf } from '../../src/domain/entry.ts'
import type { Link } from '../../src/domain/input.ts'
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
import type { Fate } from './simulation-line.ts'
import { createPromises } from './simulation-promises.ts'
import { type Attempt, createWorld, type Ending, RULES, type Rules, type Settings, type World } from './simulation-world.ts'

const DAY = 24 * HOUR
const LANES: readonly Lane[] = [
  MAIN,
  laneOf({ channel: 'main', endpoint: 'flexible' }),
  laneOf({ channel: 'other', endpoint: 'template' }),
]
const SUBJECTS = ['reservation/R-1', 'outage/O-1'] as const
const CUSTOMERS = ['C-0', 'C-1', 'C-2'] as const
const CHANNELS = ['main', 'other'] as const
const WEBHOOKS = [0, 1] as const
/** What waits to be heard of is looked after so often: heartbeats come, and an idle task shows that it is alive. More rarely than in
 *  earnest, as days go by with every history. */
const TICK_MS = 3 * HOUR

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
  | {
      readonly do: 'answer'
      readonly pick: number
      readonly outcome: Outcome
      readonly way: 'told' | 'lost'
      readonly fate: Fate
      /** Whether LINE took what it does not answer. */
      readonly taken: boolean
    }
  /** LINE takes it, and says so before it answers. */
  | { readonly do: 'take'; readonly pick: number; readonly fate: Fate }
  | { readonly do: 'link'; readonly pick: number; readonly user: string }
  /** An event about something that this partition knows nothing of. */
  | { readonly do: 'stray'; readonly what: 'receipt' | 'link' }
  | { readonly do: 'wake'; readonly which: number; readonly channels: readonly string[] }
  | { readonly do: 'fall'; readonly which: number; readonly way: 'in-order' | 'crashed' }
  | { readonly do: 'doubt'; readonly which: number; readonly ms: number }
  | { readonly do: 'tick'; readonly ago: number }
  /** A worker with another configuration takes over. */
  | { readonly do: 'configure'; readonly settings: Settings }
  | { readonly do: 'cancel'; readonly subject: string; readonly ago: number }
  | { readonly do: 'revise'; readonly subject: string; readonly revision: number }
  | { readonly do: 'order'; readonly channel: string; readonly order: 'pause' | 'resume' }
  | { readonly do: 'opt'; readonly customer: string; readonly out: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'run'; readonly ms: number; readonly weather: Outcome; readonly fate: Fate }
  | { readonly do: 'permit'; readonly permits: number }
  | { readonly do: 'reopen'; readonly ending: Ending; readonly compacted: boolean; readonly ahead: number }
  | { readonly do: 'step'; readonly most: number }
  | { readonly do: 'barrier' | 'silence' | 'lapse' }

const pick = fc.nat({ max: 20 })

const fate: fc.Arbitrary<Fate> = fc.record({
  seenAfter: fc.constantFrom(0, 0, 0, null, null, MINUTE, HOUR, 5 * HOUR, 23 * HOUR, DAY),
  saidAfter: fc.constantFrom(0, 0, 0, SECOND, HOUR, DAY, 3 * DAY),
  twiceAfter: fc.constantFrom(null, null, 0, SECOND, HOUR, 2 * DAY),
  againAfter: fc.constantFrom(null, MINUTE, HOUR, DAY),
})

const some = <T>(items: readonly T[]): fc.Arbitrary<readonly T[]> => fc.subarray([...items])
/** Mostly live channels, mostly with a webhook. */
const settings: fc.Arbitrary<Settings> = fc.record({
  awaited: fc.constantFrom(['main'], ['main'], ['main', 'other'], ['other'], []),
  limited: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: some(CHANNELS) }),
  shadows: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: some(CHANNELS) }),
  reviewing: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: some(CHANNELS) }),
})

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
      fate,
      taken: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take'), pick, fate }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('link'), pick, user: fc.constantFrom('U-0', 'U-1') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stray'), what: fc.constantFrom('receipt', 'link') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wake'),
      which: fc.constantFrom(...WEBHOOKS),
      channels: fc.constantFrom(['main', 'other'], ['main', 'other'], ['main'], ['other'], ['elsewhere']),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fall'),
      which: fc.constantFrom(...WEBHOOKS),
      way: fc.constantFrom('in-order', 'in-order', 'crashed'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('doubt'),
      which: fc.constantFrom(...WEBHOOKS),
      ms: fc.constantFrom(5 * SECOND, HOUR, 12 * HOUR),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('tick'), ago: fc.constantFrom(0, 0, 5 * SECOND, HOUR) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('configure'), settings }) },
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
      fate,
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
  readonly reviewed: boolean
}

const sketch: fc.Arbitrary<Sketch> = fc.record({
  kind: fc.constantFrom('ready', 'ready', 'ready', 'ready', 'ready', 'ready', 'refused', 'poison'),
  identity: fc.nat({ max: 5 }),
  person: fc.nat({ max: 2 }),
  lane: fc.constantFrom(0, 0, 0, 1, 2),
  urgent: fc.constantFrom(false, false, false, true),
  quiet: fc.constantFrom(false, false, true),
  age: fc.constantFrom(0, 0, 0, SECOND, HOUR, 23 * HOUR, 25 * HOUR, -HOUR),
  expiresIn: fc.constantFrom(null, null, SECOND, HOUR, 30 * HOUR),
  policy: fc.constantFrom('give-up', 'resend'),
  wait: fc.constantFrom(SECOND, SECOND, HOUR, DAY),
  subject: fc.nat({ max: 3 }),
  revision: fc.constantFrom(null, 0, 1, 2, 3),
  onlyIf: fc.constantFrom(false, false, true),
  businessKey: fc.constantFrom(null, null, 0, 0, 1),
  fallbackAfter: fc.constantFrom(null, SECOND, MINUTE, HOUR),
  reviewed: fc.constantFrom(true, true, false),
})

export interface History {
  readonly startAt: number
  readonly spacingMs: number
  readonly perDay: number
  readonly progress: boolean
  readonly settings: Settings
  /** Webhooks that are up when it begins, and when nothing more happens. */
  readonly listening: readonly number[]
  readonly listeningAtLast: readonly number[]
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
    settings,
    listening: some(WEBHOOKS),
    listeningAtLast: some(WEBHOOKS),
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
    reviewed: s.reviewed,
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
      return attempt && world.answer(attempt, choose(NOT_EVEN, what.pick) ?? notSent('connect'), 'told', null)
    }
    case 'answer': {
      const attempt = choose(inPhase('under-way'), what.pick)
      const took = what.outcome.kind === 'accepted' || what.taken
      return attempt && world.answer(attempt, what.outcome, what.way, took ? what.fate : null)
    }
    case 'take': {
      const attempt = choose(inPhase('under-way'), what.pick)
      return attempt && world.take(attempt, what.fate)
    }
    case 'link': {
      const attempt = choose(world.attempts, what.pick)
      return attempt && world.hear(linkOf(attempt.notification.notificationId, what.user, world))
    }
    case 'stray':
      return world.hear(
        what.what === 'receipt'
          ? { kind: 'receipt', deliveryTag: FOREIGN, deliveredAt: world.now }
          : linkOf(FOREIGN, 'U-0', world),
      )
    case 'wake':
      return world.line.wake(what.which, what.channels)
    case 'fall':
      return world.line.fall(what.which, what.way)
    case 'doubt':
      return world.line.doubt(what.which, what.ms)
    case 'tick':
      return world.line.tick(what.ago)
    case 'configure':
      return world.reopen('drained', { compacted: false, ahead: 0, settings: what.settings })
    case 'hand-over': {
      const attempt = choose(inPhase('over'), what.pick)
      return attempt && world.handOver(attempt)
    }
    case 'deliver': {
      const doubtful = world.attempts.filter(({ truth, taken }) => taken && truth?.kind === 'unknown')
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
      world.passTo(world.now + what.ms)
      return world.step()
    case 'run':
      run(world, rules, world.now + what.ms, what)
      return world.step()
    case 'permit':
      world.permits = permitsFor(what.permits)
      return
    case 'reopen':
      return world.reopen(what.ending, what)
    case 'barrier':
      return world.barrier()
    case 'silence':
      world.passTo(world.now + SECOND)
      world.barrier()
      return world.step()
    case 'lapse':
      for (const attempt of inPhase('under-way')) world.answer(attempt, timedOut, 'told', null)
      return
    case 'step':
      return world.step(what.most)
  }
}

const permitsFor = (each: number): ReadonlyMap<Lane, number> => new Map(LANES.map((lane) => [lane, each]))

/** Time passes, and nobody acts but the task itself: it steps when it would, and not when it would not. All that it sends meanwhile is
 *  answered the same. */
const run = (
  world: World,
  rules: Rules,
  until: number,
  { weather, fate }: { readonly weather: Outcome; readonly fate: Fate },
): void => {
  let barrierAt = -1
  let tickAt = world.now
  for (let round = 0; round < 5_000; round++) {
    for (const attempt of world.attempts) {
      if (attempt.phase === 'waiting') world.start(attempt)
      if (attempt.phase !== 'under-way') continue
      world.answer(attempt, weather, attempt.life.alive ? 'told' : 'lost', fate)
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
    const { unknown, accepted: awaiting } = store.count()
    if (unknown + awaiting === 0) tickAt = Number.POSITIVE_INFINITY
    else if (tickAt <= world.now || tickAt === Number.POSITIVE_INFINITY) tickAt = world.now + TICK_MS
    const due = Math.min(next, tickAt, world.line.nextAt())
    world.passTo(Math.min(until, held ? world.now + 25 : Math.max(world.now, due)))
    if (world.now >= tickAt) world.line.tick(0)
    if (world.now >= until) return
    world.step()
  }
  expect.fail('the task does not come to rest')
}

/** A delivery tag that is not ours, and a notification that nobody knows. */
const FOREIGN = 'somebody-else’s'

const linkOf = (notificationId: string, userId: string, { now, feedback }: World): Link => ({
  kind: 'link',
  notificationId,
  userId,
  webhookEventId: `W-${feedback.length}`,
  linkedAt: now,
})

export const AT_ONCE: Fate = { seenAfter: 0, saidAfter: 0, twiceAfter: null, againAfter: null }

/** No more faults. */
const letEnd = (world: World, rules: Rules, listening: readonly number[]): void => {
  for (const which of WEBHOOKS) {
    world.line.fall(which, 'in-order')
    if (listening.includes(which)) world.line.wake(which, CHANNELS)
  }
  for (const channel of ['main', 'other']) world.produce({ kind: 'channel', channel, order: 'resume' })
  world.permits = permitsFor(10)
  world.reopen('drained', { compacted: true, ahead: 0 })
  world.step()
  run(world, rules, world.now + 90 * DAY, { weather: accepted, fate: AT_ONCE })
  expect(world.life.store.count(), 'everything ends, though nothing else happens').toMatchObject({
    queued: 0,
    sending: 0,
    unknown: 0,
    accepted: 0,
  })
}

export const live = ({ sketches, deeds, listening, listeningAtLast, ...circumstances }: History, rules: Rules = RULES): void => {
  // The promises are asked of the world, and the world is watched by them.
  const promises: ReturnType<typeof createPromises>[] = []
  const world = createWorld(
    rules,
    {
      taken: (taken) => promises[0]?.taken(taken),
      posted: (attempt) => promises[0]?.posted(attempt),
      reopened: (before, after) => promises[0]?.reopened(before, after),
    },
    circumstances,
  )
  const judge = createPromises(world.policy)
  promises.push(judge)
  judge.attach(world)
  for (const which of listening) world.line.wake(which, CHANNELS)
  world.permits = permitsFor(1)
  const source: Source = { sketches, records: new Map(), times: new Map() }
  for (const what of deeds) perform(world, what, source, rules)
  letEnd(world, rules, listeningAtLast)
  judge.atTheEnd()
}
