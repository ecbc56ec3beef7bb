import { hash } from 'node:crypto'

export type PersonKind =
  | 'reachable'
  | 'not-on-line'
  | 'refuses'
  | 'blocked'
  | 'consent-pending'
  | 'authentication-pending'
  | 'consent-and-authentication-pending'

/** What LINE knows about a person. All but `blocks` holds for every account there is. */
export interface PersonState {
  readonly onLine: boolean
  /** Whether they receive notification messages. `not-set` until they are asked for the first time, and never again. */
  readonly consent: 'on' | 'off' | 'not-set'
  /** Whether the number was confirmed by SMS in the last 180 days. */
  readonly authenticated: boolean
  readonly blocks: boolean
}

/** What became of a message, seen from the person: shown to them, held back until they consent, or nothing at all. */
export type Came = 'delivered' | 'held' | 'nothing'

/** What LINE makes of a message to a person: whether it takes it, and what the person gets. */
export interface Reception {
  readonly accepted: boolean
  readonly came: Came
}

export interface PeopleRange extends Reception {
  /** The first of `count` consecutive numbers, E.164. */
  readonly first: string
  readonly count: number
  /** Until the admin API changes it. */
  readonly state: PersonState
  readonly meaning: string
}

export const receptionOf = ({ onLine, consent, authenticated, blocks }: PersonState): Reception => {
  if (!onLine || consent === 'off') return { accepted: false, came: 'nothing' }
  if (blocks) return { accepted: true, came: 'nothing' }
  return { accepted: true, came: consent === 'on' && authenticated ? 'delivered' : 'held' }
}

const range = (first: string, count: number, meaning: string, differs: Partial<PersonState> = {}): PeopleRange => {
  const state: PersonState = { onLine: true, consent: 'on', authenticated: true, blocks: false, ...differs }
  return { first, count, ...receptionOf(state), state, meaning }
}

/** Who answers to which number. The simulator sees digests only, so a person is what the digest of a number of these ranges says;
 *  any other digest belongs to somebody reachable. All are valid Japanese mobile numbers, taken from 060: it was opened to mobile
 *  phones in 2026 and is hardly assigned, so a mistake that sends them to the real LINE is unlikely to reach a stranger. */
export const PEOPLE: Readonly<Record<PersonKind, PeopleRange>> = {
  reachable: range(
    '+816010000000',
    50_000_000,
    'on LINE, consents, has not blocked the account. So is everybody whose number is in no range at all',
  ),
  'not-on-line': range(
    '+816090010000',
    10_000,
    'no LINE account with this number, or notification messages switched off: 422, LINE does not say which',
    { onLine: false },
  ),
  blocked: range(
    '+816090020000',
    10_000,
    'has blocked the account: accepted like any other, never shown, not even after unblocking',
    {
      blocks: true,
    },
  ),
  'consent-pending': range(
    '+816090030000',
    10_000,
    'has not decided about notification messages: accepted and held (LINE deletes it after 24 h without consent)',
    { consent: 'not-set' },
  ),
  'authentication-pending': range(
    '+816090040000',
    10_000,
    'consents, and LINE asks for the number to be confirmed by SMS, as every 180 days: accepted and held until then, as above',
    { authenticated: false },
  ),
  'consent-and-authentication-pending': range(
    '+816090050000',
    10_000,
    'has not decided, and is asked for the SMS too: accepted and held until both are done',
    { consent: 'not-set', authenticated: false },
  ),
  refuses: range('+816090060000', 10_000, 'on LINE, and has switched notification messages off: 422, as if not on LINE', {
    consent: 'off',
  }),
}

/** The n-th number of a kind, from 0. Throws beyond the range. */
export const phoneOf = (kind: PersonKind, n: number): string => {
  const range = PEOPLE[kind]
  if (!Number.isInteger(n) || n < 0 || n >= range.count) {
    throw new RangeError(`there is no ${kind} person ${n}: choose one from 0 to ${range.count - 1}`)
  }
  return nthAfter(range.first, n)
}

/** `nthAfter('+816010000000', 7)` is +816010000007. */
export const nthAfter = (first: string, n: number): string => `+${Number(first.slice(1)) + n}`

/** What LINE is told instead of a number: SHA-256 of the E.164 form, plus sign included, lower-case hex. Deliberately not shared
 *  with the product: a stand-in that hashes with the code under test would agree with its mistakes. */
export const digestOf = (phone: string): string => hash('sha256', phone)

/** The digest of the n-th person of a kind. */
export const digestOfPerson = (kind: PersonKind, n: number): string => digestOf(phoneOf(kind, n))

/** By what LINE's events name a person, who otherwise is a number. No event has both. */
export const userIdOf = (digest: string): string => `U${hash('sha256', `user ${digest}`).slice(0, 32)}`

export const kindOf = (digest: string): PersonKind => {
  special ??= hashSpecialNumbers()
  return special.get(digest) ?? 'reachable'
}

let special: ReadonlyMap<string, PersonKind> | undefined

const SPECIAL = [
  'not-on-line',
  'blocked',
  'consent-pending',
  'authentication-pending',
  'consent-and-authentication-pending',
  'refuses',
] as const

/** 60,000 digests: some 25 ms once, 12 MB. */
const hashSpecialNumbers = (): ReadonlyMap<string, PersonKind> => {
  const kinds = new Map<string, PersonKind>()
  for (const kind of SPECIAL) {
    for (let n = 0; n < PEOPLE[kind].count; n += 1) kinds.set(digestOfPerson(kind, n), kind)
  }
  return kinds
}
