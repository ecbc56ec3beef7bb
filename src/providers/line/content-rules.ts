import type { Item, Message, TemplateMessage } from '../../domain/message.ts'
import type { Violation } from '../../domain/violation.ts'
import { nearest } from '../../nearest.ts'
import type { Catalogue, CatalogueEntry } from './catalogue.ts'
import { violationsOfMessages } from './flexible-rules.ts'
import { characterRules, check, lengthRule, uriRules } from './rules.ts'

/** Every rule of LINE that the message breaks, so that it is refused here and not by LINE (which says 400 and bills the attempt to
 *  the rate limit). Rules: LINE's reference of notification messages, and of message objects, as of 2026-08. LINE does not say how
 *  it counts the characters of templates; UTF-16 units are the strictest reading, and the default of its Messaging API.
 *
 *  Keys of templates, items and buttons are looked up in the catalogue; null: whoever receives it looks for himself. */
export const violationsOf = (message: Message, catalogue: Catalogue | null): readonly Violation[] => {
  if (message.endpoint === 'flexible') return violationsOfMessages(message.messages)
  const { templateKey, body } = message
  return [
    ...violationsOfTemplate(message),
    ...characterRules('', { templateKey, body }),
    ...(catalogue ? unknownKeys(message, catalogue) : []),
  ]
}

const unknownKeys = ({ templateKey, body }: TemplateMessage, { templates, items, buttons }: Catalogue): Violation[] => [
  ...keyRule('templateKey', templateKey, templates),
  ...(body.emphasizedItem ? keyRule('body.emphasizedItem.itemKey', body.emphasizedItem.itemKey, items) : []),
  ...(body.items ?? []).flatMap(({ itemKey }, index) => keyRule(`body.items[${index}].itemKey`, itemKey, items)),
  ...(body.buttons ?? []).flatMap(({ buttonKey }, index) => keyRule(`body.buttons[${index}].buttonKey`, buttonKey, buttons)),
]

const keyRule = (property: string, key: string, known: ReadonlyMap<string, CatalogueEntry>): Violation[] =>
  check(
    property,
    key.trim() === '' || known.has(key),
    `a key of the channel's catalogue (nearest: ${nearest(key, [...known.keys()]).join(', ') || 'it has none'})`,
    () => 'a key that is not in it',
  )

const violationsOfTemplate = ({ templateKey, body }: TemplateMessage): Violation[] => {
  const { emphasizedItem, items = [], buttons = [] } = body
  const emphasized: Place[] = emphasizedItem ? [{ property: 'body.emphasizedItem', item: emphasizedItem }] : []
  const listed = items.map((item, index): Place => ({ property: `body.items[${index}]`, item }))
  return [
    ...lengthRule('templateKey', templateKey, Number.POSITIVE_INFINITY),
    ...emphasized.flatMap(({ property, item }) => violationsOfItem(property, item, 15)),
    ...check('body.items', items.length <= 15, 'at most 15 items', () => `${items.length} items`),
    ...listed.flatMap(({ property, item }) => violationsOfItem(property, item, 300)),
    ...repeated([...emphasized, ...listed].map(({ property, item }) => ({ property: `${property}.itemKey`, key: item.itemKey }))),
    ...check('body.buttons', buttons.length <= 2, 'at most 2 buttons', () => `${buttons.length} buttons`),
    ...buttons.flatMap(({ buttonKey, url }, index) => [
      ...lengthRule(`body.buttons[${index}].buttonKey`, buttonKey, Number.POSITIVE_INFINITY),
      ...uriRules(`body.buttons[${index}].url`, url),
    ]),
    ...repeated(buttons.map(({ buttonKey }, index) => ({ property: `body.buttons[${index}].buttonKey`, key: buttonKey }))),
  ]
}

interface Place {
  readonly property: string
  readonly item: Item
}

const violationsOfItem = (property: string, { itemKey, content }: Item, limit: number): Violation[] => [
  ...lengthRule(`${property}.itemKey`, itemKey, Number.POSITIVE_INFINITY),
  ...lengthRule(`${property}.content`, content, limit),
]

const repeated = (keys: readonly { readonly property: string; readonly key: string }[]): Violation[] => {
  const first = new Map<string, string>()
  return keys.flatMap(({ property, key }) => {
    const before = first.get(key)
    if (before !== undefined) return [{ property, rule: 'each key only once', found: `the key of ${before}` }]
    first.set(key, property)
    return []
  })
}
