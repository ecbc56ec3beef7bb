import { expect, test } from 'vitest'
import { accountOf } from '../../dev/demo/account.ts'
import type { PublishedResult } from '../../dev/demo/result-reader.ts'

const produced = [
  { topic: 'dues', partition: 0, offset: 7, recipients: 1 },
  { topic: 'outages', partition: 1, offset: 0, recipients: 3 },
]

test('everybody has one terminal result', () => {
  const results = [ended('dues', 0, 7, 0), ...[0, 1, 2].map((index) => ended('outages', 1, 0, index))]
  expect(accountOf(produced, results)).toEqual({ total: 4, settled: 4, underWay: {}, open: [], faults: [] })
})

test('who has none is named, with what was last said', () => {
  const results = [
    told('outages', 1, 0, 1, { sequence: 1, status: 'sending' }),
    told('outages', 1, 0, 1, { sequence: 0, status: 'queued' }),
    ended('outages', 1, 0, 2),
  ]
  expect(accountOf(produced, results)).toEqual({
    total: 4,
    settled: 1,
    underWay: { 'not heard of': 2, sending: 1 },
    open: ['dues/0/7#0', 'outages/1/0#0', 'outages/1/0#1'],
    faults: [],
  })
})

test('a second terminal result, and one of what nobody produced, are faults', () => {
  const results = [ended('dues', 0, 7, 0), ended('dues', 0, 7, 0), ended('outages', 1, 0, 3)]
  expect(accountOf(produced, results).faults).toEqual([
    'dues/0/7#0 has 2 terminal results',
    'outages/1/0#3 has results, but nobody produced it',
  ])
})

const ended = (topic: string, partition: number, offset: number, index: number) =>
  told(topic, partition, offset, index, { status: 'accepted', terminal: true })

const told = (
  topic: string,
  partition: number,
  offset: number,
  index: number,
  words: Partial<PublishedResult>,
): PublishedResult => ({
  resultId: 'r',
  notificationId: 'n',
  sequence: 0,
  status: 'queued',
  terminal: false,
  reason: null,
  detail: null,
  purpose: null,
  customerId: null,
  source: { topic, partition, offset, index, eventTime: null },
  deliveryTag: null,
  lineRequestId: null,
  receivedAt: 0,
  releaseAt: null,
  deliveredAt: null,
  decidedAt: 0,
  cost: null,
  fallback: null,
  ...words,
})
