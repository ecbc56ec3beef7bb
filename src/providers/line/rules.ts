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
