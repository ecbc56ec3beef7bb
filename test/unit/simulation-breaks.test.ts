import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Changes } from '../../src/domain/changes.ts'
import { coveredUntil } from '../../src/domain/coverage.ts'
import type { Entry } from '../../src/domain/entry.ts'
import type { Feedback, Input } from '../../src/domain/input.ts'
import type { Moment, Policy } from '../../src/domain/moment.ts'
import type { Notification, Request } from '../../src/domain/request.ts'
import type { Result } from '../../src/domain/result.ts'
import type { State } from '../../src/domain/state.ts'
import { step } from '../../src/domain/step.ts'
import { HOUR, notSent } from './notification-builder.ts'
import { type History, history, live } from './simulation-history.ts'
import { COST, RULES, type Rules } from './simulation-world.ts'

/* A judge who never finds fault is worth nothing: each of these breaks one promise, and must be found out. */

/** A step that sees another state, other inputs or another moment, or says something else. */
const broken = (how: {
  readonly state?: (state: State) => Partial<State>
  readonly input?: (input: Input, state: State) => Input | readonly Input[]
  readonly moment?: (moment: Moment) => Partial<Moment>
  readonly changes?: (changes: Changes, moment: Moment, state: State) => Partial<Changes>
  readonly rules?: Partial<Rules>
}): Rules => ({
  ...RULES,
  ...how.rules,
  step: (state, inputs, moment) => {
    const seen = { ...state, ...how.state?.(state) }
    const at = { ...moment, ...how.moment?.(moment) }
    const { input = (each) => each } = how
    const changes = step(
      seen,
      inputs.flatMap((each) => input(each, state)),
      at,
    )
    return { ...changes, ...how.changes?.(changes, moment, state) }
  },
})

const requesting =
  (change: (request: Request) => Request) =>
  (input: Input): Input =>
    input.kind === 'request' ? { ...input, request: change(input.request) } : input

const notifying = (change: (notification: Notification) => Partial<Notification>) =>
  requesting((request) =>
    request.kind === 'ready'
      ? { ...request, notification: { ...request.notification, ...change(request.notification) } }
      : request,
  )

const DELIVERED = { status: 'delivered', terminal: true } as const
const ENTRY = { notification: null, sealed: null } as const
const hearing =
  (change: (feedback: Feedback, state: State) => Feedback | readonly Feedback[]) =>
  (input: Input, state: State): readonly Input[] =>
    input.kind === 'feedback' ? [change(input.feedback, state)].flat().map((feedback) => ({ ...input, feedback })) : [input]

/** Read, and of no meaning. */
const NOTHING: Feedback = { kind: 'heartbeat', channels: [], from: 0, until: 0 }

const believing = (change: Partial<Policy>) => broken({ moment: ({ policy }) => ({ policy: { ...policy, ...change } }) })
const withResults = (change: (result: Result) => Partial<Result>) => (changes: Changes) => ({
  results: changes.results.map((result) => ({ ...result, ...change(result) })),
})

const withEntries = (change: (entry: Entry) => Partial<Entry>) => (changes: Changes) => ({
  entries: changes.entries.map((entry) => ({ ...entry, ...change(entry) })),
})
const NONE: readonly never[] = []
const always = () => true

const DAY = 24 * HOUR

/** What is broken, the rules, and, where it would take long to come about by itself, what helps it to. */
const BREAKS: readonly (readonly [string, Rules, Partial<History>?])[] = [
  [
    'what may have been delivered is sent again, though the policy is to give up',
    broken({ input: notifying(() => ({ unknownPolicy: 'resend' })) }),
  ],
  [
    'a lost answer is taken for a refusal',
    broken({
      input: (input) =>
        input.kind === 'outcome' && input.report.outcome.kind === 'unknown'
          ? { ...input, report: { ...input.report, outcome: notSent('connect') } }
          : input,
    }),
  ],
  ['the wait for an answer is not waited for', broken({ moment: ({ now }) => ({ silentTo: now + 2 * HOUR }) })],
  ['a tag is used again', broken({ moment: () => ({ counter: 0 }) })],
  ['quiet hours are not asked', broken({ input: notifying(() => ({ quietHours: null })) })],
  [
    'an intention may be started for longer than quiet hours, expiry or send-by allow',
    broken({
      changes: ({ intentions }) => ({ intentions: intentions.map((each) => ({ ...each, startBy: each.startBy + HOUR })) }),
    }),
  ],
  ['expiry is not asked', broken({ input: notifying(() => ({ expiresAt: null })) })],
  [
    'marks are not read',
    broken({ state: () => ({ mark: () => undefined, pendingMarks: () => NONE }), rules: { isStillWanted: always } }),
  ],
  ['what was called off since is started', { ...RULES, isStillWanted: always }],
  ['a pause is not heeded', broken({ state: () => ({ pause: () => undefined }) })],
  [
    'a paused channel is tried all the time',
    broken({
      state: (state) => ({
        pause: (channel) => {
          const pause = state.pause(channel)
          return pause && pause.probeAt !== null ? { ...pause, probeAt: 0 } : pause
        },
      }),
    }),
  ],
  [
    'opt-outs are not asked',
    broken({ moment: ({ policy }) => ({ policy: { ...policy, isOptedOut: () => false } }), rules: { isStillWanted: always } }),
  ],
  ['two are sent to one person at a time', broken({ state: () => ({ sendingTo: () => NONE }) })],
  [
    'those in a line overtake',
    broken({
      state: (state) => ({
        inLine: () => NONE,
        waiting: function* (lane, now) {
          for (const first of state.waiting(lane, now)) {
            const [, second] = first.notification ? state.inLine(first.notification) : NONE
            yield second && second.releaseAt <= now ? second : first
          }
        },
      }),
    }),
  ],
  [
    'spacing and cap are not kept',
    broken({ moment: ({ policy }) => ({ policy: { ...policy, spacingMs: 0, perDay: Number.POSITIVE_INFINITY } }) }),
  ],
  ['the cap is one too many', broken({ moment: ({ policy }) => ({ policy: { ...policy, perDay: policy.perDay + 1 } }) })],
  ['what only those get who were told is sent to all', broken({ input: notifying(() => ({ onlyIfNotified: false })) })],
  [
    'more leave than there are permits for',
    broken({ moment: ({ permits }) => ({ permits: new Map([...permits].map(([lane, n]) => [lane, n + 1])) }) }),
  ],
  ['a known identity is not known', broken({ state: () => ({ byIdentity: () => undefined }) })],
  ['a known business key is not known', broken({ state: () => ({ byBusinessKey: () => undefined }) })],
  ['what lay in the log is not waited for', broken({ moment: () => ({ readUntil: { requests: 0, feedback: 0 } }) })],
  ['a known position is not known', broken({ state: (state) => ({ get: () => undefined, byTag: state.byTag }) })],
  [
    'what is older than its window is sent',
    broken({
      input: notifying(({ dedupeWindowMs }) => ({ dedupeWindowMs: 50 * dedupeWindowMs })),
      state: (state) => ({ forgettable: (now) => state.forgettable(now + 40 * 24 * HOUR), nextForget: () => undefined }),
    }),
  ],
  [
    'what has ended is forgotten at once',
    broken({ state: (state) => ({ forgettable: (now) => state.forgettable(now + 20 * HOUR) }) }),
  ],
  [
    'marks are forgotten at once',
    broken({
      state: (state) => ({
        forgettable: (now) => [...state.forgettable(now + 40 * HOUR)].filter((key) => key.startsWith('mark/')),
      }),
    }),
  ],
  [
    'another channel is due too soon',
    broken({ input: notifying(({ fallbackAfterMs }) => ({ fallbackAfterMs: fallbackAfterMs && fallbackAfterMs - 1 })) }),
  ],
  [
    'another channel is due twice',
    broken({
      changes: withEntries(({ fallbackSaid, state }) =>
        fallbackSaid && state !== 'done' ? { fallbackSaid: false, fallbackAt: 0 } : {},
      ),
    }),
  ],
  ['address and message are kept', broken({ changes: withEntries(({ sealed }) => ({ sealed: sealed ?? Buffer.from('kept') })) })],
  ['address and message are gone too soon', broken({ changes: withEntries(({ state }) => (state === 'unknown' ? ENTRY : {})) })],
  ['a result is lost', broken({ changes: ({ results }) => ({ results: results.filter(({ terminal }) => !terminal) }) })],
  [
    'a result is said twice',
    broken({ changes: ({ results }) => ({ results: results.flatMap((each) => (each.terminal ? [each, each] : [each])) }) }),
  ],
  [
    'a correction claims to be another end',
    broken({
      changes: ({ results }) => ({ results: results.map((each) => (each.corrects ? { ...each, terminal: true } : each)) }),
    }),
  ],
  [
    'what nobody can say is called unsent',
    broken({
      changes: ({ results }) => ({
        results: results.map((each) => (each.status === 'unconfirmed' ? { ...each, status: 'expired' as const } : each)),
      }),
    }),
  ],
  [
    'the position is not moved on',
    broken({ changes: (_, __, state) => ({ position: state.position() ?? { requests: 0, feedback: 0 } }) }),
  ],
  [
    'intentions of earlier owners are passed over',
    broken({
      changes: () => ({ orphans: false }),
      moment: ({ owner }) => ({ owner: { ...owner, orphansFrom: Number.POSITIVE_INFINITY } }),
    }),
  ],
  ['a barrier is never asked for', broken({ changes: () => ({ barrierWanted: false }) })],
  ['the task sleeps', { ...RULES, nextStepAt: () => undefined }],
  [
    'the task does not go on with what is left',
    broken({
      changes: ({ intentions, entries }) =>
        intentions.length > 0
          ? { entries: entries.map((e) => ({ ...e, notBefore: e.state === 'queued' ? Number.MAX_SAFE_INTEGER : e.notBefore })) }
          : {},
    }),
  ],
  ['receipts are not read', broken({ input: hearing((feedback) => (feedback.kind === 'receipt' ? NOTHING : feedback)) })],
  [
    'a receipt that comes after the end is not read',
    broken({
      state: (state) => ({
        byTag: (tag) => {
          const entry = state.byTag(tag)
          return entry?.state === 'done' ? { ...entry, corrected: true } : entry
        },
      }),
    }),
  ],
  [
    'a receipt corrects again',
    broken({
      state: (state) => ({
        byTag: (tag) => {
          const entry = state.byTag(tag)
          return entry?.state === 'done' ? { ...entry, corrected: false, status: 'undelivered' } : entry
        },
      }),
    }),
  ],
  [
    'it is delivered when LINE took it',
    broken({ changes: withResults(({ status }) => (status === 'accepted' ? DELIVERED : {})) }),
  ],
  [
    'it is delivered at another time than LINE says',
    broken({
      input: hearing((feedback) =>
        feedback.kind === 'receipt' ? { ...feedback, deliveredAt: feedback.deliveredAt + 1 } : feedback,
      ),
    }),
  ],
  [
    'what was delivered is said not to be',
    broken({
      changes: withResults(({ status }) => (status === 'delivered' ? { status: 'undelivered', deliveredAt: null } : {})),
    }),
  ],
  [
    'what LINE never took is said to be undelivered',
    broken({ changes: withResults(({ status }) => (status === 'unconfirmed' ? { status: 'undelivered', cost: null } : {})) }),
  ],
  ['accepted is the end, though somebody listens', believing({ awaitsReceipt: () => false })],
  ['receipts are awaited where nobody listens', believing({ awaitsReceipt: () => true })],
  [
    'it does not matter whether anybody listened',
    broken({
      state: () => ({ coverage: (channel) => ({ channel, spans: [{ from: 0, until: Number.MAX_SAFE_INTEGER }], holes: [] }) }),
    }),
  ],
  [
    'the time between two heartbeats counts as if somebody had listened',
    broken({
      state: (state) => ({
        coverage: (channel) => {
          const coverage = state.coverage(channel)
          const [first] = coverage?.spans ?? []
          return first && coverage && { ...coverage, spans: [{ from: first.from, until: coveredUntil(coverage) }] }
        },
      }),
    }),
  ],
  [
    'who listens on one channel is taken to listen on all',
    broken({
      input: hearing((feedback) => (feedback.kind === 'heartbeat' ? { ...feedback, channels: ['main', 'other'] } : feedback)),
    }),
  ],
  [
    'heartbeats are taken for longer than they say',
    broken({
      input: hearing((feedback) => (feedback.kind === 'heartbeat' ? { ...feedback, until: feedback.until + HOUR } : feedback)),
    }),
  ],
  ['heartbeats are not read', broken({ input: hearing((feedback) => (feedback.kind === 'heartbeat' ? NOTHING : feedback)) })],
  ['holes are not read', broken({ input: hearing((feedback) => (feedback.kind === 'hole' ? NOTHING : feedback)) })],
  [
    'holes are forgotten: who listened beside says so later',
    broken({
      state: (state) => ({
        coverage: (channel) => {
          const coverage = state.coverage(channel)
          return coverage && { ...coverage, holes: [] }
        },
      }),
    }),
  ],
  ['coverage is not remembered', broken({ changes: () => ({ coverages: [] }) })],
  [
    'silence of what LINE took is judged before the barrier',
    broken({
      moment: ({ now }) => ({ silentTo: now }),
      state: (state) => ({
        unsettled: function* (channel, until) {
          for (const entry of state.unsettled(channel, until)) if (entry.state === 'accepted') yield entry
        },
      }),
    }),
  ],
  [
    'a webhook that does not come is waited for without end',
    broken({
      state: (state) => ({
        unsettled: (channel, until) => (until <= coveredUntil(state.coverage(channel)) ? state.unsettled(channel, until) : NONE),
      }),
    }),
  ],
  [
    'a webhook that does not come is given up too soon',
    broken({
      state: (state) => ({
        unsettled: (channel, until) =>
          state.coverage(channel) === undefined ? state.unsettled(channel, until + 2 * DAY) : state.unsettled(channel, until),
      }),
    }),
  ],
  [
    'address and message are kept while a receipt is awaited',
    broken({ changes: withEntries(({ state, sealed }) => ({ sealed: state === 'accepted' ? Buffer.from('kept') : sealed })) }),
  ],
  [
    'what cannot be charged for has a price',
    broken({ changes: withResults(({ status }) => (status === 'undelivered' ? { cost: COST } : {})) }),
  ],
  [
    'what may be charged for has no price',
    broken({ changes: withResults(({ status }) => (status === 'delivered' ? { cost: null } : {})) }),
  ],
  [
    'what was sent is forgotten before its receipt may come',
    broken({
      state: (state) => ({
        forgettable: (now) => [
          ...state.forgettable(now),
          ...[...state.forgettable(now + DAY)].filter((key) => (state.get(key.slice(6))?.keepUntil ?? now) < now),
        ],
      }),
    }),
  ],
  ['a link counts twice', broken({ changes: withEntries(() => ({ linkedAt: null })) })],
  [
    'a link counts for somebody who did not follow it',
    broken({ input: hearing((feedback) => (feedback.kind === 'link' ? { ...feedback, userId: 'U-0' } : feedback)) }),
  ],
  ['a link is not told of', broken({ changes: () => ({ attributions: [] }) })],
  [
    'who follows a link is taken to have been written to',
    broken({
      input: hearing((feedback, state) => {
        const tag = feedback.kind === 'link' ? state.get(feedback.notificationId)?.deliveryTag : undefined
        return feedback.kind === 'link' && tag
          ? [{ kind: 'receipt', deliveryTag: tag, deliveredAt: feedback.linkedAt }, feedback]
          : feedback
      }),
    }),
  ],
  ['what belongs to nothing is not counted', broken({ changes: () => ({ strays: 0 }) })],
  ['the allow-list is not asked', { ...believing({ mayReach: () => true }), isStillWanted: always }],
  ['whether it was reviewed is not asked', { ...believing({ wantsReview: () => false }), isStillWanted: always }],
  [
    'what a shadow would have sent counts for none',
    broken({
      changes: withEntries(({ status, state }) => (status === 'refused' && state === 'done' ? { reachedAt: null } : {})),
    }),
    { spacingMs: HOUR, settings: { awaited: [], limited: [], shadows: ['main', 'other'], reviewing: [] } },
  ],
  ['a shadow hints at another channel', believing({ isShadow: () => false })],
]

describe('the simulation finds out when', () => {
  test.each(BREAKS.map(([name, rules, given = {}]) => [name, rules, given] as const))(
    '%s',
    (_, rules, given) => {
      const { failed, numRuns } = fc.check(
        fc.property(history(), (lived) => live({ ...lived, ...given }, rules)),
        { numRuns: 1_500, seed: 8, endOnFailure: true },
      )
      expect(failed, `nothing found in ${numRuns} runs`).toBe(true)
    },
    60_000,
  )
})
