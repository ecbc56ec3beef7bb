import { readFileSync } from 'node:fs'
import avro from 'avsc'
import { boundAvro } from './avsc-bounds.ts'

/** The newest format of internal records that this version knows: the folders of schemas/internal are v1 to this one, and all of them can be
 *  read. How to add one: schemas/internal/README.md. */
export const NEWEST_FORMAT = 1

/** Named types first: later ones refer to them. Only ever append; the place is the second byte. */
const KINDS = [
  'position',
  'event-facts',
  'notification',
  'outcome',
  'ready-request',
  'refused-request',
  'poison-request',
  'entry',
  'task-position',
  'epoch',
  'immutables',
  'handover',
  'barrier',
  'mark-request',
  'channel-request',
  'mark',
  'pause',
  'receipt',
  'heartbeat',
  'link',
  'coverage',
  'hole',
  'format',
] as const

export type Kind = (typeof KINDS)[number]

/** No text begins with a byte like this, nor what Confluent's serializers write: what seems to be of a later format is no record of ours. */
const LAST_FORMAT = 31

export const mayBeFormat = (firstByte: number): boolean => firstByte >= 1 && firstByte <= LAST_FORMAT

/** Every version must be able to read these, before it knows whether it can read the rest: always in format 1. */
const FOR_EVERYBODY: ReadonlySet<Kind> = new Set(['epoch', 'immutables', 'format'])

/** An internal record that cannot be read: written by somebody else, damaged, or of a newer format. Its message names no content. */
export class UnreadableRecordError extends Error {
  override readonly name: string = 'UnreadableRecordError'
}

/** It says that it is of a format that this version does not know. */
export class NewerRecordError extends UnreadableRecordError {
  override readonly name = 'NewerRecordError'
  readonly format: number

  constructor(format: number, newest: number) {
    super(`the record is of format ${format}; this version reads formats up to ${newest}`)
    this.format = format
  }
}

/** Bytes of internal records. The first is their format, the second says which of the schemas it is: the kind's place in KINDS; the rest is
 *  Avro by that schema. */
export interface InternalRecords {
  /** Throws if the kind came with a later format: whoever writes it asks first whether the topics are at that. */
  encode(kind: Kind, value: object, format: number): Buffer
  /** As the newest format has it, whichever it was written in. Throws UnreadableRecordError. */
  decode(value: Buffer | null): { readonly kind: Kind; readonly body: unknown }
}

/** The folders v1 to v`newest`. Each is whole, so that a record is read as it was written; what was added since has its default. */
export const loadInternalRecords = (folder: URL, newest: number): InternalRecords => {
  boundAvro()
  const formats = Array.from({ length: newest }, (_, before) => loadFormat(folder, before + 1))
  const written = formats.map((types) =>
    types.map((type, place) => type && { type, read: readerOf(type, formats.at(-1)?.[place]) }),
  )

  return {
    encode: (kind, value, format) => {
      const [first, place] = [FOR_EVERYBODY.has(kind) ? 1 : format, KINDS.indexOf(kind)]
      const type = formats[first - 1]?.[place]
      if (!type) throw new Error(`format ${first} has no ${kind}: it must not be written before the topics are raised`)
      scratch[0] = first
      scratch[1] = place
      const end = type.encode(value, scratch, 2)
      return end >= 0 ? Buffer.from(scratch.subarray(0, end)) : Buffer.concat([scratch.subarray(0, 2), type.toBuffer(value)])
    },
    decode: (value) => {
      if (!value || value.length < 2) throw new UnreadableRecordError('the record has no value')
      const [format = 0, place = 0] = value
      if (format > newest && mayBeFormat(format)) throw new NewerRecordError(format, newest)
      const types = written[format - 1]
      if (!types) throw new UnreadableRecordError(`the record is of format ${format}, which there never was`)
      const [kind, reading] = [KINDS[place], types[place]]
      if (!kind || !reading)
        throw new UnreadableRecordError(`the record is of kind ${place}, which format ${format} does not have`)
      try {
        return { kind, body: reading.read(value.subarray(2)) }
      } catch (cause) {
        throw new UnreadableRecordError(`the record is not a whole ${kind}`, { cause })
      }
    },
  }
}

/** By the place of their kinds; undefined where the kind came later. */
const loadFormat = (folder: URL, format: number): readonly (avro.Type | undefined)[] => {
  const registry = {} // of its own: the formats have the same names
  return KINDS.map((kind) => {
    const schema = readIfThere(new URL(`v${format}/${kind}.avsc`, folder))
    return schema === undefined ? undefined : avro.Type.forSchema(JSON.parse(schema), { registry })
  })
}

const readIfThere = (file: URL): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Of the newest format, straight; of older ones through avsc's resolver, which throws here and now if the one cannot be read as the other. */
const readerOf = (writer: avro.Type, newest: avro.Type | undefined): ((bytes: Buffer) => unknown) => {
  if (!newest || newest === writer) return (bytes) => writer.fromBuffer(bytes)
  const resolver = newest.createResolver(writer)
  return (bytes) => newest.fromBuffer(bytes, resolver)
}

/** avsc's own buffer holds 1 KiB, and whatever is larger, as most entries are, it encodes twice. */
const scratch = Buffer.alloc(64 << 10)
