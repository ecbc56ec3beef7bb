import { describe, expect, test } from 'vitest'
import { type InputBounds, resumeAt, StateLostError } from '../../src/dispatch/task-journal.ts'
import { createLog } from './memory-journal.ts'
import { entryOf } from './notification-builder.ts'
import { openFixture } from './task-fixture.ts'

const bounds = (changes: Partial<InputBounds> = {}): InputBounds => ({
  requests: { low: 10, high: 50 },
  feedback: { low: 5, high: 20 },
  groupHasRead: true,
  ...changes,
})
const untouched = { requests: { low: 0, high: 50 }, feedback: { low: 0, high: 20 }, groupHasRead: false }

describe('a task reads on', () => {
  test.each([
    ['at its position', { requests: 30, feedback: 7 }],
    ['at a position where nothing is deleted or unread', { requests: 10, feedback: 20 }],
  ])('%s', (_, position) => expect(resumeAt(3, position, bounds())).toEqual(position))

  test.each([true, false])('where its journal says, whatever the group’s offsets say: %s', (groupHasRead) => {
    const position = { requests: 30, feedback: 7 }
    expect(resumeAt(3, position, bounds({ groupHasRead }))).toEqual(position)
  })

  test('from the start, if nothing was ever read', () => {
    expect(resumeAt(3, undefined, untouched)).toEqual({ requests: 0, feedback: 0 })
  })
})

describe('a task does not open', () => {
  test.each([
    ['the journal is empty, but the group has read', undefined, { ...untouched, groupHasRead: true }, 'the journal was lost'],
    [
      'the journal is empty, but requests were deleted',
      undefined,
      { ...untouched, requests: { low: 1, high: 50 } },
      'the journal was lost',
    ],
    [
      'the journal is empty, but feedback was deleted',
      undefined,
      { ...untouched, feedback: { low: 1, high: 20 } },
      'the journal was lost',
    ],
    ['requests were deleted unread', { requests: 9, feedback: 7 }, bounds(), '1 records were deleted unread'],
    ['feedback was deleted unread', { requests: 30, feedback: 2 }, bounds(), '3 records were deleted unread'],
    ['requests were made anew', { requests: 51, feedback: 7 }, bounds(), 'made anew'],
    ['feedback was made anew', { requests: 30, feedback: 21 }, bounds(), 'made anew'],
  ])('if %s', (_, position, limits, words) => {
    expect(() => resumeAt(3, position, limits)).toThrow(StateLostError)
    expect(() => resumeAt(3, position, limits)).toThrow(words)
    expect(() => resumeAt(3, position, limits)).toThrow('partition 3')
  })

  test('over a journal that does not fit its inputs', async () => {
    const log = createLog(entryOf(1))
    log.bounds = bounds({ requests: { low: 101, high: 200 } })
    await expect(openFixture({ log })).rejects.toThrow(StateLostError)
  })
})
