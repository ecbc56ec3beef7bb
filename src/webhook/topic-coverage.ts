import type { Clock } from '../clock.ts'
import { atMost } from './at-most.ts'
import { createCoverageClaim } from './coverage-claim.ts'
import type { Evidence } from './evidence.ts'
import { sayClaims } from './say-claims.ts'
import type { Storage } from './storage.ts'

/** Says in feedback, from time to time, how far the topic has been read that another receiver writes: what it holds is not lost, so that
 *  also the time is covered in which nobody read it. */
export interface TopicCoverage {
  /** Something of LINE's is set aside, which another receiver wrote then. */
  lost(channels: readonly string[], writtenAt: number): void
  /** Resolves once all who count on coverage, whoever claims it, can know what was lost; rejects if they may not. */
  admit(): Promise<void>
  /** Says it for the last time, and waits for that at most so long. */
  stop(withinMs: number): Promise<void>
}

/** LINE had sent it before another receiver wrote it, whose clock need not be LINE's. */
const SENT_BEFORE_MS = 60_000

/** `readTo`: every record that lay in the topic then has been taken, or null if that cannot be told. Where the first look finds it,
 *  coverage begins: of what was read before, others have told. */
export const startTopicCoverage = (options: {
  readonly channels: readonly string[]
  readonly readTo: (now: number) => Promise<number | null>
  readonly evidence: Pick<Evidence, 'proven'>
  readonly storage: Storage
  readonly everyMs: number
  readonly clock: Clock
  readonly onFailed: (error: Error) => void
}): TopicCoverage => {
  const { channels, readTo, storage, clock } = options
  const claim = createCoverageClaim(channels, Number.NEGATIVE_INFINITY, options.evidence)
  let begun = false
  let underWay: Promise<void> | undefined

  const look = async (): Promise<void> => {
    const until = await readTo(clock.now())
    if (until === null) return
    if (!begun) claim.began(until)
    begun = true
    await sayClaims(claim, storage, until)
  }
  const beat = (): Promise<void> => {
    underWay ??= look()
      // What was not said now is said with the next: the topic still holds it.
      .catch((fault: unknown) => options.onFailed(fault instanceof Error ? fault : new Error(String(fault))))
      .finally(() => {
        underWay = undefined
      })
    return underWay
  }

  const timer = setInterval(() => void beat(), options.everyMs)
  void beat()
  return {
    lost: (whose, writtenAt) => claim.missed({ from: writtenAt - SENT_BEFORE_MS, until: writtenAt + 1 }, whose),
    admit: async () => {
      const holes = claim.holes()
      if (holes.length === 0) return
      await storage.claim(holes, []).done
      claim.admitted(holes)
    },
    stop: async (withinMs) => {
      clearInterval(timer)
      const last = async () => {
        await underWay
        await beat()
      }
      await atMost(withinMs, last())
    },
  }
}
