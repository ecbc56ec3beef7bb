import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RoutesError } from '../../src/intake/route-fault.ts'
import { loadRoutes, routeFor } from '../../src/intake/routes.ts'
import { BILL, BILL_ROUTE, billRoute, changedBill, type Files, folderOf, loadFrom, SURROUNDINGS } from './route-folder.ts'

/** What a person reads, with file names alone in place of their paths. */
const faultsOf = (files: Files): string[] => {
  try {
    loadFrom(files)
  } catch (error) {
    if (!(error instanceof RoutesError)) throw error
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.replaceAll(/\S*\/(\S+)/g, '$1'))
  }
  return []
}

describe('a route file', () => {
  test('becomes a route, with what it leaves out filled in', () => {
    expect(billRoute()).toMatchObject({
      id: 'bill',
      purpose: 'bill-finalized',
      endpoint: 'flexible',
      urgent: false,
      recipient: { country: 'JP' },
      quietHours: { from: '21:00', until: '08:00' },
      maxAgeMs: 86_400_000,
      dedupeWindowMs: 7 * 86_400_000,
      unknownPolicy: 'give-up',
      unknownWaitMs: 600_000,
      schema: { name: 'jp.example.Bill', json: JSON.parse(BILL) },
    })
  })

  test.each([
    ['a purpose that answers a person goes at any hour', ['bill-finalized', 'payment-completed'], null],
    ['a purpose that can wait has the configured quiet hours', ['bill-finalized', 'reminder'], { from: '21:00', until: '08:00' }],
    ['none', ['expires:', 'quietHours: none\nexpires:'], null],
    ['its own', ['expires:', 'quietHours: { from: "22:00", until: "07:30" }\nexpires:'], { from: '22:00', until: '07:30' }],
  ] as const)('quiet hours: %s', (_, change, quietHours) => expect(billRoute(change).quietHours).toEqual(quietHours))

  test('that sends again waits as long as LINE may hold a message', () => {
    expect(billRoute(['expires:', 'unknown: { policy: resend }\nexpires:'])).toMatchObject({
      unknownPolicy: 'resend',
      unknownWaitMs: 86_400_000,
    })
    expect(billRoute(['expires:', 'unknown: { policy: resend, wait: PT5M }\nexpires:']).unknownWaitMs).toBe(300_000)
  })

  test('may expire at a time of the event, or after a while', () => {
    expect(billRoute().expires).toMatchObject({ kind: 'field', path: { text: 'due' } })
    expect(billRoute(['expires: due', 'expires: PT6H']).expires).toEqual({ kind: 'after', ms: 21_600_000 })
  })

  test('may be a template of LINE', () => {
    const message = `message:
  template:
    templateKey: shipment_completed_ja
    emphasizedItem: { itemKey: date_002_ja, content: "{{ due | date }}" }
    items: [{ itemKey: price_001_ja, content: "{{ amount | yen }}" }]
    buttons: [{ buttonKey: contact_ja, url: "{{ link }}" }]
`
    const route = billRoute([BILL_ROUTE.slice(BILL_ROUTE.indexOf('message:')), message])
    expect(route.message.render({ due: '2024-08-10', amount: 5, link: 'https://example.com/' }, 'Asia/Tokyo')).toEqual({
      kind: 'message',
      message: {
        endpoint: 'template',
        templateKey: 'shipment_completed_ja',
        body: {
          emphasizedItem: { itemKey: 'date_002_ja', content: '2024年8月10日(土)' },
          items: [{ itemKey: 'price_001_ja', content: '5円' }],
          buttons: [{ buttonKey: 'contact_ja', url: 'https://example.com/' }],
        },
      },
    })
  })
})

describe('a fault is told with its place, what was found and the remedy:', () => {
  test.each<[what: string, from: string, to: string, fault: string]>([
    [
      'an unknown field',
      'fallback: sms',
      'falback: sms',
      'bill.yaml:11 falback: found an unknown field "falback"; remove it, or write one of route, purpose, topic,',
    ],
    [
      'an unknown field within',
      'phone: customer.phone,',
      'phone: customer.phone, tel: x,',
      'bill.yaml:9 recipient.tel: found an unknown field "tel"; remove it, or write one of phone, country, customer, timeZone',
    ],
    [
      'a missing field',
      'topic: bills\n',
      '',
      'bill.yaml:1 topic: found nothing; write the name of the Kafka topic with the events',
    ],
    [
      'a name with capitals',
      'route: bill',
      'route: Bill',
      'bill.yaml:1 route: found "Bill"; write a name of a-z, 0-9 and hyphens',
    ],
    [
      'an unknown purpose',
      'bill-finalized',
      'sale',
      'bill.yaml:2 purpose: found "sale"; write one of delivery, reservation, reminder,',
    ],
    [
      'an unknown channel',
      'channel: main',
      'channel: mian',
      'bill.yaml:6 channel: found "mian"; write one of the configured channels: main, support',
    ],
    [
      'a misspelt path',
      'phone: customer.phone',
      'phone: customer.fone',
      'bill.yaml:9 recipient.phone: found "customer.fone"; there is no "fone" in customer; nearest there: phone, name, id',
    ],
    [
      'a misspelt start of a path',
      'time: at',
      'time: ar',
      'bill.yaml:8 time: found "ar"; there is no "ar" in the event; nearest there: at, due, paid',
    ],
    [
      'a path through a text',
      'time: at',
      'time: due.day',
      'bill.yaml:8 time: found "due.day"; due is a string and has no field "day"',
    ],
    [
      'a path of another type',
      'time: at',
      'time: paid',
      'bill.yaml:8 time: found "paid", in the schema boolean; name a field that is string, long',
    ],
    [
      'a path that is none',
      'time: at',
      'time: "a[0]"',
      'bill.yaml:8 time: found "a[0]"; write the path of a field, such as customer.phone',
    ],
    [
      'recipients that are no list',
      'expires: due',
      'recipients: customer',
      'bill.yaml:10 recipients: found "customer", in the schema record; name a field that is array',
    ],
    [
      'recipients that are no records',
      'expires: due',
      'recipients: phones',
      'bill.yaml:10 recipients: found "phones"; name an array whose elements are records of one type',
    ],
    [
      'a phone number as customer id',
      'customer: customer.id',
      'customer: customer.phone',
      'bill.yaml:9 recipient.customer: found "customer.phone"; name another field: this one goes into results, where no phone number may be',
    ],
    [
      'a schema that is not there',
      'bill.avsc',
      'bil.avsc',
      'bill.yaml:5 schema: found "bil.avsc"; mend or name the Avro schema: bil.avsc cannot be read',
    ],
    [
      'a duration in words',
      'expires: due',
      'maxAge: 1 day',
      'bill.yaml:10 maxAge: found "1 day"; write an ISO 8601 duration in days, hours, minutes or seconds, such as PT10M, PT24H or P7D',
    ],
    [
      'a duration in months',
      'expires: due',
      'dedupeWindow: P1M',
      'bill.yaml:10 dedupeWindow: found "P1M"; write an ISO 8601 duration',
    ],
    ['a duration of nothing', 'expires: due', 'maxAge: PT0S', 'bill.yaml:10 maxAge: found "PT0S"; write an ISO 8601 duration'],
    [
      'an age beyond memory',
      'expires: due',
      'maxAge: P8D',
      'bill.yaml:10 maxAge: found more than dedupeWindow; make maxAge shorter, or dedupeWindow longer',
    ],
    [
      'a time of day without quotes',
      'expires: due',
      'quietHours: { from: 9, until: "08:00" }',
      'bill.yaml:10 quietHours: found {"from":9,"until":"08:00"}; write default, none, or { from: "21:00", until: "08:00" }',
    ],
    ['quiet hours that never end', 'expires: due', 'quietHours: { from: "08:00", until: "08:00" }', 'with two different times'],
    [
      'an unknown variable',
      '{{ amount | yen }}',
      '{{ amonut | yen }}',
      'bill.yaml:14 message.flexible[0].text: found the variable amonut; there is no "amonut" in the event; nearest there: amount,',
    ],
    [
      'an unknown filter',
      'amount | yen',
      'amount | yem',
      'bill.yaml:14 message.flexible[0].text: found Liquid: undefined filter: yem, line:1, col:39; mend the Liquid template',
    ],
    ['a file read by a template', '{{ amount | yen }}', "{% include 'x' %}", 'found Liquid: tag "include" not found'],
    [
      'a template without quotes',
      '"{{ customer.name | default: \'お客\' }}様: {{ amount | yen }}"',
      '{{ amount }}',
      'bill.yaml:14 found a {{ }} without quotes; mend the YAML; put a text that starts with {{ in quotes',
    ],
    ['a key twice', 'topic: bills', 'topic: bills\ntopic: bills', 'bill.yaml:4 found Map keys must be unique'],
    [
      'both kinds of message',
      'message:',
      'message:\n  template: { templateKey: a }',
      'text":"{{ customer.n…; write either flexible or template',
    ],
    [
      'a banned type',
      'type: text, text:',
      'type: image, text:',
      'bill.yaml:14 message.flexible[0].type: found image; wanted: one of text, textV2, flex,',
    ],
    [
      'a rule that the constants break',
      '- { type: text, ',
      '- { type: flex, altText: "", contents: { type: bubble } }\n    - { type: text, ',
      'bill.yaml:14 message.flexible[0].altText: found 0 characters; wanted: 1 to 1500 characters',
    ],
  ])('%s', (_, from, to, fault) => {
    expect(faultsOf({ 'bill.yaml': changedBill([from, to]) }).join('\n')).toContain(fault)
  })

  test('a schema that is none', () => {
    expect(faultsOf({ 'bill.yaml': BILL_ROUTE, 'bill.avsc': '{"type":"recrd"}' })).toEqual([
      'bill.yaml:5 schema: found "bill.avsc"; mend or name the Avro schema: unknown type: "recrd"',
    ])
  })

  test('in a fan-out, a path of the whole event without its prefix', () => {
    const fanOut = changedBill(
      ['expires: due', 'recipients: others\nexpires: due'],
      ['customer.phone', 'phone'],
      ['customer.id', 'id'],
    )
    expect(faultsOf({ 'bill.yaml': fanOut })).toEqual([
      'bill.yaml:9 recipient.timeZone: found "customer.timeZone"; there is no "customer" in a recipient, but in the event: write event.customer',
      'bill.yaml:11 expires: found "due"; there is no "due" in a recipient, but in the event: write event.due',
      'bill.yaml:15 message.flexible[0].text: found the variable customer.name; there is no "customer" in a recipient, but in the event: write event.customer',
      'bill.yaml:15 message.flexible[0].text: found the variable amount; there is no "amount" in a recipient, but in the event: write event.amount',
    ])
  })

  test('in a fan-out, a field that nothing has', () => {
    const fanOut = changedBill(
      [
        BILL_ROUTE.slice(BILL_ROUTE.indexOf('recipient:'), BILL_ROUTE.indexOf('fallback')),
        'recipients: others\nrecipient: { phone: fone }\n',
      ],
      ["{{ customer.name | default: 'お客' }}様: {{ amount | yen }}", '{{ event.amount | yen }}'],
    )
    expect(faultsOf({ 'bill.yaml': fanOut })).toEqual([
      'bill.yaml:10 recipient.phone: found "fone"; there is no "fone" in a recipient; nearest there: phone, name, id',
    ])
  })
})

describe('all faults are told at once', () => {
  test('of all files, and of the sound part of a faulty one', () => {
    const faults = faultsOf({
      'a.yaml': changedBill(
        ['purpose: bill-finalized', 'purpose: sale'],
        ['time: at', 'time: att'],
        ['channel: main', 'channel: x'],
      ),
      'b.yaml': changedBill(['route: bill', 'route: other'], ['{{ amount | yen }}', '{{ amonut }}']),
    })
    expect(faults.map((fault) => fault.split(': found')[0])).toEqual([
      'a.yaml:2 purpose',
      'a.yaml:6 channel',
      'a.yaml:8 time',
      'b.yaml:4 event',
      'b.yaml:14 message.flexible[0].text',
    ])
  })

  test('under a heading that counts them', () => {
    expect(() => loadFrom({ 'a.yaml': changedBill(['channel: main', 'channel: x'], ['time: at', 'time: x']) })).toThrow(
      /^2 faults in the routes:\n/,
    )
  })
})

describe('routes among themselves', () => {
  test('must not share a name', () => {
    expect(faultsOf({ 'a.yaml': BILL_ROUTE, 'b.yaml': changedBill(['topic: bills', 'topic: other']) })).toEqual([
      'b.yaml:1 route: found "bill"; choose another name: a.yaml has this one',
    ])
  })

  test('must not share topic and event', () => {
    expect(faultsOf({ 'a.yaml': BILL_ROUTE, 'b.yaml': changedBill(['route: bill', 'route: other']) })).toEqual([
      'b.yaml:4 event: found "jp.example.Bill" of topic bills; remove one of the two routes: a.yaml has the same',
    ])
  })

  test('a folder without any is a fault', () => {
    const directory = folderOf({ 'bill.avsc': BILL })
    expect(() => loadRoutes({ ...SURROUNDINGS, directory })).toThrow(
      `${directory} found no *.yaml; name the folder with the route files`,
    )
    expect(() => loadRoutes({ ...SURROUNDINGS, directory: `${directory}/none` })).toThrow('none found no files')
  })
})

describe('the route for a record', () => {
  test.each([
    ['by the name of its record', 'bills', undefined, 'jp.example.Bill', 'by-name'],
    ['by its CloudEvents type, before its name', 'bills', 'jp.example.bill.v2', 'jp.example.Bill', 'by-type'],
    ['by its name if the type has none', 'bills', 'jp.example.bill.v9', 'jp.example.Bill', 'by-name'],
    ['none in another topic', 'other', undefined, 'jp.example.Bill', undefined],
    ['none for another name', 'bills', undefined, 'jp.example.Other', undefined],
  ])('%s', (_, topic, ceType, recordName, id) => {
    const routes = loadFrom({
      'name.yaml': changedBill(['route: bill', 'route: by-name']),
      'type.yaml': changedBill(['route: bill', 'route: by-type'], ['event: jp.example.Bill', 'event: jp.example.bill.v2']),
    })
    expect(routeFor(routes, { topic, ceType, recordName })?.id).toBe(id)
  })
})

test('the shipped routes load', () => {
  const routes = loadRoutes({ ...SURROUNDINGS, directory: 'routes' })
  expect(routes.map(({ id, file }) => [id, basename(file)])).toEqual([
    ['outage-notice', 'outage-notice.yaml'],
    ['payment-due', 'payment-due.yaml'],
    ['reservation-reminder', 'reservation-reminder.yaml'],
  ])
})
