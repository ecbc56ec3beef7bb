import type { CoverageClaim } from './coverage-claim.ts'
import type { Storage } from './storage.ts'

/** Says what may be lost, and what may be claimed until then; once that is durable, the claim knows. Rejects if it may not be: all of it is
 *  as true later. */
export const sayClaims = async (claim: CoverageClaim, storage: Storage, until: number): Promise<void> => {
  const [holes, claims] = [claim.holes(), claim.claims(until)]
  if (holes.length + claims.length === 0) return
  await storage.claim(holes, claims).done
  claim.admitted(holes)
  claim.told(claims)
}
