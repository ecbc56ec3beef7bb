import { hash } from 'node:crypto'
import type { Leak } from '../../verifier/history.ts'

/** Looks for numbers where they must not be: in every spelling, and by all that LINE, or anybody with patience, could tell them from. */
export interface CanaryHunt {
  /** @param place such as `tsuchi.results/3/17 value`; asked for only if something is found. */
  search(bytes: Uint8Array, place: () => string): void
  /** Each spelling once for each place. */
  readonly leaks: readonly Leak[]
  /** Bytes looked through so far. */
  searched(): number
  /** A spelling that lies on both sides of a cut is found only if so many bytes before it are looked at again. */
  readonly longest: number
}

interface Spelling {
  readonly name: string
  readonly bytes: Buffer
}

export const huntFor = (numbers: readonly string[]): CanaryHunt => {
  const spellings = numbers.flatMap(spellingsOf)
  const byHead = Map.groupBy(spellings, ({ bytes }) => bytes.readInt32BE(0))
  // Whether any spelling begins so, by 16 of the bits: most bytes are passed with one look.
  const heads = new Uint8Array(1 << 16)
  for (const head of byHead.keys()) heads[slotOf(head)] = 1
  const found = new Map<string, Leak>()
  let searched = 0

  return {
    search: (bytes, place) => {
      searched += bytes.length
      let head = 0
      for (let end = 0; end < bytes.length; end++) {
        head = (head << 8) | (bytes[end] ?? 0)
        if (heads[slotOf(head)] === 0 || end < 3) continue
        for (const { name, bytes: spelling } of byHead.get(head) ?? []) {
          const from = end - 3
          if (spelling.compare(bytes, from, Math.min(bytes.length, from + spelling.length)) !== 0) continue
          const leak = { spelling: name, place: place() }
          found.set(`${name} ${leak.place}`, leak)
        }
      }
    },
    get leaks() {
      return [...found.values()]
    },
    searched: () => searched,
    longest: Math.max(...spellings.map(({ bytes }) => bytes.length)),
  }
}

const slotOf = (head: number): number => Math.imul(head, 0x9e3779b1) >>> 16

/** `number` is E.164, Japanese. */
export const spellingsOf = (number: string): Spelling[] => {
  const subscriber = number.slice(3)
  const hyphened = [subscriber.slice(0, 2), subscriber.slice(2, 6), subscriber.slice(6)].join('-')
  const texts: [string, string][] = [
    // In all of E.164, with and without plus, and of the national number.
    ['digits', subscriber],
    ['hyphens', hyphened],
    ['spaces', hyphened.replaceAll('-', ' ')],
    ['dots', hyphened.replaceAll('-', '.')],
    ['parentheses', `${hyphened.slice(0, 2)}) ${hyphened.slice(3).replace('-', ' ')}`],
    ['full-width', wide(subscriber)],
    ['full-width-hyphens', wide(hyphened)],
    ['full-width-minus', wide(hyphened).replaceAll('－', '−')],
    // Escaped, as in JSON that is all ASCII.
    ['full-width-escaped', Array.from(wide(subscriber), (each) => `\\u${each.codePointAt(0)?.toString(16)}`).join('')],
    ...[0, 1, 2].map((shift): [string, string] => ['base64-of-digits', base64Within(subscriber, shift)]),
  ]
  const hashed: [string, string][] = [
    ['sha256', number],
    ['sha256-without-plus', number.slice(1)],
    ['sha256-national', `0${subscriber}`],
  ]
  return [
    ...texts.map(([name, text]) => ({ name, bytes: Buffer.from(text) })),
    { name: 'utf-16', bytes: Buffer.from(subscriber, 'utf16le') },
    { name: 'hex-of-digits', bytes: Buffer.from(Buffer.from(subscriber).toString('hex')) },
    ...hashed.flatMap(([name, text]) => digestsOf(name, text)),
  ]
}

const digestsOf = (name: string, text: string): Spelling[] => {
  const digest = hash('sha256', text, 'buffer')
  const hex = digest.toString('hex')
  return [
    { name: `${name}-hex`, bytes: Buffer.from(hex) },
    { name: `${name}-hex-upper`, bytes: Buffer.from(hex.toUpperCase()) },
    { name: `${name}-base64`, bytes: Buffer.from(digest.toString('base64').replace(/=+$/, '')) },
    { name: `${name}-base64url`, bytes: Buffer.from(digest.toString('base64url')) },
    { name: `${name}-raw`, bytes: digest },
  ]
}

const wide = (text: string): string =>
  text.replace(/[0-9-]/g, (each) => String.fromCodePoint((each.codePointAt(0) ?? 0) + 0xfee0))

/** Base64 of a text that holds these digits, `shift` bytes after a multiple of three. */
const base64Within = (text: string, shift: number): string => {
  const encoded = Buffer.from(`${'x'.repeat(shift)}${text}`).toString('base64')
  return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + text.length) * 8) / 6))
}
