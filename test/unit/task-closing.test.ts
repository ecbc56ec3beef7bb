import { describe, expect, test, vi } from 'vitest'
import { createGate } from './memory-journal.ts'
import { accepted, notSent, timedOut } from './notification-builder.ts'
import { SOON } from './soon.ts'
import { handedOver, openFixture } from './task-fixture.ts'

const soon = <T>(fact: () => T): Promise<T> => vi.waitFor(fact, SOON)

describe('a task that is closed', () => {
  test('starts nothing more, and hands over the answers that come later', async () => {
    const { task, request, provider, feedback, calls } = await openFixture()
    provider.answer('held')
    request(1)
    await soon(() => expect(provider.open).toBe(1))
    await task.close()
    expect(calls.at(-1)).toBe('closed')
    request(2)
    provider.release(accepted)
    await soon(() => expect(handedOver(feedback)).toEqual(['0 accepted']))
    expect(provider.asked).toHaveLength(1)
  })

  test('hands over answers it knows and has not committed', async () => {
    const gate = createGate()
    let hold = false
    const { task, request, provider, feedback } = await openFixture({
      hooks: { committing: async () => (hold ? gate.pass() : undefined) },
    })
    provider.answer('held')
    request(1)
    await soon(() => expect(provider.open).toBe(1))
    hold = true
    request(2)
    await gate.arrival
    provider.release(accepted)
    await soon(() => expect(task.inFlight()).toBe(0))
    const closed = task.close()
    await soon(() => expect(handedOver(feedback)).toEqual(['0 accepted']))
    gate.open()
    await closed
    expect(handedOver(feedback)).toEqual(['0 accepted', '1 send-by'])
    expect(provider.asked).toHaveLength(1)
  })

  test('does so once, and whoever closes it again waits until it is', async () => {
    const gate = createGate()
    const { task, calls, ended } = await openFixture({ hooks: { closing: gate.pass } })
    const closing = task.close()
    await gate.arrival
    const again = task.close().then(() => calls.push('closed again'))
    await new Promise(setImmediate)
    gate.open()
    await Promise.all([closing, again])
    expect(calls.slice(2)).toEqual(['closed', 'closed again'])
    expect(ended).toEqual([])
  })

  test('tells of a fault that came after, too', async () => {
    const gate = createGate()
    const { task, request, ended, feedback } = await openFixture({ hooks: { committing: gate.pass } })
    request(1)
    await gate.arrival
    const closed = task.close()
    gate.break(new Error('fenced'))
    await closed
    await soon(() => expect(ended).toMatchObject([{ message: 'fenced' }]))
    expect(handedOver(feedback)).toEqual(['0 send-by'])
  })
})

describe('a task that drains', () => {
  test('waits for what is under way, and commits what came of it', async () => {
    const { task, request, provider, statuses, feedback } = await openFixture()
    provider.answer('held')
    request(1)
    await soon(() => expect(provider.open).toBe(1))
    const drained = task.drain(10_000)
    provider.release(accepted)
    await drained
    await task.close()
    expect(statuses('n1')).toEqual(['sending', 'accepted'])
    expect(feedback).toEqual([])
  })

  test('is drained only when that is committed', async () => {
    const gate = createGate()
    let hold = false
    const { task, request, provider, calls } = await openFixture({
      hooks: { committing: async () => (hold ? gate.pass() : undefined) },
    })
    provider.answer('held')
    request(1)
    await soon(() => expect(provider.open).toBe(1))
    hold = true
    const drained = task.drain(10_000).then(() => calls.push('drained'))
    provider.release(accepted)
    await gate.arrival
    await vi.waitUntil(() => calls.includes('drained'), { timeout: 60, interval: 5 }).catch(() => false)
    gate.open()
    await drained
    expect(calls.slice(-2)).toEqual(['committed', 'drained'])
  })

  test('fetches no more requests, though its inbox was full and is empty now', async () => {
    const gate = createGate()
    const { task, calls, request } = await openFixture({ hooks: { committing: gate.pass } })
    request(1)
    await gate.arrival
    for (let n = 2; n <= 3_000; n++) task.put({ kind: 'unreadable', topic: 'requests', offset: n })
    const drained = task.drain(10_000)
    gate.open()
    await drained
    expect(task.committed().requests).toBe(3_001)
    expect(calls.filter((call) => call === 'pause' || call === 'resume').at(-1)).toBe('pause')
  })

  test('does not wait for ever', async () => {
    const { task, request, provider, feedback } = await openFixture()
    provider.answer('held')
    request(1)
    await soon(() => expect(provider.open).toBe(1))
    await task.drain(20)
    await task.close()
    provider.release(timedOut)
    await soon(() => expect(handedOver(feedback)).toEqual(['0 timeout']))
  })

  test('starts nothing new: what comes is remembered for the next owner', async () => {
    const { task, request, provider, log } = await openFixture()
    provider.answer('held')
    request(1)
    await soon(() => expect(provider.open).toBe(1))
    const drained = task.drain(10_000)
    request(2)
    await soon(() => expect(task.committed().requests).toBe(2))
    provider.release(notSent('send-by'))
    await drained
    await task.close()
    expect(provider.asked).toHaveLength(1)
    const next = await openFixture({ log, provider })
    provider.answer(accepted)
    await soon(() => expect(next.statuses('n2')).toEqual(['sending', 'accepted']))
  })
})
