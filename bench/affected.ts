import { PEOPLE, type PersonKind, phoneOf } from '../src/line-simulator/people.ts'

/** Somebody a disaster concerns. */
export interface Affected {
  readonly id: string
  readonly phone: string
  readonly fate: Fate
}

/** What LINE makes of a message to them: delivers it; takes it, and says no more; or refuses it, as it knows nobody it may write to. */
export type Fate = 'delivered' | 'silent' | 'unreachable'

/** Of every hundred people; the others are reachable. */
const MIX: readonly { readonly kind: PersonKind; readonly people: number; readonly fate: Fate }[] = [
  { kind: 'blocked', people: 4, fate: 'silent' },
  { kind: 'consent-pending', people: 1, fate: 'silent' },
  { kind: 'not-on-line', people: 3, fate: 'unreachable' },
  { kind: 'refuses', people: 2, fate: 'unreachable' },
]

/** No two are the same person. Of the simulator's numbers few are not reachable: beyond them, all are. */
export const affectedPeople = (count: number): readonly Affected[] => Array.from({ length: count }, (_, n) => personOf(n))

const personOf = (n: number): Affected => {
  const hundreds = Math.floor(n / 100)
  let place = n % 100
  for (const { kind, people, fate } of MIX) {
    const nth = hundreds * people + place
    if (place < people && nth < PEOPLE[kind].count) return { id: `D-${n}`, phone: phoneOf(kind, nth), fate }
    if (place < people) break
    place -= people
  }
  return { id: `D-${n}`, phone: phoneOf('reachable', n), fate: 'delivered' }
}
