import { z } from 'zod'
import { ENDPOINTS } from './endpoint.ts'
import { digest, frequency } from './frequency.ts'

/** Which requests a fault meets. Everything left out matches all. */
const selection = {
  endpoint: z.enum(ENDPOINTS).optional(),
  to: z.union([digest, z.array(digest).min(1)]).optional(),
  ...frequency,
}

/** Whether LINE had executed the request before things went wrong. If so the message comes to the person all the same, provided the
 *  request was one that LINE accepts. */
const recorded = z.boolean().default(false)

/** `kind` says what goes wrong:
 *  - `server-error` a 5xx, `status` 500, 502, 503 or 504;
 *  - `reset` the body is read, then the connection reset;
 *  - `hang` the body is read, and no answer ever comes;
 *  - `slow` the proper answer, `ms` later; the message comes to the person at once;
 *  - `rate-limited` the 429 that passes, with `Retry-After` when `retryAfterSeconds` is given;
 *  - `monthly-limit` the 429 that does not pass;
 *  - `forbidden` 403; `unauthorized` 401, of the token endpoint too;
 *  - `malformed` an answer that is none: `html` (200 by some proxy), `half-json` (the proper status, unparseable body), `cut` (the
 *    proper status, and the connection reset in the middle of the body). */
export const faultSpec = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('server-error'),
    status: z.union([z.literal(500), z.literal(502), z.literal(503), z.literal(504)]).default(500),
    recorded,
    ...selection,
  }),
  z.strictObject({ kind: z.literal('reset'), recorded, ...selection }),
  z.strictObject({ kind: z.literal('hang'), recorded, ...selection }),
  z.strictObject({ kind: z.literal('slow'), ms: z.int().min(1).max(3_600_000), ...selection }),
  z.strictObject({ kind: z.literal('rate-limited'), retryAfterSeconds: z.int().min(0).optional(), ...selection }),
  z.strictObject({ kind: z.literal('monthly-limit'), ...selection }),
  z.strictObject({ kind: z.literal('forbidden'), ...selection }),
  z.strictObject({ kind: z.literal('unauthorized'), ...selection }),
  z.strictObject({ kind: z.literal('malformed'), body: z.enum(['html', 'half-json', 'cut']), recorded, ...selection }),
])

/** As written by whoever wants the fault, defaults left out. */
export type FaultSpec = z.input<typeof faultSpec>
export type Fault = z.output<typeof faultSpec>
