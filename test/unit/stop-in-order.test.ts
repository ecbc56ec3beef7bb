import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { stopInOrder } from '../../src/stages/stop-in-order.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const BUDGET_MS = 20_000

/** Dispatch drains until the test says otherwise; the webhook ends at once. */
const stopping = () => {
  const drained = Promise.withResolvers<void>()
  const steps: string[] = []
  const stage = (name: string, end: Promise<void>) => ({
    waitingFor: () => [],
    stop: (withinMs: number) => {
      steps.push(`${name} within ${withinMs}`)
      return end
    },
  })
  const faults = stopInOrder({
    first: [stage('intake', Promise.resolve()), stage('dispatch', drained.promise)],
    last: [stage('webhook', Promise.resolve())],
    budgetMs: BUDGET_MS,
    monotonic: () => performance.now(),
  })
  return { drained, steps, faults }
}

test('the webhook listens as long as dispatch drains, and then has what is left of the budget', async () => {
  const { drained, steps, faults } = stopping()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(steps).toEqual(['intake within 20000', 'dispatch within 20000'])
  drained.resolve()
  expect(await faults).toEqual([])
  expect(steps.slice(2)).toEqual(['webhook within 15000'])
})

test('dispatch that takes the whole budget leaves the webhook the two seconds that LINE waits, and is still waited for', async () => {
  const { drained, steps, faults } = stopping()
  let isOver = false
  void faults.then(() => {
    isOver = true
  })
  await vi.advanceTimersByTimeAsync(BUDGET_MS)
  expect({ last: steps.slice(2), isOver }).toEqual({ last: ['webhook within 2000'], isOver: false })
  drained.resolve()
  expect(await faults).toEqual([])
})

test('a stage that does not stop in order keeps no other from stopping', async () => {
  const { drained, steps, faults } = stopping()
  const fault = new Error('the group cannot be left')
  drained.reject(fault)
  expect(await faults).toEqual([fault])
  expect(steps).toHaveLength(3)
})
