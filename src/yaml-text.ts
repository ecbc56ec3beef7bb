import { type Document, type ErrorCode, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml'

/** A text of YAML, read. Whatever stands in it, reading ends, and soon: aliases that lead nowhere, in circles, or to a flood of copies are
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
  if (text.length > LONGEST) return { kind: 'faulty', fault: TOO_LONG }
  const lines = new LineCounter()
  try {
    // Keys are compared here: the library compares each with each.
    const document = parseDocument(text, { lineCounter: lines, logLevel: 'error', uniqueKeys: false })
    const fault = errorOf(document, lines) ?? nodeFault(document, lines)
    if (fault) return { kind: 'faulty', fault }
    const value: unknown = document.toJS()
    if (isDeep(value, DEEPEST)) return { kind: 'faulty', fault: TOO_DEEP }
    return { kind: 'read', contents: document.contents, value, lineAt: (offset) => lines.linePos(offset).line }
  } catch (error) {
    // All that is left to be thrown: a stack that is full, and aliases that the library counts too many of.
    return { kind: 'faulty', fault: error instanceof RangeError ? TOO_DEEP : TOO_MANY_ALIASES }
  }
}

/** Characters: far more than anybody writes by hand. */
const LONGEST = 1_000_000
/** Far deeper than any layout a person draws. */
const DEEPEST = 100

const isDeep = (value: unknown, levels: number): boolean => {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeep(each, levels - 1))
}

const somewhere = (found: string, remedy: string): YamlFault => ({ line: null, column: null, found, quoting: found, remedy })
const TOO_LONG = somewhere(`more than ${LONGEST.toLocaleString('en')} characters`, 'name the file that is meant, or write less')
const TOO_DEEP = somewhere(`lists and mappings more than ${DEEPEST} deep`, 'nest less')
const TOO_MANY_ALIASES = somewhere('aliases that make too many copies', 'write out what they stand for')

const REMEDIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  TAB_AS_INDENT: 'indent with spaces',
}
const MEND = 'mend the YAML: a text that begins with {, [, & or * goes in quotes'

const LONGEST_QUOTE = 200

/** One slip makes many errors: the first is where it is. */
const errorOf = ({ errors, warnings }: Document, lines: LineCounter): YamlFault | undefined => {
  const [first] = [...errors, ...warnings]
  if (!first) return undefined
  const { line, col } = lines.linePos(first.pos[0])
  if (first.code === 'RESOURCE_EXHAUSTION') return { ...TOO_DEEP, line, column: col }
  const quoting = (first.message.split('\n')[0] ?? first.message).slice(0, LONGEST_QUOTE)
  return { line, column: col, found: `not YAML (${first.code})`, quoting, remedy: REMEDIES[first.code] ?? MEND }
}

/** The first place that cannot be meant: an alias that leads nowhere or in a circle, a key that is there before. One look at all nodes
 *  in their order, so that each alias finds the anchor before it. */
const nodeFault = (document: Document, lines: LineCounter): YamlFault | undefined => {
  const anchors = new Map<string, Node>()
  let fault: YamlFault | undefined
  const tell = (node: unknown, found: string, remedy: string) => {
    const { line, col } = lines.linePos(isNode(node) ? (node.range?.[0] ?? 0) : 0)
    fault = { line, column: col, found, quoting: found, remedy }
    return visit.BREAK
  }
  visit(document, {
    Alias: (_, alias, path) => {
      const anchored = anchors.get(alias.source)
      if (!anchored) return tell(alias, 'an alias without an anchor', 'put a text that begins with * in quotes')
      if (path.some((above) => above === anchored)) return tell(alias, 'an alias within what it stands for', WRITE_OUT)
      return undefined
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
      const [key, found, remedy] = isMap(node) ? (keyFault(node.items.map((pair) => pair.key)) ?? []) : []
      return found === undefined || remedy === undefined ? undefined : tell(key, found, remedy)
    },
  })
  return fault
}

const WRITE_OUT = 'write out what it stands for'

const keyFault = (keys: readonly unknown[]): [key: unknown, found: string, remedy: string] | undefined => {
  const known = new Set<unknown>()
  for (const key of keys) {
    if (!isScalar(key)) continue
    // As a property of an object it would be another thing, and lost.
    if (key.value === '__proto__') return [key, 'a key that nothing can have', 'write another']
    if (known.has(key.value)) return [key, 'not YAML (DUPLICATE_KEY)', 'write each setting once']
    known.add(key.value)
  }
  return undefined
}
