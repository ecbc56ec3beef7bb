import { z } from 'zod'
import type { EventType, Heard, HeardBody } from '../../webhook/heard.ts'

/** A webhook's body in our words. LINE adds properties and types without notice, so what is not needed is not looked at: `source` on a
 *  delivery event, for instance, which is there in old examples, and `mode`. `undefined`: it is not a body of LINE's.
 *  https://developers.line.biz/en/reference/messaging-api/#webhooks */
export const readWebhook = (body: Buffer): HeardBody | undefined => {
  let json: unknown
  try {
    json = JSON.parse(UTF_8.decode(body))
  } catch {
    return undefined
  }
  const parsed = BODY.safeParse(json)
  return parsed.success ? { destination: parsed.data.destination, events: parsed.data.events.map(heardOf) } : undefined
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true })

/** What LINE writes is far shorter. One that is longer must not make a record that Kafka refuses, together with all others beside it. */
const name = z.string().min(1).max(100)
/** What a calendar has: whoever reads the records makes dates of it. */
const instant = z.int().min(0).max(8.64e15)

const BODY = z.object({ destination: name, events: z.array(z.unknown()) })
const EVENT = z.looseObject({ type: z.string() })

const HAPPENED = { webhookEventId: name, timestamp: instant, deliveryContext: z.object({ isRedelivery: z.boolean() }) }
const USER = z.object({ userId: name })

const DELIVERY = z.object({ timestamp: instant, delivery: z.object({ data: z.string() }) })
const FOLLOW = z.object({ ...HAPPENED, source: USER, follow: z.object({ isUnblocked: z.boolean() }).optional() })
const UNFOLLOW = z.object({ ...HAPPENED, source: USER })
const ACCOUNT_LINK = z.object({
  ...HAPPENED,
  source: USER.optional(),
  /** 10 to 255 characters, by LINE's reference. */
  link: z.object({ result: z.string(), nonce: z.string().max(1_000).optional() }),
})

type Happening = z.infer<typeof UNFOLLOW>

const heardOf = (given: unknown): Heard => {
  const { data: event } = EVENT.safeParse(given)
  switch (event?.type) {
    case undefined:
      return { kind: 'malformed', type: 'other' }
    case 'delivery':
      return read('delivery', DELIVERY, event, ({ delivery, timestamp }) => ({
        kind: 'delivery',
        data: delivery.data,
        at: timestamp,
      }))
    case 'follow':
      return read('follow', FOLLOW, event, ({ source, follow, ...each }) => ({
        ...happened(each),
        kind: 'follow',
        userId: source.userId,
        unblocked: follow?.isUnblocked ?? null,
      }))
    case 'unfollow':
      return read('unfollow', UNFOLLOW, event, ({ source, ...each }) => ({
        ...happened(each),
        kind: 'unfollow',
        userId: source.userId,
      }))
    case 'accountLink':
      return read('account-link', ACCOUNT_LINK, event, ({ source, link, ...each }) => ({
        ...happened(each),
        kind: 'account-link',
        userId: source?.userId ?? null,
        linked: link.result === 'ok',
        nonce: link.nonce ?? null,
      }))
    default:
      return { kind: 'other' }
  }
}

const read = <T>(type: EventType, schema: z.ZodType<T>, event: unknown, heard: (event: T) => Heard): Heard => {
  const parsed = schema.safeParse(event)
  return parsed.success ? heard(parsed.data) : { kind: 'malformed', type }
}

const happened = ({ webhookEventId, timestamp, deliveryContext }: Pick<Happening, keyof typeof HAPPENED>) => ({
  webhookEventId,
  at: timestamp,
  redelivered: deliveryContext.isRedelivery,
})
