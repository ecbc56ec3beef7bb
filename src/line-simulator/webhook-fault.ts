import { z } from 'zod'
import { digest, frequency } from './frequency.ts'
import { EVENT_TYPES } from './webhook-event.ts'

const ms = (least: number) => z.int().min(least).max(86_400_000)

/** Which events a fault meets. Everything left out matches all. */
const selection = {
  channel: z.string().min(1).optional(),
  event: z.enum(EVENT_TYPES).optional(),
  /** Delivery events with this delivery tag. */
  tag: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  /** Events about this person. */
  to: z.union([digest, z.array(digest).min(1)]).optional(),
  ...frequency,
}

/** `kind` says what goes wrong with an event. Such an event travels in a request of its own; its redeliveries are as they should be.
 *  - `late` it comes `ms` later; its timestamp does not;
 *  - `early` it comes, and is answered, before the answer to the push. Delivery events of who need not consent first;
 *  - `lost` it never comes, nor is it redelivered;
 *  - `duplicated` it comes twice, the second `ms` after the first (0: at the same time), unmarked: LINE's network may do that;
 *  - `redelivered` it comes again, marked, `ms` after it was answered, although that was with a 200;
 *  - `reordered` it comes after the next event of its channel was answered, or after `ms` when there is none;
 *  - `forged-signature` signed with another secret, with what is no signature at all, or not signed;
 *  - `reserialised` the whitespace of the body is changed after signing;
 *  - `oversized` the body has this many `bytes`, and a proper signature;
 *  - `slow-body` the body takes `ms` to come;
 *  - `unknown-type` another event is in the same request, first, of a type that no document names;
 *  - `extra-properties` with the `source` that delivery events had until 2025, and with properties that no document names. */
export const webhookFaultSpec = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('late'), ms: ms(1), ...selection }),
  z.strictObject({ kind: z.literal('early'), ...selection }),
  z.strictObject({ kind: z.literal('lost'), ...selection }),
  z.strictObject({ kind: z.literal('duplicated'), ms: ms(0).default(0), ...selection }),
  z.strictObject({ kind: z.literal('redelivered'), ms: ms(0).default(0), ...selection }),
  z.strictObject({ kind: z.literal('reordered'), ms: ms(1).default(1000), ...selection }),
  z.strictObject({
    kind: z.literal('forged-signature'),
    signature: z.enum(['other-secret', 'malformed', 'missing']).default('other-secret'),
    ...selection,
  }),
  z.strictObject({ kind: z.literal('reserialised'), ...selection }),
  z.strictObject({ kind: z.literal('oversized'), bytes: z.int().min(1).max(16_777_216).default(4_194_304), ...selection }),
  z.strictObject({ kind: z.literal('slow-body'), ms: ms(1), ...selection }),
  z.strictObject({ kind: z.literal('unknown-type'), ...selection }),
  z.strictObject({ kind: z.literal('extra-properties'), ...selection }),
])

/** As written by whoever wants the fault, defaults left out. */
export type WebhookFaultSpec = z.input<typeof webhookFaultSpec>
export type WebhookFault = z.output<typeof webhookFaultSpec>
