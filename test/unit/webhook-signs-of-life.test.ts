import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createEvidence } from '../../src/webhook/evidence.ts'
import { startSignsOfLife } from '../../src/webhook/signs-of-life.ts'

const MINUTE = 60_000
const BEGAN = 1_790_000_000_000

beforeEach(() => {
  vi.useFakeTimers({ now: BEGAN })
})
afterEach(() => {
  vi.useRealTimers()
})

/** `answers`: of LINE, in turn; the last for ever. */
const start = (answers: readonly (string | Promise<string>)[] = ['answered'], channels = ['main']) => {
  const evidence = createEvidence()
  const asked: string[] = []
  const told: string[] = []
  const missed: string[] = []
  const left = [...answers]
  const minutes = () => (Date.now() - BEGAN) / MINUTE
  const signs = startSignsOfLife({
    channels,
    evidence,
    ask: async (channel) => {
      asked.push(`${channel} at ${minutes()}`)
      return { kind: await ((left.length > 1 ? left.shift() : left[0]) ?? '') }
    },
    everyMs: MINUTE,
    clock: { now: () => Date.now() },
    onAsked: (channel, { kind }) => told.push(`${channel}: ${kind}`),
    onNothingCame: (channel) => missed.push(`${channel} at ${minutes()}`),
  })
  onTestFinished(() => signs.stop())
  return {
    evidence,
    asked,
    told,
    missed,
    signs,
    hear: (channel = 'main') => evidence.heard(channel, Date.now()),
    pass: (count: number) => vi.advanceTimersByTimeAsync(count * MINUTE),
  }
}

describe('LINE is asked to test the webhook', () => {
  test('at the start, and every ten minutes until something comes; then an hour after the last', async () => {
    const { asked, pass, hear } = start()
    await pass(25)
    expect(asked).toEqual(['main at 0', 'main at 10', 'main at 20'])
    hear()
    await pass(59)
    expect(asked).toHaveLength(3)
    await pass(1)
    expect(asked.slice(3)).toEqual(['main at 85'])
  })

  test('never, while there is enough to hear', async () => {
    const { asked, pass, hear } = start()
    for (let i = 0; i < 5; i++) {
      hear()
      await pass(50)
    }
    expect(asked).toEqual(['main at 0'])
  })

  test('for each channel by itself', async () => {
    const { asked, pass, hear } = start(['answered'], ['main', 'shop'])
    hear('shop')
    await pass(10)
    expect(asked).toEqual(['main at 0', 'shop at 0', 'main at 10'])
  })

  test('every hour only where nobody knows of such a thing: a relay never will, and who registers no URL yet may', async () => {
    const { asked, pass } = start(['absent', 'failed'])
    await pass(75)
    expect(asked).toEqual(['main at 0', 'main at 60', 'main at 70'])
  })

  test('not again while the answer is still to come', async () => {
    const slow = Promise.withResolvers<string>()
    const { asked, told, pass } = start([slow.promise, 'answered'])
    await pass(30)
    expect({ asked, told }).toEqual({ asked: ['main at 0'], told: [] })
    slow.resolve('unreachable')
    await pass(1)
    expect({ asked, told }).toEqual({ asked: ['main at 0', 'main at 31'], told: ['main: unreachable', 'main: answered'] })
  })

  test('also when the clock was put back, and what was heard lies ahead', async () => {
    const { asked, pass, hear } = start()
    await pass(120)
    hear()
    asked.length = 0
    vi.setSystemTime(BEGAN)
    await pass(1)
    expect(asked).toEqual(['main at 1'])
  })
})

test('that it is answered, and nothing comes here, is told; not if something came', async () => {
  const { missed, pass, hear } = start()
  await pass(10)
  expect(missed).toEqual(['main at 10'])
  hear()
  await pass(60)
  expect(missed).toEqual(['main at 10'])
})

test('nothing is asked or told after it has stopped', async () => {
  const slow = Promise.withResolvers<string>()
  const { asked, told, signs, pass } = start([slow.promise])
  const stopped = signs.stop()
  slow.resolve('answered')
  await stopped
  await pass(100)
  expect({ asked, told }).toEqual({ asked: ['main at 0'], told: [] })
})
