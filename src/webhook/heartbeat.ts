import type { Clock } from '../clock.ts'
import { atMost } from './at-most.ts'
import type { CoverageClaim } from './coverage-claim.ts'
import { sayClaims } from './say-claims.ts'
import type { Storage } from './storage.ts'

const LOOK_EVERY_MS = 1_000
/** So late, a look shows that the process stood still. LINE waits two seconds for an answer; what it sent meanwhile lies in the socket for
 *  longer, so that a busy machine loses nothing yet. */
const STOOD_STILL_MS = 5_000

/** Says in feedback, from time to time, that somebody listens: without it, silence means nothing. What may be lost it says at once. */
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
    try {
      await sayClaims(claim, storage, until)
    } catch (error) {
      // All of it is as true later, and is said with the next.
      options.onFailed(error instanceof Error ? error : new Error(String(error)))
    }
  }

  let lastLook = clock.monotonic()
  /** By the monotonic clock alone, which stands still with a machine that sleeps: from a wall clock that was put forward, or put right,
   *  that cannot be told apart. */
  const look = () => {
    const since = Math.ceil(clock.monotonic() - lastLook)
    lastLook += since
    const now = clock.now()
    if (since >= LOOK_EVERY_MS + STOOD_STILL_MS) claim.missed({ from: now - since, until: now })
  }
  const looking = setInterval(() => {
    look()
    if (claim.holes().length > 0) void beat(clock.now())
  }, LOOK_EVERY_MS)
  const beating = setInterval(() => {
    look()
    void beat(clock.now())
  }, options.everyMs)
  return {
    stop: async (at, withinMs) => {
      look()
      clearInterval(looking)
      clearInterval(beating)
      const last = async () => {
        await underWay
        await beat(at)
      }
      await atMost(withinMs, last())
    },
  }
}
