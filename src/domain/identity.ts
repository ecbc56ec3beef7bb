import { createHash, createHmac } from 'node:crypto'
import { formatPosition, type Position } from './position.ts'

/** What makes two notifications the same one. */
export interface Identity {
  /** CloudEvents `source` and `id`: together they name the event. */
  readonly source: string
  readonly id: string
  readonly customer: string | null
  readonly recipientRef: string
  /** 0, unless one event names the same customer and recipient more than once with different things to say. */
  readonly occurrence: number
}

/** The same event produced again has the same key, wherever it lies. 32 hex digits. */
export const identityKeyOf = ({ source, id, customer, recipientRef, occurrence }: Identity): string =>
  digest('identity', [source, id, customer, recipientRef, String(occurrence)])

/** Another event that says the same to the same person has the same key. A value that is absent is not one that is empty. 32 hex
 *  digits. */
export const businessKeyOf = (said: {
  readonly route: string
  readonly recipientRef: string
  readonly values: readonly (string | null)[]
}): string => digest('business', [said.route, said.recipientRef, ...said.values])

/** The same record read again is the same notification. 32 hex digits. */
export const notificationIdOf = (position: Position, identityKey: string): string =>
  digest('notification', [formatPosition(position), identityKey])

/** A refused request has no recipient to speak of: it is named by where it came from and what the event calls itself. */
export const refusedIdOf = (position: Position, event: { readonly source: string | null; readonly id: string | null }): string =>
  digest('refused', [formatPosition(position), event.source, event.id])

/** A record that cannot be read is named by where it lies and what it is made of: a topic made anew starts again at offset 0. Under the
 *  pepper, as the bytes may be little more than a number, which could be found by trying. */
export const poisonIdOf = (position: Position, bytes: Uint8Array, pepper: Uint8Array): string =>
  digest('poison', [formatPosition(position), createHmac('sha256', pepper).update(bytes).digest('hex')])

/** Each part is preceded by its length, so that ("ab", "c") and ("a", "bc") differ; null has a mark of its own, so that it is not
 *  the empty string. The first 16 bytes: with 10^12 notifications, two share an id with a chance below 10^-14. */
const digest = (kind: string, parts: readonly (string | null)[]): string => {
  const hash = createHash('sha256').update(`tsuchi ${kind} 1\n`)
  for (const part of parts) hash.update(part === null ? '-' : `${Buffer.byteLength(part)}:`).update(part ?? '')
  return hash.digest('hex').slice(0, 32)
}
