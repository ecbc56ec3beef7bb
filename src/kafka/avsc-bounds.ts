import avro from 'avsc'

/** avsc believes how many items an array or a map says it has, and past the end of the bytes reads zeros: eight bytes of nonsense take
 *  all memory. Every item takes a byte of its own at least, so that all lists of a record together have no more items than it has bytes;
 *  but for those of no content, which nobody sends. Safe to repeat. */
export const boundAvro = (): void => {
  const { ArrayType, MapType } = avro.types as unknown as Record<'ArrayType' | 'MapType', { readonly prototype: Collection }>
  ArrayType.prototype._read = readArray
  ArrayType.prototype._skip = skipArray
  MapType.prototype._read = readMap
  MapType.prototype._skip = skipMap
}

/** More items than the bytes can hold. */
export class AvroCountError extends Error {
  override readonly name = 'AvroCountError'
}

/** avsc's cursor over bytes, and the parts of its types that are not in its typings. */
interface Tap {
  readonly buf: Uint8Array
  readonly pos: number
  /** Ours: items of all lists so far. One tap reads one record. */
  items?: number
  readLong(): number
  readString(): string | undefined
  skipString(): void
}
interface Reading {
  _read(tap: Tap): unknown
  /** Of what the reader's schema leaves out. */
  _skip(tap: Tap): void
}
interface Collection extends Reading {
  readonly itemsType: Reading
  readonly valuesType: Reading
}

function readArray(this: Collection, tap: Tap): unknown {
  const items: unknown[] = []
  for (let left = countIn(tap); left > 0; left = countIn(tap)) while (left-- > 0) items.push(this.itemsType._read(tap))
  return items
}

function readMap(this: Collection, tap: Tap): unknown {
  const entries: [string, unknown][] = []
  for (let left = countIn(tap); left > 0; left = countIn(tap))
    while (left-- > 0) entries.push([tap.readString() ?? '', this.valuesType._read(tap)])
  return Object.fromEntries(entries)
}

function skipArray(this: Collection, tap: Tap): void {
  for (let left = countIn(tap); left > 0; left = countIn(tap)) while (left-- > 0) this.itemsType._skip(tap)
}

function skipMap(this: Collection, tap: Tap): void {
  for (let left = countIn(tap); left > 0; left = countIn(tap))
    while (left-- > 0) {
      tap.skipString()
      this.valuesType._skip(tap)
    }
}

/** Of the next block; 0 after the last. A negative count is followed by the size of its block in bytes, which need not be believed. */
const countIn = (tap: Tap): number => {
  const count = tap.readLong()
  if (count < 0) tap.readLong()
  const size = Math.abs(count)
  tap.items = (tap.items ?? 0) + size
  if (size > tap.buf.length - tap.pos || tap.items > tap.buf.length)
    throw new AvroCountError('a list says that it is longer than the bytes that hold it')
  return size
}
