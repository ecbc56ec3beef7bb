import { expect, test } from 'vitest'
import { showProgress } from '../../src/commands/progress.ts'

const shownOn = (isTTY: boolean) => {
  const written: string[] = []
  let now = 0
  const stream = { isTTY, write: (text: string) => written.push(text) }
  const progress = showProgress({ stream, label: 'reading', monotonic: () => now })
  return {
    ...progress,
    written,
    at: (ms: number, done: number, total: number) => {
      now = ms
      progress.update(done, total)
    },
  }
}

test('what is over within a second shows nothing', () => {
  for (const isTTY of [true, false]) {
    const { at, end, written } = shownOn(isTTY)
    at(0, 0, 100)
    at(999, 100, 100)
    end()
    expect(written).toEqual([])
  }
})

test('on a terminal one line is written over, with count and time left, and taken away in the end', () => {
  const { at, end, written } = shownOn(true)
  at(2_000, 10_000, 40_000)
  at(2_050, 20_000, 40_000)
  at(4_000, 40_000, 40_000)
  end()
  expect(written).toEqual([
    '\rreading  [########......................]  10,000 of 40,000 (25 %), about 6 s left\x1b[K',
    '\rreading  [##############################]  40,000 of 40,000 (100 %)\x1b[K',
    '\r\x1b[K',
  ])
})

test('elsewhere a line comes every five seconds, and stays', () => {
  const { at, end, written } = shownOn(false)
  for (let second = 1; second <= 11; second++) at(second * 1_000, second, 1_000)
  end()
  expect(written.map((line) => line.slice(0, line.indexOf('(')))).toEqual([
    'reading  [..............................]  1 of 1,000 ',
    'reading  [..............................]  6 of 1,000 ',
    'reading  [..............................]  11 of 1,000 ',
  ])
  expect(written[0]).toBe('reading  [..............................]  1 of 1,000 (0 %), about 16 min 39 s left\n')
})

test('what is gone through once more is timed anew', () => {
  const { at, written } = shownOn(false)
  at(10_000, 100, 100)
  at(10_500, 0, 100)
  at(15_500, 50, 100)
  expect(written[1]).toContain('50 of 100 (50 %), about 5 s left')
})

test('nothing to do is done', () => {
  const { at, written } = shownOn(false)
  at(2_000, 0, 0)
  expect(written[0]).toContain('0 of 0 (100 %)')
})
