export type JsonReading =
  | { readonly kind: 'value'; readonly value: unknown }
  /** Counted from 1. `wanted` is what JSON has there. */
  | { readonly kind: 'broken'; readonly line: number; readonly column: number; readonly wanted: string }

/** Like JSON.parse, which does not always say where, and quotes what it could not read. */
export const readJson = (text: string): JsonReading => {
  const json = text.replace(/^\ufeff/, '')
  try {
    return { kind: 'value', value: JSON.parse(json) }
  } catch {
    const { at, wanted } = firstFault(json)
    const before = json.slice(0, at).split('\n')
    return { kind: 'broken', line: before.length, column: (before.at(-1) ?? '').length + 1, wanted }
  }
}

interface TextFault {
  readonly at: number
  readonly wanted: string
}

/** Reads on until JSON has something else there than the text. */
const firstFault = (json: string): TextFault => {
  const reader = new JsonReader(json)
  const fault = reader.value(0) ?? (reader.atEnd() ? null : { at: reader.at, wanted: 'the end' })
  return fault ?? { at: json.length, wanted: 'JSON' }
}

const SPACE = /[ \t\r\n]*/y
const TEXT = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y

/** As deep as anybody writes an event; JSON.parse goes no further than some thousands either. */
const DEEPEST = 1_000

class JsonReader {
  at = 0
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
    return this.#list('a field name in double quotes, or }', '}', () => {
      if (this.#next() !== '"') return this.#wanted('a field name in double quotes')
      const fault = this.#text('a field name')
      if (fault) return fault
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
