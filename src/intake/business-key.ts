import { describe } from '../value-shape.ts'
import { type FieldPath, resolve } from './field-path.ts'
import { textOf } from './field-text.ts'
import type { UnreadableField } from './unreadable-field.ts'

export type KeyReading = { readonly kind: 'key'; readonly values: readonly (string | null)[] | null } | UnreadableField

/** What the event says in the fields of the key, null for a field it lacks. An event that lacks all of them has no key: two that say
 *  nothing do not say the same. */
export const readKey = (paths: readonly FieldPath[], scope: object): KeyReading => {
  const values: (string | null)[] = []
  for (const path of paths) {
    const value = resolve(path, scope)
    const text = value === undefined ? null : textOf(value)
    if (text === undefined) return { kind: 'malformed', path, wanted: 'a text or a whole number', found: describe(value) }
    values.push(text)
  }
  return { kind: 'key', values: values.some((value) => value !== null) ? values : null }
}
