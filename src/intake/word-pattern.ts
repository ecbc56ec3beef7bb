export type PatternReading =
  | { readonly kind: 'pattern'; readonly pattern: RegExp; readonly ways: number }
  | { readonly kind: 'faulty'; readonly remedy: string }

const LONGEST_PATTERN = 300
/** Of one match. LINE's longest text has 5,000 characters, each of which a match may begin at: some milliseconds at the very worst. */
const MOST_WAYS = 1_000
const LONGEST_MATCH = 300

/** Compiles a regular expression that nobody need wait for, whatever the text: it may be tried in a bounded number of ways only. Case
 *  does not matter, nor does the width of letters and digits: it is compared with texts in NFKC. \b is the edge of a run of letters a–z,
 *  or of digits: coupon2 and SALE_2026 begin with words. */
export const readPattern = (text: string): PatternReading => {
  const faulty = (remedy: string): PatternReading => ({ kind: 'faulty', remedy })
  if (text.length > LONGEST_PATTERN) return faulty(`write at most ${LONGEST_PATTERN} characters: make two patterns of it`)
  const source = text.replace(/[^\p{ASCII}]+/gu, (run) => run.normalize('NFKC').replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
  const tokens = source.match(TOKEN) ?? []
  const pattern = compile(tokens.map((token) => (token === '\\b' ? EDGE : token)).join(''))
  if (!pattern) return faulty("write a regular expression, as JavaScript's with the flags iu are")
  if (pattern.test('')) return faulty('write one that matches no empty text')

  // The patterns are also tried as one, in which groups would have other numbers.
  if (tokens.some((token) => /^(\\[1-9k]|\(\?<[^=!])/.test(token))) return faulty('take names and back references of groups away')
  const { ways, length } = effortOf(tokens)
  if (ways === Number.POSITIVE_INFINITY) return faulty('say how often at most, such as {0,20}, in place of * and +')
  if (ways > MOST_WAYS || length > LONGEST_MATCH)
    return faulty('repeat less, or less often within what is repeated: it might take too long')
  return { kind: 'pattern', pattern, ways }
}

const EDGE = `(?:${['[a-z]', String.raw`\d`].map((run) => `(?<=${run})(?!${run})|(?<!${run})(?=${run})`).join('|')})`

const compile = (source: string): RegExp | undefined => {
  try {
    return new RegExp(source, 'iu')
  } catch {
    return undefined
  }
}

/** An escape, a class, the opening of a group with what it says of itself, a quantifier, or any other character. */
const TOKEN =
  /\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[\da-f]{4}|x[\da-f]{2}|c[a-z]|.)|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|<[^>]*>|[a-z-]*:))?|(?:[*+?]|\{\d+(?:,\d*)?\})\??|./gisu

/** How many ways there are to match a part at one place, and how many characters it can be. */
interface Effort {
  readonly ways: number
  readonly length: number
}

const effortOf = (tokens: readonly string[]): Effort => {
  let at = 0

  const alternatives = (): Effort => {
    let { ways, length } = sequence()
    while (tokens[at] === '|') {
      at++
      const other = sequence()
      ways += other.ways
      length = Math.max(length, other.length)
    }
    return { ways, length }
  }

  const sequence = (): Effort => {
    let [ways, length] = [1, 0]
    while (at < tokens.length && tokens[at] !== '|' && tokens[at] !== ')') {
      const part = repeated(atom())
      ways *= part.ways
      length += part.length
    }
    return { ways, length }
  }

  const atom = (): Effort => {
    const token = tokens[at++]
    if (!token?.startsWith('(')) return { ways: 1, length: 1 }
    const group = alternatives()
    at++ // its end
    return group
  }

  const repeated = (part: Effort): Effort => {
    const bounds = boundsOf(tokens[at])
    if (!bounds) return part
    at++
    const [least, most] = bounds
    if (most > LONGEST_MATCH) return { ways: Number.POSITIVE_INFINITY, length: Number.POSITIVE_INFINITY }
    let ways = 0
    for (let times = least; times <= most; times++) ways += part.ways ** times
    return { ways, length: part.length * most }
  }

  return alternatives()
}

const boundsOf = (token: string | undefined): readonly [least: number, most: number] | undefined => {
  const quantifier = token?.match(/^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})/)
  if (!quantifier) return undefined
  const [, sign, least = '', comma, most = ''] = quantifier
  if (sign !== undefined) return sign === '?' ? [0, 1] : [0, Number.POSITIVE_INFINITY]
  if (comma === undefined) return [Number(least), Number(least)]
  return [Number(least), most === '' ? Number.POSITIVE_INFINITY : Number(most)]
}
