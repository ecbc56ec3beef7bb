import fc from 'fast-check'
import { expect, test } from 'vitest'
import { letterHeaders, receiptHeaders } from '../../src/dead-letters/headers.ts'
import { formatOrigin, type LetterRecord, parseOrigin } from '../../src/dead-letters/letter.ts'
import { createLetterIndex } from '../../src/dead-letters/letter-index.ts'
import { knownProspect, sentenceOf } from '../../src/dead-letters/prospect.ts'
import { openRecord, sealRecord } from '../../src/dead-letters/sealed-record.ts'
import { headerLines, headersJson, letterJson, linesOf, outlineLines, outlineOf, summaryOf } from '../../src/dead-letters/told.ts'
import { createSealer, SealError } from '../../src/domain/seal.ts'
import { runsOf } from './fuzz-runs.ts'
import { IN_TIME, mutated, mutatedText, STUMBLING_BLOCKS } from './mutated.ts'
import { wordsOf } from './words-of.ts'

const CANARY = '+819012340199'
const { seal, open } = createSealer([new Uint8Array(32).fill(7)])
const KEY = 'bills/2/17/0'
const position = { topic: 'bills', partition: 2, offset: 17, index: 0 }
const record = {
  key: Buffer.from(CANARY),
  value: Buffer.from([0, 0, 0, 0, 7, 1, ...Buffer.from(CANARY)]),
  headers: { ce_id: Buffer.from('e1'), note: [Buffer.from(CANARY), Buffer.from('')] },
  timestamp: 1,
}
const sealed = sealRecord(record, KEY, seal)
const unsound = ['null', '7', '[]', '{"key":null,"value":null,"headers":null,"timestamp":1}', CANARY].map((text) =>
  Buffer.from(seal(Buffer.from(text), KEY)),
)

const bytes = (text: string): Buffer => Buffer.from(text)
const text = fc.oneof(fc.constantFrom(...STUMBLING_BLOCKS), fc.string({ unit: 'binary' }))
const NAMES = [
  ...Object.keys(letterHeaders({ position, reason: 'undecodable', detail: '' }, 'sealed')),
  ...Object.keys(receiptHeaders({ to: 'a/1/1', at: 0, by: 'b' })),
]
const VALUES = [
  ...Object.values(letterHeaders({ position, reason: 'undecodable', detail: 'd' }, 'sealed')),
  '2026-08-10T03:00:00.000Z',
  'bills/2/17',
]
const header = fc.oneof(fc.constantFrom(...VALUES), text, mutatedText(fc.constantFrom(...VALUES))).map(bytes)
const letterRecord: fc.Arbitrary<LetterRecord> = fc.record({
  partition: fc.nat({ max: 9 }),
  offset: fc.nat(),
  timestamp: fc.oneof(fc.nat(), fc.constantFrom(-1, 8.64e15, 8.64e15 + 1, 2 ** 63)),
  key: fc.option(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(KEY, 'replay') }, mutatedText(fc.constant(KEY))).map(bytes)),
  value: fc.option(fc.oneof(fc.constantFrom(sealed, ...unsound), mutated(fc.constant(sealed)))),
  headers: fc.dictionary(
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) }, text),
    fc.oneof(header, fc.array(header, { maxLength: 2 })),
    { maxKeys: 9 },
  ),
})

/** A terminal takes it as text. */
const expectPlain = (lines: readonly string[]): void => {
  for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
}

test(
  'whatever lies in the dead letters is a letter, a receipt or a stranger, and can be told of',
  () => {
    fc.assert(
      fc.property(fc.array(letterRecord, { maxLength: 6 }), (records) => {
        const index = createLetterIndex(open)
        for (const each of records) {
          index.add(each)
          expectPlain(headerLines(each))
          JSON.stringify(headersJson(each))
        }
        const letters = index.letters()
        expect(letters.length + index.strangers()).toBeLessThanOrEqual(records.length)
        const prospects = letters.flatMap((letter) => knownProspect(letter, { again: false }) ?? [])
        const told = [...linesOf(letters), summaryOf(letters), ...prospects.map(sentenceOf)]
        expect(`${told.join('\n')}${JSON.stringify(letters.map(letterJson))}`).not.toContain('9012340199')
        expectPlain([...linesOf(letters), summaryOf(letters)])
      }),
      runsOf(1_000),
    )
  },
  IN_TIME,
)

test(
  'what was sealed is opened whole, or not at all, and no fault says what it was',
  () => {
    fc.assert(
      fc.property(
        fc.oneof(mutated(fc.constant(sealed)), fc.constantFrom(sealed, ...unsound)),
        fc.constantFrom(KEY, 'bills/2/18/0'),
        (value, key) => {
          try {
            const opened = openRecord(value, key, open)
            expect([value.equals(sealed), key]).toEqual([true, KEY])
            const outline = outlineOf(opened)
            expect(JSON.stringify(outline)).not.toContain('9012340199')
            expectPlain(outlineLines(outline))
          } catch (error) {
            if (!(error instanceof SealError)) throw error
            expect(wordsOf(error)).not.toContain('9012340199')
          }
        },
      ),
      runsOf(1_000),
    )
  },
  IN_TIME,
)

test(
  'any record comes back out of a letter as it went in',
  () => {
    const some = fc.option(fc.uint8Array().map((each) => Buffer.from(each)))
    const headers = fc.dictionary(
      text,
      fc.array(
        fc.uint8Array().map((each) => Buffer.from(each)),
        { minLength: 1, maxLength: 3 },
      ),
    )
    fc.assert(
      fc.property(some, some, headers, fc.maxSafeInteger(), (key, value, given, timestamp) => {
        const whole = { key, value, headers: given, timestamp }
        expect(openRecord(sealRecord(whole, KEY, seal), KEY, open)).toEqual({ ...whole, headers: { ...given } })
        outlineLines(outlineOf(whole))
      }),
      runsOf(300),
    )
  },
  IN_TIME,
)

test(
  'a position is what it says, or none',
  () => {
    fc.assert(
      fc.property(mutatedText(fc.constantFrom(KEY, 'bills/2/17', 'a.b-c_d/999999999/999999999999999')), (given) => {
        const origin = parseOrigin(given)
        if (!origin) return
        expect(Number.isSafeInteger(origin.offset)).toBe(true)
        expect(parseOrigin(formatOrigin(origin))).toEqual(origin)
      }),
      runsOf(2_000),
    )
  },
  IN_TIME,
)
