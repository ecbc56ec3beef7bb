import { describe, expect, test } from 'vitest'
import { type Build, PRODUCT } from '../../proof/simulation/build.ts'
import { CANARY } from '../../proof/simulation/intake.ts'
import { judge, trySeed } from '../../proof/simulation/simulate.ts'
import type { Invariant } from '../../proof/verifier/history.ts'
import type { Provider } from '../../src/dispatch/provider.ts'
import type { Sender } from '../../src/dispatch/sender.ts'
import type { TaskOptions } from '../../src/dispatch/task.ts'
import type { Committed } from '../../src/dispatch/task-journal.ts'
import type { Intention } from '../../src/domain/changes.ts'
import type { Notification } from '../../src/domain/request.ts'
import { shareOut } from '../../src/kafka/co-partition-assigner.ts'

/* A judge who never finds fault is worth nothing: each of these breaks one promise, and must be found out. */

const withTask = (change: (options: TaskOptions) => Partial<TaskOptions>): Build => ({
  ...PRODUCT,
  openTask: (options) => PRODUCT.openTask({ ...options, ...change(options) }),
})

const withProvider = (change: (provider: Provider) => Provider): Build => ({
  ...PRODUCT,
  createSender: (options) =>
    PRODUCT.createSender({
      ...options,
      lanes: new Map([...options.lanes].map(([lane, way]) => [lane, { ...way, provider: change(way.provider) }])),
    }),
})

const notifying = (change: (notification: Notification) => Partial<Notification>): Build => ({
  ...PRODUCT,
  input: (input) =>
    input.kind === 'request' && input.request.kind === 'ready'
      ? {
          ...input,
          request: {
            ...input.request,
            notification: { ...input.request.notification, ...change(input.request.notification) },
          },
        }
      : input,
})

const committing = (change: (committed: Committed) => Partial<Committed>): Build => ({
  ...PRODUCT,
  aroundJournal: (journal) => ({ ...journal, commit: (committed) => journal.commit({ ...committed, ...change(committed) }) }),
})

/** The sender is given what a commit is to make, while it is made. */
const sendsBeforeCommit = (): Build =>
  withTask((options) => {
    let sender: Sender | undefined
    const sent = new Set<string>()
    const isNew = ({ deliveryTag }: Intention) => !sent.has(deliveryTag) && sent.add(deliveryTag)
    return {
      createSender: (wiring) => {
        const made = options.createSender({ ...wiring, stillWanted: () => true })
        sender = { ...made, send: (intentions, decidedAt) => made.send(intentions.filter(isNew), decidedAt) }
        return sender
      },
      journal: {
        ...options.journal,
        commit: (committed) => {
          const { intentions } = committed as Committed & { readonly intentions: readonly Intention[] }
          sender?.send(intentions, options.clock.monotonic())
          return options.journal.commit(committed)
        },
      },
    }
  })

/** What is broken, by what it is found, and the build. */
const BREAKS: readonly (readonly [string, readonly Invariant[], Build])[] = [
  ['it is sent before it is committed', [2], sendsBeforeCommit()],
  [
    'nobody is fenced',
    [1, 2, 5, 6],
    {
      ...PRODUCT,
      createCoordinator: (now) => {
        const coordinator = PRODUCT.createCoordinator(now)
        return { ...coordinator, take: (id, owner) => coordinator.take(`${id} of ${owner}`, owner) }
      },
    },
  ],
  [
    'a commit that failed is taken for made',
    [1, 2, 5, 6],
    {
      ...PRODUCT,
      aroundJournal: (journal) => {
        let next = 0
        return {
          ...journal,
          commit: async (committed) => {
            next = await journal.commit(committed).catch(() => next)
            return next
          },
        }
      },
    },
  ],
  [
    'send-by is not asked',
    [2, 3],
    withProvider((provider) => ({
      ...provider,
      send: (attempt) => provider.send({ ...attempt, mayStart: () => attempt.mayStart() || true }),
    })),
  ],
  [
    'what was called off since is started',
    [3],
    withTask((options) => ({ createSender: (wiring) => options.createSender({ ...wiring, stillWanted: () => true }) })),
  ],
  [
    'a request is tried again when its answer is lost',
    [2],
    withProvider((provider) => ({
      ...provider,
      send: async (attempt) => {
        const outcome = await provider.send(attempt)
        return outcome.kind === 'unknown' ? provider.send(attempt) : outcome
      },
    })),
  ],
  [
    'a lost answer is taken for a refusal',
    [2],
    {
      ...PRODUCT,
      createSender: (options) =>
        PRODUCT.createSender({
          ...options,
          onReport: (report, attempt) =>
            options.onReport(
              report.outcome.kind === 'unknown'
                ? { ...report, outcome: { kind: 'not-sent', cause: 'connect', requestId: null, retryAfterMs: null } }
                : report,
              attempt,
            ),
        }),
    },
  ],
  ['what is known when a task closes is not handed over', [8], withTask(() => ({ handOver: async () => {} }))],
  ['answers to what the owner before has under way are not waited for', [8], withTask(() => ({ attemptMs: -2_000 }))],
  [
    'the store is ahead of the log',
    [1, 2, 5, 6, 8],
    withTask(({ journal, store }) => ({
      journal: {
        ...journal,
        commit: (committed) => {
          store.apply(committed, store.resumeFrom())
          store.sync(Number.MAX_SAFE_INTEGER)
          return journal.commit(committed)
        },
      },
    })),
  ],
  [
    'a store that is old is taken for new',
    [1, 2, 5, 6, 8],
    withTask(({ journal }) => ({
      journal: { ...journal, restore: (from, onPortion) => journal.restore(from, from > 0 ? () => {} : onPortion) },
    })),
  ],
  [
    'the last entry is not restored',
    [1, 2, 5, 6, 8],
    withTask(({ journal }) => ({
      journal: {
        ...journal,
        restore: (from, onPortion) =>
          journal.restore(from, (changes, next) => onPortion({ ...changes, entries: changes.entries?.slice(0, -1) ?? [] }, next)),
      },
    })),
  ],
  ['positions are ahead', [1, 5], committing(({ position }) => ({ position: { ...position, requests: position.requests + 1 } }))],
  ['what is unreadable is passed over', [5], committing(() => ({ unreadable: [] }))],
  ['a result is lost', [1], committing(({ results }) => ({ results: results.filter(({ status }) => status !== 'duplicate') }))],
  [
    'every owner has the same epoch',
    [2, 5],
    { ...PRODUCT, aroundJournal: (journal) => ({ ...journal, fence: () => journal.fence().then(() => 7) }) },
  ],
  [
    'the rate is twice what it may be',
    [4],
    {
      ...PRODUCT,
      rateShare: (limit, partitions) => {
        const share = PRODUCT.rateShare(limit, partitions)
        return { rate: share.rate * 2, capacity: share.capacity * 2, burst: share.burst * 2 }
      },
    },
  ],
  ['a partition is nobody’s', [1, 8], { ...PRODUCT, shareOut: (partitions, members) => shareOut(partitions - 1, members) }],
  [
    'a task that failed is never opened again',
    [1, 8],
    { ...PRODUCT, createDispatcher: (options) => ({ ...PRODUCT.createDispatcher(options), onHeartbeat: () => {} }) },
  ],
  ['quiet hours are not asked', [3], notifying(() => ({ quietHours: null }))],
  ['expiry is not asked', [3], notifying(() => ({ expiresAt: null }))],
  ['a known identity is not known', [1], notifying(({ notificationId }) => ({ identityKey: notificationId }))],
  ['it is sent again, though the policy is to give up', [2], notifying(() => ({ unknownPolicy: 'resend' }))],
  [
    'a number is in a result',
    [7],
    committing(({ results }) => ({ results: results.map((each) => ({ ...each, detail: `${CANARY} has no account` })) })),
  ],
]

const MOST_SEEDS = 400

test('what is found is made small, and still shows it', async () => {
  const build = notifying(() => ({ expiresAt: null }))
  const found = await trySeed(2, { build, shrinkMs: 8_000 })
  expect(found?.scenario.deeds.length).toBeLessThan(12)
  expect(found && (await judge(found.scenario, build))).not.toEqual([])
  expect(found && (await judge(found.scenario))).toEqual([])
}, 60_000)

describe('the simulation finds out when', () => {
  test.each(BREAKS)(
    '%s',
    async (name, invariants, build) => {
      for (let seed = 1; seed <= MOST_SEEDS; seed++) {
        const found = await trySeed(seed, { build })
        if (!found) continue
        if (process.env.SIMULATE_TELL)
          console.log(`${name}: seed ${seed}: ${found.breaches.map((b) => `${b.invariant} ${b.what}`).join(' | ')}`.slice(0, 300))
        if (found.breaches.some(({ invariant }) => invariants.includes(invariant))) return
      }
      expect.fail(`nothing found in ${MOST_SEEDS} seeds`)
    },
    120_000,
  )
})
