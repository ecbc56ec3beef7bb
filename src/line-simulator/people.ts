import { createHash } from 'node:crypto'

export type PersonKind = 'reachable' | 'not-on-line' | 'blocked' | 'consent-pending'

/** What became of a message, seen from the person: shown to them, held back until they consent, or nothing at all. */
export type Came = 'delivered' | 'held' | 'nothing'

export interface PeopleRange {
  /** The first of `count` consecutive numbers, E.164. */
  readonly first: string
  readonly count: number
  readonly accepted: boolean
  readonly came: Came
  readonly meaning: string
}

/** Who answers to which number. The simulator sees digests only, so a person is what the digest of a number of these ranges says;
 *  any other digest belongs to somebody reachable. All are valid Japanese mobile numbers, taken from 060: it was opened to mobile
 *  phones in 2026 and is hardly assigned, so a mistake that sends them to the real LINE is unlikely to reach a stranger. */
export const PEOPLE: Readonly<Record<PersonKind, PeopleRange>> = {
  reachable: {
    first: '+816010000000',
    count: 50_000_000,
    accepted: true,
    came: 'delivered',
    meaning: 'on LINE, consents, has not blocked the account. So is everybody whose number is in no range at all',
  },
  'not-on-line': {
    first: '+816090010000',
    count: 10_000,
    accepted: false,
    came: 'nothing',
    meaning: 'no LINE account with this number, or notification messages switched off: 422, LINE does not say which',
  },
  blocked: {
    first: '+816090020000',
    count: 10_000,
    accepted: true,
    came: 'nothing',
    meaning: 'has blocked the account: accepted like any other, never shown, not even after unblocking',
  },
  'consent-pending': {
    first: '+816090030000',
    count: 10_000,
    accepted: true,
    came: 'held',
    meaning: 'has not decided about notification messages: accepted and held (LINE deletes it after 24 h without consent)',
  },
}

/** The n-th number of a kind, from 0. Throws beyond the range. */
export const phoneOf = (kind: PersonKind, n: number): string => {
  const range = PEOPLE[kind]
  if (!Number.isInteger(n) || n < 0 || n >= range.count) {
    throw new RangeError(`there is no ${kind} person ${n}: choose one from 0 to ${range.count - 1}`)
  }
  return `+${Number(range.first.slice(1)) + n}`
}

/** What LINE is told instead of a number: SHA-256 of the E.164 form, plus sign included, lower-case hex. Deliberately not shared
 *  with the product: a stand-in that hashes with the code under test would agree with its mistakes. */
export const digestOf = (phone: string): string => createHash('sha256').update(phone, 'utf8').digest('hex')

/** The digest of the n-th person of a kind. */
export const digestOfPerson = (kind: PersonKind, n: number): string => digestOf(phoneOf(kind, n))

export const kindOf = (digest: string): PersonKind => {
  special ??= hashSpecialNumbers()
  return special.get(digest) ?? 'reachable'
}

let special: ReadonlyMap<string, PersonKind> | undefined

/** 30,000 digests: some 30 ms once, 6 MB. */
const hashSpecialNumbers = (): ReadonlyMap<string, PersonKind> => {
  const kinds = new Map<string, PersonKind>()
  for (const kind of ['not-on-line', 'blocked', 'consent-pending'] as const) {
    for (let n = 0; n < PEOPLE[kind].count; n += 1) kinds.set(digestOfPerson(kind, n), kind)
  }
  return kinds
}
