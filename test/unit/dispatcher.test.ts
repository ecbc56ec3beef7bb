import { beforeEach, describe, expect, test } from 'vitest'
import { StateLostError } from '../../src/dispatch/task-journal.ts'
import type { Input } from '../../src/domain/input.ts'
import { calls, createFixture, openWith, settled } from './dispatcher-fixture.ts'
import { ready } from './notification-builder.ts'

beforeEach(() => {
  calls.length = 0
})

const input: Exclude<Input, { kind: 'outcome' }> = { kind: 'request', offset: 1, request: ready(1) }
const fault = new Error('fenced')

describe('a partition that is assigned', () => {
  test('is held, opened, and read from where its task wants to', async () => {
    const { dispatcher, events } = createFixture()
    dispatcher.onAssigned([1])
    expect(calls).toEqual(['hold 1', 'open 1'])
    expect(dispatcher.opening()).toBe(1)
    await settled()
    expect(calls).toEqual(['hold 1', 'open 1', 'start 1 @7'])
    expect(dispatcher.opening()).toBe(0)
    expect(dispatcher.claims()).toEqual(new Map([[1, 101]]))
    expect(events.map(({ kind }) => kind)).toEqual(['assigned', 'task-opened'])
  })

  test('takes inputs only when it is open', async () => {
    const { dispatcher, holdOpenings, opened } = createFixture()
    holdOpenings()
    dispatcher.onAssigned([1])
    expect(dispatcher.onInput(1, input)).toBe(false)
    await opened(1)
    expect(dispatcher.onInput(1, input)).toBe(true)
    expect(dispatcher.onInput(2, input)).toBe(false)
    expect(calls.filter((call) => call.startsWith('put'))).toEqual(['put 1 request'])
  })

  test('and kept in a rebalance keeps its task, and is read on from where that wants to', async () => {
    const { dispatcher } = await openWith(1, 2)
    dispatcher.onAssigned([2, 1])
    await settled()
    expect(calls).toEqual(['start 2 @7', 'flowing 2', 'start 1 @7', 'flowing 1'])
  })

  test('and fresh is opened while the others go on', async () => {
    const { dispatcher } = await openWith(1)
    dispatcher.onAssigned([1, 2])
    await settled()
    expect(calls).toEqual(['start 1 @7', 'flowing 1', 'hold 2', 'open 2', 'start 2 @7'])
  })

  test('is opened once, however often it is assigned meanwhile', async () => {
    const { dispatcher, holdOpenings, opened } = createFixture()
    holdOpenings()
    dispatcher.onAssigned([1])
    dispatcher.onAssigned([1])
    dispatcher.onHeartbeat()
    await opened(1)
    expect(calls).toEqual(['hold 1', 'open 1', 'start 1 @7'])
  })
})

describe('a partition that is lost', () => {
  test('has its task closed, and is claimed and read no more', async () => {
    const { dispatcher, events } = await openWith(1, 2)
    dispatcher.onAssigned([2])
    expect(calls).toEqual(['close 1', 'start 2 @7', 'flowing 2'])
    expect(dispatcher.onInput(1, input)).toBe(false)
    expect([...dispatcher.claims().keys()]).toEqual([2])
    expect(events).toContainEqual({ kind: 'task-closed', partition: 1, epoch: 101 })
  })

  test('while it is being opened is closed as soon as it is open, and never read', async () => {
    const { dispatcher, holdOpenings, opened } = createFixture()
    holdOpenings()
    dispatcher.onAssigned([1])
    dispatcher.onAssigned([])
    expect(dispatcher.opening()).toBe(0)
    await opened(1)
    expect(calls).toEqual(['hold 1', 'open 1', 'close 1'])
    expect(dispatcher.onInput(1, input)).toBe(false)
  })

  test('and given back while it is being opened is opened once', async () => {
    const { dispatcher, holdOpenings, opened } = createFixture()
    holdOpenings()
    dispatcher.onAssigned([1])
    dispatcher.onAssigned([])
    dispatcher.onAssigned([1])
    await opened(1)
    expect(calls).toEqual(['hold 1', 'open 1', 'start 1 @7'])
    expect([...dispatcher.claims().keys()]).toEqual([1])
  })

  test('while it is being opened, in vain, is nobody’s fault', async () => {
    const { dispatcher, holdOpenings, notOpened, events, fatal } = createFixture()
    holdOpenings()
    dispatcher.onAssigned([1])
    dispatcher.onAssigned([])
    await notOpened(1, fault)
    expect(events.map(({ kind }) => kind)).not.toContain('task-failed')
    expect(fatal).toEqual([])
    expect(calls).toEqual(['hold 1', 'open 1'])
  })

  test('is said to have failed to close, if it did, and the others go on', async () => {
    const { dispatcher, failClosing, events, fatal } = await openWith(1, 2)
    failClosing(fault)
    dispatcher.onAssigned([2])
    await settled()
    expect(events).toContainEqual({ kind: 'close-failed', partition: 1, error: fault })
    expect(fatal).toEqual([])
    expect(dispatcher.onInput(2, input)).toBe(true)
  })

  test('and given back is opened anew, though its old task is still closing', async () => {
    const { dispatcher, holdClosing } = await openWith(1)
    const release = holdClosing()
    dispatcher.onAssigned([])
    dispatcher.onAssigned([1])
    await settled()
    expect(calls).toEqual(['close 1', 'hold 1', 'open 1', 'start 1 @7'])
    release()
    await settled()
    expect([...dispatcher.claims().keys()]).toEqual([1])
  })
})

describe('a task that has failed', () => {
  test('is opened again only after a heartbeat that is at least 300 ms younger', async () => {
    const { dispatcher, end, pass, events } = await openWith(1)
    await end(1, fault)
    expect(events.at(-1)).toEqual({ kind: 'task-failed', partition: 1, epoch: 101, error: fault })
    dispatcher.onHeartbeat()
    pass(299)
    dispatcher.onHeartbeat()
    await settled()
    expect(calls).toEqual([])
    pass(1)
    await settled()
    expect(calls, 'time alone does not prove membership').toEqual([])
    dispatcher.onHeartbeat()
    await settled()
    expect(calls).toEqual(['hold 1', 'open 1', 'start 1 @7'])
  })

  test('is not opened again once the partition is lost', async () => {
    const { dispatcher, end, pass } = await openWith(1)
    await end(1, fault)
    dispatcher.onAssigned([])
    pass(1_000)
    dispatcher.onHeartbeat()
    await settled()
    expect(calls).toEqual([])
  })

  test('counts as open no longer', async () => {
    const { dispatcher, end } = await openWith(1)
    await end(1, fault)
    expect(dispatcher.onInput(1, input)).toBe(false)
    expect(dispatcher.opening()).toBe(1)
    expect(dispatcher.claims().size).toBe(0)
  })

  test('while opening is tried again in the same way', async () => {
    const { dispatcher, failOpenings, pass } = createFixture()
    failOpenings(fault)
    dispatcher.onAssigned([1])
    await settled()
    expect(calls).toEqual(['hold 1', 'open 1'])
    failOpenings(undefined)
    pass(300)
    dispatcher.onHeartbeat()
    await settled()
    expect(calls).toEqual(['hold 1', 'open 1', 'hold 1', 'open 1', 'start 1 @7'])
  })

  test('thirty times in a row is tried once more, and then is fatal', async () => {
    const { dispatcher, failOpenings, pass, fatal } = createFixture()
    failOpenings(fault)
    dispatcher.onAssigned([1])
    for (let failure = 1; failure <= 30; failure++) {
      await settled()
      expect(fatal).toEqual([])
      pass(300)
      dispatcher.onHeartbeat()
    }
    await settled()
    expect(fatal).toEqual([fault])
  })

  test('each time it is opened is fatal in the end, though opening succeeds', async () => {
    const { dispatcher, end, pass, fatal } = await openWith(1)
    for (let failure = 1; failure <= 31; failure++) {
      expect(fatal).toEqual([])
      await end(1, fault)
      pass(300)
      dispatcher.onHeartbeat()
      await settled()
    }
    expect(fatal).toEqual([fault])
  })

  test('now and then is never fatal: a commit is the end of a row', async () => {
    const { dispatcher, end, pass, fatal } = await openWith(1)
    for (let failure = 1; failure <= 40; failure++) {
      dispatcher.onCommitted(1)
      await end(1, fault)
      pass(300)
      dispatcher.onHeartbeat()
      await settled()
    }
    expect(fatal).toEqual([])
  })
})

describe('a task that was given up', () => {
  test('and fails then is no failure of the one that came after it', async () => {
    const { dispatcher, end, events } = await openWith(1)
    const first = events.length
    dispatcher.onAssigned([])
    await end(1, fault)
    dispatcher.onAssigned([1])
    await settled()
    expect(events.slice(first).map(({ kind }) => kind)).not.toContain('task-failed')
    expect(dispatcher.onInput(1, input)).toBe(true)
  })
})

describe('state that is lost', () => {
  const lost = new StateLostError('the journal was lost')

  test('is fatal at once, and is not tried again', async () => {
    const { dispatcher, failOpenings, pass, fatal } = createFixture()
    failOpenings(lost)
    dispatcher.onAssigned([1])
    await settled()
    expect(fatal).toEqual([lost])
    pass(300)
    dispatcher.onHeartbeat()
    await settled()
    expect(calls).toEqual(['hold 1', 'open 1'])
  })
})

describe('draining', () => {
  test('drains and closes every task, and opens no more', async () => {
    const { dispatcher, pass } = await openWith(1, 2)
    await dispatcher.drain(5_000)
    expect(calls).toEqual(['drain 1 5000', 'drain 2 5000', 'close 1', 'close 2'])
    dispatcher.onAssigned([1, 3])
    pass(1_000)
    dispatcher.onHeartbeat()
    await settled()
    expect(calls).toHaveLength(4)
  })

  test('waits for one that is just being opened, and closes it', async () => {
    const { dispatcher, holdOpenings, opened } = await openWith()
    holdOpenings()
    dispatcher.onAssigned([2])
    const drained = dispatcher.drain(5_000).then(() => calls.push('drained'))
    await settled()
    expect(calls).toEqual(['hold 2', 'open 2'])
    await opened(2)
    await drained
    expect(calls.slice(-2)).toEqual(['close 2', 'drained'])
  })

  test('waits until tasks are closed, also one that is just being opened', async () => {
    const { dispatcher, holdOpenings, opened, holdClosing } = await openWith(1)
    holdOpenings()
    dispatcher.onAssigned([1, 2])
    const release = holdClosing()
    const drained = dispatcher.drain(5_000).then(() => calls.push('drained'))
    await settled()
    await opened(2)
    expect(calls.slice(-2)).toEqual(['close 1', 'close 2'])
    release()
    await drained
    expect(calls.at(-1)).toBe('drained')
  })

  test('does not open again what failed before', async () => {
    const { dispatcher, end, pass } = await openWith(1)
    await end(1, fault)
    await dispatcher.drain(5_000)
    pass(1_000)
    dispatcher.onHeartbeat()
    await settled()
    expect(calls).toEqual([])
  })
})
