export type JsonReading =
  | { readonly kind: 'value'; readonly value: unknown }
  /** A field that its object has already: readers keep the last, or the first. */
  | { readonly kind: 'twice'; readonly line: number; readonly column: number }
  /** Counted from 1. `wanted` is what JSON has there. */
  | { readonly kind: 'broken'; readonly line: number; readonly column: number; readonly wanted: string }

/** Like JSON.parse, which does not always say where, and quotes what it could not read. */
export const readJson = (text: string): JsonReading => {
  const json = text.replace(/^\ufeff/, '')
  const reader = new JsonReader(json)
  const fault = reader.value(0)
  try {
    const value: unknown = JSON.parse(json)
    return reader.twice === null ? { kind: 'value', value } : { kind: 'twice', ...placeOf(json, reader.twice) }
  } catch {
    const { at, wanted } = fault ?? (reader.atEnd() ? { at: json.length, wanted: 'JSON' } : { at: reader.at, wanted: 'the end' })
    return { kind: 'broken', ...placeOf(json, at), wanted }
  }
}

const placeOf = (json: string, at: number): { readonly line: number; readonly column: number } => {
  const before = json.slice(0, at).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

interface TextFault {
  readonly at: number
  readonly wanted: string
}

const SPACE = /[ \t\r\n]*/y
const TEXT = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y

/** As deep as anybody writes an event; JSON.parse goes no further than some thousands either. */
const DEEPEST = 1_000

/** Reads on until JSON has something else there than the text. */
class JsonReader {
  at = 0
  /** Where the first field begins that its object has twice. */
  twice: number | null = null
  readonly #json: string

  constructor(json: string) {
    this.#json = json
  }

  atEnd(): boolean {
    this.#skip(SPACE)
    return this.at === this.#json.length
  }

  value(depth: number): TextFault | null {
    if (depth > DEEPEST) return this.#wanted('less nesting')
    if (this.#take('{')) return this.#members(depth)
    if (this.#take('[')) return this.#list('a value or ]', ']', () => this.value(depth + 1))
    if (this.#next() === '"') return this.#text('a text')
    return this.#skip(SCALAR) ? null : this.#wanted('a value')
  }

  #members(depth: number): TextFault | null {
    const names = new Set<string>()
    return this.#list('a field name in double quotes, or }', '}', () => {
      if (this.#next() !== '"') return this.#wanted('a field name in double quotes')
      const from = this.at
      const fault = this.#text('a field name')
      if (fault) return fault
      const name = nameIn(this.#json.slice(from, this.at))
      if (names.has(name)) this.twice ??= from
      names.add(name)
      return this.#take(':') ? this.value(depth + 1) : this.#wanted(':')
    })
  }

  #list(first: string, close: string, element: () => TextFault | null): TextFault | null {
    if (this.#take(close)) return null
    if (this.#next() === undefined) return this.#wanted(first)
    for (;;) {
      const fault = element()
      if (fault) return fault
      if (this.#take(close)) return null
      if (!this.#take(',')) return this.#wanted(`, or ${close}`)
    }
  }

  #text(what: string): TextFault | null {
    return this.#skip(TEXT) ? null : this.#wanted(`${what} that ends, without line breaks, and with \\\\ for a backslash`)
  }

  #next(): string | undefined {
    this.#skip(SPACE)
    return this.#json[this.at]
  }

  #take(character: string): boolean {
    if (this.#next() !== character) return false
    this.at += 1
    return true
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.#json)
    if (match) this.at = pattern.lastIndex
    return match !== null
  }

  #wanted(wanted: string): TextFault {
    this.#skip(SPACE)
    return { at: this.at, wanted }
  }
}

/** Without its escapes. */
const nameIn = (quoted: string): string => (quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1))
