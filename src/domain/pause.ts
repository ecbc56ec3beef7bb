import type { OutcomeReport } from './input.ts'

/** A channel on which nothing is sent, as far as one partition is concerned. */
export interface Pause {
  readonly channel: string
  readonly cause: PauseCause
  readonly since: number
  /** When one notification is tried again, to see whether the channel works; null: never, an operator resumes it. */
  readonly probeAt: number | null
  /** Delivery tag of the probe under way, or of the last one. */
  readonly probe: string | null
}

export type PauseCause =
  /** LINE says that the month's messages are used up. */
  | 'monthly-limit'
  /** LINE says that the account may not send. */
  | 'forbidden'
  | 'operator'

/** The pause as it is after what LINE answered, or undefined if there is none (any more). Only the probe's answer changes one that is in
 *  force: what was under way when it began is told of later. */
export const pauseAfter = (
  pause: Pause | undefined,
  channel: string,
  { deliveryTag, outcome }: OutcomeReport,
  now: number,
  probeEveryMs: number,
): Pause | undefined => {
  if (pause && pause.probe !== deliveryTag) return pause
  if (outcome.kind === 'not-sent' && (outcome.cause === 'monthly-limit' || outcome.cause === 'forbidden'))
    return { channel, cause: outcome.cause, since: pause?.since ?? now, probeAt: now + probeEveryMs, probe: null }
  return outcome.kind === 'unknown' || outcome.kind === 'not-sent' || outcome.kind === 'withheld' ? pause : undefined
}

/** Whether this intention may not start, now that the channel is paused. */
export const isPausedFor = (pause: Pause | undefined, deliveryTag: string): boolean =>
  pause !== undefined && pause.probe !== deliveryTag

/** Whether one notification is to be tried on the paused channel. */
export const probeIsDue = ({ probeAt }: Pause, now: number): boolean => probeAt !== null && probeAt <= now
