import avsc, { type Type, type types } from 'avsc'

/** What keeps `reader` from reading what is written as `writer`, field by field, as whoever writes it can understand. Empty: it can read it,
 *  by Avro's resolution as the worker does it. */
export const schemaBreaks = (reader: Type, writer: Type): readonly string[] => {
  const refusal = refusalOf(reader, writer)
  if (refusal === null) return []
  const found = breaksAt({ reader, writer, path: '', seen: new Set() })
  // Whatever Avro minds that is not known here is told in its own words.
  return found.length > 0 ? found : [refusal]
}

/** Whether a record of this name can be meant for the reader at all. */
export const readsName = (reader: Type, name: string | undefined): boolean =>
  reader instanceof avsc.types.RecordType && name !== undefined && [reader.name, ...(reader.aliases ?? [])].includes(name)

const refusalOf = (reader: Type, writer: Type): string | null => {
  try {
    reader.createResolver(writer)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : 'they do not match'
  }
}

interface Place {
  readonly reader: Type
  readonly writer: Type
  /** Empty for the record itself. */
  readonly path: string
  /** Pairs of records on the way here: a schema may contain itself. */
  readonly seen: ReadonlySet<string>
}

const breaksAt = (place: Place): string[] => {
  const { reader, writer, path } = place
  if (refusalOf(reader, writer) === null) return []
  if (reader instanceof avsc.types.RecordType && writer instanceof avsc.types.RecordType)
    return recordBreaks(place, reader, writer)
  if (reader instanceof avsc.types.ArrayType && writer instanceof avsc.types.ArrayType)
    return breaksAt({ ...place, reader: reader.itemsType, writer: writer.itemsType, path: `${path}[]` })
  if (reader instanceof avsc.types.MapType && writer instanceof avsc.types.MapType)
    return breaksAt({ ...place, reader: reader.valuesType, writer: writer.valuesType, path: `${path}.*` })
  if (reader instanceof avsc.types.EnumType && writer instanceof avsc.types.EnumType) {
    const unknown = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol))
    return unknown.length > 0 ? [`${path} may be ${unknown.join(', ')}, which the route does not know`] : []
  }
  const written = branchesOf(writer)
  if (written.length > 1) return written.flatMap((branch) => branchBreaks(place, branch))
  const [sole, ...more] = branchesOf(reader).filter((branch) => branch.typeName !== 'null')
  if (sole && sole !== reader && more.length === 0 && sole.typeName === writer.typeName)
    return breaksAt({ ...place, reader: sole })
  return [`${path || 'the record'} is ${nameOf(writer)}, and the route reads ${nameOf(reader)}`]
}

const branchBreaks = (place: Place, branch: Type): string[] =>
  branch.typeName === 'null' && refusalOf(place.reader, branch) !== null
    ? [`${place.path} may be null, and the route reads ${nameOf(place.reader)}`]
    : breaksAt({ ...place, writer: branch })

const recordBreaks = (place: Place, reader: types.RecordType, writer: types.RecordType): string[] => {
  const { path, seen } = place
  if (!readsName(reader, writer.name))
    return [`${path || 'the record'} is a ${writer.name}, and the route reads a ${reader.name}`]
  const pair = `${reader.name} ${writer.name}`
  if (seen.has(pair)) return []
  const fresh = writer.fields.filter(({ name }) => reader.fields.every((field) => field.name !== name)).map(({ name }) => name)
  return reader.fields.flatMap((field) => {
    const at = path === '' ? field.name : `${path}.${field.name}`
    const written = writer.fields.find(({ name }) => name === field.name || field.aliases.includes(name))
    if (written) return breaksAt({ reader: field.type, writer: written.type, path: at, seen: new Set([...seen, pair]) })
    if (field.defaultValue() !== undefined) return []
    return [`${at} is missing, and the route needs it${fresh.length > 0 ? ` (new there: ${fresh.join(', ')})` : ''}`]
  })
}

const branchesOf = (type: Type): readonly Type[] =>
  type instanceof avsc.types.UnwrappedUnionType || type instanceof avsc.types.WrappedUnionType ? type.types : [type]

const nameOf = (type: Type): string => {
  const branches = branchesOf(type)
  if (branches.length > 1) return branches.map((branch) => nameOf(branch)).join(' or ')
  if (type.typeName === 'null') return 'null'
  const name = type.name ?? type.typeName
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`
}
