import fc from 'fast-check'

/** Generous: nothing here is about speed, only about coming to an end. */
export const IN_TIME = process.env.FUZZ_RUNS === undefined ? 60_000 : 3_600_000

/** What is almost right gets further into a decoder than what is all wrong: a few changes to real bytes. */
export const mutated = (samples: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(samples, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 40 }), change), { minLength: 1, maxLength: 4 }))
    .map(([sample, changes]) =>
      changes.reduce((bytes, [at, length, change]) => {
        const start = bytes.length === 0 ? 0 : at % bytes.length
        const [before, within, after] = [
          bytes.subarray(0, start),
          bytes.subarray(start, start + length),
          bytes.subarray(start + length),
        ]
        return Buffer.concat(change(before, within, after))
      }, sample),
    )

/** The same of texts, with what JSON and HTTP stumble over. */
export const mutatedText = (samples: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(mutated(samples.map((text) => Buffer.from(text))), fc.nat(), fc.constantFrom('', ...STUMBLING_BLOCKS))
    .map(([bytes, at, block]) => {
      const text = bytes.toString()
      const start = at % (text.length + 1)
      return text.slice(0, start) + block + text.slice(start)
    })

export const STUMBLING_BLOCKS = [
  '\u0000',
  '\ud800',
  '\\ud800',
  '\\u0000',
  '\ufeff',
  '\r\n',
  '{"__proto__":{"a":1}}',
  '"constructor":',
  '[[[[[[[[',
  '1e999',
  '-1e999',
  '-0',
  '9007199254740993',
  '0x10',
  'NaN',
  '<html>',
  'null',
  '%00%',
  '\u202e',
  '\u001b[31m',
]

type Change = (before: Buffer, within: Buffer, after: Buffer) => readonly Buffer[]

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constant<Change>((before) => [before]),
  fc.constant<Change>((before, _, after) => [before, after]),
  fc.constant<Change>((before, within, after) => [before, within, within, after]),
  fc.constant<Change>((before, within, after) => [before, Buffer.from(within).reverse(), after]),
  fc
    .uint8Array({ minLength: 1, maxLength: 12 })
    .map<Change>((bytes) => (before, within, after) => [before, bytesOf(bytes), within, after]),
  fc
    .constantFrom<readonly number[]>(
      [0],
      [0xff],
      [0x80],
      [0xc3, 0x28], // no UTF-8
      [0xed, 0xa0, 0x80], // a lone surrogate
      [0xff, 0xff, 0xff, 0xff, 0x0f], // 2^31 - 1, or its negative, as a zigzag varint
      [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], // the longest long
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], // a varint without end
      [0, 0, 0, 0, 0, 0, 0xf8, 0x7f], // NaN
      [0, 0, 0, 0, 0, 0, 0xf0, 0xff], // -Infinity
      [0, 0, 0, 0, 0, 0, 0, 0x80], // -0
    )
    .map<Change>((bytes) => (before, _, after) => [before, bytesOf(bytes), after.subarray(1)]),
)

const bytesOf = (bytes: Iterable<number>): Buffer => Buffer.from([...bytes])
