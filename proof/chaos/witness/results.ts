import type { ResultSeen } from '../../verifier/history.ts'
import { formatPosition, type Position } from './internal-records.ts'

/** What is published about notifications, by its readers' schema. */
export interface ResultBody {
  readonly resultId: string
  readonly notificationId: string
  readonly sequence: number
  readonly status: string
  readonly terminal: boolean
  readonly corrects: string | null
  readonly reason: string | null
  readonly source: Position
  readonly recipientRef: string | null
  readonly duplicateOf: string | null
  readonly attempts: number
  readonly deliveryTag: string | null
  readonly httpStatus: number | null
  readonly decidedAt: number
}

export interface ResultsWitness {
  readonly seen: readonly ResultSeen[]
  take(place: Pick<ResultSeen, 'partition' | 'offset' | 'seenAt'>, body: ResultBody): void
  /** Positions that have a terminal result. */
  hasEnded(position: string): boolean
  ended(): number
  /** Last of what was said of what lies there, by sequence. */
  statusOf(position: string): string | undefined
  /** Notifications of which it was said last that nobody knows. */
  unknown(): number
}

export const openResultsWitness = (): ResultsWitness => {
  const seen: ResultSeen[] = []
  const ended = new Set<string>()
  const last = new Map<string, { readonly sequence: number; readonly status: string }>()
  const unknown = new Set<string>()
  return {
    seen,
    hasEnded: (position) => ended.has(position),
    ended: () => ended.size,
    statusOf: (position) => last.get(position)?.status,
    unknown: () => unknown.size,
    take: (place, body) => {
      const position = formatPosition(body.source)
      const { resultId, notificationId, sequence, status, terminal, corrects, reason } = body
      const { recipientRef, duplicateOf, attempts, deliveryTag, httpStatus, decidedAt } = body
      seen.push({
        ...place,
        ...{ resultId, notificationId, sequence, status, terminal, corrects, reason, position },
        ...{ recipientRef, duplicateOf, attempts, deliveryTag, httpStatus, decidedAt },
      })
      if (terminal) ended.add(position)
      // That another channel is due says nothing of this one.
      if (status === 'fallback_due' || sequence < (last.get(position)?.sequence ?? 0)) return
      last.set(position, { sequence, status })
      if (status === 'unknown') unknown.add(notificationId)
      else unknown.delete(notificationId)
    },
  }
}
