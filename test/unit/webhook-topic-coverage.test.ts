import { expect, onTestFinished, test, vi } from 'vitest'
import { createEvidence, type Evidence } from '../../src/webhook/evidence.ts'
import { startTopicCoverage } from '../../src/webhook/topic-coverage.ts'
import { BEYOND_DOUBT, memoryStorage } from './webhook-bodies.ts'

/** A topic that has been read as far as the test says. */
const start = (first: number | 'end' | null = 'end', evidence: Pick<Evidence, 'proven'> = BEYOND_DOUBT) => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const memory = memoryStorage()
  const failed: string[] = []
  const time = { now: 1_000, readTo: first as number | 'end' | null | Error }
  const coverage = startTopicCoverage({
    channels: ['main', 'shop'],
    readTo: async (now) => {
      if (time.readTo instanceof Error) throw time.readTo
      return time.readTo === 'end' ? now : time.readTo
    },
    evidence,
    storage: memory.storage,
    everyMs: 100,
    clock: { now: () => time.now, monotonic: () => 0 },
    onFailed: ({ message }) => failed.push(message),
  })
  return {
    ...memory,
    coverage,
    failed,
    spans: () => memory.claimed.map(({ channels, from, until }) => [channels.join('+'), from, until]),
    at: (now: number) => {
      time.now = now
    },
    /** One beat later, at this time and with so much read. */
    beat: async (now: number, readTo: typeof time.readTo = 'end') => {
      time.now = now
      time.readTo = readTo
      await vi.advanceTimersByTimeAsync(100)
    },
  }
}

test('read to its end, it covers up to now, without a hole from beat to beat', async () => {
  const { beat, spans } = start()
  await beat(2_000)
  await beat(3_000)
  expect(spans()).toEqual([
    ['main+shop', 1_000, 2_000],
    ['main+shop', 2_000, 3_000],
  ])
})

test('while it is behind, it covers up to the oldest that is not read, and all of it once that is', async () => {
  const { beat, spans } = start()
  await beat(2_000)
  await beat(9_000, 2_500)
  await beat(9_500, 2_500)
  await beat(10_000)
  expect(spans()).toEqual([
    ['main+shop', 1_000, 2_000],
    ['main+shop', 2_000, 2_500],
    ['main+shop', 2_500, 10_000],
  ])
})

test('behind from the start, it covers from where it went on: the topic kept what came while nobody read it', async () => {
  const { beat, spans } = start(700)
  await beat(2_000, 900)
  await beat(3_000)
  expect(spans()).toEqual([
    ['main+shop', 700, 900],
    ['main+shop', 900, 3_000],
  ])
})

test("LINE's that was set aside before it could be told how far it is read is a hole too", async () => {
  const { beat, spans, coverage, admitted } = start(null)
  coverage.lost(['main'], 900)
  await beat(2_000, 700)
  await beat(3_000)
  expect(admitted).toEqual([{ channels: ['main'], from: 900 - 60_000, until: 901 }])
  expect(spans()).toEqual([
    ['main', 901, 3_000],
    ['shop', 700, 3_000],
  ])
})

test('nothing is covered while it cannot be told how far it is read, and nothing is lost by that', async () => {
  const { beat, spans, failed } = start()
  await beat(2_000)
  await beat(3_000, null)
  await beat(4_000, new Error('no leader'))
  await beat(5_000)
  expect(spans()).toEqual([
    ['main+shop', 1_000, 2_000],
    ['main+shop', 2_000, 5_000],
  ])
  expect(failed).toEqual(['no leader'])
})

test('what could not be told is told with the next', async () => {
  const { beat, spans, fail, failed } = start()
  await beat(1_500)
  fail(1)
  await beat(2_000)
  await beat(3_000)
  expect(spans()).toEqual([
    ['main+shop', 1_000, 1_500],
    ['main+shop', 1_500, 3_000],
  ])
  expect(failed).toEqual(['the brokers do not answer'])
})

test("LINE's that was set aside leaves a hole for its channel, and for no other, also in what is claimed already", async () => {
  const { beat, spans, coverage, admitted } = start()
  await beat(100_000)
  coverage.lost(['shop'], 110_000)
  await beat(120_000)
  expect(admitted).toEqual([{ channels: ['shop'], from: 50_000, until: 110_001 }])
  expect(spans().slice(1)).toEqual([
    ['main', 100_000, 120_000],
    ['shop', 110_001, 120_000],
  ])
})

test('a hole is known to all before the offset of what was set aside moves: another member may claim that time next', async () => {
  const { coverage, admitted, claimed, fail, beat } = start(null)
  await coverage.admit()
  coverage.lost(['shop'], 90_000)
  fail(1)
  await expect(coverage.admit()).rejects.toThrow('the brokers do not answer')
  await coverage.admit()
  await coverage.admit()
  await beat(95_000, null)
  expect(admitted).toEqual([{ channels: ['shop'], from: 30_000, until: 90_001 }])
  expect(claimed).toEqual([])
})

test('a replayed record with the time of long ago takes nothing back', async () => {
  const { beat, spans } = start()
  await beat(2_000)
  await beat(3_000, 5)
  await beat(4_000)
  expect(spans()).toEqual([
    ['main+shop', 1_000, 2_000],
    ['main+shop', 2_000, 4_000],
  ])
})

test('nothing is covered without a body in it: from when the first was written, though it was read before anything could be told', async () => {
  const evidence = createEvidence()
  const { beat, spans } = start(null, evidence)
  evidence.heard('main', 1_500)
  await beat(2_000, 1_200)
  await beat(3_000)
  evidence.heard('shop', 3_100)
  await beat(4_000)
  expect(spans()).toEqual([
    ['main', 1_500, 3_000],
    ['main', 3_000, 4_000],
    ['shop', 3_100, 4_000],
  ])
})

test('it says it for the last time when it stops', async () => {
  const { beat, at, spans, coverage } = start()
  await beat(2_000)
  at(2_050)
  await coverage.stop(10_000)
  expect(spans()).toEqual([
    ['main+shop', 1_000, 2_000],
    ['main+shop', 2_000, 2_050],
  ])
})
