import avsc, { type Schema, type Type } from 'avsc'
import { shapeOf as textShapeOf } from '../domain/phone.ts'
import { nearest } from '../nearest.ts'
import { describe } from '../value-shape.ts'

/** An event as people write it in JSON, beside a schema: that which its route reads it with, or which its producers write it by. */
export interface Fit {
  /** As intake would decode it; only without misfits. */
  readonly value: unknown
  readonly misfits: readonly Misfit[]
  /** Fields that the schema does not have: the route does not see them. */
  readonly strangers: readonly Stranger[]
}

/** Holds shapes, and no value. */
export interface Misfit {
  readonly path: string
  readonly wanted: string
  readonly found: string
}

export interface Stranger {
  readonly path: string
  /** Those of the schema most like it. */
  readonly nearest: readonly string[]
}

/** Unions are written unwrapped, and a field that is left out takes its default, as examples/*.json have it. The value has been through
 *  Avro's bytes and back. */
export const fitTo = (schema: object, json: unknown): Fit => {
  const type = schema instanceof avsc.Type ? schema : typeOf(schema)
  const findings: Findings = { misfits: [], strangers: [] }
  const filled = conform(type, json, '', findings)
  return { ...findings, value: findings.misfits.length === 0 ? type.fromBuffer(type.toBuffer(filled)) : undefined }
}

/** What is wrong with it, a line for each, the first ten of them. */
export const linesOf = ({ misfits, strangers }: Fit): string => {
  const lines = [
    ...misfits.map(({ path, wanted, found }) => `  ${path}: wanted ${wanted}, found ${found}`),
    ...strangers.map((stranger) => `  ${strangerNote(stranger)}`),
  ]
  const beyond = lines.length - MOST
  return [...lines.slice(0, MOST), ...(beyond > 0 ? [`  and ${beyond} more`] : [])].join('\n')
}

/** The most faults of one event that are listed. */
const MOST = 10

export const strangerNote = ({ path, nearest: names }: Stranger): string =>
  `${path}: the schema has no such field, so the route does not see it; nearest: ${names.join(', ') || 'there is none'}`

interface Findings {
  readonly misfits: Misfit[]
  readonly strangers: Stranger[]
}

const types = new WeakMap<object, Type>()
const typeOf = (schema: object): Type => {
  const type = types.get(schema) ?? avsc.Type.forSchema(schema as Schema)
  types.set(schema, type)
  return type
}

const conform = (type: Type, json: unknown, path: string, findings: Findings): unknown => {
  if (type instanceof avsc.types.RecordType && isObject(json)) return conformRecord(type, json, path, findings)
  if (type instanceof avsc.types.ArrayType && Array.isArray(json))
    return json.map((each, index) => conform(type.itemsType, each, `${path}[${index}]`, findings))
  if (type instanceof avsc.types.MapType && isObject(json))
    return mapValues(json, (each) => conform(type.valuesType, each, join(path, '*'), findings)) // keys may name people
  if (type instanceof avsc.types.UnwrappedUnionType) return conformUnion(type.types, json, path, findings)
  if (type instanceof avsc.types.WrappedUnionType) return conformWrapped(type.types, json, path, findings)
  // As Avro writes bytes in JSON: a character for each.
  const value = ['bytes', 'fixed'].includes(type.typeName) && typeof json === 'string' ? Buffer.from(json, 'latin1') : json
  if (!isContainer(type) && type.isValid(value)) return value
  findings.misfits.push({ path: path || 'the event', wanted: nameOf(type), found: shapeOf(json) })
  return undefined
}

const conformRecord = (type: avsc.types.RecordType, json: JsonObject, path: string, findings: Findings): JsonObject => {
  const names = type.fields.map(({ name }) => name)
  for (const name of Object.keys(json))
    if (!names.includes(name)) findings.strangers.push({ path: join(path, tellable(name)), nearest: nearest(name, names) })
  return Object.fromEntries(
    type.fields.map((field) => {
      const { name } = field
      const byDefault: unknown = Object.hasOwn(json, name) ? undefined : field.defaultValue()
      return [name, byDefault === undefined ? conform(field.type, json[name], join(path, name), findings) : byDefault]
    }),
  )
}

/** The branch that it fits. If it fits none, and only one branch is not null, what is wrong with that one. */
const conformUnion = (branches: readonly Type[], json: unknown, path: string, findings: Findings): unknown => {
  const fitting = branchFor(branches, json, path)
  const known = branches.filter(({ typeName }) => typeName !== 'null')
  const only = known.length === 1 ? known[0] : undefined
  if (!fitting && (!only || json === undefined)) {
    const wanted = branches.map(nameOf).join(' or ')
    findings.misfits.push({ path: path || 'the event', wanted, found: shapeOf(json) })
    return undefined
  }
  const branch = fitting ?? only
  return branch && conform(branch, json, path, findings)
}

/** Where a value alone does not tell its branch, avsc decodes it with the branch's name around it: it may be written so, or without. */
const conformWrapped = (branches: readonly Type[], json: unknown, path: string, findings: Findings): unknown => {
  if (json === null) return conformUnion(branches, json, path, findings)
  const [[name, inner] = [undefined, undefined], ...more] = isObject(json) ? Object.entries(json) : []
  const named = more.length === 0 ? branches.find(({ branchName }) => branchName === name) : undefined
  if (named?.branchName !== undefined) return { [named.branchName]: conform(named, inner, path, findings) }
  const branch = branchFor(branches, json, path)
  const value = conformUnion(branches, json, path, findings)
  return branch?.branchName === undefined ? undefined : { [branch.branchName]: value }
}

/** Rather one that knows all fields. */
const branchFor = (branches: readonly Type[], json: unknown, path: string): Type | undefined => {
  const tried = branches
    .map((branch) => {
      const findings: Findings = { misfits: [], strangers: [] }
      conform(branch, json, path, findings)
      return { branch, ...findings }
    })
    .filter(({ misfits }) => misfits.length === 0)
  return (tried.find(({ strangers }) => strangers.length === 0) ?? tried[0])?.branch
}

/** A name that no schema has may be anything: a number, somebody's name. */
const tellable = (name: string): string =>
  name.length <= 60 && /^[\p{L}_$][\p{L}\p{M}\p{N}_$.-]*$/u.test(name) && !/(?:\p{N}\P{N}*){4}/u.test(name)
    ? name
    : `(${textShapeOf(name)})`

const shapeOf = (json: unknown): string => {
  if (typeof json !== 'number') return describe(json)
  if (!Number.isInteger(json)) return 'a number with a fraction'
  return Number.isSafeInteger(json) ? 'a whole number' : 'a whole number too large to be exact'
}

const isContainer = (type: Type): boolean => ['record', 'error', 'array', 'map'].includes(type.typeName)

const nameOf = (type: Type): string => {
  if (type instanceof avsc.types.EnumType) return `one of ${type.symbols.join(', ')}`
  return WORDS[type.typeName] ?? type.typeName
}

const WORDS: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'true or false',
  int: 'a whole number (int)',
  long: 'a whole number (long)',
  float: 'a number (float)',
  double: 'a number (double)',
  string: 'a string',
  bytes: 'a string of bytes',
  fixed: 'a string of as many bytes as the schema says',
  array: 'a list',
  map: 'a record',
  record: 'a record',
}

type JsonObject = { readonly [name: string]: unknown }

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)
const mapValues = (object: JsonObject, map: (value: unknown) => unknown): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))
