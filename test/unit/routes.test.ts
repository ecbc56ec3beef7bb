import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { routeFor, surveyRoutes } from '../../src/intake/routes.ts'
import { RoutesError } from '../../src/intake/routes-error.ts'
import {
  BILL,
  BILL_ROUTE,
  billRoute,
  type Change,
  changed,
  changedBill,
  type Files,
  folderOf,
  loadFrom,
  loadRoutes,
  NIGHT,
  SURROUNDINGS,
  surveyOf,
  VOID_ROUTE,
  voidRoute,
} from './route-folder.ts'

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

const ABOUT: Change = ['expires: due', 'subject: { kind: invoice, id: customer.id }']

describe('a route file', () => {
  test('becomes a route, with what it leaves out filled in', () => {
    expect(billRoute()).toMatchObject({
      id: 'bill',
      purpose: 'bill-finalized',
      endpoint: 'flexible',
      urgent: false,
      recipient: { country: 'JP' },
      quietHours: { windows: [NIGHT], spreadMs: 0, holidays: null },
      maxAgeMs: 86_400_000,
      dedupeWindowMs: 7 * 86_400_000,
      unknownPolicy: 'give-up',
      unknownWaitMs: 600_000,
      fallbackAfterMs: null,
      subject: null,
      revision: null,
      onlyIfNotified: false,
      reviewed: false,
      business: null,
      schema: { name: 'jp.example.Bill', json: JSON.parse(BILL) },
    })
  })

  test.each([
    ['a purpose that answers a person goes at any hour', ['bill-finalized', 'payment-completed'], null],
    ['a purpose that can wait has the configured quiet hours', ['bill-finalized', 'reminder'], [NIGHT]],
    ['none', ['expires:', 'quietHours: none\nexpires:'], null],
    [
      'its own',
      ['expires:', 'quietHours: { from: "22:00", until: "07:30" }\nexpires:'],
      [{ ...NIGHT, from: '22:00', until: '07:30' }],
    ],
  ] as const)('quiet hours: %s', (_, change, windows) => expect(billRoute(change).quietHours?.windows ?? null).toEqual(windows))

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

  test('may say what it is about, and what makes it news', () => {
    const route = billRoute([
      'fallback: sms',
      `fallback: sms
fallbackAfter: PT30M
subject: { kind: invoice, id: customer.id }
revision: revision
onlyIf: notified
dedupe: { key: [due, amount], window: P1D }`,
    ])
    expect(route).toMatchObject({
      fallbackAfterMs: 1_800_000,
      subject: { kind: 'invoice', id: { text: 'customer.id' } },
      revision: { text: 'revision' },
      onlyIfNotified: true,
      business: { key: [{ text: 'due' }, { text: 'amount' }], windowMs: 86_400_000 },
    })
  })

  test('may be of one revision by itself', () => {
    expect(billRoute(ABOUT, ['fallback: sms', 'revision: 3']).revision).toBe(3)
  })

  test('may call off instead, and notifies nobody then', () => {
    expect(voidRoute()).toEqual({
      kind: 'cancel',
      id: 'bill-void',
      file: expect.stringMatching(/void\.yaml$/),
      topic: 'bills',
      event: 'jp.example.BillVoid',
      schema: expect.objectContaining({ name: 'jp.example.Bill' }),
      identity: { source: 'jp.example', id: expect.objectContaining({ text: 'eventId' }) },
      time: expect.objectContaining({ text: 'at' }),
      eventZone: 'Asia/Tokyo',
      recipients: null,
      dedupeWindowMs: 7 * 86_400_000,
      subject: { kind: 'invoice', id: expect.objectContaining({ text: 'customer.id' }) },
    })
  })

  test('may call off something for each element of a list', () => {
    const route = voidRoute(['id: customer.id', 'id: id'], ['time: at', 'time: at\nrecipients: others'])
    expect(route).toMatchObject({ recipients: { text: 'others' }, subject: { id: { text: 'id' } } })
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
      linked: null,
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
      'bill.yaml:11 falback: found an unknown field "falback"; remove it, or write one of route, topic, event,',
    ],
    [
      'an unknown field within',
      'phone: customer.phone,',
      'phone: customer.phone, tel: x,',
      'bill.yaml:9 recipient.tel: found an unknown field "tel"; remove it, or write one of phone, country, customer, timeZone',
    ],
    [
      'a setting within another, with a dot',
      'fallback: sms',
      'unknown.policy: resend',
      'bill.yaml:11 unknown.policy: found an unknown field "unknown.policy"; write it as a mapping: unknown: { policy: … }',
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
      'bill.yaml:10 quietHours.from: found 9; write a time of day in quotes, such as "21:00"',
    ],
    ['quiet hours that never end', 'expires: due', 'quietHours: { from: "08:00", until: "08:00" }', 'make from and until differ'],
    [
      'a subject without a kind',
      'expires: due',
      'subject: { id: customer.id }',
      'bill.yaml:10 subject.kind: found nothing; write what kind of thing it is, of a-z, 0-9 and hyphens, such as reservation',
    ],
    [
      'a subject with a kind that is no name',
      'expires: due',
      'subject: { kind: A-B, id: customer.id }',
      'bill.yaml:10 subject.kind: found "A-B"; write what kind of thing it is',
    ],
    [
      'a subject that is no mapping',
      'expires: due',
      'subject: customer.id',
      'bill.yaml:10 subject: found "customer.id"; write a mapping of kind, id',
    ],
    [
      'a subject that is not there',
      'expires: due',
      'subject: { kind: invoice, id: customer.ic }',
      'bill.yaml:10 subject.id: found "customer.ic"; there is no "ic" in customer; nearest there: id,',
    ],
    [
      'a subject that names nothing',
      'expires: due',
      'subject: { kind: invoice, id: paid }',
      'bill.yaml:10 subject.id: found "paid", in the schema boolean; name a field that is string, enum, int, long',
    ],
    [
      'a phone number as subject',
      'expires: due',
      'subject: { kind: person, id: customer.phone }',
      'bill.yaml:10 subject.id: found "customer.phone"; name another field: this one goes into results, where no phone number may be',
    ],
    [
      'a phone number as subject, by another way',
      'expires: due',
      'subject: { kind: person, id: event.customer.phone }',
      'bill.yaml:10 subject.id: found "event.customer.phone"; name another field',
    ],
    [
      'a revision that is not there',
      'expires: due',
      'subject: { kind: invoice, id: customer.id }\nrevision: revison',
      'bill.yaml:11 revision: found "revison"; there is no "revison" in the event; nearest there: revision,',
    ],
    [
      'a revision that is no number',
      'expires: due',
      'subject: { kind: invoice, id: customer.id }\nrevision: due',
      'bill.yaml:11 revision: found "due", in the schema string; name a field that is int, long',
    ],
    [
      'a phone number as revision',
      'expires: due',
      'subject: { kind: invoice, id: customer.id }\nrevision: customer.phone',
      'bill.yaml:11 revision: found "customer.phone", in the schema string; name a field that is int, long',
    ],
    ...[-1, 1.5, 2 ** 53, '[revision]', 'true'].map((revision): [string, string, string, string] => [
      `a revision of ${revision}`,
      'expires: due',
      `subject: { kind: invoice, id: customer.id }\nrevision: ${revision}`,
      'write the path of a field with a whole number, or a whole number itself',
    ]),
    [
      'a revision of nothing',
      'expires: due',
      'revision: 3',
      'bill.yaml:10 revision: found no subject beside it; name the subject whose revision it is',
    ],
    [
      'onlyIf without a subject',
      'expires: due',
      'onlyIf: notified',
      'bill.yaml:10 onlyIf: found no subject beside it; name the subject, or take onlyIf away',
    ],
    [
      'onlyIf without a revision',
      'expires: due',
      'subject: { kind: invoice, id: customer.id }\nonlyIf: notified',
      'bill.yaml:11 onlyIf: found no revision beside it; name the revision, or take onlyIf away',
    ],
    [
      'onlyIf with another word',
      'expires: due',
      'onlyIf: true',
      'bill.yaml:10 onlyIf: found true; write notified, or leave it out',
    ],
    [
      'a fallback after a while, but none',
      'fallback: sms',
      'fallbackAfter: PT30M',
      'bill.yaml:11 fallbackAfter: found no fallback beside it; say which: fallback: sms, or email',
    ],
    [
      'a fallback after words',
      'fallback: sms',
      'fallback: sms\nfallbackAfter: soon',
      'bill.yaml:12 fallbackAfter: found "soon"; write an ISO 8601 duration',
    ],
    [
      'a key without fields',
      'expires: due',
      'dedupe: { key: [], window: P1D }',
      'bill.yaml:10 dedupe.key: found []; write a list of paths of fields, such as [invoiceId, dueDate]',
    ],
    [
      'a key without a window',
      'expires: due',
      'dedupe: { key: [due] }',
      'bill.yaml:10 dedupe.window: found nothing; write an ISO 8601 duration',
    ],
    [
      'a key whose field is not there',
      'expires: due',
      'dedupe: { key: [due, amonut], window: P1D }',
      'bill.yaml:10 dedupe.key[1]: found "amonut"; there is no "amonut" in the event; nearest there: amount,',
    ],
    [
      'a key whose field is a list',
      'expires: due',
      'dedupe: { key: [phones], window: P1D }',
      'bill.yaml:10 dedupe.key[0]: found "phones", in the schema array; name a field that is string, enum, int, long',
    ],
    [
      'a phone number in a key',
      'expires: due',
      'dedupe: { key: [due, customer.phone], window: P1D }',
      'bill.yaml:10 dedupe.key[1]: found "customer.phone"; take it away: the recipient is part of the key, and no phone number may be',
    ],
    [
      'a key compared with what is forgotten',
      'expires: due',
      'dedupe: { key: [due], window: P8D }',
      'bill.yaml:10 dedupe.window: found more than dedupeWindow; make this window shorter, or dedupeWindow longer',
    ],
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
    [
      'a duration that no record can hold',
      'expires: due',
      'maxAge: P99999999D',
      'bill.yaml:10 maxAge: found "P99999999D"; write an ISO 8601 duration',
    ],
    ['a part of a millisecond', 'expires: due', 'expires: PT0.0005S', 'bill.yaml:10 expires: found "PT0.0005S"; write the path'],
    ['a text that goes on and on', '{{ amount | yen }}', '{{'.repeat(300_000), 'write at most 20,000 characters'],
    [
      'a key with what steers a terminal',
      'topic: bills',
      'topic: bills\n"\\u0085\\u2028": 1',
      'bill.yaml:4 (a key): found an unknown field "��"; remove it',
    ],
    ['a key twice', 'topic: bills', 'topic: bills\ntopic: bills', 'bill.yaml:4 found not YAML (DUPLICATE_KEY)'],
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

  test('a schema that is another file, which is not quoted', () => {
    expect(faultsOf({ 'bill.yaml': BILL_ROUTE, 'bill.avsc': 'root:x:0:0:CANARY' })).toEqual([
      'bill.yaml:5 schema: found "bill.avsc"; mend or name the Avro schema: not JSON',
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

describe('a union whose branches look alike is nothing that a route can use:', () => {
  const alike = BILL.replace('["null","long","string"]', '["null","int","long"]')
  const contact = BILL.replace('{"name":"due","type":["null","string"]', '{"name":"due","type":["int","long"]').replace(
    ',"default":null},{"name":"amount"',
    '},{"name":"amount"',
  )

  test('by a path', () => {
    expect(faultsOf({ 'bill.yaml': BILL_ROUTE, 'bill.avsc': alike })).toEqual([
      'bill.yaml:8 time: found "at"; it may be one of several types that are not told apart (null, int, long): give it one in the schema',
    ])
  })

  test('by a variable', () => {
    const route = changedBill(['expires: due\n', ''], ['{{ amount | yen }}', '{{ due }}'])
    expect(faultsOf({ 'bill.yaml': route, 'bill.avsc': contact })).toEqual([
      'bill.yaml:13 message.flexible[0].text: found the variable due; it may be one of several types that are not told apart (int, long): give it one in the schema',
    ])
  })
})

describe('what may be meant, and probably is not, is a warning:', () => {
  test('an event that is not the name of its record', () => {
    const survey = surveyOf({ 'bill.yaml': changedBill(['event: jp.example.Bill', 'event: jp.example.Bil']) })
    expect(survey).toMatchObject({ routes: [{ event: 'jp.example.Bil' }], faults: [] })
    expect(survey.warnings).toEqual([
      'bill.yaml:4 event: found "jp.example.Bil", which is not the name of the schema\'s record; write jp.example.Bill, unless this is the text of the header ce_type: only then it is found',
    ])
  })

  test('a kind that is called off, and that no route has', () => {
    const files = {
      'bill.yaml': changedBill(ABOUT),
      'void.yaml': changed(VOID_ROUTE, [
        ['invoice', 'invioce'],
        ['BillVoid', 'Bill'],
        ['topic: bills', 'topic: voids'],
      ]),
    }
    expect(surveyOf(files)).toMatchObject({
      faults: [],
      warnings: [
        'void.yaml:2 cancels.kind: found "invioce"; write the kind of a route\'s subject (nearest: invoice): this calls off nothing',
      ],
    })
    expect(surveyOf({ ...files, 'void.yaml': files['void.yaml'].replace('invioce', 'invoice') }).warnings).toEqual([])
  })

  test('a subject that nothing calls off is fine alone', () => {
    expect(surveyOf({ 'bill.yaml': changedBill(ABOUT) }).warnings).toEqual([])
  })
})

test('a schema may be named by its whole path', () => {
  const [route] = loadFrom({ 'bill.yaml': changedBill(['bill.avsc', join(folderOf({ 'b.avsc': BILL }), 'b.avsc')]) })
  expect(route?.schema.name).toBe('jp.example.Bill')
})

describe('a fault of a route that calls off is told with its place:', () => {
  test.each<[what: string, change: Change, fault: string]>([
    [
      'a setting of the other form',
      ['time: at', 'purpose: reminder'],
      'void.yaml:7 purpose: found an unknown field "purpose"; remove it, or write one of route, topic, event, schema, identity, time, recipients, dedupeWindow, cancels',
    ],
    [
      'nothing to call off',
      ['{ kind: invoice, id: customer.id }', ''],
      'void.yaml:2 cancels: found null; write a mapping of kind, id',
    ],
    [
      'a misspelt path',
      ['id: customer.id', 'id: customer.ic'],
      'void.yaml:2 cancels.id: found "customer.ic"; there is no "ic" in customer',
    ],
    ['a path of another type', ['id: customer.id', 'id: paid'], 'void.yaml:2 cancels.id: found "paid", in the schema boolean'],
    ['an unknown time', ['time: at', 'time: att'], 'void.yaml:7 time: found "att"; there is no "att" in the event'],
    [
      'a path of the whole event, where there are several things',
      ['time: at', 'recipients: others'],
      'void.yaml:2 cancels.id: found "customer.id"; there is no "customer" in a recipient, but in the event: write event.customer',
    ],
    [
      'a schema that is not there',
      ['bill.avsc', 'bil.avsc'],
      'void.yaml:5 schema: found "bil.avsc"; mend or name the Avro schema: bil.avsc cannot be read',
    ],
  ])('%s', (_, change, fault) => {
    expect(faultsOf({ 'void.yaml': changed(VOID_ROUTE, [change]) })).toEqual([expect.stringContaining(fault)])
  })
})

describe('all faults are told at once', () => {
  const TEXT = '"{{ customer.name | default: \'お客\' }}様: {{ amount | yen }}"'
  const flood = Array.from(
    { length: 9 },
    (_, index) => `a${index}: &a${index} [${Array.from({ length: 9 }, () => (index === 0 ? 'x' : `*a${index - 1}`)).join()}]`,
  ).join('\n')

  test.each<[what: string, text: string, fault: string]>([
    [
      'an alias to nothing',
      changedBill([TEXT, '*important']),
      'a.yaml:14 found an alias without an anchor; put a text that begins with * in quotes',
    ],
    [
      'an alias in a circle',
      changedBill([TEXT, '&around [*around]']),
      'a.yaml:14 found an alias within what it stands for; write out what it stands for',
    ],
    ['a flood of copies', flood, 'a.yaml found aliases that make too many copies; write out what they stand for'],
    [
      'a message without bottom',
      changedBill([TEXT, `${'['.repeat(200)}${']'.repeat(200)}`]),
      'a.yaml found lists and mappings more than 100 deep; nest less',
    ],
  ])('though one of the files has %s', (_, text, fault) => {
    expect(faultsOf({ 'a.yaml': text, 'bill.yaml': changedBill(['purpose: bill-finalized', 'purpose: bills']) })).toEqual([
      fault,
      expect.stringContaining('bill.yaml:2 purpose: found "bills"'),
    ])
  })

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

  test('and once: a setting that is there, though faulty, is not missing as well', () => {
    const faults = faultsOf({
      'bill.yaml': changedBill(
        ['expires: due', 'subject: { kind: "?", id: customer.id }\nrevision: -1\nonlyIf: notified\nfallbackAfter: PT1H'],
        ['fallback: sms', 'fallback: fax'],
      ),
    })
    expect(faults.map((fault) => fault.split(': found')[0])).toEqual([
      'bill.yaml:10 subject.kind',
      'bill.yaml:11 revision',
      'bill.yaml:14 fallback',
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

  describe('what is called off, or replaced, is known for as long as a late notice may come:', () => {
    const hours = (maxAge: number, more: readonly Change[] = []) =>
      changedBill(['expires: due', `maxAge: PT${maxAge}H\nsubject: { kind: invoice, id: customer.id }`], ...more)
    const short = changed(VOID_ROUTE, [['time: at', 'time: at\ndedupeWindow: PT48H']])
    const OTHER: readonly Change[] = [
      ['route: bill', 'route: other'],
      ['event: jp.example.Bill', 'event: jp.example.Other'],
    ]

    test('a window that is shorter is a fault that names both', () => {
      expect(faultsOf({ 'a.yaml': hours(48), 'b.yaml': hours(49, OTHER), 'void.yaml': short })).toEqual([
        'void.yaml:8 dedupeWindow: found less than maxAge of b.yaml, which has the same subject; make dedupeWindow longer, or that maxAge shorter: what was called off would be sent if it came late',
      ])
    })

    test.each([
      ['as long', hours(48)],
      ['of another kind', hours(49).replace('kind: invoice', 'kind: contract')],
    ])('one that is %s is none', (_, bill) => expect(faultsOf({ 'bill.yaml': bill, 'void.yaml': short })).toEqual([]))

    test('the same goes for revisions, among those that have them', () => {
      const news = hours(1, [...OTHER, ['fallback: sms', 'revision: 2\ndedupeWindow: PT48H']])
      const late = hours(49, [['fallback: sms', 'revision: 1']])
      expect(faultsOf({ 'late.yaml': late, 'news.yaml': news })).toEqual([
        'news.yaml:13 dedupeWindow: found less than maxAge of late.yaml, which has the same subject; make dedupeWindow longer, or that maxAge shorter: what was replaced would be sent if it came late',
      ])
      expect(faultsOf({ 'late.yaml': hours(49), 'news.yaml': news })).toEqual([])
    })
  })

  test('what only has the name of one is a fault, and the others are read all the same', () => {
    const folder = folderOf({ 'bill.yaml': changedBill(['purpose: bill-finalized', 'purpose: bills']), 'bill.avsc': BILL })
    mkdirSync(join(folder, 'archive.yaml'))
    expect(surveyRoutes({ ...SURROUNDINGS, directory: folder }).faults).toMatchObject([
      { file: join(folder, 'archive.yaml'), found: 'what cannot be read (EISDIR)' },
      { field: 'purpose', found: '"bills"' },
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
  expect(routes.map(({ id }) => `${id}.yaml`)).toEqual(
    readdirSync('routes')
      .filter((name) => name.endsWith('.yaml'))
      .toSorted(),
  )
})
