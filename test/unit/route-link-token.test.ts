import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { linkTokenKey, linkTokenOf, readLinkToken } from '../../src/domain/link-token.ts'
import type { FlexibleMessage, Message } from '../../src/domain/message.ts'
import type { ReadyRequest, Request } from '../../src/domain/request.ts'
import { createSealer, openContent } from '../../src/domain/seal.ts'
import { interpret } from '../../src/intake/interpret.ts'
import { EXAMPLE_TOKEN } from '../../src/intake/link-token-place.ts'
import { example, linesOf, look, only, SECRETS } from './preview-fixture.ts'
import { type Change, changedBill, loadFrom, surveyOf } from './route-folder.ts'

const NOW = Date.UTC(2026, 7, 10, 3)
const PEPPER = new Uint8Array(32).fill(9)
const { seal, open } = createSealer([new Uint8Array(32).fill(7)])

const TEXT = '{ type: text, text: "{{ customer.name | default: \'お客\' }}様: {{ amount | yen }}" }'
const linking = (uri: string): Change => [
  TEXT,
  `type: template
      altText: お支払い
      template:
        type: buttons
        text: "{{ amount | yen }}"
        actions: [{ type: uri, label: 確認する, uri: "${uri}" }]`,
]
const URI = 'https://pay.example.jp/?t={{ tsuchi.linkToken }}'

const bill = (changes: object = {}) => ({
  eventId: 'e1',
  at: NOW - 1_000,
  due: null,
  amount: 12_800,
  link: null,
  paid: false,
  customer: { id: 'C-1', phone: '090-1234-0101', timeZone: null, name: null },
  others: [],
  phones: [],
  labels: {},
  ...changes,
})

const requestsOf = (changes: readonly Change[], event: object = bill(), offset = 17): readonly Request[] => {
  const [route] = loadFrom({ 'bill.yaml': changedBill(...changes) })
  if (!route) throw new Error('no route')
  const record = { position: { topic: 'bills', partition: 2, offset }, headers: new Map(), timestamp: NOW }
  const interpretation = interpret(route, event, record, { now: NOW, pepper: PEPPER, seal })
  if (interpretation.kind !== 'requests') throw new Error(`the event is ${interpretation.kind}`)
  return interpretation.requests
}

const ready = (requests: readonly Request[]): ReadyRequest[] => requests.filter((request) => request.kind === 'ready')
const messageOf = ({ sealed, notification }: ReadyRequest): Message =>
  openContent(sealed, notification.notificationId, open).message
const uriOf = (request: ReadyRequest): string =>
  /"uri":"([^"]*)"/.exec(JSON.stringify((messageOf(request) as FlexibleMessage).messages))?.[1] ?? 'no uri'
const tokenIn = (request: ReadyRequest): string => uriOf(request).split('t=')[1] ?? 'no token'
const ownOf = ({ notification }: ReadyRequest): string =>
  linkTokenOf(notification.recipientRef, notification.notificationId, linkTokenKey(PEPPER))

describe('the link token of a route', () => {
  test('is, in the sealed message, that of the notification', () => {
    const [request, ...more] = ready(requestsOf([linking(URI)]))
    if (!request || more.length > 0) throw new Error('not one')
    expect(tokenIn(request)).toBe(ownOf(request))
    expect(readLinkToken(tokenIn(request), linkTokenKey(PEPPER), 12)?.notificationId).toBe(request.notification.notificationId)
    expect(tokenIn(request)).toHaveLength(EXAMPLE_TOKEN.length)
  })

  test('is another for another record, and the same for one that is read again', () => {
    const tokens = [17, 17, 18].map((offset) => ready(requestsOf([linking(URI)], bill(), offset)).map(tokenIn)[0])
    expect(tokens[1]).toBe(tokens[0])
    expect(tokens[2]).not.toBe(tokens[0])
  })

  test('may be in the url of a button too', () => {
    const template = `message:
  template:
    templateKey: shipment_completed_ja
    items: [{ itemKey: price_001_ja, content: "{{ amount | yen }}" }]
    buttons: [{ buttonKey: contact_ja, url: "${URI}" }]
`
    const [request] = ready(requestsOf([[changedBill().slice(changedBill().indexOf('message:')), template]]))
    if (!request) throw new Error('refused')
    expect(messageOf(request)).toMatchObject({ body: { buttons: [{ url: `https://pay.example.jp/?t=${ownOf(request)}` }] } })
  })

  test('makes no two of what is said once: a family with one phone is told once', () => {
    const family = ['C-1', 'C-2'].map((id) => ({ id, phone: '090-1234-0101', timeZone: null, name: null, revision: null }))
    const fanOut: Change[] = [
      [
        'recipient: { phone: customer.phone, customer: customer.id, timeZone: customer.timeZone }',
        'recipient: { phone: phone, customer: id }',
      ],
      ['time: at', 'time: event.at\nrecipients: event.others'],
      ['expires: due\n', ''],
      [TEXT, linking(URI)[1].replace('amount | yen', 'event.amount | yen')],
    ]
    const [first, second] = ready(requestsOf(fanOut, bill({ others: family })))
    expect(first?.notification.identityKey).toBeDefined()
    expect(second?.notification.identityKey).toBe(first?.notification.identityKey)
    expect(second?.notification.notificationId).not.toBe(first?.notification.notificationId)
  })

  test('counts with its length: a URL that it makes too long is refused', () => {
    const room = 1_000 - 'https://pay.example.jp/?t='.length - 48
    const longest = 'x'.repeat(room)
    const uri = 'https://pay.example.jp/{{ link }}?t={{ tsuchi.linkToken }}'
    expect(ready(requestsOf([linking(uri)], bill({ link: longest })))).toHaveLength(1)
    const [refused] = requestsOf([linking(uri)], bill({ link: `${longest}x` }))
    expect(refused).toMatchObject({
      reason: 'content-rule',
      detail: expect.stringContaining('found 1001 characters'),
    })
  })

  test('is not what a field of the event called tsuchi says, nor a value that looks like the example', () => {
    const schema = JSON.stringify({
      type: 'record',
      name: 'Bill',
      namespace: 'jp.example',
      fields: [
        { name: 'eventId', type: 'string' },
        { name: 'at', type: 'long' },
        { name: 'due', type: ['null', 'string'] },
        { name: 'amount', type: 'string' },
        {
          name: 'customer',
          type: {
            type: 'record',
            name: 'C',
            fields: ['id', 'phone', 'timeZone'].map((name) => ({ name, type: ['null', 'string'] })),
          },
        },
        { name: 'tsuchi', type: { type: 'record', name: 'T', fields: [{ name: 'linkToken', type: 'string' }] } },
      ],
    })
    const text = linking(URI)[1].replace('"{{ amount | yen }}"', '"{{ amount }} {{ event.tsuchi.linkToken }}"')
    const [route] = loadFrom({ 'bill.avsc': schema, 'bill.yaml': changedBill([TEXT, text]) })
    if (!route) throw new Error('no route')
    const event = bill({ amount: EXAMPLE_TOKEN, tsuchi: { linkToken: 'FORGED' } })
    const record = { position: { topic: 'bills', partition: 2, offset: 17 }, headers: new Map(), timestamp: NOW }
    const interpretation = interpret(route, event, record, { now: NOW, pepper: PEPPER, seal })
    const [request] = interpretation.kind === 'requests' ? ready(interpretation.requests) : []
    if (!request) throw new Error('refused')
    expect(tokenIn(request)).toBe(ownOf(request))
    expect(messageOf(request)).toMatchObject({ messages: [{ template: { text: `${EXAMPLE_TOKEN} FORGED` } }] })
  })

  test('does not change what LINE has reviewed: the fingerprint is of what the file says', () => {
    const fingerprintOf = (changes: readonly Change[]) => {
      const [route] = loadFrom({ 'bill.yaml': changedBill(...changes) })
      return route?.kind === 'notify' ? route.fingerprint : null
    }
    requestsOf([linking(URI)])
    expect(fingerprintOf([linking(URI)])).toMatch(/^[0-9a-f]{16}$/)
    expect(fingerprintOf([linking(URI)])).toBe(fingerprintOf([linking(URI)]))
    expect(fingerprintOf([linking(URI)])).not.toBe(fingerprintOf([linking('https://pay.example.jp/')]))
  })
})

const ONLY = 'mend the Liquid template'
const USE =
  'Liquid: tsuchi has the link token and nothing else: write {{ tsuchi.linkToken }}, without filters, tags or capture; for a field of that name event.tsuchi'

test('the preview shows an example in its place, and says that it is one', async () => {
  const told = await look(example('reservation-reminder'), {
    at: '2026-08-09T12:00:00+09:00',
    env: SECRETS,
    routes: {
      '../schemas/reservation-reminder.avsc': readFileSync('schemas/events/reservation-reminder.avsc', 'utf8'),
      'reminder.yaml': readFileSync('routes/reservation-reminder.yaml', 'utf8')
        .replace('../schemas/events/', '../schemas/')
        .replace('"{{ changeUrl }}"', '"{{ changeUrl }}?t={{ tsuchi.linkToken }}"'),
    },
    channel: { mode: 'shadow' },
  })
  const shown = linesOf(told).join('\n')
  expect(JSON.stringify(only(told.preview).message)).toContain(`change?t=${EXAMPLE_TOKEN}"`)
  expect(shown).toContain(`The link token in URLs is an example, ${EXAMPLE_TOKEN}: each notification has one of its own.`)
  const without = await look(example('reservation-reminder'), { at: '2026-08-09T12:00:00+09:00', env: SECRETS })
  expect(linesOf(without).join('\n')).not.toContain('link token')
})

test('the example is no token', () => {
  expect(EXAMPLE_TOKEN).toMatch(/^[A-Za-z0-9_-]{48}$/)
  expect(readLinkToken(EXAMPLE_TOKEN, linkTokenKey(PEPPER), 12)).toBeUndefined()
})

describe('a route that uses it otherwise has a fault:', () => {
  test('in a text that people read', () => {
    const text: Change = ['{{ amount | yen }}', '{{ amount | yen }} {{ tsuchi.linkToken }}']
    expect(surveyOf({ 'bill.yaml': changedBill(text) }).faults).toEqual([
      'bill.yaml:14 message.flexible[0].text: found {{ tsuchi.linkToken }}; take it out: the link token belongs into the url of a button, or the uri of an action, and nowhere else',
    ])
  })

  test.each([
    ['a filter', '{{ tsuchi.linkToken | upcase }}'],
    ['a condition', '{% if tsuchi.linkToken %}1{% endif %}'],
    ['echo', '{% echo tsuchi.linkToken %}'],
    ['its size', '{{ tsuchi.linkToken.size }}'],
    ['another name', '{{ tsuchi.linkTokn }}'],
    ['the whole', '{{ tsuchi }}'],
    ['brackets', "{{ tsuchi['linkToken'] }}"],
    ['beside a sound one', '{{ tsuchi.linkToken }}{{ tsuchi.linkToken | slice: 0 }}'],
    ['within capture', '{% capture x %}{{ tsuchi.linkToken }}{% endcapture %}{{ x | upcase }}'],
    ['a loop of that name', '{% for tsuchi in others %}{{ tsuchi.linkToken }}{% endfor %}'],
    ['a capture of that name', '{% capture tsuchi %}x{% endcapture %}{{ tsuchi.linkToken }}'],
  ])('%s', (_, uri) => {
    expect(surveyOf({ 'bill.yaml': changedBill(linking(`https://pay.example.jp/${uri}`)) }).faults).toEqual([
      expect.stringMatching(/^bill\.yaml:\d+ message\.flexible\[0\]\.template\.actions\[0\]\.uri: found /),
    ])
    expect(surveyOf({ 'bill.yaml': changedBill(linking(`https://pay.example.jp/${uri}`)) }).faults[0]).toContain(
      `found ${USE}; ${ONLY}`,
    )
  })

  test.each([
    ['spaces trimmed', '{{- tsuchi.linkToken -}}'],
    ['in a branch', '{% if paid %}{{ tsuchi.linkToken }}{% else %}0{% endif %}'],
  ])('but none with %s', (_, uri) => {
    expect(surveyOf({ 'bill.yaml': changedBill(linking(`https://pay.example.jp/${uri}`)) }).faults).toEqual([])
  })
})

test('the line that the page about attribution puts into a shipped route fits there, and is sound', () => {
  const [line = 'no line'] = /^action: .*127\.0\.0\.1:3000.*$/m.exec(readFileSync('docs/attribution.md', 'utf8')) ?? []
  const route = readFileSync('routes/reservation-reminder.yaml', 'utf8')
  const before = 'action: { type: uri, label: 予約を変更する, uri: "{{ changeUrl }}" }'
  expect(route).toContain(before)
  const schema = readFileSync('schemas/events/reservation-reminder.avsc', 'utf8')
  const files = {
    'reservation-reminder.yaml': route.replace(before, line).replace('../schemas/events/', ''),
    'reservation-reminder.avsc': schema,
  }
  const { routes, faults } = surveyOf(files)
  expect([line, faults, routes.length]).toEqual([expect.stringContaining('{{ tsuchi.linkToken }}'), [], 1])
})
