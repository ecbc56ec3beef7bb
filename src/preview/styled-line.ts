import { printable } from '../printable-text.ts'
import { cutTo, widthOf } from './text-width.ts'

/** A piece of a line in a terminal. */
export interface Span {
  readonly text: string
  readonly bold: boolean
}

export type Line = readonly Span[]

export const plain = (text: string): Line => (text === '' ? [] : [{ text, bold: false }])
export const bold = (text: string): Line => (text === '' ? [] : [{ text, bold: true }])

export const lineWidth = (line: Line): number => line.reduce((sum, { text }) => sum + widthOf(text), 0)

/** Texts are those of an event. */
export const formatLine = (line: Line, { color }: { readonly color: boolean }): string =>
  line.map(({ text, bold }) => (bold && color ? `\u001b[1m${printable(text)}\u001b[22m` : printable(text))).join('')

export type Align = 'start' | 'center' | 'end'

/** Exactly so wide: filled up, or cut. */
export const fitLine = (line: Line, width: number, align: Align = 'start'): Line => {
  const cut = cutLine(line, width)
  const room = width - lineWidth(cut)
  const left = align === 'start' ? 0 : align === 'end' ? room : Math.floor(room / 2)
  return [...plain(' '.repeat(left)), ...cut, ...plain(' '.repeat(room - left))]
}

/** What goes beyond is left out, and an ellipsis says so. */
export const cutLine = (line: Line, width: number): Line => {
  if (lineWidth(line) <= width) return line
  const cut: Span[] = []
  let room = width - 1
  for (const { text, bold } of line) {
    const part = cutTo(text, room)
    if (part !== '') cut.push({ text: part, bold })
    room -= widthOf(part)
    if (part !== text) break
  }
  return [...cut, { text: '…', bold: false }]
}

/** Columns side by side, as high as the highest. */
export const beside = (columns: readonly { readonly lines: readonly Line[]; readonly width: number }[]): Line[] => {
  const height = Math.max(0, ...columns.map(({ lines }) => lines.length))
  return Array.from({ length: height }, (_, row) => columns.flatMap(({ lines, width }) => fitLine(lines[row] ?? [], width)))
}

/** Breaks lines as people would: between words, and between characters where a script has no spaces. What must not begin a line in
 *  Japanese stays with what is before it. */
export const wrapLine = (line: Line, width: number): Line[] => {
  const lines: Line[] = []
  let current: Span[] = []
  let taken = 0
  const feed = () => {
    lines.push(trimmed(current))
    current = []
    taken = 0
  }
  for (const { text, bold } of line)
    for (const [index, paragraph] of text.split(/\r\n|\r|\n/).entries()) {
      if (index > 0) feed()
      for (const unit of unitsOf(paragraph, width)) {
        const room = widthOf(unit)
        if (taken + room > width && taken > 0) feed()
        if (taken === 0 && lines.length > 0 && unit.trim() === '') continue
        current.push({ text: unit, bold })
        taken += room
      }
    }
  feed()
  return lines
}

/** A word, a run of spaces, or one character with the punctuation that follows it. */
const UNIT = /[ \t\u3000]+|[!-~\u00a1-\u024f]+|(?:\p{RGI_Emoji}|.)[\p{M}、。，．・：；？！）」』】〕〉》ー々゛゜ﾞﾟ]*/gv

/** None wider than a line. */
const unitsOf = (text: string, width: number): string[] =>
  (text.match(UNIT) ?? []).flatMap((unit) => {
    const parts: string[] = []
    for (let rest = unit; rest !== ''; ) {
      const part = cutTo(rest, width) || rest
      parts.push(part)
      rest = rest.slice(part.length)
    }
    return parts
  })

const trimmed = (line: readonly Span[]): Line => {
  const last = line.at(-1)
  return last && last.text.trim() === '' ? trimmed(line.slice(0, -1)) : merged(line)
}

const merged = (line: readonly Span[]): Line => {
  const joined: Span[] = []
  for (const { text, bold } of line) {
    const last = joined.at(-1)
    if (last?.bold === bold) joined.splice(-1, 1, { text: last.text + text, bold })
    else joined.push({ text, bold })
  }
  return joined
}
