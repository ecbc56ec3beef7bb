import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import avsc, { type Schema, type Type } from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Config, loadConfig } from '../../src/config.ts'
import type { ReadyRequest, Request } from '../../src/domain/request.ts'
import { createSealer, openContent } from '../../src/domain/seal.ts'
import { type RecordReading, readRecord } from '../../src/intake/read-record.ts'
import type { Route } from '../../src/intake/route.ts'
import { surveyRoutes } from '../../src/intake/routes.ts'
import type { SourceRecord } from '../../src/intake/source-record.ts'
import { decodeRequest, encodeJournal, encodeRequest } from '../../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../../src/kafka/internal-records.ts'
import { createPublishedCodec } from '../../src/kafka/result-codec.ts'
import { topicNames } from '../../src/kafka/topics.ts'
import { refuseFlexible } from '../../src/line-simulator/flexible-rules.ts'
import { refuseTemplate } from '../../src/line-simulator/template-rules.ts'
import { asJson } from '../../src/preview/as-json.ts'
import { previewOf } from '../../src/preview/preview.ts'
import { formatLine } from '../../src/preview/styled-line.ts'
import { tell } from '../../src/preview/tell.ts'
import { SHIPPED_CATALOGUE } from '../../src/providers/line/catalogue.ts'
import { violationsOf } from '../../src/providers/line/content-rules.ts'
import { runsOf } from './fuzz-runs.ts'
import { folderOf, RULES, SURROUNDINGS } from './route-folder.ts'
import { startRun } from './step-run.ts'

/* Whatever a producer writes into an event ends in a message that LINE takes, or in a refusal that names the field and quotes nothing. */

const { routes } = surveyRoutes({
  ...SURROUNDINGS,
  channels: new Map([['main', { ...RULES, violationsOf: (message) => violationsOf(message, SHIPPED_CATALOGUE) }]]),
  directory: 'routes',
})
const { seal, open } = createSealer([new Uint8Array(32).fill(7)])
const { result: encodeResult } = await createPublishedCodec(
  { getRegistryIdBySchema: async () => 41 } as unknown as SchemaRegistry,
  topicNames('tsuchi'),
)

/** Its digits stand in every phone number that is made here, and its name in every hostile text. */
const CANARY_DIGITS = '9012340199'
const CANARY = 'カナリア'
const HAPPENED = Date.UTC(2026, 7, 10, 1)
const NOW = HAPPENED + 60_000

/** The largest value that a topic of Kafka takes without being told otherwise, less what a record has around it. */
const LARGEST_VALUE = 1_000_000

const FRAGMENTS = [
  CANARY,
  '',
  ' ',
  '\0',
  '\0',
  '\ud83d',
  '\u0001\u001b[31m',
  '\u0085\u009f',
  '\r\n\t',
  '\ud83d',
  '\udc69',
  '👩‍👩‍👧‍👦🇯🇵🏴󠁧󠁢󠁥󠁮󠁧󠁿',
  'e\u0301\u0302\u0303'.repeat(40),
  '\u202eevil\u202c\u2066x\u2069',
  '\ufeff\u200b\u2060\u00ad',
  '\uffff\ufffe\ufffd',
  '{{ customer.phone }}{% for i in (1..1000000000) %}x{% endfor %}',
  '${PEPPER}',
  '<script>',
  '"\\\'`',
  'EXAMPLE-of-a-link-token-of-as-many-characters-00',
  '割引クーポン',
  '__proto__',
  'constructor',
  'ﷺ',
] as const

const text = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 6 }).map((parts) => parts.join('')) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(CANARY.repeat(100), CANARY.repeat(1_300), CANARY.repeat(6_000), CANARY.repeat(250_000)),
  },
)

const url = fc.oneof(
  fc.constantFrom(
    'javascript:alert(1)',
    'https://',
    'https://例え.jp/',
    'https://xn--r8jz45g.jp/%E3%81%82',
    'https://user:password@pay.example.jp/',
    'https://pay.example.jp:99999/',
    `https://pay.example.jp/${'a'.repeat(10_000)}`,
    `https://pay.example.jp/${'a'.repeat(980)}`,
    'HTTPS://PAY.EXAMPLE.JP',
    'https://pay.example.jp/%',
    'https://pay.example.jp/%ff',
    'https://[::1]/',
    'line://nv/addFriends',
    'tel:',
    'data:text/html,x',
    '//pay.example.jp',
  ),
  text.map((each) => `https://pay.example.jp/${each}`),
)

const phone = fc.oneof(
  fc.constantFrom(
    `+81${CANARY_DIGITS}`,
    '090-1234-0199',
    '０９０－１２３４－０１９９',
    '０９０ー１２３４ー０１９９',
    '①⑨⓪90-1234-0199',
    '0️⃣9️⃣0️⃣-1234-0199',
    `+0${CANARY_DIGITS}`,
    `+81 (0)${CANARY_DIGITS}`,
    `tel:+81${CANARY_DIGITS};ext=5`,
    `0${CANARY_DIGITS} ext. 12`,
    `+1${CANARY_DIGITS}`,
    `+81${CANARY_DIGITS};phone-context=example.jp`,
    '0120-000-000',
    '0990-123-456',
    '110',
    `0${CANARY_DIGITS}\u202e`,
    CANARY_DIGITS.repeat(100_000),
    '0'.repeat(1_000_000),
    '+'.repeat(100_000),
    'oh-nine-oh',
  ),
  fc.tuple(text, text).map(([before, after]) => `${before}0${CANARY_DIGITS}${after}`),
  text,
)

const time = fc.constantFrom(
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '9999-12-31',
  '0000-01-01',
  '2026-02-30',
  '2026-08-10T24:00:00Z',
  '2026-08-10T23:59:60Z',
  '2026-08-10T14:30:00+24:00',
  '2026-08-10T14:30:00+99:99',
  '+275760-09-13T00:00:00Z',
  '-271821-04-20T00:00:00Z',
  '２０２６-08-10',
  '2026-08-10T14:30:00.123456789Z',
  `2026-08-10T14:30:00.${'1'.repeat(100_000)}Z`,
)

const number = fc.oneof(
  fc.constantFrom<unknown>(
    0,
    -0,
    -1,
    0.1,
    1e21,
    1e308,
    -1e308,
    5e-324,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2 ** 31,
    2 ** 53 - 2,
    2 ** 53 - 1,
    2 ** 53,
    -(2 ** 53),
    8.64e15,
    8.64e15 + 1,
    -8.64e15,
    9007199254740993n,
    -(2n ** 63n),
    946_684_800_000,
    7_258_118_399_999,
    HAPPENED / 1000,
  ),
  fc.double(),
  fc.integer(),
)

const odd = fc.constantFrom<unknown>(
  null,
  undefined,
  true,
  [],
  {},
  [[[]]],
  new Array(3),
  Object.create(null),
  JSON.parse('{"__proto__":{"phone":"x"},"constructor":1,"a.b":2}'),
  Buffer.from([0xff]),
  new Date(Number.NaN),
)

const hostile = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 2, arbitrary: url },
  { weight: 2, arbitrary: phone },
  { weight: 2, arbitrary: time },
  { weight: 3, arbitrary: number },
  { weight: 1, arbitrary: odd },
)

/** Mostly such as fit the schema: what does not is refused by the decoder. */
const hostileTo = (value: unknown): fc.Arbitrary<unknown> => {
  const fitting = typeof value === 'string' ? fc.oneof(text, text, url, phone, time) : typeof value === 'number' ? number : odd
  return fc.oneof({ weight: 3, arbitrary: fitting }, { weight: 1, arbitrary: hostile })
}

type Path = readonly (string | number)[]

/** Every place of an event that holds something, lists and records too. */
const placesIn = (value: unknown, path: Path = []): Path[] => {
  if (typeof value !== 'object' || value === null) return [path]
  return [...(path.length > 0 ? [path] : []), ...Object.entries(value).flatMap(([key, each]) => placesIn(each, [...path, key]))]
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? Object.getOwnPropertyDescriptor(at, step)?.value : undefined),
    value,
  )

const changed = (value: unknown, [step, ...rest]: Path, to: unknown): unknown => {
  if (step === undefined || typeof value !== 'object' || value === null) return to
  const copy: object = Array.isArray(value) ? [...value] : { ...value }
  Object.defineProperty(copy, step, {
    value: changed(Object.getOwnPropertyDescriptor(value, step)?.value, rest, to),
    enumerable: true,
    configurable: true,
    writable: true,
  })
  return copy
}

interface Case {
  readonly route: Route
  readonly event: unknown
  readonly record: SourceRecord
}

const header = fc.oneof(text, time, number.map(String))
const headers = fc.dictionary(fc.constantFrom('ce_source', 'ce_id', 'ce_time', 'traceparent'), header, { maxKeys: 2 })
const timestamp = fc.oneof(
  { weight: 8, arbitrary: fc.constant(HAPPENED) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-1, 0, 8.64e15 + 1, 2 ** 53, Number('9223372036854775807'), Number('-9223372036854775808')),
  },
)

/** Examples of the shipped routes, with up to three of their values made hostile. */
const spoilt: fc.Arbitrary<Case> = fc.constantFrom(...routes).chain((route) => {
  const example: unknown = JSON.parse(readFileSync(`examples/${route.id}.json`, 'utf8'))
  const change = fc
    .constantFrom(...placesIn(example))
    .chain((place) => fc.tuple(fc.constant(place), hostileTo(valueAt(example, place))))
  return fc
    .tuple(fc.array(change, { minLength: 0, maxLength: 3 }), headers, timestamp, fc.boolean())
    .map(([changes, headers, timestamp, bare]) => ({
      route,
      event: (bare ? asItIs : asDecoded)(
        route,
        changes.reduce<unknown>((event, [place, value]) => changed(event, place, value), example),
      ),
      record: {
        position: { topic: route.topic, partition: 2, offset: 17 },
        // As they come from Kafka: UTF-8.
        headers: new Map(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString()])),
        timestamp,
      },
    }))
})

/** As no decoder gives it: a preview's JSON has halves of characters. */
const asItIs = (_: Route, event: unknown): unknown => event

/** What fits the schema goes through Avro's bytes, as what intake reads; what does not is what no decoder gives. */
const asDecoded = (route: Route, event: unknown): unknown => {
  const type = avsc.Type.forSchema(route.schema.json as Schema)
  return fits(type, event) ? type.fromBuffer(type.toBuffer(event)) : event
}

/** avsc throws at a BigInt. */
const fits = (type: Type, event: unknown): boolean => {
  try {
    return type.isValid(event)
  } catch {
    return false
  }
}

const read = ({ route, event, record }: Case): Promise<RecordReading> =>
  readRecord(record, Buffer.from('x'), {
    now: NOW,
    pepper: new Uint8Array(32).fill(9),
    seal,
    routes,
    read: async () => ({ kind: 'event', recordName: route.event, as: () => ({ kind: 'value', value: event }) }),
  })

const CONFIG = `kafka: { brokers: [localhost:1] }
registry: { url: http://localhost:1 }
privacy: { pepper: "\${PEPPER}", sealingKeys: ["\${KEY}"] }
channels: { main: { token: { kind: long-lived, token: "\${TOKEN}" } } }
`

const isEvent = ({ event }: Case): boolean => typeof event === 'object' && event !== null && !Array.isArray(event)

const contentOf = ({ notification, sealed }: ReadyRequest) => openContent(sealed, notification.notificationId, open)

const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

/** All of it but the sealed bytes, as it may be logged. */
const inClear = (request: Request): string =>
  JSON.stringify(request.kind === 'ready' ? request.notification : request, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )

const REFUSALS =
  /^\S.*: (found|wanted|no valid number|a number of|the event has no|it |[a-z]+: wanted|Liquid failed)|advertis|no-route|is missing/s

const expectNamedOutcome = async (each: Case): Promise<void> => {
  const reading = await read(each)
  if (reading.dead !== null) {
    expect(reading.dead).toMatchObject({ reason: 'older-than-window' })
    expect(reading.dead.detail).not.toContain(CANARY)
    return
  }
  expect(reading.requests.length).toBeGreaterThan(0)
  for (const request of reading.requests) {
    const encoded = encodeRequest(request, NEWEST_FORMAT)
    expect(encoded.length).toBeLessThan(LARGEST_VALUE)
    // A text that UTF-8 cannot hold would be another after the journey: two names would become one.
    expect(decodeRequest(encoded)).toEqual(request)
    if (request.kind === 'refused') {
      expect(request.detail).toMatch(REFUSALS)
      expect(request.detail.length).toBeLessThan(2_000)
      expect(request.detail).not.toContain(CANARY)
      expect(request.detail.isWellFormed()).toBe(true)
      expect(request.detail).not.toMatch(/\p{Cc}/u)
    }
    if (request.kind === 'ready') {
      const { message, to } = contentOf(request)
      expect(violationsOf(message, SHIPPED_CATALOGUE)).toEqual([])
      const { endpoint, ...body } = message
      const push = { to, ...body }
      expect(endpoint === 'template' ? refuseTemplate(push, SHIPPED_CATALOGUE) : refuseFlexible(push)).toBeUndefined()
      for (const text of textsIn(message)) expect([text.isWellFormed(), text.includes('\0')]).toEqual([true, false])
      expect(inClear(request)).not.toContain(to)
    }
  }
  // Dispatch goes on with each, and publishes what becomes of it.
  const run = startRun()
  run.now = NOW
  const { results, entries } = run.receive(...reading.requests)
  for (const result of results) encodeResult(result)
  for (const entry of entries) encodeJournal({ kind: 'entry', entry }, NEWEST_FORMAT)
}

const drawn = async ({ route, event, record }: Case, config: Config): Promise<string[]> => {
  const reading = { kind: 'event', recordName: route.event, as: () => ({ kind: 'value' as const, value: event }) } as const
  const preview = await previewOf({ config, routes, record, value: null, reading, now: NOW })
  JSON.stringify(asJson({ preview, config, from: 'a file', most: 3, how: 'by its name', review: null, notes: [] }))
  const lines = tell({ preview, config, from: 'a file', most: 3, how: 'by its name', review: null, notes: [] })
  return lines.map((line) => formatLine(line, { color: false }))
}

describe('an event of a shipped route, with whatever in it,', () => {
  test('becomes messages that LINE takes, or refusals that name the field and quote nothing', { timeout: 0 }, async () => {
    await fc.assert(fc.asyncProperty(spoilt.filter(isEvent), expectNamedOutcome), runsOf(200))
  })

  test("is drawn by the preview, which shows nobody's number and moves no cursor", { timeout: 0 }, async () => {
    const folder = folderOf({ 'tsuchi.yaml': CONFIG })
    const config = loadConfig(join(folder, 'tsuchi.yaml'), {}, { unset: 'stand-in' })
    await fc.assert(
      fc.asyncProperty(spoilt.filter(isEvent), async (each) => {
        for (const line of await drawn(each, config)) expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
      }),
      runsOf(60),
    )
  })
})
