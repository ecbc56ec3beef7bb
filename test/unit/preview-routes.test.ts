import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fitTo } from '../../src/event-text/event-fit.ts'
import { eventRecordOf } from '../../src/preview/event-record.ts'
import { findRoute } from '../../src/preview/find-route.ts'
import { example } from './preview-fixture.ts'
import { BILL, BILL_ROUTE, changed, folderOf, loadFrom, loadRoutes, SURROUNDINGS } from './route-folder.ts'

const shipped = loadRoutes({ ...SURROUNDINGS, directory: 'routes' })
const find = (
  json: object,
  { name = 'event.json', ceType = undefined as string | undefined, route = undefined as string | undefined } = {},
) => findRoute(shipped, { name, json, ceType }, route)

test.each(shipped.map(({ id }) => [id]))('the example %s finds its route by its fields alone', (name) => {
  expect(find(example(name))).toMatchObject({ route: { id: name }, how: 'the only route whose schema the event fits', notes: [] })
})

test('the event is what intake would decode: fields that are left out have the defaults of the schema', () => {
  const customer = { id: 'C-10482', phone: '090-1234-0101' }
  const { event } = find({ ...example('payment-due'), customer })
  expect(event).toMatchObject({ customer: { ...customer, name: null, timeZone: null } })
})

test('an event that fits no route is told which fields are wrong, by the route with the name of its file', () => {
  const { dueDate, ...event } = example('payment-due')
  const wrong = { ...event, amountYen: '12800', paymentURL: 'https://example.jp' }
  expect(() => find(wrong, { name: 'tmp/payment-due.json' })).toThrow(
    expect.objectContaining({
      name: 'PreviewError',
      message: expect.stringMatching(
        /^tmp\/payment-due\.json fits the schema of no route\. Nearest, by its name, is payment-due \(.*routes\/payment-due\.yaml\):\n {2}amountYen: wanted a whole number \(long\), found .*99999.*\n {2}dueDate: wanted a string, found nothing\n {2}paymentURL: the schema has no such field, so the route does not see it; nearest: paymentUrl, .*\nMend the event, or say with --route which it is for: application-completed, /,
      ),
    }),
  )
})

test('under another name, the route with most fields in common is the nearest', () => {
  const { dueDate, ...event } = example('payment-due')
  expect(() => find(event, { name: 'x.json' })).toThrow('Nearest, by its fields, is payment-due (')
})

test('a misspelt event is not taken for one of a route with few fields, though its schema would have it', () => {
  const { customer, ...event } = example('payment-due')
  expect(() => find(event)).toThrow('fits the schema of no route')
})

test('a field that the schema lacks is pointed out, and passed over where the route is named', () => {
  const more = { ...example('payment-due'), colour: 'red' }
  expect(() => find(more)).toThrow('if its producers send more than the route sees, give --route payment-due')
  expect(find(more, { route: 'payment-due' }).notes).toEqual([
    'colour: the schema has no such field, so the route does not see it; nearest: customer, eventId, dueDate',
  ])
})

test('where several routes read the same schema, they are listed, and the type tells them apart', () => {
  const bill = changed(BILL_ROUTE, [['event: jp.example.Bill', 'event: bill.made']])
  const corrected = changed(BILL_ROUTE, [
    ['route: bill', 'route: bill-corrected'],
    ['event: jp.example.Bill', 'event: bill.corrected'],
  ])
  const routes = loadFrom({ 'bill.avsc': BILL, 'bill.yaml': bill, 'corrected.yaml': corrected })
  const event = { name: 'x.json', json: { amount: 1, paid: false, others: [], phones: [], labels: {} }, ceType: undefined }
  expect(() => findRoute(routes, event, undefined)).toThrow(
    /^x\.json fits the schemas of 2 routes:\n {2}bill \(.*\n {2}bill-corrected \(.*\nSay which with --route, or with --header ce_type=…$/,
  )
  expect(findRoute(routes, { ...event, ceType: 'bill.corrected' }, undefined).route.id).toBe('bill-corrected')
  expect(findRoute(routes, event, 'bill').how).toBe('by --route')
  expect(() => findRoute(routes, { ...event, ceType: 'bill.lost' }, undefined)).toThrow('leave --header ce_type out, or mend it')
})

test('a route that does not exist is answered with those nearest to it', () => {
  expect(() => find(example('payment-due'), { route: 'payment-du' })).toThrow(
    'there is no route "payment-du"; nearest: payment-due, delivery-due, payment-completed',
  )
})

const RECORD = {
  type: 'record',
  name: 'Every',
  fields: [
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] }, default: 'B' },
    { name: 'at', type: ['null', 'long', 'string'], default: null },
    { name: 'bytes', type: 'bytes', default: '' },
    { name: 'labels', type: { type: 'map', values: 'int' }, default: {} },
    {
      name: 'by',
      type: [
        'null',
        { type: 'record', name: 'Card', fields: [{ name: 'card', type: 'string' }] },
        { type: 'record', name: 'Bank', fields: [{ name: 'bank', type: 'string' }] },
      ],
      default: null,
    },
  ],
}

test.each([
  ['nothing', {}, { kind: 'B', at: null, bytes: Buffer.of(), labels: {}, by: null }],
  ['the later branch of a union', { at: 'x' }, { at: 'x' }],
  ['a union of records, unwrapped', { by: { bank: 'b' } }, { by: { Bank: { bank: 'b' } } }],
  ['a union of records as Avro writes it', { by: { Card: { card: 'c' } } }, { by: { Card: { card: 'c' } } }],
  ['bytes', { bytes: '\u00ff\u0001' }, { bytes: Buffer.of(255, 1) }],
])('%s becomes what Avro decodes', (_what, json, value) => {
  const fit = fitTo(RECORD, json)
  expect(fit).toMatchObject({ misfits: [], strangers: [] })
  expect(fit.value).toMatchObject(value)
})

test.each([
  ['an unknown symbol', { kind: 'C' }, 'kind', 'one of A, B', expect.anything()],
  ['no branch of a union', { at: true }, 'at', 'null or a whole number (long) or a string', 'a boolean'],
  ['a fraction', { at: 1.5 }, 'at', 'null or a whole number (long) or a string', 'a number with a fraction'],
  ['a number that JSON cannot hold', { at: 2 ** 60 }, 'at', expect.anything(), 'a whole number too large to be exact'],
  [
    'a value of a map, whose keys are not told',
    { labels: { '090-1234-0101': 'x' } },
    'labels.*',
    'a whole number (int)',
    expect.anything(),
  ],
])('%s is a misfit, by path, type and shape', (_what, json, path, wanted, found) => {
  expect(fitTo(RECORD, json).misfits).toEqual([{ path, wanted, found }])
})

test.each([
  ['09012340101', 'customer.(a text of the shape 99999999999 (11 characters))'],
  ['id-2024', 'customer.(a text of the shape AA-9999 (7 characters))'],
  ['さくら\u001b', 'customer.(a text of the shape AAA? (4 characters))'],
  ['line2', 'customer.line2'],
])('a field that no schema has may be named like a person: %j', (name, path) => {
  const event = { ...example('payment-due'), customer: { id: 'C-1', phone: '090-1234-0101', [name]: 'x' } }
  expect(find(event, { route: 'payment-due' }).notes).toEqual([
    expect.stringContaining(`${path}: the schema has no such field, so the route does not see it; nearest: `),
  ])
})

test('a route whose event is not the name of its record is found by the header only: preview says so, as it hides a misspelt one', () => {
  const routes = loadFrom({ 'bill.yaml': BILL_ROUTE.replace('event: jp.example.Bill', 'event: jp.example.Bil') })
  const file = join(
    folderOf({
      'event.json': JSON.stringify({
        amount: 1,
        customer: { phone: '090-1234-0101' },
        paid: false,
        others: [],
        phones: [],
        labels: {},
      }),
    }),
    'event.json',
  )
  const notesWith = (headers: ReadonlyMap<string, string>) =>
    eventRecordOf(routes, { file, routeName: routes[0]?.id, headers, now: 0 }).notes
  expect(notesWith(new Map())).toEqual([
    "A record finds route bill only by the header ce_type: jp.example.Bil, as the schema's record is jp.example.Bill. If producers write no such header, correct the route's event.",
  ])
  expect(notesWith(new Map([['ce_type', 'jp.example.Bil']]))).toEqual([])
})
