import { createHmac, timingSafeEqual } from 'node:crypto'

/** The header with the signature. Names of headers may change case without notice; node has them in lower case. */
export const SIGNATURE_HEADER = 'x-line-signature'

/** Base64 of HMAC-SHA-256 over the bytes of the body as they came, keyed with the channel secret, or on LINE Chat Plus with the switcher's
 *  (https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/). In constant time. */
export const isSignedWith = (secret: string, body: Buffer, signature: string): boolean => {
  if (!isSignatureShaped(signature)) return false
  const wanted = createHmac('sha256', secret).update(body).digest()
  const found = Buffer.from(signature, 'base64')
  return found.length === wanted.length && timingSafeEqual(found, wanted)
}

/** Whether any secret could have made it: 32 bytes in Base64. Node's decoder alone would pass over what is not Base64. */
export const isSignatureShaped = (signature: string): boolean => SHAPE.test(signature)

const SHAPE = /^[A-Za-z0-9+/]{43}=$/
