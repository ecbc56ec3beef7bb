import { digestOf, kindOf, PEOPLE } from '../../../src/line-simulator/people.ts'
import type { Asked } from '../../verifier/history.ts'

/** The number as LINE's people have it, of the spellings that the inputs use; undefined: nobody can be reached by what was written. */
export const numberIn = (text: unknown): string | undefined => {
  if (typeof text !== 'string') return undefined
  const digits = text.normalize('NFKC').replace(/[\s\p{Pd}−]/gu, '')
  const [, number] = /^(?:0|\+81)(\d{10})$/.exec(digits) ?? []
  return number !== undefined && /^[6-9]0/.test(number) ? `+81${number}` : undefined
}

/** What LINE makes of messages to this number, as long as nobody has told it anything else. */
export const fateOf = (number: string): Asked['fate'] => {
  const { accepted, came } = PEOPLE[kindOf(digestOf(number))]
  if (!accepted) return 'unreachable'
  return came === 'delivered' ? 'delivered' : 'silent'
}
