import { type Align, beside, bold, cutLine, fitLine, type Line, lineWidth, plain, type Span, wrapLine } from './styled-line.ts'

/** A component of a flex message, as JSON: whatever a route wrote. */
export interface Component {
  readonly [property: string]: unknown
}

export const isComponent = (value: unknown): value is Component =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const componentsIn = (value: unknown): readonly Component[] => (Array.isArray(value) ? value.filter(isComponent) : [])

/** The parts of a bubble that it has, from the top, with an empty line between them, or a rule where its style says so. */
export const drawBubble = (bubble: Component, width: number): Line[] => {
  const styles = isComponent(bubble.styles) ? bubble.styles : {}
  const drawn: Line[] = []
  for (const name of ['header', 'hero', 'body', 'footer']) {
    const part = bubble[name]
    if (!isComponent(part)) continue
    const style = styles[name]
    if (drawn.length > 0) drawn.push(isComponent(style) && style.separator === true ? rule(width) : [])
    drawn.push(...drawComponent(part, width))
  }
  return drawn
}

export const drawComponent = (component: Component, width: number): Line[] => {
  switch (component.type) {
    case 'box':
      return [...drawBox(component, width), ...drawLink(component, width)]
    case 'text':
      return [...drawText(component, width), ...drawLink(component, width)]
    case 'button':
      return drawButton(component.action, width)
    case 'separator':
      return [rule(width)]
    case 'filler':
    case 'spacer':
      return []
    default:
      return [plain(`[${typeof component.type === 'string' ? component.type : 'no type'}]`)]
  }
}

export const rule = (width: number): Line => plain('─'.repeat(width))

/** Its label, and beneath it what it does. */
export const drawButton = (action: unknown, width: number): Line[] => {
  const { label, ...does } = isComponent(action) ? action : {}
  const caption = bold(`[ ${typeof label === 'string' ? label : 'no label'} ]`)
  return [caption, ...actionOf(does)].map((line) => fitLine(line, width, 'center'))
}

/** Boxes and texts may be tapped as well. */
const drawLink = ({ action }: Component, width: number): Line[] =>
  isComponent(action) ? actionOf(action).map((line) => cutLine([...plain('→ '), ...line], width)) : []

const actionOf = ({ type, uri, text, displayText }: Component): Line[] => {
  const said = [uri, text, displayText].find((each) => typeof each === 'string')
  if (said !== undefined) return [plain(type === 'uri' ? said : `says: ${said}`)]
  return typeof type === 'string' ? [plain(`(${type})`)] : []
}

const drawText = (text: Component, width: number): Line[] => {
  const spans = Array.isArray(text.contents)
    ? componentsIn(text.contents).map((span) => spanOf(span, text))
    : [spanOf(text, text)]
  const wrapped = text.wrap === true ? wrapLine(spans, width) : [cutLine(spans.map(onOneLine), width)]
  const lines = typeof text.maxLines === 'number' && text.maxLines > 0 ? firstOf(wrapped, text.maxLines, width) : wrapped
  const align = alignOf(text)
  return align === 'start' ? lines : lines.map((line) => fitLine(line, width, align))
}

const spanOf = ({ text, weight }: Component, { weight: inherited }: Component): Span => ({
  text: typeof text === 'string' ? text : '',
  bold: (weight ?? inherited) === 'bold',
})

const onOneLine = ({ text, bold }: Span): Span => ({ text: text.replace(/\s*\n\s*/g, ' '), bold })

const firstOf = (lines: Line[], most: number, width: number): Line[] => {
  const last = lines[most - 1]
  if (lines.length <= most || !last) return lines
  return [...lines.slice(0, most - 1), cutLine([...last, ...plain(' '.repeat(width))], Math.min(width, lineWidth(last) + 1))]
}

const alignOf = ({ align }: Component): Align => (align === 'center' || align === 'end' ? align : 'start')

const drawBox = (box: Component, width: number): Line[] => {
  const contents = componentsIn(box.contents)
  if (box.layout === 'horizontal' || box.layout === 'baseline') return drawColumns(contents, width)
  const drawn: Line[] = []
  let afterRule = true
  for (const component of contents) {
    const lines = drawComponent(component, width)
    if (lines.length === 0) continue
    // A rule is a gap by itself.
    const isRule = component.type === 'separator'
    if (!isRule && !afterRule && isWide(component.margin ?? box.spacing)) drawn.push([])
    drawn.push(...lines)
    afterRule = isRule
  }
  return drawn
}

/** Of the distances that LINE has, those that look like an empty line. */
const isWide = (gap: unknown): boolean => {
  if (typeof gap !== 'string') return false
  return ['lg', 'xl', 'xxl'].includes(gap) || Number(/^(\d+)px$/.exec(gap)?.[1] ?? 0) >= 16
}

/** Columns as wide as their weights say (1, if they say nothing); of weight 0, as wide as what is in them. */
const drawColumns = (contents: readonly Component[], width: number): Line[] => {
  const gaps = Math.max(0, contents.length - 1)
  const room = Math.max(contents.length, width - gaps)
  const natural = contents.map((component) => naturalWidth(component, room))
  const weights = contents.map((component, index) => (natural[index] === null ? weightOf(component) : 0))
  const flexible = Math.max(0, room - natural.reduce<number>((sum, each) => sum + (each ?? 0), 0))
  const widths = sharesOf(flexible, weights).map((share, index) => Math.max(1, natural[index] ?? share))
  return beside(
    contents.flatMap((component, index) => {
      const column = { lines: drawComponent(component, widths[index] ?? 1), width: widths[index] ?? 1 }
      return index === 0 ? [column] : [{ lines: [], width: 1 }, column]
    }),
  ).map((line) => cutLine(line, width))
}

const weightOf = ({ flex }: Component): number => (typeof flex === 'number' && flex >= 0 ? flex : 1)

const naturalWidth = (component: Component, most: number): number | null => {
  if (component.type === 'separator') return 1
  if (weightOf(component) > 0) return null
  return Math.min(most, Math.max(0, ...drawComponent({ ...component, align: 'start' }, most).map(lineWidth)))
}

/** Whole columns that add up to the room, however they are rounded. */
const sharesOf = (room: number, weights: readonly number[]): number[] => {
  const sum = weights.reduce((so, weight) => so + weight, 0)
  let before = 0
  return weights.map((weight) => {
    const from = sum === 0 ? 0 : Math.round((room * before) / sum)
    before += weight
    return (sum === 0 ? 0 : Math.round((room * before) / sum)) - from
  })
}
