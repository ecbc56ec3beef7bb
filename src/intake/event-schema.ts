import avsc, { type Schema, type Type, type types } from 'avsc'
import { nearest } from '../nearest.ts'

/** The reader schema of an event: what its paths are checked against, and what the codec reads it with. Nothing is decoded here. */
export interface EventSchema {
  /** Full name of the record: `jp.example.billing.PaymentDue`. */
  readonly name: string
  /** The schema as JSON, as the file has it. */
  readonly json: object
}

/** The variables that a path may start with, and what they are. */
export type SchemaScope = ReadonlyMap<string, Type>

export type SchemaReading =
  | { readonly kind: 'read'; readonly schema: EventSchema; readonly record: SchemaScope }
  | { readonly kind: 'faulty'; readonly message: string }

/** Never throws. `record` holds the fields of the event, and `event` for the whole of it. */
export const readEventSchema = (text: string): SchemaReading => {
  try {
    const json = jsonOf(text)
    if (json === undefined) return { kind: 'faulty', message: 'not JSON' }
    const type = avsc.Type.forSchema(json as Schema)
    if (!(type instanceof avsc.types.RecordType) || !type.name)
      return { kind: 'faulty', message: `a ${type.typeName}, not a record` }
    return { kind: 'read', schema: { name: type.name, json }, record: fieldsOf(type, type) }
  } catch (error) {
    return { kind: 'faulty', message: error instanceof Error ? error.message.slice(0, LONGEST_MESSAGE) : 'not an Avro schema' }
  }
}

/** avsc's words may have the whole schema in them. */
const LONGEST_MESSAGE = 200

/** A parser's own words quote what it could not read: the path may lead to another file, with secrets in it. */
const jsonOf = (text: string): object | undefined => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export type FieldReading =
  /** `kinds` are Avro's names of what may be found there, without null: `['string']`, `['array']`. */
  { readonly kind: 'found'; readonly kinds: readonly string[] } | { readonly kind: 'absent'; readonly detail: string }

export const readField = (scope: SchemaScope, path: readonly (string | number)[]): FieldReading => {
  const end = walk(scope, path)
  if (typeof end === 'string') return { kind: 'absent', detail: end }
  if (end instanceof avsc.types.WrappedUnionType) {
    const kinds = end.types.map((each) => (each instanceof avsc.types.RecordType && each.name) || each.typeName).join(', ')
    return {
      kind: 'absent',
      detail: `it may be one of several types that are not told apart (${kinds}): give it one in the schema`,
    }
  }
  return { kind: 'found', kinds: branchesOf(end).map((branch) => branch.typeName) }
}

/** The scope for one element of the array at `path`: its own fields, and `event` for the whole. `undefined` if it is not an array of
 *  records. */
export const elementScope = (scope: SchemaScope, path: readonly string[]): SchemaScope | undefined => {
  const end = walk(scope, path)
  const array = typeof end === 'string' ? undefined : soleBranch(end)
  if (!(array instanceof avsc.types.ArrayType)) return undefined
  const element = soleBranch(array.itemsType)
  const event = scope.get('event')
  return element instanceof avsc.types.RecordType && event ? fieldsOf(element, event) : undefined
}

const fieldsOf = (record: types.RecordType, event: Type): SchemaScope =>
  new Map([...record.fields.map((field): [string, Type] => [field.name, field.type]), ['event', event]])

/** The type at the end of the path, or what is wrong with it. */
const walk = (scope: SchemaScope, path: readonly (string | number)[]): Type | string => {
  const [first = '', ...rest] = path
  const start = scope.get(String(first))
  if (!start) return absentFromScope(scope, String(first))
  let type = start
  let walked = String(first)
  for (const segment of rest) {
    const next = step(type, segment, walked)
    if (typeof next === 'string') return next
    type = next
    walked = typeof segment === 'number' ? `${walked}[${segment}]` : `${walked}.${segment}`
  }
  return type
}

const step = (from: Type, segment: string | number, walked: string): Type | string => {
  const type = soleBranch(from)
  if (!type) return `${walked} may be one of several types, and no path leads on from there`
  if (type instanceof avsc.types.RecordType) {
    const field = type.fields.find(({ name }) => name === segment)
    return (
      field?.type ??
      absent(
        String(segment),
        walked,
        type.fields.map(({ name }) => name),
      )
    )
  }
  if (type instanceof avsc.types.MapType) return type.valuesType
  if (type instanceof avsc.types.ArrayType && (typeof segment === 'number' || segment === 'first' || segment === 'last')) {
    return type.itemsType
  }
  // Liquid's own property of texts and lists.
  if (segment === 'size' && ['array', 'string'].includes(type.typeName)) return SIZE
  return `${walked} is a ${type.typeName} and has no field "${segment}"`
}

const absentFromScope = (scope: SchemaScope, name: string): string => {
  const whole = scope.get('event')
  const fields = whole instanceof avsc.types.RecordType ? whole.fields.map((field) => field.name) : []
  if (fields.includes(name)) return `there is no "${name}" in a recipient, but in the event: write event.${name}`
  return absent(name, fields.every((field) => scope.has(field)) ? 'the event' : 'a recipient', [...scope.keys()])
}

const absent = (name: string, where: string, names: readonly string[]): string =>
  `there is no "${name}" in ${where}; nearest there: ${nearest(name, names).join(', ') || 'nothing'}`

const branchesOf = (type: Type): readonly Type[] =>
  type instanceof avsc.types.UnwrappedUnionType || type instanceof avsc.types.WrappedUnionType
    ? type.types.filter(({ typeName }) => typeName !== 'null')
    : [type]

/** A union of several types has no single one; a wrapped one is decoded with its branch's name as a field, which no path can name. */
const soleBranch = (type: Type): Type | undefined => {
  const branches = branchesOf(type)
  return branches.length === 1 && !(type instanceof avsc.types.WrappedUnionType) ? branches[0] : undefined
}

const SIZE = avsc.Type.forSchema('long')
