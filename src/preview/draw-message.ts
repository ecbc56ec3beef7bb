import type { Message, MessageObject, TemplateMessage } from '../domain/message.ts'
import type { Catalogue, CatalogueEntry } from '../providers/line/catalogue.ts'
import { type Component, componentsIn, drawBubble, drawButton, isComponent, rule } from './draw-flex.ts'
import { bold, fitLine, type Line, plain, wrapLine } from './styled-line.ts'

/** Columns of what is drawn, frame included: about what a phone shows. */
const FRAME = 44
const INSIDE = FRAME - 4

/** The message as people see it on a phone, as far as a terminal can show it. What LINE itself writes around it is left out. */
export const drawMessage = (message: Message, catalogue: Catalogue): Line[] =>
  message.endpoint === 'template' ? frame(drawTemplate(message, catalogue)) : message.messages.flatMap(drawObject)

const drawObject = (message: MessageObject): Line[] => {
  const alt =
    typeof message.altText === 'string' ? wrapLine(plain(`push notification and talk list: ${message.altText}`), 100) : []
  return [...alt, ...drawContent(message)]
}

const drawContent = (message: MessageObject): Line[] => {
  const { contents, template } = message
  switch (message.type) {
    case 'text':
    case 'textV2':
      return frame(wrapLine(plain(textOf(message.text)), INSIDE))
    case 'flex':
      return isComponent(contents) ? drawContainer(contents) : []
    case 'template':
      return isComponent(template) ? drawTemplateObject(template) : []
    case 'location':
      return frame([...wrapLine(bold(textOf(message.title)), INSIDE), ...wrapLine(plain(textOf(message.address)), INSIDE)])
    default:
      return frame([plain(`[${message.type || 'no type'}]`)])
  }
}

const drawContainer = (container: Component): Line[] =>
  container.type === 'carousel'
    ? inTurn(componentsIn(container.contents), (bubble) => drawBubble(bubble, INSIDE))
    : frame(drawBubble(container, INSIDE))

/** A template of the Messaging API, which is another thing than a template of LINE's notification messages. */
const drawTemplateObject = (template: Component): Line[] =>
  template.type === 'carousel' ? inTurn(componentsIn(template.columns), drawCard) : frame(drawCard(template))

const drawCard = ({ title, text, actions }: Component): Line[] => [
  ...wrapLine(bold(textOf(title)), INSIDE).filter((line) => line.length > 0),
  ...wrapLine(plain(textOf(text)), INSIDE),
  ...componentsIn(actions).flatMap((action) => drawButton(action, INSIDE)),
]

const inTurn = (bubbles: readonly Component[], draw: (bubble: Component) => Line[]): Line[] =>
  bubbles.flatMap((bubble, index) => [plain(`${index + 1} of ${bubbles.length}, side by side:`), ...frame(draw(bubble))])

/** One of LINE's own layouts: title, text and labels are LINE's, and known as far as the catalogue has them. */
const drawTemplate = ({ templateKey, body }: TemplateMessage, catalogue: Catalogue): Line[] => {
  const { title = null, description = null } = catalogue.templates.get(templateKey) ?? {}
  const labelled = (items: readonly { readonly itemKey: string; readonly content: string }[], style: typeof bold) =>
    items.flatMap(({ itemKey, content }) =>
      wrapLine([...plain(`${labelOf(itemKey, catalogue.items)}: `), ...style(content)], INSIDE),
    )
  const parts = [
    title === null
      ? wrapLine(plain(`title not known: the catalogue has no text for ${templateKey}`), INSIDE)
      : wrapLine(bold(title), INSIDE),
    description === null ? [] : wrapLine(plain(description), INSIDE),
    [...labelled(body.emphasizedItem ? [body.emphasizedItem] : [], bold), ...labelled(body.items ?? [], plain)],
  ].filter((part) => part.length > 0)
  const buttons = (body.buttons ?? []).flatMap(({ buttonKey, url }) =>
    drawButton({ type: 'uri', label: labelOf(buttonKey, catalogue.buttons), uri: url }, INSIDE),
  )
  return [
    ...parts.flatMap((part, index) => (index === 0 ? part : [[], ...part])),
    ...(buttons.length > 0 ? [rule(INSIDE), ...buttons] : []),
  ]
}

/** What people read; where it is not known, the key. */
const labelOf = (key: string, entries: ReadonlyMap<string, CatalogueEntry>): string => entries.get(key)?.name ?? key

const frame = (lines: readonly Line[]): Line[] => [
  plain(`┌${'─'.repeat(FRAME - 2)}┐`),
  ...lines.map((line) => [...plain('│ '), ...fitLine(line, INSIDE), ...plain(' │')]),
  plain(`└${'─'.repeat(FRAME - 2)}┘`),
]

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
