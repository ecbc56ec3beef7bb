import type { MessageObject } from '../../domain/message.ts'
import type { Violation } from '../../domain/violation.ts'
import { check, labelRule, lengthRule, nameOf, uriRules } from './rules.ts'

/** Rules for message objects sent as a flexible notification message: those of the Messaging API that a route can break, and the
 *  ban on images, video and audio, which LINE's check of message objects does not know. */
export const violationsOfMessages = (messages: readonly MessageObject[]): Violation[] => [
  ...check('messages', messages.length >= 1 && messages.length <= 5, '1 to 5 messages', () => `${messages.length} messages`),
  ...messages.flatMap((message, index) => violationsOfMessage(`messages[${index}]`, message)),
]

/** Known types of the Messaging API less image, video, audio and imagemap. */
const TYPES = ['text', 'textV2', 'flex', 'template', 'location', 'sticker', 'coupon']
/** In a flex message, and as a template; all of them show pictures. */
const PICTURES = ['image', 'video', 'icon', 'imagemap', 'audio', 'image_carousel']
/** Properties that name a picture wherever they stand. */
const PICTURE_URLS = ['thumbnailImageUrl', 'imageUrl', 'iconUrl', 'previewUrl', 'previewImageUrl', 'originalContentUrl']

const violationsOfMessage = (property: string, message: MessageObject): Violation[] => {
  const { type } = message
  return [
    ...check(`${property}.type`, TYPES.includes(type), `one of ${TYPES.join(', ')}`, () =>
      PICTURES.includes(type) ? type : 'another type, or none',
    ),
    ...(type === 'text' || type === 'textV2' ? lengthRule(`${property}.text`, message.text, 5_000) : []),
    ...(type === 'flex' || type === 'template' ? lengthRule(`${property}.altText`, message.altText, 1_500) : []),
    ...(type === 'flex' ? violationsOfContainer(`${property}.contents`, message.contents) : []),
    ...violationsWithin(property, message, type === 'flex' ? 40 : 20),
  ]
}

type Node = { readonly [key: string]: unknown }

/** LINE writes KB without saying which; 1,000 bytes is the strict reading. */
const BUBBLE_BYTES = 30_000
const CAROUSEL_BYTES = 50_000

const violationsOfContainer = (property: string, container: unknown): Violation[] => {
  if (!isNode(container)) return [{ property, rule: 'a bubble or a carousel', found: nameOf(container) }]
  if (container.type === 'bubble') return sizeRule(property, container, BUBBLE_BYTES)
  if (container.type !== 'carousel') {
    return [{ property: `${property}.type`, rule: 'bubble or carousel', found: nameOf(container.type) }]
  }
  const bubbles: unknown[] = Array.isArray(container.contents) ? container.contents : []
  return [
    ...check(
      `${property}.contents`,
      bubbles.length >= 1 && bubbles.length <= 12,
      '1 to 12 bubbles',
      () => `${bubbles.length} bubbles`,
    ),
    ...sizeRule(property, container, CAROUSEL_BYTES),
    ...bubbles.flatMap((bubble, index) => sizeRule(`${property}.contents[${index}]`, bubble, BUBBLE_BYTES)),
  ]
}

const sizeRule = (property: string, value: unknown, limit: number): Violation[] => {
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? '')
  return check(property, bytes <= limit, `at most ${limit} bytes of JSON`, () => `${bytes} bytes`)
}

/** What holds for every object however deep: components, actions, quick replies. */
const violationsWithin = (property: string, node: Node, labelLimit: number): Violation[] =>
  Object.entries(node).flatMap(([key, value]) => {
    const place = `${property}.${key}`
    if (PICTURE_URLS.includes(key)) return [{ property: place, rule: 'no pictures', found: key }]
    const nested = Array.isArray(value)
      ? value.map((each, index) => [`${place}[${index}]`, each] as const)
      : [[place, value] as const]
    const limit = key === 'quickReply' ? 20 : labelLimit
    return nested.flatMap(([at, child]) => (isNode(child) ? violationsOfNode(at, key, child, limit) : []))
  })

const violationsOfNode = (property: string, key: string, node: Node, labelLimit: number): Violation[] => [
  ...violationsOfComponent(property, node),
  ...(key === 'action' || key === 'actions' || key === 'defaultAction' ? violationsOfAction(property, node, labelLimit) : []),
  ...violationsWithin(property, node, labelLimit),
]

const violationsOfComponent = (property: string, node: Node): Violation[] => {
  const { type } = node
  if (typeof type !== 'string') return []
  if (PICTURES.includes(type)) return [{ property: `${property}.type`, rule: 'no images, video or audio', found: type }]
  if (type === 'text' && !('contents' in node)) {
    const rule = 'a text that is not empty, or spans in contents'
    return check(`${property}.text`, typeof node.text === 'string' && node.text !== '', rule, () => 'nothing')
  }
  if (type === 'button') {
    const label = isNode(node.action) ? node.action.label : undefined
    return check(`${property}.action.label`, label !== undefined, 'a label, as every button needs one', () => 'nothing')
  }
  return []
}

const violationsOfAction = (property: string, action: Node, labelLimit: number): Violation[] => [
  ...(action.label === undefined ? [] : labelRule(`${property}.label`, action.label, labelLimit)),
  ...(action.type === 'uri' ? uriRules(`${property}.uri`, action.uri) : []),
  ...(isNode(action.altUri) && 'desktop' in action.altUri ? uriRules(`${property}.altUri.desktop`, action.altUri.desktop) : []),
]

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)
