import { createHash } from 'node:crypto'
import type { Purpose } from '../domain/purpose.ts'
import type { JsonValue } from './route-file.ts'

/** Names what LINE reviews of a flexible message, in 16 hex digits: another text, layout or purpose has another, and how the file is
 *  formatted does not matter. */
export const fingerprintOf = (purpose: Purpose, flexible: JsonValue): string =>
  createHash('sha256').update(canonical({ purpose, flexible })).digest('hex').slice(0, 16)

/** JSON without spaces, with the keys of every object in order. */
const canonical = (value: JsonValue): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const pairs = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${pairs.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join()}}`
}
