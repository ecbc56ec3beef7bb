import { expect, onTestFinished, test, vi } from 'vitest'
import { createCoverageClaim } from '../../src/webhook/coverage-claim.ts'
import { startHeartbeat } from '../../src/webhook/heartbeat.ts'
import { BEYOND_DOUBT, memoryStorage } from './webhook-bodies.ts'

const EVERY = 10_000
const START = 1_000_000

const beating = () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const memory = memoryStorage()
  const failed: string[] = []
  const time = { wall: START, monotonic: 0.25 }
  const claim = createCoverageClaim(['main'], START, BEYOND_DOUBT)
  const heartbeat = startHeartbeat({
    claim,
    storage: memory.storage,
    everyMs: EVERY,
    clock: { now: () => time.wall, monotonic: () => time.monotonic },
    onFailed: ({ message }) => failed.push(message),
  })
  const passes = (ms: number) => {
    time.wall += ms
    time.monotonic += ms
  }
  return {
    ...memory,
    claim,
    heartbeat,
    failed,
    time,
    /** The process is stopped for so long: no timer of its own fires meanwhile. */
    standStill: passes,
    run: async (ms: number) => {
      for (let left = ms; left > 0; left -= 1_000) {
        passes(1_000)
        await vi.advanceTimersByTimeAsync(1_000)
      }
    },
    said: () => memory.claimed.map(({ from, until }) => [from - START, until - START]),
    holes: () => memory.admitted.map(({ from, until }) => [from - START, until - START]),
  }
}

test('each beat says the time since the last', async () => {
  const { said, run, holes } = beating()
  await run(2 * EVERY)
  expect(said()).toEqual([
    [0, EVERY],
    [EVERY, 2 * EVERY],
  ])
  expect(holes()).toEqual([])
})

test('a process that stood still says at once that something may be lost: of that stretch, and no more', async () => {
  const { said, run, holes, standStill } = beating()
  await run(2_000)
  standStill(7_000)
  await run(1_000)
  expect(holes()).toEqual([[2_000, 10_000]])
  expect(said()).toEqual([[0, 2_000]])
  await run(EVERY)
  expect(said().at(-1)?.[0]).toBe(10_000)
  expect(holes()).toHaveLength(1)
})

test('a machine that is busy for some seconds loses nothing', async () => {
  const { said, run, holes, standStill } = beating()
  standStill(4_000)
  await run(EVERY)
  expect(holes()).toEqual([])
  expect(said()).toEqual([[0, 4_000 + EVERY]])
})

test('one that is stopped right after it stood still says so', async () => {
  const { holes, said, heartbeat, run, standStill, time } = beating()
  await run(1_000)
  standStill(20_000)
  await heartbeat.stop(time.wall, 5_000)
  expect(holes()).toEqual([[1_000, 21_000]])
  expect(said()).toEqual([[0, 1_000]])
})

test('a wall clock that is put forward is no hole: only a monotonic one tells that nobody listened', async () => {
  const { said, holes, run, time } = beating()
  time.wall += 3_600_000
  await run(EVERY)
  expect(holes()).toEqual([])
  expect(said()).toEqual([[0, 3_600_000 + EVERY]])
})

test('what may be lost is said within a second, and with the claims around it', async () => {
  const { said, holes, run, claim, time } = beating()
  await run(7_000)
  claim.trouble(time.wall)
  await run(1_000)
  expect(holes()).toEqual([[2_000, 7_000]])
  expect(said()).toEqual([
    [0, 2_000],
    [7_000, 8_000],
  ])
})

test('what the brokers did not take is said with the next', async () => {
  const { said, holes, run, claim, fail, failed, time } = beating()
  await run(5_000)
  claim.trouble(time.wall)
  fail(1)
  await run(1_000)
  expect(failed).toEqual(['the brokers do not answer'])
  await run(1_000)
  expect(holes()).toEqual([[0, 5_000]])
  expect(said()).toEqual([[5_000, 7_000]])
})

test('its last words are of the time until it stopped', async () => {
  const { said, run, heartbeat } = beating()
  await run(EVERY)
  await heartbeat.stop(START + EVERY + 300, 5_000)
  expect(said().at(-1)).toEqual([EVERY, EVERY + 300])
})
