import { createHmac, timingSafeEqual } from 'node:crypto'
import { partitionOf } from './partition.ts'

/** What a route may put into the URL of a button: names the notification to whom it may concern, and nobody can make one up. The
 *  company's site begins the nonce of LINE's account link with it (10 to 255 characters by LINE's reference). The rest of a nonce is random:
 *  the token was in a URL, and whoever knows a whole nonce could link another's LINE account.
 *
 *  36 bytes in base64url, 48 characters: where the recipient's partition is found (4, the beginning of the key's digest), the
 *  notification (16), and an HMAC-SHA-256 of both, cut (16). */
export const linkTokenOf = (recipientRef: string, notificationId: string, key: Uint8Array): string => {
  const place = Buffer.alloc(4)
  place.writeUInt32BE(partitionOf(recipientRef, 2 ** 32))
  const named = Buffer.concat([place, Buffer.from(notificationId, 'hex')])
  return Buffer.concat([named, signed(named, key)]).toString('base64url')
}

/** `undefined` for a nonce that does not begin with a token of this installation. */
export const readLinkToken = (
  nonce: string,
  key: Uint8Array,
  partitions: number,
): { readonly partition: number; readonly notificationId: string } | undefined => {
  const [token] = /^[A-Za-z0-9_-]{48}/.exec(nonce) ?? []
  if (token === undefined) return undefined
  const bytes = Buffer.from(token, 'base64url')
  const named = bytes.subarray(0, 20)
  if (!timingSafeEqual(bytes.subarray(20), signed(named, key))) return undefined
  return { partition: bytes.readUInt32BE(0) % partitions, notificationId: named.toString('hex', 4) }
}

/** From the pepper, which never changes while the topics live. */
export const linkTokenKey = (pepper: Uint8Array): Buffer => createHmac('sha256', pepper).update('tsuchi link token').digest()

const signed = (named: Buffer, key: Uint8Array): Buffer => createHmac('sha256', key).update(named).digest().subarray(0, 16)
