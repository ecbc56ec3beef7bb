import { z } from 'zod'

export const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 digest of a number, 64 lower-case hex digits')

/** How often a fault happens; `count` left out means until deleted. */
export const frequency = {
  count: z.int().min(1).optional(),
  probability: z.number().gt(0).max(1).optional(),
  /** The same seed gives the same sequence of hits and misses. */
  seed: z.int().optional(),
}
