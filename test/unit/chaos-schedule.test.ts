import { expect, test } from 'vitest'
import { type Act, type Kind, scheduleOf } from '../../proof/chaos/schedule.ts'

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed)
const ALL: readonly Kind[] = [
  ...(['kill', 'freeze', 'freeze-into-quiet', 'restart', 'scale', 'store', 'group-offsets', 'clock', 'machine-pause'] as const),
  ...(['slow-sync', 'fan-out', 'broker', 'registry', 'line', 'line-outage', 'webhook'] as const),
]
const namesOf = (act: Act): string[] => [act.kind, ...('how' in act ? [`${act.kind} ${act.how}`] : [])]

test('the same seed has the same faults at the same times, and another has others', () => {
  expect(scheduleOf(7, 10)).toEqual(scheduleOf(7, 10))
  expect(scheduleOf(7, 10).acts).not.toEqual(scheduleOf(8, 10).acts)
})

test.each([5, 7.5, 10, 30])('every kind of fault has its time in %d minutes, whatever the seed', (minutes) => {
  for (const seed of SEEDS) {
    const seen = new Set(scheduleOf(seed, minutes).acts.flatMap(namesOf))
    expect(
      [...ALL, 'broker crash', 'broker shutdown', 'registry cut', 'registry stall'].filter((kind) => !seen.has(kind)),
    ).toEqual([])
  }
})

test('in a short run a worker is killed, one stands still, one is restarted, the broker goes away, and LINE has faults', () => {
  for (const seed of SEEDS) {
    const seen = new Set<string>(scheduleOf(seed, 1).acts.map(({ kind }) => kind))
    expect(['kill', 'freeze', 'restart', 'broker', 'line', 'webhook'].filter((kind) => !seen.has(kind))).toEqual([])
  }
})

test.each([0.5, 1, 2, 5, 10, 60])(
  'in %d minutes what is done to workers never overlaps, and all is over when it is to be calm',
  (minutes) => {
    for (const seed of SEEDS.slice(0, 60)) {
      const { acts, calmFrom, quietUntil, quietFrom, producedBy, until } = scheduleOf(seed, minutes)
      for (const lane of ['workers', 'cluster', 'line', 'events'] as const) {
        const own = acts.filter((act) => act.lane === lane)
        for (const [n, act] of own.entries()) {
          const before = own[n - 1]
          expect(act.at).toBeGreaterThanOrEqual(before ? before.at + before.lastsMs : 0)
          if (lane !== 'cluster') expect(act.at + act.lastsMs).toBeLessThanOrEqual(calmFrom)
        }
      }
      expect([quietFrom, quietUntil, producedBy, calmFrom, until].toSorted((a, b) => a - b)).toEqual([
        ...[quietFrom, quietUntil, producedBy, calmFrom, until],
      ])
    }
  },
)

test('a worker is frozen before quiet hours begin, and wakes in them', () => {
  for (const seed of SEEDS) {
    const { acts, quietFrom, quietUntil } = scheduleOf(seed, 5)
    const freezes = acts.filter((act) => act.kind === 'freeze-into-quiet')
    expect(freezes).toHaveLength(1)
    for (const { at, ms } of freezes) {
      expect(at).toBeLessThan(quietFrom)
      expect(at + ms).toBeGreaterThan(quietFrom + 8_000)
      expect(at + ms).toBeLessThan(quietUntil)
    }
  }
})

test('in a long run the first worker is let live from early on: memory is judged by one that grows old', () => {
  for (const seed of SEEDS) {
    const { acts, until } = scheduleOf(seed, 10)
    const ends = acts.filter((act) =>
      act.kind === 'kill' || act.kind === 'restart' || act.kind === 'store'
        ? act.worker === 1
        : act.kind === 'slow-sync'
          ? act.other === 1
          : act.kind === 'group-offsets' || act.kind === 'fan-out',
    )
    expect(Math.max(...ends.map(({ at, lastsMs }) => at + lastsMs)), `seed ${seed}`).toBeLessThan(0.4 * until)
  }
})

test('the broker is there when a group is deleted or rebalances slowly, and when an event for thousands is under way', () => {
  for (const seed of SEEDS) {
    const { acts } = scheduleOf(seed, 10)
    const needing = acts.filter(({ kind }) => kind === 'group-offsets' || kind === 'fan-out' || kind === 'slow-sync')
    for (const broker of acts.filter(({ kind }) => kind === 'broker'))
      for (const { at, lastsMs } of needing)
        expect(broker.at >= at + lastsMs || broker.at + broker.lastsMs <= at, `${seed}: ${broker.at} and ${at}`).toBe(true)
  }
})

test('a clock that is put forward is not put further forward than what was decided by it can be waited for', () => {
  for (const seed of SEEDS) {
    const { acts, until } = scheduleOf(seed, 10)
    const jumps = acts.flatMap((act) => (act.kind === 'clock' ? [act.aheadMs] : []))
    expect(Math.max(...jumps)).toBeLessThanOrEqual(0.2 * until)
  }
})
