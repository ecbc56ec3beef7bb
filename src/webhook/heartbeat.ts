import type { Clock } from '../clock.ts'
import type { CoverageClaim } from './coverage-claim.ts'
import type { Storage } from './storage.ts'

/** A beat that is so many times as late: the process stood still, and whoever called meanwhile was not answered. */
const STOOD_STILL = 3

/** Says in feedback, from time to time, that somebody listens: without it, silence means nothing. */
export interface Heartbeat {
  /** Says it for the last time, of the time until `at`, and waits for that at most so long. */
  stop(at: number, withinMs: number): Promise<void>
}

export const startHeartbeat = (options: {
  readonly claim: CoverageClaim
  readonly storage: Storage
  readonly everyMs: number
  readonly clock: Clock
  readonly onFailed: (error: Error) => void
}): Heartbeat => {
  const { claim, storage, clock } = options
  let underWay: Promise<void> | undefined

  const beat = (until: number): Promise<void> => {
    underWay ??= say(until).finally(() => {
      underWay = undefined
    })
    return underWay
  }

  const say = async (until: number): Promise<void> => {
    const claims = claim.claims(until)
    if (claims.length === 0) return
    try {
      await storage.claim(claims).done
      claim.told(claims)
    } catch (error) {
      claim.trouble(clock.now())
      options.onFailed(error instanceof Error ? error : new Error(String(error)))
    }
  }

  let lastBeat = clock.monotonic()
  const timer = setInterval(() => {
    const since = clock.monotonic() - lastBeat
    lastBeat += since
    if (since > STOOD_STILL * options.everyMs) claim.trouble(clock.now())
    void beat(clock.now())
  }, options.everyMs)
  return {
    stop: async (at, withinMs) => {
      clearInterval(timer)
      const last = async () => {
        await underWay
        await beat(at)
      }
      const over = Promise.withResolvers<void>()
      const patience = setTimeout(over.resolve, withinMs)
      await Promise.race([last(), over.promise])
      clearTimeout(patience)
    },
  }
}
