import avsc, { type Schema, type Type } from 'avsc'

/** What the numbers of a type count, by its logical type: `timestamp-millis`. Avro's resolution minds none of it. */
const measures = new WeakMap<Type, string>()

/** The schema as a type that keeps what its numbers count, for misreadingsOf. */
export const measuredType = (schema: Schema): Type =>
  avsc.Type.forSchema(schema, {
    typeHook: (inner, options) => {
      const measure = measureOf(inner)
      if (measure === null || typeof inner !== 'object' || Array.isArray(inner)) return undefined
      // A type of its own: those that are named by a mere string may be shared.
      const type = avsc.Type.forSchema({ ...inner, logicalType: undefined } as Schema, options)
      measures.set(type, measure)
      return type
    },
  })

/** Fields that the reader can read, and would take for something else: a number of micros for one of millis. Empty: there is none. */
export const misreadingsOf = (reader: Type, writer: Type): readonly string[] =>
  misreadingsAt({ reader, writer, path: '', seen: new Set() })

interface Place {
  readonly reader: Type
  readonly writer: Type
  readonly path: string
  /** Pairs of records on the way here: a schema may contain itself. */
  readonly seen: ReadonlySet<string>
}

const misreadingsAt = (place: Place): string[] => {
  const { reader, writer, path, seen } = place
  const branches = branchesOf(writer)
  if (branches) return [...new Set(branches.flatMap((branch) => misreadingsAt({ ...place, writer: branch })))]
  const readers = branchesOf(reader)
  if (readers) {
    const taken = branchFor(readers, writer)
    return taken ? misreadingsAt({ ...place, reader: taken }) : []
  }
  if (reader instanceof avsc.types.RecordType && writer instanceof avsc.types.RecordType) {
    const pair = `${reader.name} ${writer.name}`
    if (seen.has(pair)) return []
    return reader.fields.flatMap((field) => {
      const written = writer.fields.find(({ name }) => name === field.name || field.aliases.includes(name))
      const at = path === '' ? field.name : `${path}.${field.name}`
      return written ? misreadingsAt({ reader: field.type, writer: written.type, path: at, seen: new Set([...seen, pair]) }) : []
    })
  }
  if (reader instanceof avsc.types.ArrayType && writer instanceof avsc.types.ArrayType)
    return misreadingsAt({ ...place, reader: reader.itemsType, writer: writer.itemsType, path: `${path}[]` })
  if (reader instanceof avsc.types.MapType && writer instanceof avsc.types.MapType)
    return misreadingsAt({ ...place, reader: reader.valuesType, writer: writer.valuesType, path: `${path}.*` })
  const [read, written] = [measures.get(reader), measures.get(writer)]
  if (read === undefined || written === undefined || read === written) return []
  return [`${path || 'the event'} is ${written}, and the route takes it for ${read}`]
}

const branchesOf = (type: Type): readonly Type[] | null =>
  type instanceof avsc.types.UnwrappedUnionType || type instanceof avsc.types.WrappedUnionType ? type.types : null

/** The one that Avro would take: of the same type, or else the first that can read it. */
const branchFor = (branches: readonly Type[], writer: Type): Type | undefined =>
  branches.find(({ typeName, name }) => typeName === writer.typeName && name === writer.name) ??
  branches.find((branch) => reads(branch, writer))

const reads = (reader: Type, writer: Type): boolean => {
  try {
    reader.createResolver(writer)
    return true
  } catch {
    return false
  }
}

/** Those by which a number means another thing; a uuid is a text either way. */
const COUNTING = /^(?:date|time-(?:millis|micros)|(?:local-)?timestamp-(?:millis|micros|nanos))$/

const measureOf = (schema: unknown): string | null => {
  if (typeof schema !== 'object' || schema === null || !('logicalType' in schema)) return null
  const { logicalType } = schema
  if (logicalType === 'decimal') return `decimal of scale ${'scale' in schema ? String(schema.scale) : '0'}`
  return typeof logicalType === 'string' && COUNTING.test(logicalType) ? logicalType : null
}
