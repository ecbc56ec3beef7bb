import { expect, onTestFinished, test, vi } from 'vitest'
import type { Claim } from '../../src/webhook/coverage-claim.ts'
import { createCoverageClaim } from '../../src/webhook/coverage-claim.ts'
import { startHeartbeat } from '../../src/webhook/heartbeat.ts'
import { BEYOND_DOUBT } from './webhook-bodies.ts'

const EVERY = 1_000

const beating = () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const said: Claim[] = []
  let now = 0
  const heartbeat = startHeartbeat({
    claim: createCoverageClaim(['main'], 0, BEYOND_DOUBT),
    storage: {
      store: () => {
        throw new Error('nothing came')
      },
      claim: (claims) => {
        said.push(...claims)
        return { done: Promise.resolve(), abandon: () => {} }
      },
    },
    everyMs: EVERY,
    clock: { now: () => now, monotonic: () => now },
    onFailed: (error) => expect.fail(error.message),
  })
  /** The next beat comes so much later than the last. */
  const beat = async (after: number) => {
    now += after
    await vi.advanceTimersByTimeAsync(EVERY)
  }
  return { said, beat, heartbeat }
}

test('each beat says the time since the last', async () => {
  const { said, beat } = beating()
  await beat(EVERY)
  await beat(2 * EVERY)
  expect(said).toEqual([
    { channels: ['main'], from: 0, until: EVERY },
    { channels: ['main'], from: EVERY, until: 3 * EVERY },
  ])
})

test('a process that stood still has not listened meanwhile', async () => {
  const { said, beat } = beating()
  await beat(EVERY)
  await beat(20 * EVERY)
  await beat(EVERY)
  expect(said).toEqual([
    { channels: ['main'], from: 0, until: EVERY },
    { channels: ['main'], from: 21 * EVERY, until: 22 * EVERY },
  ])
})

test('its last words are of the time until it stopped', async () => {
  const { said, beat, heartbeat } = beating()
  await beat(EVERY)
  await heartbeat.stop(EVERY + 300, 5_000)
  expect(said.at(-1)).toEqual({ channels: ['main'], from: EVERY, until: EVERY + 300 })
})
