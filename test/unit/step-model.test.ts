import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { ReadyRequest, Request } from '../../src/domain/request.ts'
import {
  accepted,
  HOUR,
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
import { createPromises } from './step-promises.ts'
import { createWorld, type World } from './step-world.ts'

const OUTCOMES: readonly Outcome[] = [
  accepted,
  timedOut,
  timedOut,
  timedOut,
  unreachable,
  rejected,
  notSent('send-by'),
  notSent('connect'),
  notSent('rate-limited', 5 * SECOND),
  notSent('unauthorized'),
]

type Deed =
  | { readonly do: 'produce' | 'hand-over' | 'deliver'; readonly pick: number }
  | { readonly do: 'answer'; readonly pick: number; readonly outcome: Outcome; readonly way: 'told' | 'handed' | 'lost' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'permit'; readonly permits: number }
  | { readonly do: 'reopen'; readonly lost: boolean }
  | { readonly do: 'step' | 'barrier' | 'silence' }

const pick = fc.nat({ max: 20 })
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 7, arbitrary: fc.record({ do: fc.constantFrom('produce', 'produce', 'hand-over', 'deliver', 'deliver'), pick }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('answer'),
      pick,
      outcome: fc.constantFrom(...OUTCOMES),
      way: fc.constantFrom('told', 'told', 'handed', 'lost'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass'),
      ms: fc.constantFrom(1, SECOND, 2 * SECOND, 14 * SECOND, MINUTE, HOUR, 5 * HOUR),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('permit'), permits: fc.nat({ max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reopen'), lost: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('step', 'barrier', 'silence', 'silence') }) },
)

/** Noon, just before quiet hours, and in them. */
const beginning = fc.constantFrom(NOON, NOON + 9 * HOUR - SECOND, NOON + 12 * HOUR)

/** Some notifications, a few of them with the same identity, or refused, or unreadable. */
const requestsOf = (policy: 'give-up' | 'resend'): fc.Arbitrary<Request[]> =>
  fc
    .array(
      fc.record({
        kind: fc.constantFrom('ready', 'ready', 'ready', 'ready', 'refused', 'poison'),
        identity: fc.nat({ max: 3 }),
        urgent: fc.boolean(),
        quiet: fc.boolean(),
        expiresIn: fc.constantFrom(null, SECOND, HOUR, 30 * HOUR),
        wait: fc.constantFrom(SECOND, SECOND, HOUR),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((all) =>
      all.map(({ kind, identity, urgent, quiet, expiresIn, wait }, n): Request => {
        if (kind === 'refused') return refused(n)
        if (kind === 'poison') return poison(n)
        return ready(n, {
          identityKey: `k${identity}`,
          urgent,
          quietHours: quiet ? NIGHT : null,
          expiresAt: expiresIn === null ? null : NOON + expiresIn,
          unknownPolicy: policy,
          unknownWaitMs: wait,
        })
      }),
    )

const perform = (world: World, what: Deed, requests: readonly Request[]): void => {
  switch (what.do) {
    case 'produce': {
      const request = requests[what.pick % requests.length]
      if (request) world.produce(request)
      return world.step()
    }
    case 'answer': {
      const open = world.attempts.filter(({ truth }) => truth === undefined)
      const attempt = open[what.pick % open.length]
      return attempt && world.answer(attempt, what.outcome, what.way)
    }
    case 'hand-over': {
      const known = world.attempts.filter(({ truth }) => truth !== undefined)
      const attempt = known[what.pick % known.length]
      return attempt && world.handOver(attempt)
    }
    case 'deliver': {
      const doubtful = world.attempts.filter(({ truth }) => truth?.kind === 'unknown')
      const attempt = doubtful[what.pick % doubtful.length]
      return attempt && world.answer(attempt, accepted, 'handed')
    }
    case 'pass':
      world.now += what.ms
      return world.step()
    case 'permit':
      world.permits = what.permits
      return world.step()
    case 'reopen':
      return world.reopen(what.lost)
    case 'barrier':
      return world.barrier()
    case 'silence':
      world.now += SECOND
      return world.barrier()
    case 'step':
      return world.step()
  }
}

/** No more faults: every attempt is answered, time passes, and silence is judged. */
const letEnd = (world: World): void => {
  world.permits = 10
  world.reopen(false)
  for (let round = 0; round < 60; round++) {
    for (const attempt of world.attempts) if (attempt.truth === undefined) world.answer(attempt, accepted, 'told')
    world.now += HOUR
    world.barrier()
  }
}

test.each(['give-up', 'resend'] as const)(
  'whatever happens, every notification ends once and truly, and nothing goes out that should not (%s)',
  (policy) => {
    fc.assert(
      fc.property(requestsOf(policy), beginning, fc.array(deed, { maxLength: 60, size: 'max' }), (requests, startAt, deeds) => {
        const promises = createPromises()
        const world = createWorld((taken) => promises.check(world, taken))
        world.now = startAt
        for (const what of deeds) perform(world, what, requests)
        letEnd(world)

        const produced = new Set(world.requests)
        for (const request of produced) {
          const id = request.kind === 'ready' ? request.notification.notificationId : request.notificationId
          expect(promises.terminalsOf(id), 'every notification ends once').toHaveLength(1)
          const wasAccepted = world.attempts.some(
            (each) => each.notificationId === id && each.told.some(({ kind }) => kind === 'accepted'),
          )
          const last = promises.resultsOf(id).at(-1)?.status
          if (wasAccepted) expect(last, 'what LINE took is never said to have failed').toBe('accepted')
        }
        const sendable = [...produced].filter((request): request is ReadyRequest => request.kind === 'ready')
        for (const key of new Set(sendable.map(({ notification }) => notification.identityKey))) {
          const same = sendable.filter(({ notification }) => notification.identityKey === key)
          const ends = same.flatMap(({ notification }) => promises.terminalsOf(notification.notificationId))
          expect(
            ends.filter(({ status }) => status !== 'duplicate'),
            'of one identity, one is sent',
          ).toHaveLength(1)
        }
      }),
      { numRuns: 200 },
    )
  },
)
