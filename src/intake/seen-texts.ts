import { type FieldPath, resolve } from './field-path.ts'
import { isTemplate } from './liquid.ts'
import { type FieldPathInFile, formatField } from './route-fault.ts'
import type { JsonValue, MessageSource } from './route-file.ts'

/** A text of a message that people see; URLs, keys and colours are none. */
export interface SeenText {
  /** Where in `message` of the route file. */
  readonly path: FieldPathInFile
  /** As LINE writes it: `messages[0].altText`. */
  readonly property: string
  /** What of it can be seen without an event: of a template its texts in all branches, with `…` for values. */
  readonly written: string
  /** What it is in a message, if it depends on the event. */
  readonly rendered: ((message: object) => string) | null
}

export const seenTexts = (source: MessageSource): readonly SeenText[] =>
  'flexible' in source
    ? textsIn(source.flexible, ['flexible'], FLEXIBLE).map(({ path, text }) => seen(path, text, ['messages', ...path.slice(1)]))
    : textsIn(source.template, ['template'], TEMPLATE).map(({ path, text }) => seen(path, text, ['body', ...path.slice(1)]))

const seen = (path: FieldPathInFile, text: string, inMessage: FieldPathInFile): SeenText => {
  const property = formatField(inMessage)
  if (!isTemplate(text)) return { path, property, written: text, rendered: null }
  const place: FieldPath = { text: property, segments: inMessage.map(String) }
  const rendered = (message: object) => {
    const value = resolve(place, message)
    return typeof value === 'string' ? value : ''
  }
  return { path, property, written: writtenIn(text), rendered }
}

/** LINE's names for what is shown, or written in the person's name, in all its message objects and actions. */
const FLEXIBLE = new Set(['text', 'altText', 'label', 'displayText', 'fillInText', 'clipboardText', 'title', 'address'])
const TEMPLATE = new Set(['content'])

const textsIn = (
  value: JsonValue | object | undefined,
  path: FieldPathInFile,
  names: ReadonlySet<string>,
): { readonly path: FieldPathInFile; readonly text: string }[] => {
  if (typeof value === 'string') return names.has(String(path.at(-1))) ? [{ path, text: value }] : []
  if (typeof value !== 'object' || value === null) return []
  const children: [string | number, JsonValue][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return children.flatMap(([step, child]) => textsIn(child, [...path, step], names))
}

/** Branches stay apart, and what is put out is its quoted texts, of the `default` filter for one. */
const writtenIn = (template: string): string =>
  template
    .replace(/\{%-?\s*comment\b.*?\{%-?\s*endcomment\s*-?%\}/gs, '')
    .replace(/\{\{(.*?)\}\}|\{%-?\s*echo\b(.*?)%\}/gs, (_, put?: string, echoed?: string) => quotedIn(put ?? echoed ?? '') || '…')
    .replace(/\{%.*?%\}/gs, '\n')

const quotedIn = (expression: string): string =>
  Array.from(expression.matchAll(/'([^']*)'|"([^"]*)"/g), ([, single, double]) => single ?? double ?? '').join('…')
