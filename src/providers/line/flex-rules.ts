import type { Violation } from '../../domain/violation.ts'
import { violationsOfAction } from './action-rules.ts'
import { check, filledRule, isNode, isPresent, type Node, nameOf, typeRule } from './rules.ts'

/** LINE writes KB without saying which; 1,000 bytes is the strict reading. */
const BUBBLE_BYTES = 30_000
const CAROUSEL_BYTES = 50_000
const BLOCKS = ['header', 'hero', 'body', 'footer']
const LAYOUTS = ['horizontal', 'vertical', 'baseline']
/** LINE does not say how deep boxes may be; no layout that a person draws is as deep. */
const DEEPEST = 30
/** Components that show pictures: Flex has them, notification messages have not. */
const PICTURES = ['image', 'video', 'icon']
const TAP = { limit: 40, required: false }

/** Rules for the `contents` of a Flex message. */
export const violationsOfContainer = (property: string, container: unknown): Violation[] => {
  if (!isNode(container)) return [{ property, rule: 'a bubble or a carousel', found: nameOf(container) }]
  if (container.type === 'bubble') return violationsOfBubble(property, container)
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
    ...bubbles.flatMap((bubble, index) => violationsOfBubble(`${property}.contents[${index}]`, bubble)),
  ]
}

const violationsOfBubble = (property: string, bubble: unknown): Violation[] => {
  if (!isNode(bubble)) return [{ property, rule: 'a bubble', found: nameOf(bubble) }]
  const blocks = BLOCKS.filter((name) => isPresent(bubble[name]))
  return [
    ...typeRule(`${property}.type`, bubble.type, { among: ['bubble'] }),
    ...check(property, blocks.length > 0, `one of ${BLOCKS.join(', ')}`, () => 'none of them'),
    ...blocks.flatMap((name) => violationsOfBlock(`${property}.${name}`, bubble[name])),
    ...tapRules(property, bubble),
    ...sizeRule(property, bubble, BUBBLE_BYTES),
  ]
}

const sizeRule = (property: string, value: Node, limit: number): Violation[] => {
  const bytes = Buffer.byteLength(JSON.stringify(value))
  return check(property, bytes <= limit, `at most ${limit} bytes of JSON`, () => `${bytes} bytes`)
}

const violationsOfBlock = (property: string, block: unknown): Violation[] => {
  if (!isNode(block)) return [{ property, rule: 'a box', found: nameOf(block) }]
  if (block.type === 'box') return violationsOfBox(property, block, 1)
  return typeRule(`${property}.type`, block.type, { among: ['box'], known: PICTURES })
}

/** `depth` counts the boxes that a component is in. */
type ComponentRules = (property: string, component: Node, depth: number) => Violation[]

const violationsOfBox: ComponentRules = (property, box, depth) => {
  const { layout, contents } = box
  if (depth > DEEPEST) return [{ property, rule: `boxes at most ${DEEPEST} deep`, found: 'one that is deeper' }]
  return [
    ...typeRule(`${property}.layout`, layout, { among: LAYOUTS }),
    ...(Array.isArray(contents)
      ? contents.flatMap((each: unknown, index) => violationsOfComponent(`${property}.contents[${index}]`, each, depth))
      : [{ property: `${property}.contents`, rule: 'a list of components', found: nameOf(contents) }]),
    ...tapRules(property, box),
  ]
}

const violationsOfText: ComponentRules = (property, text) => {
  const spans: unknown[] = Array.isArray(text.contents) ? text.contents : []
  return [
    ...(spans.length === 0
      ? filledRule(`${property}.text`, text.text)
      : spans.flatMap((span, index) => violationsOfSpan(`${property}.contents[${index}]`, span))),
    ...tapRules(property, text),
  ]
}

const violationsOfSpan = (property: string, span: unknown): Violation[] => {
  if (!isNode(span)) return [{ property, rule: 'a span', found: nameOf(span) }]
  return [...typeRule(`${property}.type`, span.type, { among: ['span'] }), ...filledRule(`${property}.text`, span.text)]
}

const tapRules = (property: string, { action }: Node): Violation[] =>
  isPresent(action) ? violationsOfAction(`${property}.action`, action, TAP) : []

/** All that a box may have in it: a span stands in a text only. */
const COMPONENTS: Readonly<Record<string, ComponentRules>> = {
  box: (property, box, depth) => violationsOfBox(property, box, depth + 1),
  button: (property, { action }) => violationsOfAction(`${property}.action`, action, { limit: 40, required: true }),
  text: violationsOfText,
  separator: tapRules,
  filler: tapRules,
}
const TYPES = Object.keys(COMPONENTS)

const violationsOfComponent = (property: string, component: unknown, depth: number): Violation[] => {
  if (!isNode(component)) return [{ property, rule: 'a component', found: nameOf(component) }]
  const { type } = component
  const rules = typeof type === 'string' && Object.hasOwn(COMPONENTS, type) ? COMPONENTS[type] : undefined
  return rules
    ? rules(property, component, depth)
    : typeRule(`${property}.type`, type, { among: TYPES, known: [...PICTURES, 'span'] })
}
