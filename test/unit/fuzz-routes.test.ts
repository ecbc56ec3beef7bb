import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createSealer } from '../../src/domain/seal.ts'
import { interpret } from '../../src/intake/interpret.ts'
import { parseText, type TextRendering } from '../../src/intake/liquid.ts'
import type { Route } from '../../src/intake/route.ts'
import { type Fault, formatFault } from '../../src/intake/route-fault.ts'
import { soundRoutesOf, surveyRoutes } from '../../src/intake/routes.ts'
import { RoutesError } from '../../src/intake/routes-error.ts'
import { readPattern } from '../../src/intake/word-pattern.ts'
import { asRead } from '../../src/intake/word-text.ts'
import { encodeRequest } from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { SHIPPED_CATALOGUE } from '../../src/providers/line/catalogue.ts'
import { violationsOf } from '../../src/providers/line/content-rules.ts'
import { runsOf } from './fuzz-runs.ts'
import { RULES, SURROUNDINGS } from './route-folder.ts'
import { CANARY, spoilt } from './spoilt-yaml.ts'
import { startRun } from './step-run.ts'

/* Whatever stands in a route, a template or a pattern, reading and using it ends soon: in what works, or in a fault that says where. */

const SHIPPED = readdirSync('routes').filter((name) => name.endsWith('.yaml'))
const textOf = (name: string): string => readFileSync(join('routes', name), 'utf8').replaceAll('../schemas', resolve('schemas'))
const CHANNELS = new Map([
  ['main', { ...RULES, violationsOf: (message: Parameters<typeof violationsOf>[0]) => violationsOf(message, SHIPPED_CATALOGUE) }],
])

const folder = mkdtempSync(join(tmpdir(), 'tsuchi-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { seal } = createSealer([new Uint8Array(32).fill(7)])
const NOW = Date.UTC(2026, 7, 10, 1, 1)

/** A route that loads carries whatever it promises through intake, Kafka and dispatch. */
const use = (route: Route, example: string): void => {
  const event: unknown = JSON.parse(readFileSync(example, 'utf8'))
  const record = {
    position: { topic: route.topic, partition: 2, offset: 17 },
    headers: new Map<string, string>(),
    timestamp: NOW,
  }
  const interpretation = interpret(route, event, record, { now: NOW, pepper: new Uint8Array(32), seal })
  if (interpretation.kind === 'too-old') return
  for (const request of interpretation.requests) expect(encodeRequest(request, NEWEST_FORMAT).length).toBeLessThan(1_000_000)
  const run = startRun()
  run.now = NOW
  run.receive(...interpretation.requests)
}

const expectNamed = (faults: readonly Fault[]): void => {
  for (const fault of faults) {
    const told = formatFault(fault)
    expect(told).toMatch(/^\S+\.yaml(:\d+)? (\S.*: )?found \S.*; \S/s)
    expect(told.length).toBeLessThan(2_000)
    expect(told).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
  }
}

const spoiltRoute = fc.constantFrom(...SHIPPED).chain((name) => spoilt(textOf(name)).map((text) => ({ name, text })))

describe('a shipped route with whatever in it', () => {
  test('works, or has faults with place and remedy', { timeout: 0 }, async () => {
    await fc.assert(
      fc.property(spoiltRoute, ({ name, text }) => {
        writeFileSync(join(folder, 'route.yaml'), text)
        const survey = surveyRoutes({ ...SURROUNDINGS, channels: CHANNELS, directory: folder })
        expectNamed([...survey.faults, ...survey.warnings])
        try {
          for (const route of soundRoutesOf(survey)) use(route, `examples/${name.replace('.yaml', '.json')}`)
        } catch (error) {
          if (!(error instanceof RoutesError)) throw error
          expect(error.message.length).toBeLessThan(200_000)
        }
      }),
      runsOf(120),
    )
  })
})

/** Its digits are in the event, and must be in no detail. */
const PHONE = '+819012340199'
const EVENT = {
  phone: PHONE,
  name: `${CANARY}さま`,
  amount: 12_800,
  due: '2026-08-31',
  long: `${CANARY} `.repeat(90_000),
  list: Array.from({ length: 100_000 }, (_, index) => ({ name: CANARY, phone: PHONE, n: index })),
  labels: { [PHONE]: CANARY },
  numbers: [0, -0, 1e308, Number.NaN, Number.POSITIVE_INFINITY, 5e-324],
  nested: { list: [[[[1]]]], text: `{{ phone }}{% raw %}` },
}

const operand = fc.oneof(
  fc.constantFrom(
    ...['phone', 'name', 'amount', 'due', 'long', 'list', 'labels', 'numbers', 'nested', 'missing', 'tsuchi.linkToken', 'event'],
    ...[
      'labels[phone]',
      'labels[name]',
      'list[name]',
      'nested.list[0][0]',
      'list.first.name',
      'list[99999].n',
      'numbers[4]',
      '[name]',
    ],
    ...['constructor', '__proto__', 'name.constructor', 'list.size', 'nil', 'empty', 'blank', 'forloop.index'],
    ...[
      '(1..1000000000)',
      '(0..amount)',
      '(-1e308..1e308)',
      '(numbers[3]..numbers[4])',
      '1e308',
      '-0',
      '0',
      '999999999999999999999',
    ],
    ...["''", "'x'", "'%Y'", `'${'x'.repeat(2_000)}'`, "'no-year'", "'(a+)+$'"],
  ),
  fc.integer().map(String),
)
const filter = fc.tuple(
  fc.constantFrom(
    ...[
      'yen',
      'date',
      'time',
      'datetime',
      'url',
      'default',
      'append',
      'prepend',
      'replace',
      'replace_first',
      'replace_last',
      'remove',
    ],
    ...[
      'split',
      'join',
      'slice',
      'truncate',
      'truncatewords',
      'times',
      'divided_by',
      'modulo',
      'plus',
      'minus',
      'abs',
      'ceil',
      'round',
    ],
    ...[
      'sort',
      'sort_natural',
      'uniq',
      'map',
      'where',
      'where_exp',
      'reject',
      'group_by',
      'group_by_exp',
      'find',
      'find_exp',
      'find_index',
    ],
    ...[
      'concat',
      'push',
      'pop',
      'shift',
      'unshift',
      'reverse',
      'compact',
      'sum',
      'first',
      'last',
      'size',
      'json',
      'inspect',
      'jsonify',
    ],
    ...[
      'strip',
      'lstrip',
      'rstrip',
      'strip_html',
      'strip_newlines',
      'newline_to_br',
      'normalize_whitespace',
      'escape',
      'escape_once',
    ],
    ...[
      'url_encode',
      'url_decode',
      'uri_escape',
      'cgi_escape',
      'slugify',
      'upcase',
      'capitalize',
      'xml_escape',
      'base64_encode',
      'base64_decode',
    ],
    ...[
      'number_of_words',
      'array_to_sentence_string',
      'to_integer',
      'at_least',
      'at_most',
      'raw',
      'sample',
      'sha256',
      'hmac_sha256',
    ],
  ),
  fc.array(operand, { maxLength: 3 }),
)
const expression = fc
  .tuple(operand, fc.array(filter, { maxLength: 4 }))
  .map(([value, filters]) =>
    [value, ...filters.map(([name, args]) => (args.length === 0 ? name : `${name}: ${args.join(', ')}`))].join(' | '),
  )

const { template } = fc.letrec<{ template: string }>((tie) => ({
  template: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    expression.map((each) => `{{ ${each} }}`),
    fc.constantFrom(
      '',
      'x',
      '{{',
      '%}',
      '{% raw %}',
      '{% endfor %}',
      '{%',
      '{# #}',
      '{{ "',
      '{%- -%}',
      '{% comment %}',
      'お客様\ud83d',
    ),
    fc.tuple(operand, tie('template')).map(([over, body]) => `{% for i in ${over} %}${body}{{ i.name }}{% endfor %}`),
    fc
      .tuple(operand, operand, tie('template'))
      .map(([over, most, body]) => `{% for i in ${over} limit: ${most} offset: ${most} reversed %}${body}{% endfor %}`),
    fc.tuple(expression, tie('template')).map(([what, body]) => `{% if ${what} == empty %}${body}{% else %}${body}{% endif %}`),
    fc.tuple(tie('template'), tie('template')).map(([a, b]) => `${a}${b}`),
    tie('template').map((body) => `{% capture long %}${body}${body}{% endcapture %}{{ long }}`),
    expression.map((each) => `{% assign x = ${each} %}{% echo ${each} %}{% include 'routes.ts' %}`),
    expression.map(
      (each) => `{% case ${each} %}{% when 1 %}a{% endcase %}{% liquid echo phone %}{% render 'x' %}{% cycle 1, 2 %}`,
    ),
  ),
}))

const render = (source: string): { readonly rendering: TextRendering | null; readonly again: TextRendering | null } => {
  const parsing = parseText(source)
  if (parsing.kind === 'faulty') {
    expect(parsing.message).toMatch(/^Liquid/)
    return { rendering: null, again: null }
  }
  return { rendering: parsing.text.render(EVENT, 'Asia/Tokyo'), again: parsing.text.render(EVENT, 'Asia/Tokyo') }
}

describe('a template with whatever in it', () => {
  test('is refused, or comes to a text, the same each time, or to a detail without a value of the event', { timeout: 0 }, () => {
    fc.assert(
      fc.property(template, (source) => {
        const { rendering, again } = render(source)
        expect(again).toEqual(rendering)
        if (rendering === null) return
        if (rendering.kind === 'text') {
          expect(rendering.text.length).toBeLessThanOrEqual(20_000)
          return
        }
        const told = rendering.kind === 'missing' ? rendering.variable : rendering.detail
        expect(told).not.toContain(CANARY)
        expect(told).not.toContain('9012340199')
        expect(told.length).toBeLessThan(500)
      }),
      runsOf(300),
    )
  })
})

const atom = fc.constantFrom(
  ...['a', 'b', 'ク', '割引', '.', '[ab]', '[^a]', String.raw`\p{L}`, String.raw`\w`, String.raw`\b`, String.raw`\s`, '^', '$'],
  ...[
    '(a|a)',
    '(?:a{0,20}){0,20}b',
    '(?:a|ab?|a){1,40}c',
    '(?:.{0,30}){0,9}x',
    '(?=a)',
    '(?<!b)',
    '(?<n>a)',
    '(?i:a)',
    '[a-ん]',
    String.raw`\u{1f600}`,
    String.raw`\1`,
    String.raw`\(`,
    '[(]',
    '[{]',
  ],
)
const quantifier = fc.constantFrom(
  '',
  '',
  '',
  '?',
  '{0,3}',
  '{2}',
  '{0,9}?',
  '{0,20}',
  '{1,40}',
  '{0,300}',
  '*',
  '+',
  '{1,}',
  '??',
)
const { expression: wellFormed } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.tuple(atom, quantifier).map((parts) => parts.join('')),
    fc.tuple(tie('expression'), tie('expression')).map((parts) => parts.join('')),
    fc.tuple(tie('expression'), tie('expression')).map((parts) => parts.join('|')),
    fc
      .tuple(fc.constantFrom('(', '(?:', '(?=', '(?<='), tie('expression'), quantifier)
      .map(([open, body, many]) => `${open}${body})${many}`),
  ),
}))
const pattern = fc.oneof(
  { weight: 4, arbitrary: wellFormed },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...'()[]{}|?*+^$\\.,a0'), { maxLength: 20 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
)

/** Within what can be cut short: a pattern that never ends would not fail, but hang. */
const TRY_ALL = "for (const text of texts) for (const _ of text.matchAll(new RegExp(source, 'giu')));"
/** Of some tens of ms, on a machine that does much else. */
const PATIENCE_MS = 20_000

/** LINE's longest text, in which much nearly matches. */
const SLOW = ['a', 'ab', 'ク', ' ', '割', 'a b ', '\u0301'].map((part) => asRead(`${part.repeat(5_000).slice(0, 4_999)}!`))

describe('a pattern of words with whatever in it', () => {
  test('is refused with a remedy, or soon tried at every character of the longest text', { timeout: 0 }, () => {
    fc.assert(
      fc.property(pattern, (source) => {
        const reading = readPattern(source)
        if (reading.kind === 'faulty') {
          expect(reading.remedy).toMatch(/^(write|say|take|repeat)/)
          return
        }
        runInNewContext(TRY_ALL, { texts: SLOW, source: reading.pattern.source }, { timeout: PATIENCE_MS })
      }),
      runsOf(300),
    )
  })
})
