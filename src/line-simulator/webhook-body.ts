import { createHmac } from 'node:crypto'
import type { WebhookEvent } from './webhook-event.ts'

/** How the request that carries an event is written; with nothing in it, as LINE should. */
export interface Manner {
  readonly signature?: 'other-secret' | 'malformed' | 'missing'
  /** The body is signed, and sent with other whitespace: what a proxy that parses JSON does. */
  readonly reserialised?: true
  /** Filled up to this many bytes with a property nobody knows, and signed as it is. */
  readonly bytes?: number
  /** The body takes this long to come. */
  readonly dribbleMs?: number
  readonly extraProperty?: true
}

export interface Written {
  readonly body: Buffer
  /** Null: the header is missing. */
  readonly signature: string | null
}

/** `x-line-signature`: Base64 of HMAC-SHA256 over the bytes of the body, keyed with the channel secret. Deliberately not shared with
 *  the product, as in people.ts. */
export const signatureOf = (secret: string, body: Buffer | string): string =>
  createHmac('sha256', secret).update(body).digest('base64')

export const writeWebhook = (
  { destination, events }: { readonly destination: string; readonly events: readonly WebhookEvent[] },
  secret: string,
  manner: Manner,
): Written => {
  const fields = { destination, events, ...(manner.extraProperty ? { somethingNew: true } : {}) }
  const proper = Buffer.from(padded(fields, manner.bytes))
  const body = manner.reserialised ? Buffer.from(JSON.stringify(fields, null, 2)) : proper
  return { body, signature: signed(proper, secret, manner.signature) }
}

const signed = (body: Buffer, secret: string, fault: Manner['signature']): string | null => {
  switch (fault) {
    case undefined:
      return signatureOf(secret, body)
    case 'other-secret':
      return signatureOf(`not ${secret}`, body)
    case 'malformed':
      return 'not base64, nor 32 bytes'
    case 'missing':
      return null
  }
}

const padded = (fields: object, bytes = 0): string => {
  const text = JSON.stringify(fields)
  const missing = bytes - Buffer.byteLength(text)
  if (missing <= 0) return text
  const overhead = ',"padding":""'.length
  return `${text.slice(0, -1)},"padding":"${'x'.repeat(Math.max(0, missing - overhead))}"}`
}
