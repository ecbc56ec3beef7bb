import fc from 'fast-check'
import { isNode, parseDocument, visit } from 'yaml'

/** Stands in values that may be secret, and must be in no fault. */
export const CANARY = 'CANARY-7f3a'

const NUMBERS = [
  ...['1e309', '-1e309', '-0', '0x10', '0o17', '1_000', '08', '.inf', '-.inf', '.nan', '12:30', '1e-400', '0.1', '-1', '1e21'],
  ...['9007199254740993', '99999999999999999999999999', '2147483648', '65536', '1.5'],
]
const DURATIONS = [
  ...[
    'PT0.0001S',
    'PT0.0005S',
    'PT1E9S',
    'P366D',
    'P3660D',
    'P99999999999D',
    'P99999999D',
    'P1M',
    '-PT1S',
    'PT2562047788H',
    'none',
  ],
]

/** YAML in the place of a value. */
const VALUES: readonly string[] = [
  '',
  '~',
  'null',
  'true',
  '[]',
  '{}',
  '[[], {}]',
  '{ a: { b: { c: 1 } } }',
  `"${CANARY}"`,
  `[${CANARY}, ${CANARY}]`,
  `{ x: ${CANARY} }`,
  '"${SECRET}"',
  '["${SECRET}"]',
  '"${UNSET}"',
  '"${EMPTY}"',
  `"\${PASSWORD:-${CANARY}}"`,
  '"${NESTED}"',
  '"${YAML}"',
  '"${LINES}"',
  '"${${SECRET}}"',
  '"${"',
  ...NUMBERS,
  ...DURATIONS,
  ...['Asia/Tokyo', '+09:00', 'Etc/Unknown', '2026-02-30', '24:00', '"24:00"', '"00:00"'],
  ...[
    'http://',
    'http://[',
    '"https://line.me\\u0000"',
    'ftp://x',
    `https://a:${CANARY}@b/`,
    'https://例え.jp',
    'https://x/?q#f',
  ],
  ...['"\\0"', '"\\ud800"', '"\\u202e\\u001b[31m"', '"\\r\\nx: y"', '"a\\tb"', '"é́́"', '"👩‍👩‍👧‍👦"'],
  ...['/dev/null', '..', '/', '"a\\0b"', '/etc/hostname'],
  ...['!!binary aGVsbG8=', '!!set { a, b }', '!!omap [a: 1]', '!!js/function "x"', '!<tag:x,2000:y> z', '!!int x', '!!float "1"'],
  ...['&a [*a]', '*nowhere', '&b { <<: *b }', '{ <<: { a: 1 } }', '{ ? [a, b] : 1 }', '{ 1: 2, true: 3, null: 4 }'],
  ...['{ __proto__: { a: 1 } }', '{ constructor: 1, toString: 2 }', '{ a: 1, a: 2 }', '{ "a.b": 1, "a[0]": 2, "": 3 }'],
  '|\n    text\n    text',
  "'it''s'",
  '"unended',
  '[unended',
  '{ unended',
]

/** The same, and much of it. */
const FLOODS: readonly string[] = [
  'x'.repeat(300_000),
  `"${'${'.repeat(100_000)}"`,
  `"${'{{'.repeat(50_000)}"`,
  `"${'{% comment %}'.repeat(20_000)}"`,
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  `[${'1,'.repeat(20_000)}]`,
  `{ ${Array.from({ length: 5_000 }, (_, index) => `k${index}: ${index}`).join(', ')} }`,
  `[&l x${', *l'.repeat(10_000)}]`,
  `{ a: &a [x, x, x, x, x, x, x, x, x], b: &b [*a, *a, *a, *a, *a, *a, *a, *a], c: &c [*b, *b, *b, *b, *b, *b], d: [*c, *c, *c, *c] }`,
  `[${'{ from: "01:00", until: "01:01" }, '.repeat(2_000)}]`,
  `"${'9'.repeat(100_000)}"`,
  `{ ? ${'k'.repeat(100_000)} : 1 }`,
]

/** Bytes where nobody expects them. */
const PIECES: readonly string[] = [
  ...['\0', '\ufeff', '\r\n', '\r', '\t', '\u2028', '\ud800', '\u0085', '\u001b[2J'],
  ...[
    '---\n',
    '...\n',
    '%YAML 1.1\n---\n',
    '# ',
    ': ',
    '- ',
    '? ',
    '| ',
    '> ',
    '!',
    '&',
    '*',
    '@',
    '`',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ',',
  ],
  ...['\nx: 1\n', '\nkafka: 1\n', '\n<<: *x\n', '\n__proto__: 1\n'],
]

const value = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 6, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => JSON.stringify(text)) },
  { weight: 4, arbitrary: fc.double().map(String) },
  { weight: 1, arbitrary: fc.constantFrom(...FLOODS) },
)

/** In the place of a key, which faults name: nothing secret. */
const name = fc.constantFrom(...VALUES.filter((each) => !each.includes(CANARY)))

interface Place {
  readonly from: number
  readonly until: number
}

/** A text of YAML, with one to three of the values that stand for a secret replaced by others. */
export const misfilled = (text: string): fc.Arbitrary<string> => {
  const secrets = [...text.matchAll(/"\$\{[A-Z]+\}"/g)].map(({ index, 0: { length } }) => ({
    from: index,
    until: index + length,
  }))
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom(...secrets), value), { minLength: 1, maxLength: 3, selector: ([{ from }]) => from })
    .map((changes) => changed(text, changes))
}

/** A text of YAML, with one to three of its values, or what stands between them, made hostile. */
export const spoilt = (text: string): fc.Arbitrary<string> => {
  const places: Place[] = []
  const keys: Place[] = []
  visit(parseDocument(text), (role, node) => {
    if (isNode(node) && node.range) (role === 'key' ? keys : places).push({ from: node.range[0], until: node.range[1] })
  })
  const alike = places.flatMap((place) => {
    const written = text.slice(place.from, place.until)
    const kin = /^PT?\d/.test(written) ? DURATIONS : /^\d+$/.test(written) ? NUMBERS : []
    return kin.map((each): readonly [Place, string] => [place, each])
  })
  const anywhere = fc.nat(text.length).map((from): Place => ({ from, until: from }))
  const gone = fc.tuple(fc.nat(text.length), fc.nat(20)).map(([from, length]): Place => ({ from, until: from + length }))
  const change = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...places), value) },
    ...(keys.length > 0 ? [{ weight: 3, arbitrary: fc.tuple(fc.constantFrom(...keys), name) }] : []),
    ...(alike.length > 0 ? [{ weight: 5, arbitrary: fc.constantFrom(...alike) }] : []),
    { weight: 2, arbitrary: fc.tuple(anywhere, fc.constantFrom(...PIECES)) },
    { weight: 1, arbitrary: fc.tuple(gone, fc.constant('')) },
  )
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => changed(text, changes))
}

const changed = (text: string, changes: readonly (readonly [Place, string])[]): string =>
  changes
    .toSorted(([a], [b]) => b.from - a.from)
    .reduce((so, [{ from, until }, piece]) => `${so.slice(0, from)}${piece}${so.slice(Math.max(from, until))}`, text)
