import avro from 'avsc'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AvroCountError, boundAvro } from '../../src/kafka/avsc-bounds.ts'

boundAvro()

const HOLDER = avro.Type.forSchema({
  type: 'record',
  name: 'Holder',
  fields: [
    { name: 'list', type: { type: 'array', items: { type: 'map', values: 'long' } } },
    { name: 'last', type: 'string' },
  ],
})
const NEWER = avro.Type.forSchema({
  type: 'record',
  name: 'Holder',
  fields: [{ name: 'list', type: { type: 'array', items: { type: 'map', values: 'double' } } }],
})

test('what is written is read back, also by a reader with another schema', () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.string(), fc.nat())), fc.string(), (list, last) => {
      const bytes = HOLDER.toBuffer({ list, last })
      expect(HOLDER.fromBuffer(bytes)).toEqual({ list, last })
      expect(NEWER.fromBuffer(bytes, NEWER.createResolver(HOLDER))).toEqual({ list })
    }),
  )
})

test('blocks that tell their size are read, too', () => {
  const ints = avro.Type.forSchema({ type: 'array', items: 'int' })
  expect(ints.fromBuffer(Buffer.from([3, 4, 2, 4, 2, 6, 0]))).toEqual([1, 2, 3]) // -2 items in 2 bytes, 1 item
})

const WITHOUT = avro.Type.forSchema({ type: 'record', name: 'Holder', fields: [{ name: 'last', type: 'string' }] })

test('what a reader leaves out is skipped, whether or not its blocks tell their size', () => {
  const list = [{ a: 1, b: 2 }, {}, { c: 3 }]
  const read = (bytes: Buffer) => WITHOUT.fromBuffer(bytes, WITHOUT.createResolver(HOLDER))
  expect(read(HOLDER.toBuffer({ list, last: 'x' }))).toEqual({ last: 'x' })
  // -1 item in 1 byte (a map without entries), the end of the list, "x"
  expect(read(Buffer.from([1, 2, 0, 0, 2, 0x78]))).toEqual({ last: 'x' })
})

test.each([
  ['read', HOLDER],
  ['read by another schema', NEWER],
  ['left out by the reader', WITHOUT],
])('a list that claims more items than there are bytes is refused at once (%s)', (_, type) => {
  const claims = avro.Type.forSchema('long').toBuffer(2 ** 40)
  const bytes = Buffer.concat([claims, Buffer.alloc(100)])
  expect(() => type.fromBuffer(bytes, type === HOLDER ? undefined : type.createResolver(HOLDER))).toThrow(AvroCountError)
})

test('bytes of nonsense end in an error or a value, and take no memory', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        HOLDER.fromBuffer(Buffer.from(bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }),
    { numRuns: 2_000 },
  )
})
