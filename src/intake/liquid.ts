import { type Context, defaultOperators, type Emitter, Liquid, LiquidError, type Operators, type Template } from 'liquidjs'
import { describe } from '../value-shape.ts'
import { onClock, readTime, TIME_FORMS } from './event-time.ts'
import { EXAMPLE_TOKEN, LINK_TOKEN } from './link-token-place.ts'

/** One string of a message, parsed once. */
export interface Text {
  /** Every variable it reads of the event, as a path: `['customer', 'name']`. */
  readonly variables: readonly VariablePath[]
  /** It says `{{ tsuchi.linkToken }}`: what is rendered has EXAMPLE_TOKEN there, unchanged by any filter or condition. */
  readonly hasLinkToken: boolean
  readonly render: (scope: object, zone: string) => TextRendering
}

/** A number is an index of an array; what follows a computed index (`a[b].c`) is left out. */
export type VariablePath = readonly (string | number)[]

export type TextRendering =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing'; readonly variable: string }
  /** `detail` names the shape of the value, never the value. */
  | { readonly kind: 'unusable'; readonly detail: string }

export type TextParsing = { readonly kind: 'parsed'; readonly text: Text } | { readonly kind: 'faulty'; readonly message: string }

/** Parses a Liquid template. Beside Liquid's own filters there are:
 *
 *  - `yen`       12800 → `12,800円`. Whole numbers only.
 *  - `date`      → `2024年8月10日(土)`; `date: 'no-year'` → `8月10日(土)`
 *  - `time`      → `14:30`
 *  - `datetime`  → `2024年8月10日(土) 14:30`; `datetime: 'no-year'` → `8月10日(土) 14:30`
 *  - `url`       percent-encodes one part of a URL: `https://shop.example.jp/r/{{ reservationId | url }}`
 *
 *  The time filters take what event-time.ts reads, and show it on the recipient's clock; a date stays that date everywhere.
 *
 *  A variable that the event lacks, or has as null, is `missing`, except before the `default` filter and in the condition of `if`,
 *  `unless` and `case`. Nothing reads files, the clock or chance, and every template is bounded in size, rounds and memory, and
 *  so in time: not by a clock, as a process that stood still would refuse what it renders when it goes on. */
export const parseText = (source: string): TextParsing => {
  try {
    const template = ENGINE.parse(source)
    const fault = unknownForm(source) ?? unknownUse(source, template)
    if (fault !== undefined) return { kind: 'faulty', message: `Liquid: ${fault}` }
    const read = variablesOf(template)
    const variables = read.filter(([first]) => first !== OURS)
    const hasLinkToken = variables.length < read.length
    const names = namesIn(template)
    const given = hasLinkToken
      ? (scope: object) => ({ ...scope, [OURS]: { linkToken: EXAMPLE_TOKEN } })
      : (scope: object) => scope
    return {
      kind: 'parsed',
      text: { variables, hasLinkToken, render: (scope, zone) => render(template, names, given(scope), zone) },
    }
  } catch (error) {
    return { kind: 'faulty', message: error instanceof Error ? `Liquid: ${error.message}` : 'Liquid could not read it' }
  }
}

/** What is written into the template itself is wrong for every event, and not the producer's to mend. */
const unknownForm = (source: string): string | undefined => {
  for (const [, filter, form] of source.matchAll(/\|\s*(date|datetime)\s*:\s*["']([^"']*)["']/g))
    if (form !== NO_YEAR) return `${filter} knows the form '${NO_YEAR}' and no other; leave it out to have the year as well`
  return undefined
}

/** No field of the event: that one is `event.tsuchi`. */
const OURS = 'tsuchi'
const LINK_TOKENS = /\{\{-?\s*tsuchi\.linkToken\s*-?\}\}/g

/** The token is put in when all else is done: nothing may depend on it, or be called as it is. */
const unknownUse = (source: string, template: Template[]): string | undefined => {
  const { variables, globals } = ENGINE.analyzeSync(template, { partials: false })
  const uses = variables[OURS]?.length ?? 0
  if (uses === 0) return undefined
  const others = ENGINE.analyzeSync(ENGINE.parse(source.replace(LINK_TOKENS, '')), { partials: false }).variables[OURS]
  const isSole = others === undefined && globals[OURS]?.length === uses
  if (isSole && !/\{%-?\s*capture\b/.test(source)) return undefined
  return `${OURS} has the link token and nothing else: write ${LINK_TOKEN}, without filters, tags or capture; for a field of that name event.${OURS}`
}

/** A text without any of these is the same for everyone. */
export const isTemplate = (source: string): boolean => source.includes('{{') || source.includes('{%')

const variablesOf = (template: Template[]): VariablePath[] =>
  ENGINE.globalVariableSegmentsSync(template, { partials: false }).map(writtenOf)

const writtenOf = (segments: readonly unknown[]): VariablePath => {
  const path: (string | number)[] = []
  for (const segment of segments) {
    if (typeof segment !== 'string' && typeof segment !== 'number') break
    path.push(segment)
  }
  return path
}

/** Every variable as the template has it, its own among them: `item.name`, and `labels` of `labels[customer.id]`. */
const namesIn = (template: Template[]): readonly string[] =>
  ENGINE.variableSegmentsSync(template, { partials: false }).map((segments) => writtenOf(segments).join('.'))

/** What Liquid says is missing may have a value of the event in it, of `[customer.id]`: only what the template says is told. */
const tellable = (missing: string, names: readonly string[]): string => {
  if (names.some((name) => name === missing || name.startsWith(`${missing}.`))) return missing
  const start = names.filter((name) => missing.startsWith(`${name}.`)).toSorted((a, b) => b.length - a.length)[0]
  return start === undefined ? 'such a variable' : `${start}[…]`
}

const render = (template: Template[], names: readonly string[], scope: object, zone: string): TextRendering => {
  try {
    return { kind: 'text', text: String(ENGINE.renderSync(template, scope, { globals: { [ZONE]: zone } })) }
  } catch (error) {
    // Only what we wrote ourselves is passed on: another message might quote a value.
    if (!LiquidError.is(error)) return { kind: 'unusable', detail: 'Liquid failed on it' }
    const cause = error.originalError
    if (cause instanceof Unusable) return { kind: 'unusable', detail: cause.message }
    if (cause && 'variableName' in cause) return { kind: 'missing', variable: tellable(String(cause.variableName), names) }
    if (cause?.message.includes('limit exceeded')) return { kind: 'unusable', detail: TOO_MUCH }
    return { kind: 'unusable', detail: 'Liquid failed on it' }
  }
}

/** Thrown within Liquid, for `detail`. */
class Unusable extends Error {}

/** Thrown by the filters below. */
class UnusableValue extends Unusable {
  constructor(filter: string, wanted: string, value: unknown) {
    super(`${filter}: wanted ${wanted}, found ${describe(value)}`)
  }
}

/** The longest text LINE takes has 5,000. */
const LONGEST_OUTPUT = 20_000
/** Counted in characters and elements that filters and ranges make, and in blocks that are gone through. */
const MEMORY = 100_000
/** What a loop's round, or a branch, takes of it: a text goes through at most 10,000 of them, some tens of ms. */
const BLOCK = 10
const TOO_MUCH = 'it takes more than a text may; shorten it, or what its loops go through'

/** Keeps what is put out, or captured, within bounds. */
class BoundedEmitter implements Emitter {
  buffer = ''

  write(text: unknown): void {
    this.buffer += String(text ?? '')
    if (this.buffer.length > LONGEST_OUTPUT) throw new Unusable(`it comes to more than ${LONGEST_OUTPUT} characters; shorten it`)
  }
}

/** Lists of the event are in lists, and loops in loops: rounds are bounded however long those are. */
const boundBlocks = ({ renderer }: Liquid): void => {
  const renderTemplates = renderer.renderTemplates.bind(renderer)
  renderer.renderTemplates = (templates: Template[], context: Context, emitter: Emitter = new BoundedEmitter()) => {
    context.memoryLimit.use(BLOCK)
    return renderTemplates(templates, context, emitter)
  }
}

const NO_NUMBER = 'wanted a number that is finite, and not what a division by 0 makes'

/** What a filter goes through counts, and every text that it makes, as filters follow each other, in loops too; and no number is endless. */
const boundFilters = (engine: Liquid): void => {
  for (const [name, filter] of Object.entries(engine.filters)) {
    const handler = typeof filter === 'function' ? filter : filter.handler
    engine.registerFilter(name, function (value: unknown, ...args: unknown[]): unknown {
      for (const each of [value, ...args]) this.context.memoryLimit.use(lengthOf(each))
      const made: unknown = handler.call(this, value, ...args)
      if (typeof made === 'string') this.context.memoryLimit.use(made.length)
      if ([value, made].some((each) => typeof each === 'number' && !Number.isFinite(each)))
        throw new Unusable(`${name}: ${NO_NUMBER}`)
      return made
    })
  }
}

/** The one operator that goes through a list. */
const OPERATORS: Operators = {
  ...defaultOperators,
  contains: (within: unknown, wanted: unknown, context: Context) => {
    context.memoryLimit.use(lengthOf(within))
    return Boolean(defaultOperators.contains && Reflect.apply(defaultOperators.contains, undefined, [within, wanted, context]))
  },
}

/** Of elements, or tens of characters. */
const lengthOf = (value: unknown): number => {
  if (Array.isArray(value)) return value.length
  return typeof value === 'string' ? value.length / 10 : 0
}

/** A symbol, so that no template can read it. */
const ZONE = Symbol('zone of the recipient')

/** `assign` is missing as it turns a missing variable into an empty text; the others read files or count across renderings. */
const TAGS = new Set(['if', 'unless', 'case', 'for', 'break', 'continue', 'capture', 'comment', 'raw', 'echo', '#'])

/** `sample` draws lots, the dates read the machine's zone, and `raw` would evade the check of what is put out. */
const FORBIDDEN_FILTERS = ['sample', 'date_to_xmlschema', 'date_to_rfc822', 'date_to_string', 'date_to_long_string', 'raw']

const newEngine = (): Liquid => {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    templates: {},
    parseLimit: 20_000,
    memoryLimit: MEMORY,
    operators: OPERATORS,
    outputEscape: (value: unknown) => {
      if (typeof value === 'number' && !Number.isFinite(value)) throw new Unusable(`{{ }}: ${NO_NUMBER}`)
      if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return String(value)
      throw new UnusableValue('{{ }}', 'a text or number', value)
    },
  })
  for (const tag of Object.keys(engine.tags)) if (!TAGS.has(tag)) delete engine.tags[tag]
  for (const filter of FORBIDDEN_FILTERS) engine.unregisterFilter(filter)

  boundBlocks(engine)

  engine.registerFilter('yen', yen)
  engine.registerFilter('url', url)
  engine.registerFilter('date', function (value, form) {
    return dateOn(clock('date', value, zoneOf(this.context.globals)).date, form)
  })
  engine.registerFilter('time', function (value) {
    return timeOn('time', value, zoneOf(this.context.globals))
  })
  engine.registerFilter('datetime', function (value, form) {
    const zone = zoneOf(this.context.globals)
    return `${dateOn(clock('datetime', value, zone).date, form)} ${timeOn('datetime', value, zone)}`
  })
  boundFilters(engine)
  return engine
}

const zoneOf = (globals: object): string => {
  const zone: unknown = ZONE in globals ? globals[ZONE] : undefined
  if (typeof zone !== 'string') throw new Error('a text is rendered without a zone')
  return zone
}

const YEN = new Intl.NumberFormat('ja-JP')

const yen = (value: unknown): string => {
  const amount = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof amount === 'bigint' || Number.isSafeInteger(amount)) return `${YEN.format(amount as number | bigint)}円`
  throw new UnusableValue('yen', 'a whole number', value)
}

const url = (value: unknown): string => {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value === 'string' && value.isWellFormed()) return encodeURIComponent(value)
  throw new UnusableValue('url', 'a text or number', value)
}

const clock = (filter: string, value: unknown, zone: string): ReturnType<typeof onClock> => {
  const time = readTime(value)
  if (!time) throw new UnusableValue(filter, TIME_FORMS, value)
  return onClock(time, zone)
}

/** The one form that the date filters take. */
const NO_YEAR = 'no-year'
const WEEKDAYS = '月火水木金土日'

const dateOn = (date: Temporal.PlainDate, form: unknown): string => {
  if (form !== undefined && form !== NO_YEAR) throw new UnusableValue('date', "no argument or 'no-year'", form)
  const day = `${date.month}月${date.day}日(${WEEKDAYS[date.dayOfWeek - 1]})`
  return form === NO_YEAR ? day : `${date.year}年${day}`
}

const timeOn = (filter: string, value: unknown, zone: string): string => {
  const { time } = clock(filter, value, zone)
  if (!time) throw new UnusableValue(filter, 'a time of day, not a mere date', value)
  return `${time.hour}:${String(time.minute).padStart(2, '0')}`
}

const ENGINE = newEngine()
