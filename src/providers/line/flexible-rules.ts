import type { MessageObject } from '../../domain/message.ts'
import type { Violation } from '../../domain/violation.ts'
import { violationsOfAction } from './action-rules.ts'
import { violationsOfContainer } from './flex-rules.ts'
import { characterRules, check, filledRule, isNode, isPresent, lengthRule, nameOf, typeRule } from './rules.ts'

/** Rules for message objects sent as a flexible notification message: those of the Messaging API that a route or an event can break, and
 *  the ban on images, video and audio, which LINE's check of message objects does not know. */
export const violationsOfMessages = (messages: readonly MessageObject[]): Violation[] => [
  ...check('messages', messages.length >= 1 && messages.length <= 5, '1 to 5 messages', () => `${messages.length} messages`),
  ...messages.flatMap((message, index) => violationsOfMessage(`messages[${index}]`, message)),
]

type MessageRules = (property: string, message: MessageObject) => Violation[]

const violationsOfText: MessageRules = (property, { text }) => lengthRule(`${property}.text`, text, 5_000)

const altTextRule: MessageRules = (property, { altText }) => lengthRule(`${property}.altText`, altText, 1_500)

const violationsOfFlex: MessageRules = (property, message) => [
  ...altTextRule(property, message),
  ...violationsOfContainer(`${property}.contents`, message.contents),
]

const violationsOfTemplate: MessageRules = (property, message) => [
  ...altTextRule(property, message),
  ...violationsOfPanels(`${property}.template`, message.template),
]

const violationsOfLocation: MessageRules = (property, { title, address, latitude, longitude }) => [
  ...filledRule(`${property}.title`, title),
  ...filledRule(`${property}.address`, address),
  ...degreesRule(`${property}.latitude`, latitude, 90),
  ...degreesRule(`${property}.longitude`, longitude, 180),
]

const violationsOfSticker: MessageRules = (property, { packageId, stickerId }) => [
  ...filledRule(`${property}.packageId`, packageId),
  ...filledRule(`${property}.stickerId`, stickerId),
]

/** Types of the Messaging API less those that show or play something, and coupons, which are advertising by nature. */
const MESSAGES: Readonly<Record<string, MessageRules>> = {
  text: violationsOfText,
  textV2: violationsOfText,
  flex: violationsOfFlex,
  template: violationsOfTemplate,
  location: violationsOfLocation,
  sticker: violationsOfSticker,
}
const TYPES = Object.keys(MESSAGES)
const FORBIDDEN = ['image', 'video', 'audio', 'imagemap', 'coupon']

const violationsOfMessage: MessageRules = (property, message) => {
  const { type, quickReply } = message
  const rules = Object.hasOwn(MESSAGES, type) ? MESSAGES[type] : undefined
  return [
    ...(rules ? rules(property, message) : typeRule(`${property}.type`, type, { among: TYPES, known: FORBIDDEN })),
    ...(isPresent(quickReply) ? violationsOfQuickReply(`${property}.quickReply`, quickReply) : []),
    ...pictureRules(property, message),
    ...characterRules(property, message),
  ]
}

/** Whole, or a text of a number: what Liquid makes is a text. */
const degreesRule = (property: string, value: unknown, most: number): Violation[] => {
  const degrees = typeof value === 'string' && /^-?\d{1,3}(?:\.\d{1,20})?$/.test(value) ? Number(value) : value
  return check(property, typeof degrees === 'number' && Math.abs(degrees) <= most, `degrees, of -${most} to ${most}`, () =>
    nameOf(value),
  )
}

const LABEL = { limit: 20, required: true }

const violationsOfQuickReply = (property: string, quickReply: unknown): Violation[] => {
  const items: unknown[] = isNode(quickReply) && Array.isArray(quickReply.items) ? quickReply.items : []
  return items.flatMap((item, index) =>
    violationsOfAction(`${property}.items[${index}].action`, isNode(item) ? item.action : undefined, LABEL),
  )
}

/** Buttons, confirm and carousel of the Messaging API share nothing with LINE's templates of notification messages but the name. */
const violationsOfPanels = (property: string, template: unknown): Violation[] => {
  if (!isNode(template)) return [{ property, rule: 'a template', found: nameOf(template) }]
  const { type, columns } = template
  if (type === 'buttons' || type === 'confirm') return violationsOfPanel(property, template)
  if (type !== 'carousel') {
    return typeRule(`${property}.type`, type, { among: ['buttons', 'confirm', 'carousel'], known: ['image_carousel'] })
  }
  const panels: unknown[] = Array.isArray(columns) ? columns : []
  return [
    ...check(
      `${property}.columns`,
      panels.length >= 1 && panels.length <= 10,
      '1 to 10 columns',
      () => `${panels.length} columns`,
    ),
    ...panels.flatMap((panel, index) => violationsOfPanel(`${property}.columns[${index}]`, panel)),
  ]
}

const violationsOfPanel = (property: string, panel: unknown): Violation[] => {
  if (!isNode(panel)) return [{ property, rule: 'a text with actions', found: nameOf(panel) }]
  const { text, defaultAction } = panel
  const actions: unknown[] = Array.isArray(panel.actions) ? panel.actions : []
  return [
    ...filledRule(`${property}.text`, text),
    ...check(
      `${property}.actions`,
      actions.length >= 1 && actions.length <= 4,
      '1 to 4 actions',
      () => `${actions.length} actions`,
    ),
    ...actions.flatMap((action, index) => violationsOfAction(`${property}.actions[${index}]`, action, LABEL)),
    ...(isPresent(defaultAction)
      ? violationsOfAction(`${property}.defaultAction`, defaultAction, { ...LABEL, required: false })
      : []),
  ]
}

/** Properties that name a picture wherever they stand. */
const PICTURE_URLS = ['thumbnailImageUrl', 'imageUrl', 'iconUrl', 'previewUrl', 'previewImageUrl', 'originalContentUrl']

const pictureRules = (property: string, value: unknown): Violation[] => {
  if (Array.isArray(value)) return value.flatMap((each, index) => pictureRules(`${property}[${index}]`, each))
  if (!isNode(value)) return []
  return Object.entries(value).flatMap(([key, each]) =>
    PICTURE_URLS.includes(key)
      ? [{ property: `${property}.${key}`, rule: 'no pictures', found: key }]
      : pictureRules(`${property}.${key}`, each),
  )
}
