/** That LINE's webhooks reach us, as signed bodies prove. Where LINE's console has another URL, or its webhooks are off, we hear nothing
 *  either, and that is not the silence that ends notifications. Pure: wall-clock times, ms since the epoch, are arguments. */
export interface Evidence {
  /** A body of this channel's came at this time, signed, and was taken. One without events proves as much. */
  heard(channel: string, at: number): void
  /** LINE itself says that it did not reach us: what came before proves no more. */
  lost(channel: string): void
  /** When the last of them came. */
  lastAt(channel: string): number | undefined
  /** The time of which it is proven: from the first body (included), for so long after the last (excluded). What was proven before a time
   *  of which it was not is forgotten. */
  proven(channel: string): { readonly from: number; readonly until: number } | undefined
}

/** Half the day of silence after which a notification is undelivered: none ends so without a body in the second half of its day. */
export const EVIDENCE_HOLDS_MS = 12 * 3_600_000

export const createEvidence = (): Evidence => {
  const runs = new Map<string, { readonly from: number; readonly lastAt: number }>()
  return {
    heard: (channel, at) => {
      const run = runs.get(channel)
      if (!run || at > run.lastAt + EVIDENCE_HOLDS_MS) return void runs.set(channel, { from: at, lastAt: at })
      if (at + EVIDENCE_HOLDS_MS < run.from) return
      runs.set(channel, { from: Math.min(run.from, at), lastAt: Math.max(run.lastAt, at) })
    },
    lost: (channel) => void runs.delete(channel),
    lastAt: (channel) => runs.get(channel)?.lastAt,
    proven: (channel) => {
      const run = runs.get(channel)
      return run && { from: run.from, until: run.lastAt + EVIDENCE_HOLDS_MS }
    },
  }
}
