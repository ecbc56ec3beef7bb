import { createBusiestSecond } from './busiest-second.ts'
import type { Endpoint } from './endpoint.ts'
import type { Came } from './people.ts'
import type { Answered } from './request-log.ts'

export interface EndpointStats {
  readonly total: number
  /** By HTTP status, `reset`, `hang`, `incomplete`. A request that was abandoned counts under what it would have been answered. */
  readonly byStatus: Readonly<Record<string, number>>
  readonly came: Readonly<Record<Came, number>>
  /** The most requests in any sliding window of one second. */
  readonly busiestSecond: { readonly all: number; readonly not429: number }
  /** 429s by the simulator's own rate limit, and by faults. */
  readonly limited: { readonly byBucket: number; readonly injected: number }
}

export type StatsReport = Readonly<Record<Endpoint | 'other', EndpointStats>>

export interface Counted {
  readonly endpoint: Endpoint | 'other'
  readonly status: Answered
  readonly came: Came
  readonly injected: boolean
  /** Monotonic, ms. */
  readonly at: number
}

export interface Stats {
  count(request: Counted): void
  report(): StatsReport
  clear(): void
}

export const openStats = (): Stats => {
  let tallies = fresh()
  return {
    count: ({ endpoint, ...request }) => tallies[endpoint].count(request),
    report: () => ({
      template: tallies.template.report(),
      flexible: tallies.flexible.report(),
      token: tallies.token.report(),
      other: tallies.other.report(),
    }),
    clear: () => {
      tallies = fresh()
    },
  }
}

type Tally = ReturnType<typeof createTally>

const fresh = (): Record<Endpoint | 'other', Tally> => ({
  template: createTally(),
  flexible: createTally(),
  token: createTally(),
  other: createTally(),
})

const createTally = () => {
  let total = 0
  const byStatus: Record<string, number> = {}
  const came: Record<Came, number> = { delivered: 0, held: 0, nothing: 0 }
  const all = createBusiestSecond()
  const not429 = createBusiestSecond()
  let byBucket = 0
  let injected = 0
  return {
    count: (request: Omit<Counted, 'endpoint'>): void => {
      total += 1
      byStatus[request.status] = (byStatus[request.status] ?? 0) + 1
      came[request.came] += 1
      all.count(request.at)
      if (request.status !== 429) not429.count(request.at)
      else if (request.injected) injected += 1
      else byBucket += 1
    },
    report: (): EndpointStats => ({
      total,
      byStatus: { ...byStatus },
      came: { ...came },
      busiestSecond: { all: all.max(), not429: not429.max() },
      limited: { byBucket, injected },
    }),
  }
}
