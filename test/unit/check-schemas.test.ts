import type { Schema } from 'avsc'
import { describe, expect, test } from 'vitest'
import { measuredType, misreadingsOf } from '../../src/check/measures.ts'
import { schemaBreaks } from '../../src/check/schema-breaks.ts'
import { readFindings } from '../../src/check/schemas.ts'
import { readability } from '../../src/check/writer-schemas.ts'
import { BILL, BILL_ROUTE, billRoute, type Change, loadFrom, VOID_ROUTE } from './route-folder.ts'

const typeOf = (schema: unknown) => measuredType(schema as Schema)
const record = (fields: object[], name = 'Bill') => ({ type: 'record', name, namespace: 'jp.example', fields })
const field = (name: string, type: unknown, rest: object = {}) => ({ name, type, ...rest })
const customer = (...fields: object[]) => record(fields, 'Customer')
const phase = (...symbols: string[]) => ({ type: 'enum', name: 'Phase', namespace: 'jp.example', symbols })

describe('what keeps a route from reading a schema is told field by field', () => {
  test.each<[string, object[], object[], string[]]>([
    ['a field more', [field('a', 'string')], [field('a', 'string'), field('b', 'string')], []],
    ['a narrower number', [field('a', 'long')], [field('a', 'int')], []],
    [
      'a field that has a default in the reader taken away',
      [field('a', ['null', 'string'], { default: null })],
      [field('b', 'int')],
      [],
    ],
    ['a field taken away', [field('a', 'string')], [], ['a is missing, and the route needs it']],
    [
      'a field renamed',
      [field('customer', customer(field('phone', 'string')))],
      [field('customer', customer(field('msisdn', 'string')))],
      ['customer.phone is missing, and the route needs it (new there: msisdn)'],
    ],
    ['another type', [field('a', 'long')], [field('a', 'string')], ['a is a string, and the route reads a long']],
    ['a wider number', [field('a', 'int')], [field('a', 'long')], ['a is a long, and the route reads an int']],
    [
      'null made possible',
      [field('a', 'string')],
      [field('a', ['null', 'string'])],
      ['a may be null, and the route reads a string'],
    ],
    [
      'another type of an optional field',
      [field('a', ['null', 'long'])],
      [field('a', ['null', 'string'])],
      ['a is a string, and the route reads null or a long'],
    ],
    [
      'a symbol more',
      [field('phase', phase('OUT', 'BACK'))],
      [field('phase', phase('OUT', 'BACK', 'MAYBE'))],
      ['phase may be MAYBE, which the route does not know'],
    ],
    [
      'within a list',
      [field('others', { type: 'array', items: customer(field('id', 'string')) })],
      [field('others', { type: 'array', items: customer(field('id', 'int')) })],
      ['others[].id is an int, and the route reads a string'],
    ],
    [
      'within a map',
      [field('labels', { type: 'map', values: 'string' })],
      [field('labels', { type: 'map', values: 'int' })],
      ['labels.* is an int, and the route reads a string'],
    ],
    [
      'within an optional record that is now always there',
      [field('customer', ['null', customer(field('id', 'string'))])],
      [field('customer', customer(field('id', 'long')))],
      ['customer.id is a long, and the route reads a string'],
    ],
    [
      'a record in a record of its own kind',
      [field('id', 'string'), field('parent', ['null', 'Bill'])],
      [field('id', 'int'), field('parent', ['null', 'Bill'])],
      ['id is an int, and the route reads a string'],
    ],
    [
      'several at once',
      [field('a', 'long'), field('b', 'string')],
      [field('a', 'string')],
      ['a is a string, and the route reads a long', 'b is missing, and the route needs it'],
    ],
  ])('%s', (_, reader, writer, breaks) => {
    expect(schemaBreaks(typeOf(record(reader)), typeOf(record(writer)))).toEqual(breaks)
  })

  test('another record altogether', () => {
    const breaks = schemaBreaks(typeOf(record([], 'Bill')), typeOf(record([], 'Invoice')))
    expect(breaks).toEqual(['the record is a jp.example.Invoice, and the route reads a jp.example.Bill'])
  })
})

describe('what can be read, and would be taken for something else, is told field by field', () => {
  const millis = { type: 'long', logicalType: 'timestamp-millis' }
  const micros = { type: 'long', logicalType: 'timestamp-micros' }
  const date = { type: 'int', logicalType: 'date' }
  const decimal = (scale?: number) => ({
    type: 'bytes',
    logicalType: 'decimal',
    precision: 9,
    ...(scale !== undefined && { scale }),
  })
  const fixed = (scale: number) => ({ ...decimal(scale), type: 'fixed', name: 'Amount', size: 4 })
  test.each<[string, object[], object[], string[]]>([
    ['the same', [field('a', millis)], [field('a', millis)], []],
    [
      'micros',
      [field('a', millis)],
      [field('a', micros)],
      ['a is timestamp-micros, and the route takes it for timestamp-millis'],
    ],
    ['a mere number tells nothing', [field('a', millis)], [field('a', 'long')], []],
    ['a route that takes a mere number', [field('a', 'long')], [field('a', micros)], []],
    ['a uuid is a text', [field('a', { type: 'string', logicalType: 'uuid' })], [field('a', 'string')], []],
    ['days', [field('a', millis)], [field('a', date)], ['a is date, and the route takes it for timestamp-millis']],
    [
      'another scale',
      [field('a', decimal())],
      [field('a', decimal(2))],
      ['a is decimal of scale 2, and the route takes it for decimal of scale 0'],
    ],
    [
      'another scale of a type that is used twice',
      [field('a', fixed(2)), field('b', 'Amount')],
      [field('a', fixed(3)), field('b', 'Amount')],
      [
        'a is decimal of scale 3, and the route takes it for decimal of scale 2',
        'b is decimal of scale 3, and the route takes it for decimal of scale 2',
      ],
    ],
    [
      'of an optional field, within a list of records',
      [field('others', { type: 'array', items: customer(field('at', ['null', millis])) })],
      [field('others', { type: 'array', items: customer(field('at', [micros, 'null'])) })],
      ['others[].at is timestamp-micros, and the route takes it for timestamp-millis'],
    ],
    [
      'within a map',
      [field('labels', { type: 'map', values: millis })],
      [field('labels', { type: 'map', values: micros })],
      ['labels.* is timestamp-micros, and the route takes it for timestamp-millis'],
    ],
  ])('%s', (_, reader, writer, found) => {
    const [read, written] = [reader, writer].map((fields) => measuredType(record(fields) as Schema))
    if (!read || !written) throw new Error('no types')
    expect(misreadingsOf(read, written)).toEqual(found)
  })
})

const WRITER = { topic: 'bills', file: 'bill.avsc' }
const bill = (change: (fields: { name: string; type: unknown }[]) => object[], name = 'Bill') => {
  const { fields, ...rest } = JSON.parse(BILL)
  return typeOf({ ...rest, name, fields: change(fields) })
}
/** A customer as the bill's list of others has them. */
const OTHER = customer(field('id', 'string'))
const same = bill((fields) => fields)
const without = (name: string) => bill((fields) => fields.filter((each) => each.name !== name))

describe('a producer learns whether a schema breaks a route', () => {
  test('it does not', () => {
    expect(readability(WRITER, same, [billRoute()])).toMatchObject({ well: ['route bill can read it'], faults: [], warnings: [] })
  })

  test('it does: field, both types and the remedy, with the file of the route', () => {
    const changed = bill((fields) => fields.map((each) => (each.name === 'amount' ? { ...each, type: 'string' } : each)))
    expect(readability(WRITER, changed, [billRoute()])).toMatchObject({
      well: [],
      faults: [
        expect.stringMatching(
          /^route bill cannot read bill\.avsc: amount is a string, and the route reads a long\. Keep the field as the route reads it and add new ones beside it, or have the route's schema changed first \(.*bill\.yaml\)$/,
        ),
      ],
    })
  })

  test('it would be misread: field, both meanings and the remedy', () => {
    const micros = bill((fields) =>
      fields.map((each) =>
        each.name === 'at' ? { ...each, type: ['null', { type: 'long', logicalType: 'timestamp-micros' }] } : each,
      ),
    )
    const millis = BILL.replace('["null","long","string"]', '["null",{"type":"long","logicalType":"timestamp-millis"}]')
    const routes = loadFrom({ 'bill.yaml': BILL_ROUTE, 'bill.avsc': millis })
    const words = 'at is timestamp-micros, and the route takes it for timestamp-millis'
    const { well, faults } = readability(WRITER, micros, routes)
    expect(well).toEqual([])
    expect(faults).toEqual([
      expect.stringMatching(
        new RegExp(
          `^route bill would misread bill\\.avsc: ${words}\\. Keep the field as the route reads it and add new ones beside it, or have the route's schema changed first \\(.*bill\\.yaml\\)$`,
        ),
      ),
    ])
    expect(readFindings({ topic: 'bills', named: 'bills-value version 3 (id 7)' }, micros, routes).faults).toEqual([
      expect.stringMatching(
        new RegExp(
          `^bills-value version 3 \\(id 7\\) is misread by route bill: ${words}\\. Its producers write as before, or the route's schema learns of it \\(.*bill\\.yaml\\)$`,
        ),
      ),
    ])
  })

  test('no route reads the topic: the nearest that one reads', () => {
    expect(readability({ ...WRITER, topic: 'bill' }, same, [billRoute()]).faults).toEqual([
      'no route reads bill: name a topic that one reads. Nearest: bills',
    ])
  })

  test('no route takes the record by its new name', () => {
    const renamed = bill((fields) => fields, 'Invoice')
    expect(readability(WRITER, renamed, [billRoute()]).faults).toEqual([
      "bill.avsc writes jp.example.Invoice to bills, and no route takes that there (route bill reads jp.example.Bill): such events would end refused, as no-route. Keep the record's name and namespace, or have a route made for the new one",
    ])
  })

  test('of several events in a topic only the routes of this one are asked', () => {
    const voided = JSON.stringify({ ...JSON.parse(BILL), name: 'BillVoid' })
    const routes = loadFrom({
      'bill.yaml': BILL_ROUTE,
      'void.yaml': VOID_ROUTE.replace('schema: bill.avsc', 'schema: void.avsc'),
      'void.avsc': voided,
    })
    expect(readability(WRITER, same, routes).well).toEqual(['route bill can read it'])
  })

  test('a route that goes by ce_type is told with it, as no schema has that', () => {
    const byType: Change = ['event: jp.example.Bill', 'event: jp.example.bill.finalized.v1']
    expect(readability(WRITER, same, [billRoute(byType)]).well).toEqual([
      'route bill can read it, where ce_type is jp.example.bill.finalized.v1',
    ])
  })

  test('without the phone nobody could be told, though Avro fills it in', () => {
    const nobody = bill((fields) =>
      fields
        .filter(({ name }) => name !== 'customer')
        .map((each) => (each.name === 'others' ? { ...each, type: { type: 'array', items: OTHER } } : each)),
    )
    const { well, faults, warnings } = readability(WRITER, nobody, [billRoute()])
    expect(well).toEqual(['route bill can read it'])
    expect(faults).toEqual([
      expect.stringMatching(
        /^route bill uses customer\.phone \(recipient\.phone\), which bill\.avsc does not write, so that it would be empty for everybody\. Write it, or have the route do without \(.*bill\.yaml\)$/,
      ),
    ])
    expect(warnings).toEqual([
      expect.stringContaining('customer.id (recipient.customer)'),
      expect.stringContaining('customer.timeZone (recipient.timeZone)'),
      expect.stringContaining('customer.name (a text of the message)'),
    ])
  })

  test('without the due date it would be sent without an end: a warning', () => {
    const { faults, warnings } = readability(WRITER, without('due'), [billRoute()])
    expect(faults).toEqual([])
    expect(warnings).toEqual([expect.stringMatching(/^route bill uses due \(expires\), which bill\.avsc does not write/)])
  })
})

describe('a version that is registered', () => {
  const VERSION = { topic: 'bills', named: 'bills-value version 3 (id 7)' }

  test('and can be read', () => {
    expect(readFindings(VERSION, same, [billRoute()])).toEqual({ faults: [] })
  })

  test('and cannot be read is a fault, for its events end as poison', () => {
    expect(readFindings(VERSION, without('amount'), [billRoute()]).faults).toEqual([
      expect.stringMatching(
        /^bills-value version 3 \(id 7\) cannot be read by route bill: amount is missing, and the route needs it\. Its events end as poison\. Its producers write as before, or the route's schema learns of it \(.*bill\.yaml\)$/,
      ),
    ])
  })

  test('and has no route is a warning: its events end refused', () => {
    expect(
      readFindings(
        VERSION,
        bill((fields) => fields, 'Invoice'),
        [billRoute()],
      ),
    ).toEqual({
      warnings: [
        "bills-value version 3 (id 7) is jp.example.Invoice, and no route takes that from bills (route bill reads jp.example.Bill): its events end refused, as no-route. Make a route for it, or mend that route's event",
      ],
    })
  })
})
