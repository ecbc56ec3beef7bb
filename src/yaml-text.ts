import { type Document, type ErrorCode, LineCounter, type Node, parseDocument, visit } from 'yaml'

/** A text of YAML, read. Whatever stands in it, reading ends: aliases that lead nowhere, in circles, or to a flood of copies are
 *  faults like any other. */
export type YamlReading =
  | {
      readonly kind: 'read'
      readonly contents: Node | null
      readonly value: unknown
      readonly lineAt: (offset: number) => number
    }
  | { readonly kind: 'faulty'; readonly fault: YamlFault }

export interface YamlFault {
  readonly line: number | null
  readonly column: number | null
  /** Quotes nothing of the text: a secret may stand in it. */
  readonly found: string
  /** The same, and perhaps a piece of the text. */
  readonly quoting: string
  readonly remedy: string
}

export const readYaml = (text: string): YamlReading => {
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' })
    const fault = errorOf(document, lines) ?? aliasFault(document, lines)
    if (fault) return { kind: 'faulty', fault }
    const value: unknown = document.toJS()
    if (isDeep(value, DEEPEST)) return { kind: 'faulty', fault: TOO_DEEP }
    return { kind: 'read', contents: document.contents, value, lineAt: (offset) => lines.linePos(offset).line }
  } catch (error) {
    // All that is left to be thrown: a stack that is full, and aliases that the library counts too many of.
    return { kind: 'faulty', fault: error instanceof RangeError ? TOO_DEEP : TOO_MANY_ALIASES }
  }
}

/** Far deeper than any layout a person draws. */
const DEEPEST = 100

const isDeep = (value: unknown, levels: number): boolean => {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeep(each, levels - 1))
}

const somewhere = (found: string, remedy: string): YamlFault => ({ line: null, column: null, found, quoting: found, remedy })
const TOO_DEEP = somewhere(`lists and mappings more than ${DEEPEST} deep`, 'nest less')
const TOO_MANY_ALIASES = somewhere('aliases that make too many copies', 'write out what they stand for')

const REMEDIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  TAB_AS_INDENT: 'indent with spaces',
  DUPLICATE_KEY: 'write each setting once',
}
const MEND = 'mend the YAML: a text that begins with {, [, & or * goes in quotes'

/** One slip makes many errors: the first is where it is. */
const errorOf = ({ errors, warnings }: Document, lines: LineCounter): YamlFault | undefined => {
  const [first] = [...errors, ...warnings]
  if (!first) return undefined
  const { line, col } = lines.linePos(first.pos[0])
  if (first.code === 'RESOURCE_EXHAUSTION') return { ...TOO_DEEP, line, column: col }
  const quoting = first.message.split('\n')[0] ?? first.message
  return { line, column: col, found: `not YAML (${first.code})`, quoting, remedy: REMEDIES[first.code] ?? MEND }
}

const aliasFault = (document: Document, lines: LineCounter): YamlFault | undefined => {
  let fault: YamlFault | undefined
  visit(document, {
    Alias: (_, alias, path) => {
      const anchored = alias.resolve(document)
      if (anchored && !path.some((above) => above === anchored)) return undefined
      const { line, col } = lines.linePos(alias.range?.[0] ?? 0)
      const [found, remedy] = anchored
        ? ['an alias within what it stands for', 'write out what it stands for']
        : ['an alias without an anchor', 'put a text that begins with * in quotes']
      fault = { line, column: col, found, quoting: found, remedy }
      return visit.BREAK
    },
  })
  return fault
}
