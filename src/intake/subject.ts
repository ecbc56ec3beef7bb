import { describe } from '../value-shape.ts'
import { type FieldPath, resolve } from './field-path.ts'
import { textOf } from './field-text.ts'
import type { UnreadableField } from './unreadable-field.ts'

/** How a route names what an event is about. */
export interface SubjectNaming {
  readonly kind: string
  readonly id: FieldPath
}

export type SubjectReading = { readonly kind: 'subject'; readonly subject: string } | UnreadableField
export type RevisionReading = { readonly kind: 'revision'; readonly revision: number } | UnreadableField

/** `reservation/R-1024`. Taken exactly as it is written: only then do the notice and what calls it off name the same thing. */
export const readSubject = ({ kind, id: path }: SubjectNaming, scope: object): SubjectReading => {
  const value = resolve(path, scope)
  if (value === undefined || value === '') return { kind: 'missing', path }
  const id = idOf(value)
  if (id === undefined) return { kind: 'malformed', path, wanted: ID_FORMS, found: describe(value) }
  return { kind: 'subject', subject: `${kind}/${id}` }
}

export const readRevision = (revision: number | FieldPath, scope: object): RevisionReading => {
  if (typeof revision === 'number') return { kind: 'revision', revision }
  const value = resolve(revision, scope)
  if (value === undefined) return { kind: 'missing', path: revision }
  if (typeof value === 'number' && isRevision(value)) return { kind: 'revision', revision: value + 0 } // -0 is 0 to Avro
  return { kind: 'malformed', path: revision, wanted: `a whole number from 0 to ${LARGEST_REVISION}`, found: describe(value) }
}

export const isRevision = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= LARGEST_REVISION

/** 2^53 − 2, the largest whole number that our Avro library writes. */
const LARGEST_REVISION = Number.MAX_SAFE_INTEGER - 1

/** It becomes the key of records. */
const LONGEST_ID = 200
const ID_FORMS = `a text of at most ${LONGEST_ID} characters without control characters, or a whole number`

const idOf = (value: unknown): string | undefined => {
  const id = textOf(value)
  return id === undefined || id.length > LONGEST_ID || /\p{Cc}/u.test(id) ? undefined : id
}
