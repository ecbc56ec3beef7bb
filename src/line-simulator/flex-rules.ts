import { checkAction } from './action-rules.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Violation } from './reply.ts'

const BUBBLE_BYTES = 30 * 1024
const CAROUSEL_BYTES = 50 * 1024
const CAROUSEL_BUBBLES = 12
const BLOCKS = ['header', 'hero', 'body', 'footer'] as const
const LAYOUTS: ReadonlySet<unknown> = new Set(['horizontal', 'vertical', 'baseline'])
/** Flex itself also knows image, video and icon; a notification message may not have them (technical specifications). */
const COMPONENTS = ['box', 'button', 'filler', 'separator', 'span', 'text']
/** Deeper than any layout a person draws; stops a body made to exhaust the stack. */
const DEEPEST = 30

/** Everything wrong with the `contents` of a Flex Message. Paths are LINE's: `/body/contents/0/action/uri`. */
export const checkFlex = (contents: unknown): Violation[] => {
  if (!isObject(contents)) return [{ message: 'must be specified', property: '/' }]
  if (contents.type === 'bubble') return checkBubble(contents, '')
  if (contents.type === 'carousel') return checkCarousel(contents)
  return [{ message: 'Must be one of the following values: [bubble, carousel]', property: '/type' }]
}

const checkCarousel = (carousel: JsonObject): Violation[] => {
  const bubbles = carousel.contents
  if (!Array.isArray(bubbles) || bubbles.length < 1 || bubbles.length > CAROUSEL_BUBBLES) {
    return [{ message: `size must be between 1 and ${CAROUSEL_BUBBLES}`, property: '/contents' }]
  }
  const found = bubbles.flatMap((bubble: unknown, index): Violation[] => {
    const path = `/contents/${index}`
    if (isObject(bubble) && bubble.type === 'bubble') return checkBubble(bubble, path)
    return [{ message: 'Must be one of the following values: [bubble]', property: `${path}/type` }]
  })
  return found.length > 0 ? found : checkBytes(carousel, '', CAROUSEL_BYTES)
}

const checkBubble = (bubble: JsonObject, path: string): Violation[] => {
  const blocks = BLOCKS.filter((name) => isPresent(bubble[name]))
  if (blocks.length === 0) return [{ message: 'At least one block must be specified', property: path || '/' }]
  const found = blocks.flatMap((name) => {
    const block = bubble[name]
    if (isObject(block) && block.type === 'box') return checkBox(block, `${path}/${name}`, 1)
    return [{ message: 'Must be one of the following values: [box]', property: `${path}/${name}/type` }]
  })
  if (isPresent(bubble.action)) found.push(...checkAction(bubble.action, `${path}/action`, { max: 40, required: false }))
  return found.length > 0 ? found : checkBytes(bubble, path, BUBBLE_BYTES)
}

const checkBox = (box: JsonObject, path: string, depth: number): Violation[] => {
  if (!LAYOUTS.has(box.layout)) {
    return [{ message: 'Must be one of the following values: [horizontal, vertical, baseline]', property: `${path}/layout` }]
  }
  const { contents } = box
  if (!Array.isArray(contents)) return [{ message: 'must be specified', property: `${path}/contents` }]
  if (depth > DEEPEST) return [{ message: 'too deeply nested', property: path }]
  return contents.flatMap((component: unknown, index) => checkComponent(component, `${path}/contents/${index}`, depth))
}

const checkComponent = (component: unknown, path: string, depth: number): Violation[] => {
  const type = isObject(component) ? component.type : undefined
  if (!isObject(component) || typeof type !== 'string' || !COMPONENTS.includes(type)) {
    return [{ message: `Must be one of the following values: [${COMPONENTS.join(', ')}]`, property: `${path}/type` }]
  }
  if (type === 'button') return checkAction(component.action, `${path}/action`, { max: 40, required: true })
  const found: Violation[] = []
  if (type === 'box') found.push(...checkBox(component, path, depth + 1))
  if (type === 'text') found.push(...checkText(component, path))
  if (type === 'span') found.push({ message: 'invalid property', property: path })
  if (isPresent(component.action)) {
    found.push(...checkAction(component.action, `${path}/action`, { max: 40, required: false }))
  }
  return found
}

const checkText = (text: JsonObject, path: string): Violation[] => {
  const spans = text.contents
  if (Array.isArray(spans) && spans.length > 0) {
    return spans.flatMap((span: unknown, index) => {
      if (isObject(span) && span.type === 'span' && isText(span.text)) return []
      return [{ message: 'must be non-empty text', property: `${path}/contents/${index}/text` }]
    })
  }
  return isText(text.text) ? [] : [{ message: 'must be non-empty text', property: `${path}/text` }]
}

const checkBytes = (container: JsonObject, path: string, most: number): Violation[] => {
  if (Buffer.byteLength(JSON.stringify(container)) <= most) return []
  return [{ message: `Too large flex message. The maximum size is ${most / 1024} KB`, property: path || '/' }]
}

const isPresent = (value: unknown): boolean => value !== undefined && value !== null
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
