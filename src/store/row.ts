import { crc32 } from 'node:zlib'
import { awaitsWord, claimsBusinessKey, claimsIdentity, type Entry, forgetAtOf, laneOf, lastSentAt } from '../domain/entry.ts'

/** Where an entry stands with its recipient. */
export const UNDER_WAY = 0
export const IN_LINE = 1
export const RESEND = 2

/** What never changes of an entry, or hardly ever. */
export const identifyingColumns = (entry: Entry) => {
  const { notification } = entry
  return {
    arrival: entry.arrival,
    seq: entry.arrival,
    id: packed(entry.notificationId),
    identity: notification && claimsIdentity(entry) ? packed(notification.identityKey) : null,
    business: notification?.businessKey != null && claimsBusinessKey(entry) ? packed(notification.businessKey) : null,
    recipient: notification && packed(notification.recipientRef),
    channel: notification?.channel ?? null,
    lane: notification && laneOf(notification),
    rank: notification && rankOf(notification.urgent),
  }
}

/** What changes with its state. */
export const changingColumns = (entry: Entry, body: Uint8Array, turn: 0 | 1 | null) => {
  const { notification, state } = entry
  const queued = state === 'queued'
  return {
    state,
    place: notification && placeOf(entry),
    turn,
    releaseAt: entry.releaseAt,
    notBefore: entry.notBefore,
    subject: queued ? (notification?.subject ?? null) : null,
    expiresAt: queued ? (notification?.expiresAt ?? null) : null,
    settleAt: awaitsWord(entry) ? entry.settleAt : null,
    fallbackAt: entry.fallbackAt,
    lastSentAt: notification && lastSentAt(entry),
    forgetAt: forgetAtOf(entry),
    crc: crc32(body),
    body,
  }
}

export const rankOf = (urgent: boolean): number => (urgent ? 0 : 1)

export const placeOf = ({ state, resend }: Entry): number | null => {
  if (state === 'sending') return UNDER_WAY
  if (state !== 'queued') return null
  return resend ? RESEND : IN_LINE
}

/** Ids, keys and recipients are hex: as bytes they take half the room in a file and four indexes. Anything else stays a text. */
export const packed = (text: string): Uint8Array | string => (HEX.test(text) ? Buffer.from(text, 'hex') : text)

export const unpacked = (value: unknown): string =>
  value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex') : String(value)

const HEX = /^(?:[0-9a-f]{2})+$/
