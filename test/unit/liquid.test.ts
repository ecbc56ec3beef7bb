import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { parseText, type TextRendering } from '../../src/intake/liquid.ts'

const render = (source: string, scope: object = {}, zone = 'Asia/Tokyo'): TextRendering => {
  const parsing = parseText(source)
  if (parsing.kind === 'faulty') throw new Error(parsing.message)
  return parsing.text.render(scope, zone)
}

/** 14:30 on Saturday, 10 August 2024, in Tokyo. */
const SATURDAY = Date.UTC(2024, 7, 10, 5, 30)

describe('a filter shows', () => {
  test.each<[filter: string, value: unknown, shown: string]>([
    ['yen', 12_800, '12,800円'],
    ['yen', 0, '0円'],
    ['yen', -500, '-500円'],
    ['yen', '1234567', '1,234,567円'],
    ['yen', 12_800n, '12,800円'],
    ['date', SATURDAY, '2024年8月10日(土)'],
    ["date: 'no-year'", SATURDAY, '8月10日(土)'],
    ['date', '2024-08-10', '2024年8月10日(土)'],
    ['date', '2024-12-28', '2024年12月28日(土)'],
    ['date', '2024-08-10T23:30:00Z', '2024年8月11日(日)'],
    ['time', SATURDAY, '14:30'],
    ['time', '2024-08-10T09:05:00+09:00', '9:05'],
    ['time', '2024-08-10T00:00', '0:00'],
    ['datetime', SATURDAY, '2024年8月10日(土) 14:30'],
    ["datetime: 'no-year'", SATURDAY, '8月10日(土) 14:30'],
    ['url', '予約 1/2', '%E4%BA%88%E7%B4%84%201%2F2'],
    ['url', 42, '42'],
  ])('%s of %s as %s', (filter, value, shown) => {
    expect(render(`{{ value | ${filter} }}`, { value })).toEqual({ kind: 'text', text: shown })
  })

  test.each([
    ['Asia/Tokyo', '8月10日(土) 14:30'],
    ['Asia/Bangkok', '8月10日(土) 12:30'],
    ['Asia/Taipei', '8月10日(土) 13:30'],
    ['Pacific/Honolulu', '8月9日(金) 19:30'],
  ])('an instant on the clock of %s', (zone, shown) => {
    expect(render("{{ at | datetime: 'no-year' }}", { at: SATURDAY }, zone)).toEqual({ kind: 'text', text: shown })
  })

  test.each(['Asia/Tokyo', 'Pacific/Honolulu'])('a mere date as that date in %s too', (zone) => {
    expect(render("{{ at | date: 'no-year' }}", { at: '2024-08-10' }, zone)).toEqual({ kind: 'text', text: '8月10日(土)' })
  })
})

describe('a filter refuses, without quoting the value,', () => {
  test.each<[what: string, source: string, value: unknown, detail: string]>([
    ['an amount with decimals', '{{ v | yen }}', 12.5, 'yen: wanted a whole number, found a number'],
    [
      'an amount in words',
      '{{ v | yen }}',
      '12kyen',
      'yen: wanted a whole number, found a text of the shape 99AAAA (6 characters)',
    ],
    ['seconds since 1970', '{{ v | date }}', 1_723_267_800, 'found a number'],
    ['a day that does not exist', '{{ v | date }}', '2026-02-30', 'found a text of the shape 9999-99-99 (10 characters)'],
    ['the time of a mere date', '{{ v | time }}', '2024-08-10', 'time: wanted a time of day, not a mere date'],
    ['a text that is no time', '{{ v | datetime }}', 'now', 'found a text of the shape AAA (3 characters)'],
    ['half a character in a URL', '{{ v | url }}', '\ud800', 'url: wanted a text or number'],
    ['a record as a text', '{{ v }}', { a: 1 }, '{{ }}: wanted a text or number, found a record'],
    ['a list as a text', '{{ v }}', [1], '{{ }}: wanted a text or number, found a list'],
  ])('%s', (_, source, v, detail) => {
    const rendering = render(source, { v })
    expect(rendering).toMatchObject({ kind: 'unusable', detail: expect.stringContaining(detail) })
  })
})

describe('a number that is none is refused', () => {
  const NONE = 'wanted a number that is finite, and not what a division by 0 makes'
  test.each<[what: string, source: string, v: unknown, where: string]>([
    ['of a division', '{{ 1 | divided_by: v }}', 0, 'divided_by'],
    ['within a text', "{{ 1 | divided_by: v | append: '円' }}", 0, 'divided_by'],
    ['of a remainder', '{{ 1 | modulo: v }}', 0, 'modulo'],
    ['of the event', '{{ v }}', Number.NaN, '{{ }}'],
    ['of the event, before a filter', "{{ v | append: '円' }}", Number.POSITIVE_INFINITY, 'append'],
  ])('%s', (_, source, v, where) => expect(render(source, { v })).toEqual({ kind: 'unusable', detail: `${where}: ${NONE}` }))
})

describe('a variable that the event lacks', () => {
  test.each([
    ['{{ name }}', 'name'],
    ['{{ customer.name }}様', 'customer.name'],
    ["{{ name | append: '様' }}", 'name'],
    ["{{ '様' | prepend: name }}", 'name'],
    ['{% for item in items %}{{ item }}{% endfor %}', 'items'],
    ['{% capture greeting %}{{ name }}{% endcapture %}{{ greeting }}', 'name'],
    ['{{ customer.constructor }}', 'customer.constructor'],
  ])('is missing in %s', (source, variable) => {
    expect(render(source, { customer: {} })).toEqual({ kind: 'missing', variable })
  })

  test.each([
    ["{{ customer.name | default: 'お客' }}様", 'お客様'],
    ['{% if customer.name %}{{ customer.name }}{% else %}お客{% endif %}様', 'お客様'],
    ['{% unless name %}-{% endunless %}', '-'],
  ])('may be absent in %s', (source, text) => expect(render(source, { customer: {} })).toEqual({ kind: 'text', text }))

  test.each([
    ['{{ labels[phone] }}', 'labels[…]'],
    ['{{ labels[phone].text }}', 'labels[…]'],
    ['{% for each in people %}{{ each[phone] }}{% endfor %}', 'each[…]'],
    ['{% for each in people %}{{ each.name }}{% endfor %}', 'each.name'],
    ['{{ [phone] }}', 'such a variable'],
  ])('is told as the template has it, without a value of the event: %s', (source, variable) => {
    expect(render(source, { labels: {}, people: [{}], phone: '+819012340199' })).toEqual({ kind: 'missing', variable })
  })
})

describe('a template is refused at load that', () => {
  test.each([
    ['reads a file', "{% include 'x' %}", 'tag "include" not found'],
    ['renders a file', "{% render 'x' %}", 'tag "render" not found'],
    ['extends a file', "{% layout 'x' %}", 'tag "layout" not found'],
    ['hides what is missing', '{% assign a = b %}', 'tag "assign" not found'],
    ['counts across messages', '{% increment a %}', 'tag "increment" not found'],
    ['draws lots', '{{ a | sample }}', 'undefined filter: sample'],
    ['misspells a filter', '{{ a | yem }}', 'undefined filter: yem'],
    ['is not closed', '{{ a', 'not closed'],
    ['is too long', `{{ a }}${'x'.repeat(20_001)}`, 'limit exceeded'],
    ['has a form of date that does not exist', "{{ at | date: 'noyear' }}", "date knows the form 'no-year' and no other"],
    ['formats as strftime does', '{{ at | datetime: "%Y" }}', "datetime knows the form 'no-year' and no other"],
  ])('%s', (_, source, message) => {
    expect(parseText(source)).toMatchObject({ kind: 'faulty', message: expect.stringContaining(message) })
  })
})

describe('a template is bounded, whatever the event:', () => {
  const list = (length: number) => Array.from({ length }, (_, index) => index)
  const TOO_MUCH = 'it takes more than a text may; shorten it, or what its loops go through'
  const TOO_LONG = 'it comes to more than 20000 characters; shorten it'
  const TWICE = '{% for a in list %}{% for b in list %}{% endfor %}{% endfor %}'

  test.each<[what: string, source: string, scope: object, detail: string]>([
    ['a range of a hundred million', '{% for i in (1..100000000) %}x{% endfor %}', {}, TOO_MUCH],
    ['a loop over a long list', '{% for a in list %}{% endfor %}', { list: list(10_001) }, TOO_MUCH],
    ['a loop in a loop over the same list', TWICE, { list: list(101) }, TOO_MUCH],
    ['a filter that makes a long text', '{{ a | append: a }}', { a: 'x'.repeat(50_001) }, TOO_MUCH],
    ['a long value', '{{ a }}', { a: 'x'.repeat(20_001) }, TOO_LONG],
    ['a text said often', `{% for a in list %}${'x'.repeat(1_000)}{% endfor %}`, { list: list(21) }, TOO_LONG],
    [
      'a text that doubles itself',
      '{% capture a %}x{% endcapture %}{% for i in (1..40) %}{% capture a %}{{ a }}{{ a }}{% endcapture %}{% endfor %}{{ a }}',
      {},
      TOO_LONG,
    ],
  ])('%s', (_, source, scope, detail) => expect(render(source, scope)).toEqual({ kind: 'unusable', detail }))

  test.each(['url', 'url_encode', 'uri_escape', 'escape', 'xml_escape', 'json', 'newline_to_br', 'upcase'])(
    'filter after filter, of %s',
    (filter) => {
      const source = `{{ a ${`| ${filter} `.repeat(300)}| size }}`
      expect(render(source, { a: '&\n '.repeat(1_000) })).toEqual({ kind: 'unusable', detail: TOO_MUCH })
    },
  )

  test('a filter in every round of a loop', () => {
    const source = '{% for i in list %}{{ a | url | size }}{% endfor %}'
    expect(render(source, { a: '予'.repeat(5_000), list: list(50) })).toEqual({ kind: 'unusable', detail: TOO_MUCH })
  })

  test.each([
    'people | where: "id", 1',
    '"" }}{% if people contains "x" %}{% endif %}{{ ""',
    'people | find: "id", 1',
    'people | has: "id", 1',
    'people | find_index: "id", 1',
    'people | sort: "id"',
    'people | size',
    'text | size',
    'text | truncate: 5',
    '1 | plus: people',
  ])('what a filter goes through in every round of a loop: %s', (use) => {
    const people = list(5_000).map((id) => ({ id }))
    const source = `{% for i in (1..1000) %}{{ ${use} | size }}{% endfor %}`
    expect(render(source, { people, text: '1'.repeat(50_000) })).toEqual({ kind: 'unusable', detail: TOO_MUCH })
  })

  test('but not by a clock: a process that stands still within a text goes on with it', () => {
    let now = performance.now()
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 3_600_000))
    onTestFinished(() => clock.mockRestore())
    expect(render('{% for a in list %}{{ a }}{% endfor %}', { list: list(5) })).toEqual({ kind: 'text', text: '01234' })
  })

  test('what is within the bounds is not disturbed', () => {
    expect(render(`${TWICE}{{ a }}`, { list: list(90), a: 'x'.repeat(20_000) })).toEqual({
      kind: 'text',
      text: 'x'.repeat(20_000),
    })
  })
})

test('a template names every variable it reads of the event', () => {
  const parsing = parseText('{{ a.b | default: c }}{% if d %}{{ list[0].e }}{% endif %}{% for x in list %}{{ x.y }}{% endfor %}')
  expect(parsing.kind === 'parsed' && parsing.text.variables).toEqual([['a', 'b'], ['c'], ['d'], ['list', 0, 'e'], ['list']])
})
