import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Message } from './message.ts'
import type { HashedPhone } from './phone.ts'

/** `aad` is bound to the sealed bytes without lying in them: they open only with the same one (here the notification's id, so that
 *  an address cannot be moved to another notification). */
export type Seal = (plain: Uint8Array, aad: string) => Uint8Array
export type Open = (sealed: Uint8Array, aad: string) => Uint8Array

export interface Sealer {
  readonly seal: Seal
  readonly open: Open
}

/** What a ready request carries sealed. */
export interface Content {
  readonly to: HashedPhone
  readonly message: Message
}

export class SealError extends Error {
  override readonly name = 'SealError'
  readonly code: 'bad-keys' | 'too-short' | 'unknown-key' | 'not-authentic' | 'not-content'

  constructor(code: SealError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** AES-256-GCM. The first key seals, every key opens: to rotate, put a new key first and keep the old one until what it sealed has
 *  been forgotten (the longest dedupe window, or the retention of the dead letters if that is longer).
 *
 *  Layout: 4 bytes key id (the start of the key's SHA-256), 12 bytes IV, 16 bytes tag, ciphertext.
 *
 *  The IV is random: the one place in the domain that is not a function of its arguments, as a seal that could be replayed would
 *  be none. GCM allows 2^32 random IVs for one key: at 10 million notifications a day a key must be rotated within 429 days. */
export const createSealer = (keys: readonly Uint8Array[]): Sealer => {
  const ring = keys.map(toKey)
  const [first] = ring
  if (!first) throw new SealError('bad-keys', 'No sealing key given: give at least one of 32 bytes (openssl rand -base64 32).')
  const byId = new Map(ring.map((key) => [key.id.toString('hex'), key]))
  if (byId.size < ring.length) throw new SealError('bad-keys', 'A sealing key is given twice: remove one of the two.')

  return {
    seal: (plain, aad) => {
      const iv = randomBytes(IV)
      const cipher = createCipheriv('aes-256-gcm', first.bytes, iv).setAAD(Buffer.from(aad))
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([first.id, iv, cipher.getAuthTag(), sealed])
    },
    open: (sealed, aad) => {
      if (sealed.length < HEADER) {
        throw new SealError(
          'too-short',
          `Sealed bytes: found ${sealed.length}, at least ${HEADER} wanted; they were cut or never sealed.`,
        )
      }
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      const id = bytes.toString('hex', 0, ID)
      const key = byId.get(id)
      if (!key)
        throw new SealError('unknown-key', `Sealed with key ${id}; known: ${[...byId.keys()].join(', ')}. Add the missing key.`)
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(ID, ID + IV), { authTagLength: TAG })
      decipher.setAAD(Buffer.from(aad)).setAuthTag(bytes.subarray(ID + IV, HEADER))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(HEADER)), decipher.final()])
      } catch {
        throw new SealError(
          'not-authentic',
          `Sealed bytes (key ${id}) were changed, or belong to another notification than ${aad}.`,
        )
      }
    },
  }
}

export const sealContent = (content: Content, notificationId: string, seal: Seal): Uint8Array =>
  seal(Buffer.from(JSON.stringify({ to: content.to, message: content.message })), notificationId)

/** Throws SealError. The seal proves that we wrote the content, so only its outline is checked. */
export const openContent = (sealed: Uint8Array, notificationId: string, open: Open): Content => {
  const content = parse(Buffer.from(open(sealed, notificationId)).toString())
  if (isContent(content)) return content
  throw new SealError(
    'not-content',
    `What was sealed for notification ${notificationId} is not { to, message }: another version wrote it.`,
  )
}

const ID = 4
const IV = 12
const TAG = 16
const HEADER = ID + IV + TAG

const toKey = (bytes: Uint8Array, index: number): { readonly id: Buffer; readonly bytes: Uint8Array } => {
  if (bytes.length !== 32) throw new SealError('bad-keys', `Sealing key ${index + 1}: found ${bytes.length} bytes, 32 wanted.`)
  return { id: createHash('sha256').update(bytes).digest().subarray(0, ID), bytes }
}

/** JSON.parse quotes what it could not read; an address must not get into an error. */
const parse = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const isContent = (value: unknown): value is Content =>
  typeof value === 'object' &&
  value !== null &&
  'to' in value &&
  typeof value.to === 'string' &&
  'message' in value &&
  typeof value.message === 'object' &&
  value.message !== null
