import { randomBytes } from 'node:crypto'

/** 26 characters: 48 bits of wall time, 80 of chance. What `webhookEventId` looks like. */
export const ulid = (now: number): string => {
  let time = ''
  for (let rest = now, place = 0; place < 10; place += 1, rest = Math.floor(rest / 32)) time = digit(rest % 32) + time
  let chance = ''
  // A byte has three bits more than a digit wants; they are thrown away.
  for (const byte of nextRandom()) chance += digit(byte & 31)
  return time + chance
}

/** Crockford's base 32: no I, L, O and U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

const digit = (value: number): string => DIGITS.charAt(value)

/** Drawn by the thousand: each call to the system's generator costs more than the rest of the id. */
let pool = Buffer.alloc(0)
let used = 0

const nextRandom = (): Buffer => {
  if (used + 16 > pool.length) {
    pool = randomBytes(16_384)
    used = 0
  }
  used += 16
  return pool.subarray(used - 16, used)
}
