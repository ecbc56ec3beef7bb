import { expect, test } from 'vitest'
import type { Life } from '../../proof/chaos/fleet.ts'
import { gapsBetween, ownershipsOf } from '../../proof/chaos/ownership.ts'
import type { Ended, Frozen, Worker } from '../../proof/chaos/worker.ts'

const SECOND = 1_000

/** `1 opened 57 @3` …: partition, what was logged, epoch, second. */
const lifeOf = (
  name: string,
  lines: string,
  { ended, frozen = [] }: { ended?: Ended; frozen?: readonly Frozen[] } = {},
): Life => ({
  worker: { name, frozen } as unknown as Worker,
  place: 1,
  ended,
  lines: lines.split(', ').map((line) => {
    const [partition, what = '', epoch, at = ''] = line.split(' ')
    return { event: what, partition: Number(partition), epoch: Number(epoch), trueTime: Number(at.slice(1)) * SECOND }
  }),
})
const end = (how: Ended['how'], second: number): Ended => ({ how, at: second * SECOND, status: how === 'stopped' ? 0 : 1 })
const said = (lives: readonly Life[]) =>
  ownershipsOf(lives).map(({ worker, partition, epoch, ended, endedAt }) =>
    [worker, partition, epoch, ended, endedAt === null ? '-' : endedAt / SECOND].join(' '),
  )

test('a partition that moves among the living is given up as planned, and what is open at the end was never lost', () => {
  expect(
    said([lifeOf('a', '1 task-opened 5 @1, 2 task-opened 6 @1, 2 task-closed 6 @4'), lifeOf('b', '2 task-opened 9 @5')]),
  ).toEqual(['a 1 5 none -', 'a 2 6 planned 4', 'b 2 9 none -'])
})

test.each([
  ['a kill', end('killed', 8), 'killed'],
  ['a stop in order', end('stopped', 8), 'planned'],
  ['a stop that did not come to its end', end('failed', 8), 'fault'],
  ['an end of its own', end('alone', 8), 'fault'],
] as const)('what a worker holds at %s ends so', (_how, ended, how) => {
  expect(said([lifeOf('a', '1 task-opened 5 @1', { ended })])).toEqual([`a 1 5 ${how} 8`])
})

test('a task that Kafka failed, or that could not hand over, was not given up as planned', () => {
  const lines = '1 task-opened 5 @1, 1 task-failed 5 @2, 1 task-opened 8 @3, 1 task-closed 8 @4, 1 handover-failed 0 @4'
  expect(said([lifeOf('a', lines)])).toEqual(['a 1 5 fault 2', 'a 1 8 fault 4'])
})

test('one that stood still for longer than its session lost what it held, however it says so when it wakes', () => {
  const frozen = [{ from: 10 * SECOND, until: 25 * SECOND }]
  const lines =
    '1 task-opened 5 @1, 2 task-opened 5 @1, 1 task-failed 5 @25.2, 2 task-closed 5 @25.9, 2 task-opened 9 @27, 2 task-closed 9 @29'
  expect(said([lifeOf('a', lines, { frozen })])).toEqual(['a 1 5 stopped 25.2', 'a 2 5 stopped 25.9', 'a 2 9 planned 29'])
})

test.each([
  ['killed', { ended: end('killed', 5) }, 'killed'],
  ['made to stand still', { frozen: [{ from: 4.5 * SECOND, until: 9 * SECOND }] }, 'stopped'],
  ['killed when it had had the time', { ended: end('killed', 8) }, 'planned'],
] as const)('one that was %s while it handed over what it had given up is not blamed for a planned move', (_how, what, ended) => {
  const lives = [lifeOf('a', '1 task-opened 5 @1, 1 task-closed 5 @4', what), lifeOf('b', '1 task-opened 9 @4.5')]
  expect(said(lives)).toEqual([`a 1 5 ${ended} 4`, 'b 1 9 none -'])
  expect(gapsBetween(ownershipsOf(lives), []).planned).toEqual([500])
})

test('after a short stand-still a partition is given up as ever', () => {
  const frozen = [{ from: 10 * SECOND, until: 15 * SECOND }]
  expect(said([lifeOf('a', '1 task-opened 5 @1, 1 task-closed 5 @16', { frozen })])).toEqual(['a 1 5 planned 16'])
})

test('a hand-over takes from when the owner did its last until the next one has opened the partition', () => {
  const held = ownershipsOf([
    lifeOf('a', '1 task-opened 5 @1, 1 task-closed 5 @4'),
    lifeOf('b', '1 task-opened 9 @4.5', { ended: end('killed', 10) }),
    lifeOf('c', '1 task-opened 12 @19, 1 task-failed 12 @47', { frozen: [{ from: 30 * SECOND, until: 46 * SECOND }] }),
    lifeOf('d', '1 task-opened 15 @42, 1 task-closed 15 @60'),
    lifeOf('e', '1 task-opened 20 @75'),
  ])
  const away = [{ from: 61 * SECOND, until: 70 * SECOND }]
  expect(gapsBetween(held, away)).toEqual({ planned: [500], killed: [9_000], stopped: [12_000], fault: [], away: [15_000] })
})
