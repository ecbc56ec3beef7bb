import type { Clock, Timers } from '../clock.ts'
import { retryDelayMs } from '../domain/back-off.ts'
import { type Intention, SEND_BY_MS } from '../domain/changes.ts'
import type { Lane } from '../domain/entry.ts'
import type { OutcomeReport } from '../domain/input.ts'
import { NOT_STARTED, type Outcome } from '../domain/outcome.ts'
import { type Content, type Open, openContent, SealError } from '../domain/seal.ts'
import type { Pace } from './pace.ts'
import type { Provider } from './provider.ts'

/** Permits are given for this far ahead: what is committed leaves within this time, so a crash strands few intentions. */
const LOOKAHEAD_MS = 100
/** Sends of one task on one lane, under way or waiting for a token: no lane takes the room of another. */
const MOST_IN_FLIGHT = 256

export interface SenderLane {
  readonly provider: Provider
  readonly pace: Pace
}

/** Carries out one task's committed intentions: each waits for a token, starts at most once, and is reported exactly once. */
export interface Sender {
  readonly lanes: readonly Lane[]
  permits(): ReadonlyMap<Lane, number>
  /** `decidedAt`: monotonic time before the commit. Send-by counts from there. */
  send(intentions: readonly Intention[], decidedAt: number): void
  inFlight(): number
  /** What each lane has of its share of the rate, for the metrics: 1 is all of it, less after a 429. */
  pace(): ReadonlyMap<Lane, number>
  /** Starts nothing more; what has not started is reported as not sent, now. */
  stop(): void
}

interface Waiting {
  readonly intention: Intention
  readonly decidedAt: number
}

export const createSender = (options: {
  readonly lanes: ReadonlyMap<Lane, SenderLane>
  readonly open: Open
  readonly clock: Clock
  readonly timers: Timers
  /** No permits while this does not hold: what says who may be written to is not up to date. */
  readonly mayGrant?: () => boolean
  /** The state still has this intention in force: it was not settled, cancelled or paused since. */
  readonly stillWanted: (intention: Intention) => boolean
  /** A fault of ours. */
  readonly onFault: (fault: unknown) => void
  readonly onReport: (report: OutcomeReport, attempt: AttemptFacts) => void
}): Sender => {
  const { lanes, clock, timers } = options
  const queues = new Map<Lane, Waiting[]>([...lanes.keys()].map((lane) => [lane, []]))
  const waits = new Map<Lane, () => void>()
  const setbacks = new Map<Lane, number>()
  const pausedUntil = new Map<Lane, number>()
  const underWay = new Map<Lane, number>()
  let stopped = false

  const underWayIn = (lane: Lane) => underWay.get(lane) ?? 0
  const waitingIn = (lane: Lane) => queues.get(lane)?.length ?? 0

  const report = ({ intention, decidedAt }: Waiting, outcome: Outcome, startedAt: number | null) => {
    const ms = startedAt === null ? 0 : clock.monotonic() - startedAt
    options.onReport(
      { deliveryTag: intention.deliveryTag, outcome, at: clock.now() },
      { intention, ms, waitedMs: (startedAt ?? clock.monotonic()) - decidedAt },
    )
  }

  const inTime = ({ intention, decidedAt }: Waiting): boolean => {
    if (stopped || !options.stillWanted(intention) || clock.monotonic() >= decidedAt + SEND_BY_MS) return false
    const now = clock.now()
    return now >= intention.startFrom && now < intention.startBy
  }

  const start = async (lane: Lane, { provider, pace }: SenderLane, waiting: Waiting): Promise<void> => {
    const { deliveryTag, purpose } = waiting.intention
    const startedAt = clock.monotonic()
    let leftAt = startedAt
    const mayStart = () => {
      leftAt = clock.monotonic()
      return inTime(waiting) && pace.gate(leftAt)
    }
    const content = contentOf(waiting.intention, options.open)
    underWay.set(lane, underWayIn(lane) + 1)
    const outcome = 'kind' in content ? content : await provider.send({ ...content, deliveryTag, purpose, mayStart })
    underWay.set(lane, underWayIn(lane) - 1)
    slowDown(lane, pace, outcome, leftAt)
    report(waiting, outcome, startedAt)
  }

  /** What LINE or the network refuses now, it will refuse of the next as well. Answers to what was under way together count once. */
  const slowDown = (lane: Lane, pace: Pace, outcome: Outcome, leftAt: number) => {
    if (outcome.kind !== 'not-sent') return void setbacks.delete(lane)
    // Neither says anything of the next.
    if (outcome.cause === 'send-by' || outcome.cause === 'no-key') return
    const now = clock.monotonic()
    if (outcome.cause === 'rate-limited') pace.shrink(now, leftAt)
    const paused = pausedUntil.get(lane) ?? now
    const before = setbacks.get(lane) ?? 0
    if (now >= paused) setbacks.set(lane, before + 1)
    else if (outcome.retryAfterMs === null) return
    const until = now + retryDelayMs(outcome, before)
    if (until <= paused) return
    pausedUntil.set(lane, until)
    pace.pauseUntil(until)
  }

  const pump = (lane: Lane): void => {
    const queue = queues.get(lane)
    const way = lanes.get(lane)
    if (!queue || !way) return
    waits.get(lane)?.()
    for (let head = queue[0]; head; head = queue[0]) {
      if (!inTime(head)) {
        queue.shift()
        report(head, NOT_STARTED, null)
        continue
      }
      const now = clock.monotonic()
      if (!way.pace.take(now)) {
        const wake = Math.min(way.pace.nextAt(now), head.decidedAt + SEND_BY_MS)
        waits.set(
          lane,
          timers.after(Math.max(0, Math.ceil(wake - now)), () => pump(lane)),
        )
        return
      }
      queue.shift()
      start(lane, way, head).catch(options.onFault)
    }
  }

  const inFlight = () => [...queues.keys()].reduce((sum, lane) => sum + underWayIn(lane) + waitingIn(lane), 0)

  return {
    lanes: [...lanes.keys()],
    inFlight,
    pace: () => new Map([...lanes].map(([lane, { pace }]) => [lane, pace.fraction()])),
    permits: () => {
      const now = clock.monotonic()
      return new Map(
        [...lanes].map(([lane, { pace }]) => {
          const room = stopped || !(options.mayGrant?.() ?? true) ? 0 : MOST_IN_FLIGHT - underWayIn(lane) - waitingIn(lane)
          return [lane, Math.max(0, Math.min(room, pace.within(now, LOOKAHEAD_MS) - waitingIn(lane)))]
        }),
      )
    },
    send: (intentions, decidedAt) => {
      for (const intention of intentions) queues.get(intention.lane)?.push({ intention, decidedAt })
      for (const lane of new Set(intentions.map((intention) => intention.lane))) pump(lane)
    },
    stop: () => {
      stopped = true
      for (const lane of lanes.keys()) pump(lane)
    },
  }
}

/** For the log and the metrics. */
export interface AttemptFacts {
  readonly intention: Intention
  /** From the token to the outcome. */
  readonly ms: number
  /** From the decision to the token. */
  readonly waitedMs: number
}

/** The content, or what comes of it if it cannot be opened: with a key that is missing it can be sent once the key is there; what was
 *  damaged can be sent by nobody. */
const contentOf = ({ sealed, notificationId }: Intention, open: Open): Content | Outcome => {
  try {
    return openContent(sealed, notificationId, open)
  } catch (fault) {
    return fault instanceof SealError && fault.code === 'unknown-key'
      ? { kind: 'not-sent', cause: 'no-key', requestId: null, retryAfterMs: null }
      : { kind: 'rejected', status: 0, property: 'sealed', requestId: null }
  }
}
