import { describe, expect, test, vi } from 'vitest'
import type { Store } from '../../src/domain/state.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { createGate, createLog } from './memory-journal.ts'
import { entryOf, HOUR, notSent } from './notification-builder.ts'
import { SOON } from './soon.ts'
import { cancellation, order } from './step-run.ts'
import { openFixture, sealedRequest } from './task-fixture.ts'

const soon = <T>(fact: () => T): Promise<T> => vi.waitFor(fact, SOON)

/** A store that notes what it is told, and says that it has everything up to an offset. */
const watched = (resumeFrom = 0) => {
  const store = createMemoryStore()
  const calls: string[] = []
  const syncedAt: number[] = []
  let from = resumeFrom
  const watching: Store = {
    ...store,
    resumeFrom: () => from,
    apply: (changes, next) => {
      calls.push(`apply ${next}`)
      from = next
      store.apply(changes, next)
    },
    sync: (at) => {
      calls.push('sync')
      syncedAt.push(at)
    },
    reset: () => {
      calls.push('reset')
      from = 0
      store.reset()
    },
    close: () => {
      calls.push('close')
      store.close()
    },
  }
  return { store: watching, calls, syncedAt }
}

describe('the store of a task', () => {
  test('is brought up to date from where it is, and says so before anything else happens', async () => {
    const log = createLog(entryOf(1, { state: 'done' }))
    log.records.push({ position: { requests: 101, feedback: 100 } }, { position: { requests: 102, feedback: 100 } })
    const { store, calls } = watched(2)
    const fixture = await openFixture({ log, store })
    expect(fixture.calls.slice(0, 2)).toEqual(['fence', 'restore from 2'])
    expect(calls.slice(0, 3)).toEqual(['apply 3', 'apply 4', 'sync'])
    expect(fixture.task.wants()).toEqual({ requests: 102, feedback: 100 })
  })

  test('is built anew if it is ahead of the log', async () => {
    const { store, calls } = watched(50)
    const fixture = await openFixture({ log: createLog(entryOf(1, { state: 'done' })), store })
    expect(calls[0]).toBe('reset')
    expect(fixture.calls).toContain('restore')
    expect(fixture.task.count().done).toBe(1)
  })

  test('holds only what is committed, with the offset after it', async () => {
    const gate = createGate()
    const { store, calls } = watched()
    const { request, log } = await openFixture({ store, hooks: { committing: gate.pass } })
    const before = calls.length
    request(1)
    await gate.arrival
    expect(calls).toHaveLength(before)
    gate.open()
    await soon(() => expect(calls.at(-1)).toBe(`apply ${log.records.length}`))
  })

  test('survives a task that is closed, and is not trusted after one that failed', async () => {
    const good = watched()
    const first = await openFixture({ store: good.store })
    await first.task.close()
    expect(good.calls.slice(-2)).toEqual(['sync', 'close'])

    const bad = watched()
    const second = await openFixture({ store: bad.store, hooks: { committing: () => Promise.reject(new Error('fenced')) } })
    const synced = bad.calls.length
    second.request(1)
    await soon(() => expect(second.ended).toHaveLength(1))
    expect(bad.calls.slice(synced)).toEqual(['close'])
  })

  /** A clock that goes on by jumps. */
  const skewed = () => {
    let skew = 0
    return {
      clock: { now: () => Date.now() + skew, monotonic: () => performance.now() + skew },
      jump: (ms: number) => {
        skew += ms
      },
    }
  }

  test('is synced some seconds after it has changed, and not again before it changes again', async () => {
    const { clock, jump } = skewed()
    const { store, calls } = watched()
    const { request, statuses } = await openFixture({ store, clock })
    const syncs = () => calls.filter((call) => call === 'sync').length
    request(1)
    await soon(() => expect(statuses('n1')).toHaveLength(2))
    expect(syncs()).toBe(1)
    jump(6_000)
    request(2)
    await soon(() => expect(syncs()).toBe(2))
  })

  test('is as old as the last commit, however long the task was stopped before it was closed', async () => {
    const { clock, jump } = skewed()
    const { store, syncedAt } = watched()
    const { task, request, statuses } = await openFixture({ store, clock })
    request(1)
    await soon(() => expect(statuses('n1')).toHaveLength(2))
    const committedBy = clock.now()
    jump(HOUR / 2)
    await task.close()
    expect(syncedAt.at(-1)).toBeLessThanOrEqual(committedBy)
  })

  test('of an idle task is kept young by a commit in the hour, which only the owner can make', async () => {
    const { clock, jump } = skewed()
    const { store, syncedAt } = watched()
    const hooks = { restoring: async () => jump(HOUR) } // so it has proven nothing for an hour when it first looks
    const { calls, task } = await openFixture({ store, clock, hooks })
    await soon(() => expect(calls.filter((call) => call === 'committed')).toHaveLength(1))
    await task.close()
    expect(syncedAt.at(-1)).toBeGreaterThan(clock.now() - 60_000)
  })
})

describe('a task commits', () => {
  test('what it learns of a subject or a channel, though no notification changes', async () => {
    const { task, log } = await openFixture()
    task.put({ kind: 'request', offset: 0, request: cancellation('s', 5, Date.now() + HOUR) })
    await soon(() =>
      expect(log.records.at(-1)).toMatchObject({ marks: [{ subject: 's', cancelledAt: 5 }], position: { requests: 1 } }),
    )
    task.put({ kind: 'request', offset: 1, request: order('pause') })
    await soon(() => expect(log.records.at(-1)).toMatchObject({ pauses: [{ channel: 'main', cause: 'operator' }] }))
    expect(task.pauses()).toMatchObject([{ channel: 'main' }])
    task.put({ kind: 'request', offset: 2, request: order('resume') })
    await soon(() => expect(log.records.at(-1)).toMatchObject({ forgotten: ['pause/main'] }))
    expect(task.pauses()).toEqual([])
  })

  test('that a request was too old, in the transaction that passes it over', async () => {
    const { task, log } = await openFixture()
    const event = { source: 's', id: 'e', type: null, time: Date.now() - 25 * HOUR }
    task.put({ kind: 'request', offset: 0, request: sealedRequest(1, { event }) })
    await soon(() => expect(log.tooOld).toEqual([0]))
    expect(log.results).toEqual([])
    expect(log.records.at(-1)).toMatchObject({ position: { requests: 1 } })
  })
})

describe('what waits for its connection does not start', () => {
  const connecting = async (policy = {}) => {
    const fixture = await openFixture({ policy })
    fixture.provider.holdConnections()
    fixture.task.put({ kind: 'request', offset: 0, request: sealedRequest(1, { subject: 's' }) })
    await soon(() => expect(fixture.provider.asked).toHaveLength(1))
    return fixture
  }

  test('when its subject is called off', async () => {
    const { task, provider, statuses } = await connecting()
    task.put({ kind: 'request', offset: 1, request: cancellation('s', Date.now(), Date.now() + HOUR) })
    await soon(() => expect(task.committed().requests).toBe(2))
    provider.connect()
    await soon(() => expect(statuses('n1')).toEqual(['sending', 'cancelled']))
    expect(provider.started).toEqual([])
  })

  test('when its channel is paused, and goes when it is resumed', async () => {
    const { task, provider, statuses } = await connecting()
    task.put({ kind: 'request', offset: 1, request: order('pause') })
    await soon(() => expect(task.committed().requests).toBe(2))
    provider.connect()
    await soon(() => expect(task.count().queued).toBe(1))
    expect(provider.started).toEqual([])
    task.put({ kind: 'request', offset: 2, request: order('resume') })
    await soon(() => expect(statuses('n1').at(-1)).toBe('accepted'))
    expect(provider.started).toHaveLength(1)
  })

  test('when its customer has opted out', async () => {
    const out = new Set<string>()
    const { provider, statuses } = await connecting({ isOptedOut: (customerId: string) => out.has(customerId) })
    out.add('C-1')
    provider.connect()
    await soon(() => expect(statuses('n1')).toEqual(['sending', 'refused']))
    expect(provider.started).toEqual([])
  })
})

test('what LINE forbids pauses the channel, and what comes then waits', async () => {
  const { task, request, provider, calls } = await openFixture()
  provider.answer(notSent('forbidden'))
  request(1)
  await soon(() => expect(task.pauses()).toMatchObject([{ channel: 'main', cause: 'forbidden' }]))
  request(2, 3)
  await soon(() => expect(task.committed().requests).toBe(3))
  expect(task.count()).toMatchObject({ queued: 3, sending: 0 })
  expect(calls.filter((call) => call.startsWith('send'))).toEqual(['send 0'])
})
