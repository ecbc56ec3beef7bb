import type { Evidence } from './evidence.ts'

/** What may be said of a time: "every event that LINE sent us of these channels is durable". Pure: wall-clock times, ms since the epoch, are
 *  arguments. What is claimed may be less than what is true, and never more: silence ends notifications. */
export interface CoverageClaim {
  /** A request has come: nothing from then on is claimed until it is settled. */
  arrived(at: number): Arrival
  /** What may be claimed at this time, each with the channels it is true of. */
  claims(now: number): readonly Claim[]
  /** It is known to all who count on it: the next claim goes on where it ended. */
  told(claims: readonly Claim[]): void
  /** Something was not taken, or may not have been. What was not yet claimed before this time never will be. */
  trouble(now: number, channels?: readonly string[]): void
}

export interface Arrival {
  /** It is durable, or there was nothing of LINE's in it. */
  settled(): void
  /** It is not, or nobody knows. Of all channels, if it is not known of which it was. */
  failed(now: number, channels?: readonly string[]): void
}

/** From `from` (included) to `until` (excluded). */
export interface Claim {
  readonly channels: readonly string[]
  readonly from: number
  readonly until: number
}

/** `since`: when listening began. Nothing is claimed of a time of which there is no evidence that LINE reaches us. */
export const createCoverageClaim = (
  channels: readonly string[],
  since: number,
  evidence: Pick<Evidence, 'proven'>,
): CoverageClaim => {
  const unclaimedFrom = new Map(channels.map((channel) => [channel, since]))
  const open = new Set<{ readonly at: number }>()

  const notBefore = (at: number, whose: readonly string[]) => {
    for (const channel of whose) unclaimedFrom.set(channel, Math.max(at, unclaimedFrom.get(channel) ?? at))
  }
  const trouble = (now: number, whose = channels) => notBefore(now, whose)

  return {
    trouble,
    arrived: (at) => {
      const arrival = { at }
      open.add(arrival)
      return {
        settled: () => void open.delete(arrival),
        failed: (now, whose) => {
          if (open.delete(arrival)) trouble(Math.max(now, at), whose)
        },
      }
    },
    claims: (now) => {
      const settledTo = [...open].reduce((earliest, { at }) => Math.min(earliest, at), now)
      const spans = channels.flatMap((channel) => {
        const proven = evidence.proven(channel)
        if (!proven) return []
        const from = Math.max(proven.from, unclaimedFrom.get(channel) ?? since)
        const until = Math.min(proven.until, settledTo)
        return from < until ? [{ channel, from, until }] : []
      })
      return [...Map.groupBy(spans, ({ from, until }) => `${from} ${until}`).values()].flatMap((alike) => {
        const [first] = alike
        return first ? [{ channels: alike.map(({ channel }) => channel), from: first.from, until: first.until }] : []
      })
    },
    told: (claims) => {
      for (const { channels: whose, until } of claims) notBefore(until, whose)
    },
  }
}
