import type { LineLog } from './line-log.ts'
import { differences, type OutcomeTable } from './outcome-table.ts'
import type { PublishedResult } from './result-reader.ts'

/** Holds the results against what was intended and against LINE's own logs. In words, what is not as it should be. */
export const faultsIn = ({
  results,
  table,
  intended,
  line,
}: {
  readonly results: readonly PublishedResult[]
  readonly table: OutcomeTable
  readonly intended: OutcomeTable
  readonly line: LineLog
}): string[] => {
  const accepted = results.filter(
    ({ status, lineRequestId }) => status === 'accepted' && !line.requestIds.has(lineRequestId ?? ''),
  )
  const delivered = new Set(results.filter(({ status }) => status === 'delivered').map(({ deliveryTag }) => deliveryTag ?? ''))
  const unsaid = [...line.told].filter((tag) => !delivered.has(tag))
  const untold = [...delivered].filter((tag) => !line.told.has(tag))
  return [
    ...differences(table, intended),
    ...(line.twice > 0 ? [`LINE showed the same message twice to ${line.twice} people`] : []),
    ...(accepted.length > 0 ? [`LINE has no request of ${accepted.length} notifications that are said to be accepted`] : []),
    ...(unsaid.length > 0 ? [`LINE told of ${unsaid.length} deliveries of which no result speaks`] : []),
    ...(untold.length > 0 ? [`LINE never told of ${untold.length} notifications that are said to be delivered`] : []),
    ...(line.delivered !== delivered.size ? [`LINE showed ${line.delivered} messages, and results say ${delivered.size}`] : []),
  ]
}
