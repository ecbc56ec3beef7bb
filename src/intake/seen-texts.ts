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
    ? textsIn(source.flexible, ['flexible'], inFlexible).map((text) => seen(text, (path) => ['messages', ...path.slice(1)]))
    : textsIn(source.template, ['template'], inTemplate).map((text) => seen(text, (path) => ['body', ...path.slice(1)]))

/** One text, or several that are shown as one. */
interface Written {
  readonly path: FieldPathInFile
  readonly parts: readonly { readonly path: FieldPathInFile; readonly text: string }[]
}

const seen = ({ path, parts }: Written, inMessage: (path: FieldPathInFile) => FieldPathInFile): SeenText => {
  const property = formatField(inMessage(path))
  const written = parts.map(({ text }) => (isTemplate(text) ? writtenIn(text) : text)).join('')
  if (!parts.some(({ text }) => isTemplate(text))) return { path, property, written, rendered: null }
  const places = parts.map(({ path }): FieldPath => ({ text: property, segments: inMessage(path).map(String) }))
  const rendered = (message: object) =>
    places
      .map((place) => resolve(place, message))
      .filter((value) => typeof value === 'string')
      .join('')
  return { path, property, written, rendered }
}

type IsSeen = (path: FieldPathInFile) => boolean

/** LINE's names for what is shown, or written in the person's name, in all its message objects and actions. */
const NAMES = new Set(['text', 'altText', 'label', 'displayText', 'fillInText', 'clipboardText', 'title', 'address'])
const inFlexible: IsSeen = (path) => NAMES.has(String(path.at(-1))) || (path.at(-1) === 'name' && path.at(-2) === 'sender')
const inTemplate: IsSeen = (path) => path.at(-1) === 'content'

const textsIn = (value: JsonValue | object | undefined, path: FieldPathInFile, isSeen: IsSeen): Written[] => {
  if (typeof value === 'string') return isSeen(path) ? [{ path, parts: [{ path, text: value }] }] : []
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) {
    const spans = value.flatMap((each: JsonValue, index) => spanIn(each, [...path, index]))
    if (spans.length > 1 && spans.length === value.length) return [{ path, parts: spans }]
  }
  const children: [string | number, JsonValue][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return children.flatMap(([step, child]) => textsIn(child, [...path, step], isSeen))
}

const spanIn = (value: JsonValue, path: FieldPathInFile): Written['parts'] =>
  typeof value === 'object' && value !== null && 'text' in value && value.type === 'span' && typeof value.text === 'string'
    ? [{ path: [...path, 'text'], text: value.text }]
    : []

/** Branches stay two lines apart, and what is put out is its quoted texts, of the `default` filter for one. */
const writtenIn = (template: string): string =>
  template
    .replace(/\{%-?\s*comment\b.*?\{%-?\s*endcomment\s*-?%\}/gs, '')
    .replace(/\{\{(.*?)\}\}|\{%-?\s*echo\b(.*?)%\}/gs, (_, put?: string, echoed?: string) => quotedIn(put ?? echoed ?? '') || '…')
    .replace(/\{%.*?%\}/gs, '\n\n')

const quotedIn = (expression: string): string =>
  Array.from(expression.matchAll(/'([^']*)'|"([^"]*)"/g), ([, single, double]) => single ?? double ?? '').join('…')
