import { describe, expect, test, vi } from 'vitest'
import { createGate, createLog } from './memory-journal.ts'
import { createMemoryProvider } from './memory-provider.ts'
import { accepted, entryOf, HOUR, timedOut } from './notification-builder.ts'
import { SOON } from './soon.ts'
import { handedOver, openFixture, sealedRequest } from './task-fixture.ts'

const soon = <T>(fact: () => T): Promise<T> => vi.waitFor(fact, SOON)
const barriersIn = (feedback: readonly { readonly kind: string }[]) => feedback.filter(({ kind }) => kind === 'barrier')

/** An entry of an earlier owner's, in the midst of being sent. */
const orphan = (n: number) =>
  entryOf(n, { state: 'sending', status: 'sending', sequence: 1, deliveryTag: `t_3_0123456789ab_0_${n}` })

/** One whose answer was not learned; its wait ended an hour ago. */
const overdue = (n: number) =>
  entryOf(n, {
    state: 'unknown',
    status: 'unknown',
    sequence: 2,
    deliveryTag: `t_3_0123456789ab_0_${n}`,
    attempts: 1,
    settleAt: Date.now() - HOUR,
  })

describe('a task opened again', () => {
  test('sends nothing twice, and goes on with what waited', async () => {
    const log = createLog()
    const first = await openFixture({ log, rate: 1 })
    first.request(1, 2, 3)
    await soon(() => expect(first.task.committed().requests).toBe(3))
    await first.task.close()
    const provider = createMemoryProvider()
    const second = await openFixture({ log, provider })
    await soon(() =>
      expect(['n1', 'n2', 'n3'].map((id) => second.statuses(id).at(-1))).toEqual(['accepted', 'accepted', 'accepted']),
    )
    expect(provider.started).toHaveLength(3)
    expect(second.task.wants()).toEqual({ requests: 3, feedback: 0 })
  })

  test('uses no tag again, and ends the owner before it', async () => {
    const log = createLog()
    const first = await openFixture({ log })
    first.request(1)
    await soon(() => expect(first.statuses('n1')).toHaveLength(2))
    const second = await openFixture({ log, provider: first.provider })
    expect(second.task.epoch).toBeGreaterThan(first.task.epoch)
    second.request(2)
    await soon(() => expect(second.statuses('n2')).toEqual(['sending', 'accepted']))
    const tags = log.results.map(({ deliveryTag }) => deliveryTag)
    expect(new Set(tags).size).toBe(2)
    first.task.put({ kind: 'request', offset: 2, request: sealedRequest(3) })
    await soon(() => expect(first.ended).toHaveLength(1))
    expect(first.statuses('n3')).toEqual([])
    expect(first.provider.started).toHaveLength(2)
  })

  test('learns by feedback what the owner before it was told too late', async () => {
    const log = createLog()
    const first = await openFixture({ log })
    first.provider.answer('held')
    first.request(1)
    await soon(() => expect(first.provider.open).toBe(1))
    await first.task.close()
    const second = await openFixture({ log })
    first.provider.release(accepted)
    await soon(() => expect(handedOver(first.feedback)).toEqual(['0 accepted']))
    for (const [offset, feedback] of first.feedback.entries()) second.task.put({ kind: 'feedback', offset, feedback })
    await soon(() => expect(second.statuses('n1')).toEqual(['sending', 'accepted']))
  })
})

describe('silence', () => {
  test('is judged behind one barrier, however many steps there are before it is read', async () => {
    // The deadline of orphans is as good as the fence itself: nothing but the barrier is waited for.
    const { feedback, statuses, request, readFeedback } = await openFixture({ log: createLog(orphan(50)), attemptMs: -2_000 })
    await soon(() => expect(barriersIn(feedback)).toHaveLength(1))
    for (const n of [1, 2, 3]) {
      request(n)
      await soon(() => expect(statuses(`n${n}`)).toEqual(['sending', 'accepted']))
    }
    expect(barriersIn(feedback)).toHaveLength(1)
    expect(statuses('n50')).toEqual([])
    readFeedback()
    await soon(() => expect(statuses('n50')).toEqual(['unknown']))
    expect(barriersIn(feedback)).toHaveLength(1)
  })

  test('that begins later is judged behind a barrier of its own', async () => {
    let skew = 0
    const clock = { now: () => Date.now() + skew, monotonic: () => performance.now() }
    const { provider, request, feedback, statuses, readFeedback } = await openFixture({ log: createLog(overdue(50)), clock })
    await soon(() => expect(barriersIn(feedback)).toHaveLength(1))
    readFeedback()
    await soon(() => expect(statuses('n50')).toEqual(['unconfirmed']))
    provider.answer(timedOut)
    request(1)
    await soon(() => expect(statuses('n1')).toEqual(['sending', 'unknown']))
    skew = 2 * HOUR
    request(2)
    await soon(() => expect(barriersIn(feedback)).toHaveLength(2))
    readFeedback()
    await soon(() => expect(statuses('n1').at(-1)).toBe('unconfirmed'))
  })

  test('about a wait that ended while nobody owned the partition is judged, though nothing else happens', async () => {
    const { feedback, statuses, readFeedback } = await openFixture({ log: createLog(overdue(1)) })
    await soon(() => expect(barriersIn(feedback)).toHaveLength(1))
    readFeedback()
    await soon(() => expect(statuses('n1')).toEqual(['unconfirmed']))
  })

  test('about orphans whose deadline passed during the restore is judged, though nothing else happens', async () => {
    let skew = 0
    const restoring = async () => {
      skew = HOUR
    }
    const clock = { now: () => Date.now() + skew, monotonic: () => performance.now() }
    const { feedback, statuses, readFeedback } = await openFixture({ log: createLog(orphan(1)), clock, hooks: { restoring } })
    await soon(() => expect(barriersIn(feedback)).toHaveLength(1))
    readFeedback()
    await soon(() => expect(statuses('n1')).toEqual(['unknown']))
  })

  test('about a wait that ended during a commit is judged, though nothing else happens', async () => {
    let skew = 0
    const gate = createGate()
    let hold = false
    const clock = { now: () => Date.now() + skew, monotonic: () => performance.now() }
    const fixture = await openFixture({ clock, hooks: { committing: async () => (hold ? gate.pass() : undefined) } })
    const { request, provider, statuses, feedback, readFeedback } = fixture
    provider.answer(timedOut)
    request(1)
    await soon(() => expect(statuses('n1')).toEqual(['sending', 'unknown']))
    hold = true
    provider.answer(accepted)
    request(2)
    await gate.arrival
    skew = 2 * HOUR
    hold = false
    gate.open()
    await soon(() => expect(barriersIn(feedback)).toHaveLength(1))
    readFeedback()
    await soon(() => expect(statuses('n1')).toEqual(['sending', 'unknown', 'unconfirmed']))
  })

  test('is not broken by an own barrier that was written before the wait began to end', async () => {
    const { feedback, readFeedback, statuses, task } = await openFixture({ log: createLog(orphan(1)), attemptMs: -2_000 })
    const epoch = task.epoch
    task.put({ kind: 'feedback', offset: task.wants().feedback, feedback: { kind: 'barrier', epoch, at: 1 } })
    await soon(() => expect(barriersIn(feedback)).toHaveLength(1))
    expect(statuses('n1')).toEqual([])
    readFeedback()
    await soon(() => expect(statuses('n1')).toEqual(['unknown']))
  })
})
