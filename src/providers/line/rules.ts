import type { Violation } from '../../domain/violation.ts'

/** No violation if it holds. `found` is only asked for if it does not. */
export const check = (property: string, holds: boolean, rule: string, found: () => string): Violation[] =>
  holds ? [] : [{ property, rule, found: found() }]

/** A text that is not empty and has at most `limit` UTF-16 units. */
export const lengthRule = (property: string, value: unknown, limit: number): Violation[] => {
  const rule = Number.isFinite(limit) ? `1 to ${limit} characters` : 'a text that is not empty'
  if (typeof value !== 'string') return [{ property, rule, found: nameOf(value) }]
  return check(property, value.trim() !== '' && value.length <= limit, rule, () => charactersOf(value))
}

/** Labels of actions are counted in what a reader sees as one character. */
export const labelRule = (property: string, value: unknown, limit: number): Violation[] => {
  const rule = `1 to ${limit} characters`
  if (typeof value !== 'string') return [{ property, rule, found: nameOf(value) }]
  // No text has more graphemes than UTF-16 units, so most need not be counted.
  const length = value.length <= limit ? value.length : [...GRAPHEMES.segment(value)].length
  return check(property, value.trim() !== '' && length <= limit, rule, () => `${length} characters`)
}

export const URI_LIMIT = 1_000

export const uriRules = (property: string, value: unknown): Violation[] => {
  const length = lengthRule(property, value, URI_LIMIT)
  if (length.length > 0 || typeof value !== 'string') return length
  return [
    ...check(property, SCHEME.test(value) && URL.canParse(value), 'a URI with https, http, tel or line', () =>
      SCHEME.test(value) ? 'no host, or a malformed one' : 'another scheme, or none',
    ),
    ...check(property, ENCODED.test(value), 'percent-encoded UTF-8', () => 'characters that must be encoded (filter url)'),
  ]
}

/** A text of any length. */
export const filledRule = (property: string, value: unknown): Violation[] => {
  const rule = 'a text that is not empty'
  if (typeof value !== 'string') return [{ property, rule, found: nameOf(value) }]
  return check(property, value !== '', rule, () => charactersOf(value))
}

/** What no text can have in it, however deep it stands: LINE takes UTF-8, which has no halves of characters. */
export const characterRules = (property: string, value: unknown): Violation[] => {
  if (typeof value === 'string') {
    return check(property, value.isWellFormed() && !value.includes('\0'), 'a text of whole characters, without NUL', () =>
      value.includes('\0') ? 'NUL' : 'half a character, perhaps of an emoji that a filter cut',
    )
  }
  if (Array.isArray(value)) return value.flatMap((each, index) => characterRules(`${property}[${index}]`, each))
  if (!isNode(value)) return []
  return Object.entries(value).flatMap(([key, each]) => characterRules(property === '' ? key : `${property}.${key}`, each))
}

/** One of these, which are named if it is none. `known` are such as have no place here. */
export const typeRule = (
  property: string,
  value: unknown,
  { among, known = [] }: { readonly among: readonly string[]; readonly known?: readonly string[] },
): Violation[] => {
  if (typeof value === 'string' && among.includes(value)) return []
  const found = typeof value === 'string' && known.includes(value) ? value : 'another, or none'
  return [{ property, rule: among.length === 1 ? among.join() : `one of ${among.join(', ')}`, found }]
}

export type Node = { readonly [key: string]: unknown }
export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)
/** LINE reads null as nothing. */
export const isPresent = (value: unknown): boolean => value !== undefined && value !== null

export const nameOf = (value: unknown): string => {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`
}

const charactersOf = (value: string): string =>
  value !== '' && value.trim() === '' ? 'only spaces' : `${value.length} characters`

const GRAPHEMES = new Intl.Segmenter('ja', { granularity: 'grapheme' })
const SCHEME = /^(https?:\/\/|tel:|line:)./i
/** What RFC 3986 allows, and nothing else. */
const ENCODED = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/
