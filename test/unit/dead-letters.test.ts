import { describe, expect, test } from 'vitest'
import { chooseToList, chooseToReplay } from '../../src/dead-letters/choose.ts'
import { type LetterFilter, readWhen } from '../../src/dead-letters/filter.ts'
import { letterHeaders, type Replay, receiptHeaders } from '../../src/dead-letters/headers.ts'
import { formatOrigin, type Letter, type LetterRecord, parseOrigin, stateOf } from '../../src/dead-letters/letter.ts'
import { createLetterIndex } from '../../src/dead-letters/letter-index.ts'
import { openRecord, sealRecord } from '../../src/dead-letters/sealed-record.ts'
import { linesOf, outlineLines, outlineOf, summaryOf } from '../../src/dead-letters/told.ts'
import { formatPosition } from '../../src/domain/position.ts'
import { createSealer, SealError } from '../../src/domain/seal.ts'
import { NOON, positionOf, SECOND } from './notification-builder.ts'

const KEY = Buffer.alloc(32, 1)
const { seal, open } = createSealer([KEY])
const RECORD = {
  key: Buffer.from('09012345678'),
  value: Buffer.concat([Buffer.of(0, 0, 0, 0, 7), Buffer.from('09012345678')]),
  headers: { ce_id: Buffer.from('E-1'), ce_subject: 'tel', 'x-many': [Buffer.from('a'), 'b'] },
  timestamp: NOON,
}

/** As intake writes it. */
const letterOf = (n: number, changes: Partial<LetterRecord> = {}, sealWith = seal): LetterRecord => {
  const key = formatPosition(positionOf(n))
  return {
    partition: 0,
    offset: n,
    timestamp: NOON + n * SECOND,
    key: Buffer.from(key),
    value: sealRecord(RECORD, key, sealWith),
    headers: letterHeaders({ position: positionOf(n), reason: 'undecodable', detail: `detail ${n}` }, 'sealed'),
    ...changes,
  }
}
const receiptOf = (n: number, replay: Replay): LetterRecord => ({
  ...letterOf(n, { offset: 100 + n, value: null }),
  headers: receiptHeaders(replay),
})
const REPLAY: Replay = { to: 'bills/1/77', at: NOON, by: 'hanako' }

const lettersOf = (...records: LetterRecord[]): readonly Letter[] => {
  const index = createLetterIndex(open)
  for (const record of records) index.add(record)
  return index.letters()
}

describe('a sealed record', () => {
  test('opens to what it was: key, value, headers that occur twice, timestamp', () => {
    expect(openRecord(sealRecord(RECORD, 'a/0/1/0', seal), 'a/0/1/0', open)).toEqual({
      ...RECORD,
      headers: { ce_id: [Buffer.from('E-1')], ce_subject: [Buffer.from('tel')], 'x-many': [Buffer.from('a'), Buffer.from('b')] },
    })
  })

  test('keeps a tombstone a tombstone, and an empty value empty', () => {
    const bare = { key: null, value: null, headers: undefined, timestamp: 1 }
    expect(openRecord(sealRecord(bare, 'a/0/1/0', seal), 'a/0/1/0', open)).toEqual({ ...bare, headers: {} })
    const empty = { ...bare, value: Buffer.of() }
    expect(openRecord(sealRecord(empty, 'a/0/1/0', seal), 'a/0/1/0', open).value).toEqual(Buffer.of())
  })

  test('does not open as another letter', () => {
    expect(() => openRecord(sealRecord(RECORD, 'a/0/1/0', seal), 'a/0/2/0', open)).toThrow(SealError)
  })

  test('says so without a word of it if something else was sealed', () => {
    const sealed = seal(Buffer.from('09012345678'), 'a/0/1/0')
    expect(() => openRecord(sealed, 'a/0/1/0', open)).toThrow(
      'What was sealed for a/0/1/0 is not { key, value, headers, timestamp }: another version wrote it.',
    )
  })
})

test.each([
  ['unknown-schema', 'VALUE_CONVERTER'],
  ['internal-fault', 'TRANSFORMATION'],
  ['older-than-window', 'TASK_PUT'],
] as const)('a letter of %s says how far the record came, in the words of Connect: %s', (reason, stage) => {
  const headers = letterHeaders({ position: positionOf(1), reason, detail: '' }, 'sealed')
  expect(headers['__connect.errors.stage']).toBe(stage)
})

describe('the topic is read as letters', () => {
  test('one for each record that died, the oldest first', () => {
    const letters = lettersOf(letterOf(3), letterOf(1), letterOf(2))
    expect(letters.map(({ origin }) => formatOrigin(origin))).toEqual(['bills/1/1', 'bills/1/2', 'bills/1/3'])
    expect(letters[0]).toMatchObject({ reason: 'undecodable', detail: 'detail 1', hindrance: null, replayed: null })
  })

  test('what is written twice is one letter, and what it said last counts', () => {
    const later = letterOf(1, {
      offset: 9,
      headers: { ...letterOf(1).headers, '__connect.errors.exception.message': 'said last' },
    })
    expect(lettersOf(letterOf(1), later)).toMatchObject([{ detail: 'said last', place: { offset: 9 } }])
  })

  test('but one that can be replayed is not given up for one that cannot', () => {
    const omitted = letterOf(1, { offset: 9, value: null })
    expect(lettersOf(letterOf(1), omitted)).toMatchObject([{ place: { offset: 1 }, hindrance: null }])
    expect(lettersOf(omitted, letterOf(1))).toMatchObject([{ place: { offset: 1 }, hindrance: null }])
  })

  test('a receipt counts wherever it is read, also before its letter', () => {
    for (const records of [
      [letterOf(1), receiptOf(1, REPLAY)],
      [receiptOf(1, REPLAY), letterOf(1)],
      [letterOf(1), receiptOf(1, REPLAY), letterOf(1, { offset: 200 })],
    ])
      expect(lettersOf(...records)).toMatchObject([{ replayed: REPLAY }])
    expect(lettersOf(receiptOf(1, REPLAY)), 'a receipt alone is no letter').toEqual([])
  })

  test('what is neither is counted', () => {
    const index = createLetterIndex(open)
    index.add(letterOf(1, { key: Buffer.from('somebody') }))
    index.add(letterOf(1, { key: null }))
    index.add(letterOf(1, { headers: {} }))
    index.add(letterOf(1, { key: Buffer.from('replay'), value: null, headers: { 'tsuchi.replayed-at': 'now' } }))
    expect([index.letters(), index.strangers()]).toEqual([[], 3])
  })

  test('a letter whose key is gone says which, and the remedy', () => {
    const [letter] = lettersOf(letterOf(1, {}, createSealer([Buffer.alloc(32, 2)]).seal))
    expect(letter?.hindrance?.kind).toBe('sealed')
    expect(letter?.hindrance?.detail).toMatch(
      /^Sealed with key [0-9a-f]{8}; known: [0-9a-f]{8}\. Add the missing key\. Remedy: add the old key to privacy\.sealingKeys, after the first$/,
    )
  })

  test.each([
    ['omitted', 'deadLetters.values: omitted'],
    ['omitted: too large', 'too large for a dead letter'],
    ['omitted: left in place', "tsuchi's own"],
  ] as const)('a letter without a value (%s) says what to do instead', (kept, words) => {
    const headers = letterHeaders({ position: positionOf(1), reason: 'undecodable', detail: '' }, kept)
    const [letter] = lettersOf(letterOf(1, { value: null, headers }))
    expect(letter?.hindrance).toMatchObject({ kind: 'no-value', detail: expect.stringContaining(words) })
    expect(letter?.hindrance?.detail).toContain('anew')
  })
})

const ALL: LetterFilter = { reasons: [], topics: [], states: [], since: null, until: null }

describe('letters are chosen', () => {
  const letters = lettersOf(
    letterOf(1),
    letterOf(2),
    receiptOf(2, REPLAY),
    letterOf(3),
    letterOf(4, { value: null, headers: letterHeaders({ position: positionOf(4), reason: 'no-value', detail: '' }, 'omitted') }),
  )
  const offsetsOf = (chosen: readonly Letter[]) => chosen.map(({ origin }) => origin.offset)

  test.each([
    ['without a filter, all', {}, [1, 2, 3, 4]],
    ['by reason', { reasons: ['no-value'] }, [4]],
    ['by several reasons', { reasons: ['no-value', 'undecodable'] }, [1, 2, 3, 4]],
    ['by topic', { topics: ['others'] }, []],
    ['by state', { states: ['waiting'] as const }, [1, 3]],
    ['from a time on', { since: NOON + 2 * SECOND }, [2, 3, 4]],
    ['before a time', { until: NOON + 2 * SECOND }, [1]],
  ])('%s', (_, changes, offsets) => {
    expect(offsetsOf(chooseToList(letters, { filter: { ...ALL, ...changes }, limit: null }))).toEqual(offsets)
  })

  test('to look at, the newest; to replay, the oldest that were not, and what cannot be, which uses up no limit', () => {
    expect(offsetsOf(chooseToList(letters, { filter: ALL, limit: 2 }))).toEqual([3, 4])
    const wanted = { filter: ALL, positions: [], limit: 2 }
    expect(offsetsOf(chooseToReplay(letters, wanted, { again: false }).letters)).toEqual([1, 2, 3, 4])
    expect(offsetsOf(chooseToReplay(letters, wanted, { again: true }).letters)).toEqual([1, 2, 4])
  })

  test('by position, and what is not there is named', () => {
    const positions = [positionOf(3), positionOf(9)]
    const { letters: found, unknown } = chooseToReplay(letters, { filter: ALL, positions, limit: null }, { again: false })
    expect([offsetsOf(found), unknown]).toEqual([[3], ['bills/1/9']])
  })

  test('and each is in one state', () => {
    expect(letters.map(stateOf)).toEqual(['waiting', 'replayed', 'waiting', 'unreplayable'])
  })
})

test.each([
  ['PT2H', NOON - 7_200 * SECOND],
  ['P1D', NOON - 86_400 * SECOND],
  ['2026-06-01T12:00:00+09:00', NOON],
  ['2026-06-01', undefined],
  ['P1M', undefined],
  ['yesterday', undefined],
])('"%s" is a time, or none', (text, ms) => expect(readWhen(text, NOON)).toBe(ms))

test.each([
  ['bills/1/42', { topic: 'bills', partition: 1, offset: 42 }],
  ['bills/1/42/3', { topic: 'bills', partition: 1, offset: 42 }],
  ['bills/1', undefined],
  ['bills/1/x', undefined],
  ['bi lls/1/2', undefined],
])('"%s" is a position, or none', (text, origin) => expect(parseOrigin(text)).toEqual(origin))

describe('what is told of a letter', () => {
  test('one line, columns under each other', () => {
    expect(linesOf(lettersOf(letterOf(9), letterOf(10), receiptOf(10, REPLAY)))).toEqual([
      'bills/1/9   2026-06-01T03:00:09.000Z  undecodable  detail 9  [waiting]',
      'bills/1/10  2026-06-01T03:00:10.000Z  undecodable  detail 10  [replayed at 2026-06-01T03:00:00.000Z to bills/1/77 by hanako]',
    ])
  })

  test('a summary by reason, the most frequent first', () => {
    const headers = letterHeaders({ position: positionOf(1), reason: 'no-value', detail: '' }, 'sealed')
    expect(summaryOf(lettersOf(letterOf(1, { headers }), letterOf(2), letterOf(3)))).toBe(
      '3 dead letters: 2 undecodable, 1 no-value',
    )
    expect(summaryOf(lettersOf(letterOf(1)))).toBe('1 dead letter: 1 undecodable')
  })

  test('the outline of its record has sizes and names, and of headers only what names the event', () => {
    const lines = outlineLines(outlineOf(openRecord(sealRecord(RECORD, 'a', seal), 'a', open)))
    expect(lines).toEqual([
      'key: 11 bytes',
      'value: 16 bytes, of schema id 7',
      'timestamp: 2026-06-01T03:00:00.000Z',
      'header ce_id: E-1',
      'header ce_subject: 3 bytes',
      'header x-many: 2 bytes',
    ])
  })

  test('what others wrote does not steer the terminal', () => {
    const headers = letterHeaders({ position: positionOf(1), reason: 'undecodable', detail: 'a\u001b[2Jb\nc\u202ed' }, 'sealed')
    expect(linesOf(lettersOf(letterOf(1, { headers })))).toEqual([
      'bills/1/1  2026-06-01T03:00:01.000Z  undecodable  a�[2Jb�c�d  [waiting]',
    ])
    const long = { key: null, value: null, headers: { ce_id: [Buffer.from('e'.repeat(2_000))] }, timestamp: 0 }
    expect(outlineLines(outlineOf(long))).toContain(`header ce_id: ${'e'.repeat(1_000)}…`)
  })
})
