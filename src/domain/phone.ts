import { createHash, createHmac } from 'node:crypto'
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'

/** `+819012345678`: leading plus, country code, no hyphens. Lives only in intake's memory. */
export type E164 = string & { readonly __brand: 'E164' }
/** 64 lower-case hex digits. As good as the number itself: see hashPhone. */
export type HashedPhone = string & { readonly __brand: 'HashedPhone' }

/** LINE delivers notification messages to numbers issued in these countries only (SPEC, conditions for sending). */
export type ServedCountry = 'JP' | 'TH' | 'TW'
export const SERVED_COUNTRIES: readonly ServedCountry[] = ['JP', 'TH', 'TW']

export const ZONE_OF_COUNTRY: Readonly<Record<ServedCountry, string>> = {
  JP: 'Asia/Tokyo',
  TH: 'Asia/Bangkok',
  TW: 'Asia/Taipei',
}

export type PhoneReading =
  | { readonly kind: 'phone'; readonly e164: E164; readonly country: ServedCountry }
  /** `shape` shows the form of what was given (`0AA-9999`), never its digits. */
  | { readonly kind: 'unusable'; readonly shape: string }
  | { readonly kind: 'country-not-served'; readonly country: string; readonly shape: string }

/** Reads a phone number as people and systems write it: E.164, or national in `defaultCountry`; full-width digits, hyphens and
 *  spaces are fine, and so are the invisible direction marks that address books copy along. A number of a served country must be
 *  valid by its numbering plan: a wrong one would look to LINE like a person who is not on LINE. One with an extension is a
 *  switchboard, not a person. A landline is read like any other: if it is not on LINE, LINE says so. */
export const readPhone = (raw: string, defaultCountry: ServedCountry): PhoneReading => {
  const shape = shapeOf(raw)
  const plain = raw
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .trim()
  const parsed = parsePhoneNumberFromString(plain, { defaultCountry: defaultCountry as CountryCode, extract: false })
  if (!parsed?.isValid() || parsed.ext) return { kind: 'unusable', shape }
  const country = SERVED_COUNTRIES.find((served) => served === parsed.country)
  if (!country) return { kind: 'country-not-served', country: parsed.country ?? `+${parsed.countryCallingCode}`, shape }
  return { kind: 'phone', e164: parsed.number as string as E164, country }
}

/** LINE finds people by the SHA-256 of their E.164 number (SPEC, phone-number-hashed). Unsalted, and a country has under 10^9
 *  mobile numbers, so it can be reversed by enumeration: treat it as the number itself. Never log it, never key a topic by it. */
export const hashPhone = (phone: E164): HashedPhone => createHash('sha256').update(phone).digest('hex') as HashedPhone

/** Names a person within one installation, without the number: cannot be reversed without the pepper. 64 hex digits. */
export const recipientRefOf = (hash: HashedPhone, pepper: Uint8Array): string =>
  createHmac('sha256', pepper).update(hash).digest('hex')

/** The form of a value without the value: every digit a 9 (also `①` or `Ⅷ`), every letter an A, cut at 24 characters. */
export const shapeOf = (value: string): string => {
  // A character is one or two units: more of a long value need not be looked at.
  const cut = [...value.slice(0, 48)].slice(0, 24).join('')
  const shape = cut
    .replace(/\p{N}/gu, '9')
    .replace(/\p{L}/gu, 'A')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
  return `a text of the shape ${shape}${cut.length < value.length ? '…' : ''} (${value.length} characters)`
}
