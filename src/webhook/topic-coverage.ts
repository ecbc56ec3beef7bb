import type { Clock } from '../clock.ts'
import { type CoverageClaim, createCoverageClaim } from './coverage-claim.ts'
import type { Evidence } from './evidence.ts'
import type { Storage } from './storage.ts'

/** Says in feedback, from time to time, how far the topic has been read that another receiver writes: what it holds is not lost, so that
 *  also the time is covered in which nobody read it. */
export interface TopicCoverage {
  /** Something of LINE's was set aside: nothing from before now on, and not yet claimed, is covered. */
  lost(channels: readonly string[]): void
  /** Says it for the last time, and waits for that at most so long. */
  stop(withinMs: number): Promise<void>
}

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
  let claim: CoverageClaim | undefined
  let lostBefore = Number.NEGATIVE_INFINITY
  let underWay: Promise<void> | undefined

  const look = async (): Promise<void> => {
    const until = await readTo(clock.now())
    if (until === null) return
    claim ??= createCoverageClaim(channels, Math.max(until, lostBefore), options.evidence)
    const claims = claim.claims(until)
    if (claims.length === 0) return
    await storage.claim(claims).done
    claim.told(claims)
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
    lost: (whose) => {
      if (claim) claim.trouble(clock.now(), whose)
      else lostBefore = clock.now()
    },
    stop: async (withinMs) => {
      clearInterval(timer)
      const waited = Promise.withResolvers<void>()
      const enough = setTimeout(waited.resolve, withinMs)
      const last = async () => {
        await underWay
        await beat()
      }
      await Promise.race([last(), waited.promise])
      clearTimeout(enough)
    },
  }
}
