import type { Leak } from '../verifier/history.ts'
import { CANARY, hashOf } from './intake.ts'
import { PEOPLE } from './scenario.ts'

/** Spellings of the canary numbers, and of what LINE knows them by, in what must not hold them in clear. */
export const leaksIn = (place: string, held: unknown): Leak[] => {
  const bytes: Buffer[] = []
  const text = JSON.stringify(held, (_, value: unknown) => {
    if (!(value instanceof Uint8Array)) return value
    bytes.push(Buffer.from(value))
    return undefined
  })
  return SPELLINGS.filter(({ said }) => text.includes(said) || bytes.some((each) => each.includes(said))).map(({ spelling }) => ({
    spelling,
    place,
  }))
}

const hex = (of: (person: number) => string) => Array.from({ length: PEOPLE }, (_, person) => of(person))

const SPELLINGS: readonly { readonly spelling: string; readonly said: string }[] = [
  { spelling: 'digits', said: CANARY.slice(1, -1) },
  { spelling: 'national digits', said: `0${CANARY.slice(3, -1)}` },
  ...hex(hashOf).map((said) => ({ spelling: 'sha256-hex', said })),
  ...hex((person) => Buffer.from(hashOf(person), 'hex').toString('base64')).map((said) => ({ spelling: 'sha256-base64', said })),
]
