import { describe, expect, test, vi } from 'vitest'
import { createGate, createLog } from './memory-journal.ts'
import { accepted, timedOut } from './notification-builder.ts'
import { SOON } from './soon.ts'
import { handedOver, openFixture, sealedRequest } from './task-fixture.ts'

const soon = <T>(fact: () => T): Promise<T> => vi.waitFor(fact, SOON)

describe('a task', () => {
  test('sends only what is committed, and publishes what came of it', async () => {
    const { request, calls, statuses, log } = await openFixture()
    request(1)
    await soon(() => expect(statuses('n1')).toEqual(['sending', 'accepted']))
    expect(calls.slice(0, 5)).toEqual(['fence', 'restore', 'commit', 'committed', 'send 0'])
    expect(log.records.at(-1)).toMatchObject({ position: { requests: 1, feedback: 0 } })
  })

  test('sends nothing while the commit is under way', async () => {
    const gate = createGate()
    const { request, provider } = await openFixture({ hooks: { committing: gate.pass } })
    request(1)
    await gate.arrival
    expect(provider.asked).toEqual([])
    gate.open()
    await soon(() => expect(provider.started).toHaveLength(1))
  })

  test('sends nothing whose commit took so long that send-by has passed', async () => {
    const gate = createGate()
    let skew = 0
    const clock = { now: () => Date.now() + skew, monotonic: () => performance.now() + skew }
    const { request, provider, statuses } = await openFixture({ clock, hooks: { committed: gate.pass } })
    request(1)
    await gate.arrival
    skew = 2_000
    gate.open()
    await soon(() => expect(provider.started).toHaveLength(1))
    await soon(() => expect(statuses('n1')).toEqual(['sending', 'sending', 'accepted']))
  })

  test('commits nothing if nothing happens', async () => {
    const { task, calls, request, statuses } = await openFixture()
    request(1)
    await soon(() => expect(statuses('n1')).toHaveLength(2))
    const commits = calls.length
    task.put({ kind: 'request', offset: 0, request: sealedRequest(9) })
    await new Promise(setImmediate)
    expect(calls).toHaveLength(commits)
  })

  test('that was to wait for an hour, and stood still for ten minutes of it, looks how far its inputs go before it goes on', async () => {
    let skew = 0
    let looked = 0
    const clock = { now: () => Date.now() + skew, monotonic: () => performance.now() + skew }
    const { request, statuses, task, feedback, readFeedback } = await openFixture({ clock, hooks: { looking: () => looked++ } })
    request(1)
    await soon(() => expect(statuses('n1')).toEqual(['sending', 'accepted']))
    skew = 6_000 // its store is synced with what comes next
    feedback.push({ kind: 'receipt', deliveryTag: 'of nobody', deliveredAt: 0 })
    readFeedback()
    await soon(() => expect(task.committed().feedback).toBe(1))
    expect(looked).toBe(1)
    skew += 10 * 60_000
    request(2)
    await soon(() => expect(statuses('n2')).toEqual(['sending', 'accepted']))
    expect(looked).toBe(2)
  })

  test('drops what lies below what it wants: fetched before a pause, or read again after a rejoin', async () => {
    const { task, statuses, log } = await openFixture()
    task.put({ kind: 'request', offset: 4, request: sealedRequest(1) })
    task.put({ kind: 'request', offset: 3, request: sealedRequest(2) })
    task.put({ kind: 'request', offset: 4, request: sealedRequest(3) })
    task.put({ kind: 'unreadable', topic: 'requests', offset: 4 })
    task.put({ kind: 'unreadable', topic: 'feedback', offset: 8 })
    expect(task.wants()).toEqual({ requests: 5, feedback: 9 })
    await soon(() => expect(statuses('n1')).toEqual(['sending', 'accepted']))
    expect(log.results.map(({ notificationId }) => notificationId)).toEqual(['n1', 'n1'])
    expect(task.committed()).toEqual({ requests: 5, feedback: 9 })
  })

  test('counts what it holds', async () => {
    const { task, provider, request } = await openFixture()
    provider.answer('held')
    request(1, 2)
    await soon(() => expect(provider.open).toBe(2))
    expect(task.inFlight()).toBe(2)
    expect(task.count()).toMatchObject({ sending: 2, done: 0 })
    provider.release()
    await soon(() => expect(task.count()).toMatchObject({ sending: 0, done: 2 }))
  })

  test('fetches no more requests while its inbox is full, and goes on when it is nearly empty', async () => {
    const gate = createGate()
    const { task, calls, request, commits } = await openFixture({ hooks: { committing: gate.pass } })
    request(1)
    await gate.arrival
    for (let n = 2; n <= 2_001; n++) task.put({ kind: 'unreadable', topic: 'requests', offset: n })
    expect(calls).not.toContain('pause')
    for (let n = 2_002; n <= 3_000; n++) task.put({ kind: 'unreadable', topic: 'requests', offset: n })
    expect(calls.filter((call) => call === 'pause')).toHaveLength(1)
    gate.open()
    await soon(() => expect(task.committed().requests).toBe(3_001))
    expect(calls.filter((call) => call === 'resume')).toHaveLength(1)
    expect(commits.flatMap(({ unreadable }) => unreadable)).toHaveLength(2_999)
  })
})

describe('a task whose inbox is full', () => {
  test('fetches no more after a rejoin either, though that lets records flow again', async () => {
    const gate = createGate()
    const { task, calls, request } = await openFixture({ hooks: { committing: gate.pass } })
    request(1)
    await gate.arrival
    for (let n = 2; n <= 3_000; n++) task.put({ kind: 'unreadable', topic: 'requests', offset: n })
    task.flowing()
    expect(calls.filter((call) => call === 'pause')).toHaveLength(2)
    gate.open()
    await soon(() => expect(task.committed().requests).toBe(3_001))
    expect(calls.filter((call) => call === 'resume')).toHaveLength(1)
  })
})

describe('a fault of ours in sending', () => {
  test('ends the task: what became of the attempt is not known', async () => {
    const { request, provider, ended, statuses } = await openFixture()
    const fault = new Error('the provider threw')
    provider.break(fault)
    request(1)
    await soon(() => expect(ended).toEqual([fault]))
    expect(statuses('n1')).toEqual(['sending'])
  })
})

describe('a commit that fails', () => {
  test('ends the task; nothing of it is sent, and what it would have sent is handed over as not started', async () => {
    const fault = new Error('INVALID_PRODUCER_EPOCH')
    const { request, provider, feedback, ended, calls, task } = await openFixture({
      hooks: { committing: () => Promise.reject(fault) },
    })
    request(1, 2)
    await soon(() => expect(ended).toEqual([fault]))
    expect(provider.asked).toEqual([])
    expect(handedOver(feedback)).toEqual(['0 send-by', '1 send-by'])
    expect(calls.at(-1)).toBe('closed')
    task.put({ kind: 'request', offset: 2, request: sealedRequest(3) })
    expect(task.wants().requests).toBe(2)
  })

  test('hands over the outcomes that were in it, those that waited, and those still to come', async () => {
    const gate = createGate()
    let hold = false
    const { request, provider, feedback, ended } = await openFixture({
      hooks: { committing: async () => (hold ? gate.pass() : undefined) },
    })
    provider.answer('held')
    request(1)
    await soon(() => expect(provider.open).toBe(1))
    const [first] = provider.started
    request(2)
    await soon(() => expect(provider.open).toBe(2))
    request(3)
    await soon(() => expect(provider.open).toBe(3))
    hold = true
    provider.release(timedOut) // all three are told in the commit that fails
    await gate.arrival
    gate.break(new Error('fenced'))
    await soon(() => expect(ended).toHaveLength(1))
    expect(handedOver(feedback)).toEqual(['0 timeout', '1 timeout', '2 timeout'])
    expect(first?.mayStart()).toBe(false)
  })

  test('hands over outcomes that come after it', async () => {
    let fails = false
    const { request, provider, feedback, ended } = await openFixture({
      hooks: { committing: async () => (fails ? Promise.reject(new Error('fenced')) : undefined) },
    })
    provider.answer('held')
    request(1)
    await soon(() => expect(provider.open).toBe(1))
    fails = true
    request(2)
    await soon(() => expect(ended).toHaveLength(1))
    provider.release(accepted)
    await soon(() => expect(handedOver(feedback)).toEqual(['1 send-by', '0 accepted']))
  })

  test('whose answer was lost, though it was made, leads to no second send', async () => {
    let lost = true
    const log = createLog()
    const first = await openFixture({
      log,
      hooks: { committed: async () => (lost ? Promise.reject(new Error('no answer')) : undefined) },
    })
    first.request(1)
    await soon(() => expect(first.ended).toHaveLength(1))
    lost = false
    const second = await openFixture({ log, provider: first.provider })
    for (const [offset, feedback] of first.feedback.entries()) second.task.put({ kind: 'feedback', offset, feedback })
    await soon(() => expect(second.statuses('n1')).toEqual(['sending', 'sending', 'accepted']))
    expect(first.provider.started).toHaveLength(1)
  })

  test('is told of even if the journal cannot be closed', async () => {
    const fault = new Error('the brokers are gone')
    const hooks = { committing: () => Promise.reject(fault), closing: () => Promise.reject(new Error('not connected')) }
    const { request, ended, task } = await openFixture({ hooks })
    request(1)
    await soon(() => expect(ended).toEqual([fault]))
    await expect(task.close()).rejects.toThrow('not connected')
  })

  test('because of a fault of ours loses no outcome', async () => {
    const cost = () => {
      throw new Error('no such price')
    }
    const { request, feedback, ended } = await openFixture({ policy: { cost } })
    request(1)
    await soon(() => expect(ended).toHaveLength(1))
    expect(handedOver(feedback)).toEqual(['0 accepted'])
  })
})
