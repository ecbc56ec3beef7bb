import { expect, test } from 'vitest'
import type { LineLog } from '../../dev/demo/line-log.ts'
import type { PublishedResult } from '../../dev/demo/result-reader.ts'
import { faultsIn } from '../../dev/demo/verify.ts'

test('results that say what LINE says have no fault', () => {
  expect(faultsOf([ended('delivered', 'tag-1'), ended('undelivered', 'tag-2')], {})).toEqual([])
})

test.each<[what: string, line: Partial<LineLog>, fault: string]>([
  [
    'a delivery that no result tells of',
    { told: new Set(['tag-1', 'tag-2']) },
    'LINE told of 1 deliveries of which no result speaks',
  ],
  [
    'a result of a delivery that LINE never told of',
    { told: new Set() },
    'LINE never told of 1 notifications that are said to be delivered',
  ],
  ['a message that was shown, and is not said to be', { delivered: 2 }, 'LINE showed 2 messages, and results say 1'],
  ['somebody who got the same twice', { twice: 1 }, 'LINE showed the same message twice to 1 people'],
])('%s is a fault', (_what, line, fault) => {
  expect(faultsOf([ended('delivered', 'tag-1'), ended('undelivered', 'tag-2')], line)).toEqual([fault])
})

test('an accepted message that LINE has no request of is a fault', () => {
  const results = [{ ...ended('accepted', 'tag-3'), terminal: false, lineRequestId: 'r-9' }, ended('delivered', 'tag-1')]
  expect(faultsOf(results, {})).toContain('LINE has no request of 1 notifications that are said to be accepted')
})

const faultsOf = (results: readonly PublishedResult[], line: Partial<LineLog>): string[] =>
  faultsIn({
    results,
    table: {},
    intended: {},
    line: { requests: 2, twice: 0, requestIds: new Set(['r-1']), delivered: 1, told: new Set(['tag-1']), ...line },
  })

const ended = (status: string, deliveryTag: string): PublishedResult => ({
  resultId: `r-${deliveryTag}`,
  notificationId: `n-${deliveryTag}`,
  sequence: 2,
  status,
  terminal: true,
  reason: null,
  detail: null,
  purpose: 'reminder',
  customerId: 'C-1',
  source: { topic: 'dues', partition: 0, offset: 0, index: 0, eventTime: null },
  deliveryTag,
  lineRequestId: null,
  receivedAt: 0,
  releaseAt: null,
  deliveredAt: null,
  decidedAt: 0,
  cost: null,
  fallback: null,
})
