import { joined, oldestAsOne, type Span, without } from '../domain/span.ts'
import type { Evidence } from './evidence.ts'

/** What may be said of a time: "every event that LINE sent us of these channels is durable", and "of this time something may be lost,
 *  whoever else listened". Pure: wall-clock times, ms since the epoch, are arguments. What is claimed may be less than what is true, and
 *  never more: silence ends notifications. */
export interface CoverageClaim {
  /** Somebody listens from now on. Before, others may have: that is no hole. */
  began(at: number): void
  /** A request has come: nothing from then on is claimed until it is settled. */
  arrived(at: number): Arrival
  /** What may be claimed at this time, each with the channels it is true of. */
  claims(now: number): readonly Claim[]
  /** It is known to all who count on it: the next claim goes on where it ended. */
  told(claims: readonly Claim[]): void
  /** What is not known yet to all who count on claims, whoever's: to be told before the next of our own. */
  holes(): readonly Claim[]
  /** It is. */
  admitted(holes: readonly Claim[]): void
  /** Something was not taken just now, or may not have been. */
  trouble(now: number, channels?: readonly string[]): void
  /** The same of this time. */
  missed(span: Span, channels?: readonly string[]): void
}

export interface Arrival {
  /** It is durable, or there was nothing of LINE's in it. */
  settled(): void
  /** It is not, or nobody knows. Of all channels, if it is not known of which it was. */
  failed(now: number, channels?: readonly string[]): void
}

/** From `from` (included) to `until` (excluded). */
export interface Claim extends Span {
  readonly channels: readonly string[]
}

/** What comes now, LINE sent before: it waits two seconds for an answer, and its clock need not be ours. */
const SENT_BEFORE_MS = 5_000
/** Of one channel. Nobody keeps more. */
const MOST_HOLES = 200

/** `since`: when listening began. Nothing is claimed of a time of which there is no evidence that LINE reaches us. */
export const createCoverageClaim = (
  channels: readonly string[],
  since: number,
  evidence: Pick<Evidence, 'proven'>,
): CoverageClaim => {
  const states = new Map(channels.map((channel) => [channel, { unclaimedFrom: since, holes: NONE, untold: NONE }]))
  const open = new Set<{ readonly at: number }>()

  const statesOf = (whose: readonly string[]) => whose.flatMap((channel) => states.get(channel) ?? [])
  const notBefore = (at: number, whose: readonly string[]) => {
    for (const state of statesOf(whose)) {
      state.unclaimedFrom = Math.max(at, state.unclaimedFrom)
      state.holes = state.holes.filter(({ until }) => until > state.unclaimedFrom)
    }
  }
  const missed = (span: Span, whose = channels) => {
    for (const state of statesOf(whose)) {
      state.holes = oldestAsOne(joined(state.holes, span), MOST_HOLES)
      state.untold = oldestAsOne(joined(state.untold, span), MOST_HOLES)
    }
  }
  const trouble = (now: number, whose = channels) => missed({ from: now - SENT_BEFORE_MS, until: now }, whose)

  return {
    missed,
    trouble,
    began: (at) => notBefore(at, channels),
    arrived: (at) => {
      const arrival = { at }
      open.add(arrival)
      return {
        settled: () => void open.delete(arrival),
        failed: (now, whose) => {
          if (open.delete(arrival)) missed({ from: Math.min(now, at) - SENT_BEFORE_MS, until: Math.max(now, at) }, whose)
        },
      }
    },
    claims: (now) => {
      const settledTo = [...open].reduce((earliest, { at }) => Math.min(earliest, at), now)
      return alike(
        [...states].flatMap(([channel, { unclaimedFrom, holes }]) => {
          const proven = evidence.proven(channel)
          if (!proven) return []
          const span = { from: Math.max(proven.from, unclaimedFrom), until: Math.min(proven.until, settledTo) }
          return without(span, holes).map((each) => ({ channel, ...each }))
        }),
      )
    },
    told: (claims) => {
      for (const { channels: whose, until } of claims) notBefore(until, whose)
    },
    holes: () => alike([...states].flatMap(([channel, { untold }]) => untold.map((each) => ({ channel, ...each })))),
    admitted: (holes) => {
      for (const { channels: whose, ...hole } of holes)
        for (const state of statesOf(whose)) state.untold = state.untold.flatMap((each) => without(each, [hole]))
    },
  }
}

const NONE: readonly Span[] = []

/** Those of the same time as one. */
const alike = (spans: readonly (Span & { readonly channel: string })[]): readonly Claim[] =>
  [...Map.groupBy(spans, ({ from, until }) => `${from} ${until}`).values()].flatMap((same) => {
    const [first] = same
    return first ? [{ channels: same.map(({ channel }) => channel), from: first.from, until: first.until }] : []
  })
