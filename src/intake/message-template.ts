import type { Message, MessageObject } from '../domain/message.ts'
import { EXAMPLE_TOKEN, LINK_TOKEN, mayHaveLinkToken } from './link-token-place.ts'
import { isTemplate, parseText, type Text, type VariablePath } from './liquid.ts'
import type { JsonValue, MessageSource } from './route-file.ts'

/** A message whose strings are Liquid templates, parsed once. */
export interface MessageTemplate {
  /** The texts that depend on the event. */
  readonly texts: readonly PlacedText[]
  /** The message with `…` for each of them. */
  readonly outline: Message
  /** A URL of it has the link token. */
  readonly hasLinkToken: boolean
  readonly render: (scope: object, zone: string) => MessageRendering
}

export interface PlacedText {
  /** As LINE writes it: `messages[0].altText`. */
  readonly property: string
  readonly variables: readonly VariablePath[]
}

export type MessageRendering =
  | { readonly kind: 'message'; readonly message: Message; readonly linked: Linked | null }
  | { readonly kind: 'missing'; readonly property: string; readonly variable: string }
  | { readonly kind: 'unusable'; readonly property: string; readonly detail: string }

/** The message with this link token, where it has EXAMPLE_TOKEN so far. */
export type Linked = (linkToken: string) => Message

export interface TextFault {
  /** Where in `message` of the route file. */
  readonly path: readonly (string | number)[]
  readonly found: string
  readonly remedy: string
}

/** Parses every string of the message; with any fault the template must not be used. */
export const compileMessage = (source: MessageSource): { template: MessageTemplate; faults: readonly TextFault[] } => {
  const parse = new TextParser()
  const build = 'flexible' in source ? flexible(source.flexible, parse) : template(source.template, parse)
  const hasLinkToken = parse.texts.some((text) => text.hasLinkToken)
  const render = (scope: object, zone: string): MessageRendering => {
    const rendered = new Map<PlacedTemplate, string>()
    try {
      const message = build((text) => {
        const value = put(text, scope, zone)
        if (hasLinkToken) rendered.set(text, value)
        return value
      })
      const linked: Linked = (token) => build((text) => withToken(text, rendered.get(text) ?? '', token))
      return { kind: 'message', message, linked: hasLinkToken ? linked : null }
    } catch (error) {
      if (error instanceof Unrendered) return error.rendering
      throw error
    }
  }
  return { template: { texts: parse.texts, outline: build(() => '…'), hasLinkToken, render }, faults: parse.faults }
}

/** Not rendered once more: that might fail, or end otherwise. */
const withToken = ({ hasLinkToken }: PlacedTemplate, value: string, token: string): string =>
  hasLinkToken ? value.replaceAll(EXAMPLE_TOKEN, token) : value

interface PlacedTemplate extends PlacedText {
  readonly hasLinkToken: boolean
  readonly render: Text['render']
}

type Put = (text: PlacedTemplate) => string
/** Makes a value anew for each recipient. */
type Build<T> = (put: Put) => T

/** Leaves a rendering half done. */
class Unrendered extends Error {
  readonly rendering: Exclude<MessageRendering, { kind: 'message' }>

  constructor(rendering: Unrendered['rendering']) {
    super(rendering.kind)
    this.rendering = rendering
  }
}

const put = ({ property, render }: PlacedTemplate, scope: object, zone: string): string => {
  const rendering = render(scope, zone)
  if (rendering.kind === 'text') return rendering.text
  throw new Unrendered({ ...rendering, property })
}

class TextParser {
  readonly texts: PlacedTemplate[] = []
  readonly faults: TextFault[] = []

  at(path: readonly (string | number)[], source: string): Build<string> {
    if (!isTemplate(source)) return () => source
    const parsing = parseText(source)
    if (parsing.kind === 'faulty') {
      this.faults.push({ path, found: parsing.message, remedy: 'mend the Liquid template' })
      return () => ''
    }
    const { variables, hasLinkToken, render } = parsing.text
    if (hasLinkToken && !mayHaveLinkToken(path)) this.faults.push({ path, found: LINK_TOKEN, remedy: URLS_ONLY })
    const placed = { property: propertyOf(path), variables, hasLinkToken, render }
    this.texts.push(placed)
    return (put) => put(placed)
  }
}

const URLS_ONLY = 'take it out: the link token belongs into the url of a button, or the uri of an action, and nowhere else'

/** `['flexible', 0, 'altText']` of the route file is LINE's `messages[0].altText`. */
const propertyOf = ([kind, ...rest]: readonly (string | number)[]): string => {
  const start = kind === 'flexible' ? 'messages' : rest[0] === 'templateKey' ? '' : 'body'
  return rest
    .reduce<string>((property, step) => (typeof step === 'number' ? `${property}[${step}]` : `${property}.${step}`), start)
    .replace(/^\./, '')
}

const flexible = (messages: Extract<MessageSource, { flexible: unknown }>['flexible'], parse: TextParser): Build<Message> => {
  const builds = messages.map((message, index) => object(['flexible', index], message, parse))
  return (put) => ({ endpoint: 'flexible', messages: builds.map((build) => withType(build(put))) })
}

const withType = (object: { [key: string]: unknown }): MessageObject => {
  const { type, ...rest } = object
  return { type: typeof type === 'string' ? type : '', ...rest }
}

const template = (source: Extract<MessageSource, { template: unknown }>['template'], parse: TextParser): Build<Message> => {
  const text = (value: string, ...path: (string | number)[]) => parse.at(['template', ...path], value)
  const item = ({ itemKey, content }: { itemKey: string; content: string }, ...path: (string | number)[]) => {
    const builds = { itemKey: text(itemKey, ...path, 'itemKey'), content: text(content, ...path, 'content') }
    return (put: Put) => ({ itemKey: builds.itemKey(put), content: builds.content(put) })
  }
  const key = text(source.templateKey, 'templateKey')
  const emphasized = source.emphasizedItem && item(source.emphasizedItem, 'emphasizedItem')
  const items = source.items?.map((value, index) => item(value, 'items', index))
  const buttons = source.buttons?.map(({ buttonKey, url }, index) => {
    const builds = { buttonKey: text(buttonKey, 'buttons', index, 'buttonKey'), url: text(url, 'buttons', index, 'url') }
    return (put: Put) => ({ buttonKey: builds.buttonKey(put), url: builds.url(put) })
  })
  return (put) => ({
    endpoint: 'template',
    templateKey: key(put),
    body: {
      ...(emphasized && { emphasizedItem: emphasized(put) }),
      ...(items && { items: items.map((build) => build(put)) }),
      ...(buttons && { buttons: buttons.map((build) => build(put)) }),
    },
  })
}

const object = (path: readonly (string | number)[], source: { [key: string]: JsonValue }, parse: TextParser) => {
  const builds = Object.entries(source).map(([key, value]) => [key, json([...path, key], value, parse)] as const)
  return (put: Put) => Object.fromEntries(builds.map(([key, build]) => [key, build(put)]))
}

const json = (path: readonly (string | number)[], source: JsonValue, parse: TextParser): Build<unknown> => {
  if (typeof source === 'string') return parse.at(path, source)
  if (typeof source !== 'object' || source === null) return () => source
  if (!Array.isArray(source)) return object(path, source, parse)
  const builds = source.map((value, index) => json([...path, index], value, parse))
  return (put) => builds.map((build) => build(put))
}
