import { describe, expect, test } from 'vitest'
import { partitionOf } from '../../src/domain/partition.ts'
import { placesOf } from '../../src/kafka/request-writer.ts'
import { poison, ready, refused } from './notification-builder.ts'

const PARTITIONS = 12

describe('a request goes', () => {
  test.each([
    ['of one person to the partition of that person', ready(1, { recipientRef: 'r7' }), 'r7'],
    ['refused, to the partition of the person', refused(1, { recipientRef: 'r7' }), 'r7'],
    ['refused without a usable phone, by the customer id', refused(1, { recipientRef: null, customerId: 'C-7' }), 'C-7'],
    ['refused for nobody, by its position', refused(1, { recipientRef: null, customerId: null }), 'bills/1/1/0'],
    ['that is poison, by its position', poison(1), 'bills/1/1/0'],
  ])('%s', (_, request, key) => {
    expect(placesOf(request, PARTITIONS)).toEqual([{ key, partition: partitionOf(key, PARTITIONS) }])
  })

  test.each([
    [
      'what is learned of a subject',
      { kind: 'mark', marking: { subject: 'reservation/R-1', cancelledAt: 1, revision: null, forgetAt: 2 } },
    ],
    ["an operator's order", { kind: 'channel', channel: 'main', order: 'pause' }],
  ] as const)('to every partition, if it is %s', (_, request) => {
    expect(placesOf(request, 3)).toEqual([
      { key: 'control', partition: 0 },
      { key: 'control', partition: 1 },
      { key: 'control', partition: 2 },
    ])
  })
})
