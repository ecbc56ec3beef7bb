import { digestOf } from '../src/line-simulator/people.ts'
import type { Affected, Fate } from './affected.ts'
import type { Send } from './line.ts'
import { type Percentiles, percentilesOf } from './percentiles.ts'

/** Accounts for every person, by what LINE's own log says was sent to them and what the results say became of it. Nothing of the product
 *  has a part in it. */
export interface Ledger {
  send(send: Send): void
  result(result: PublishedResult): void
  account(): Account
}

/** What is looked at of a result, as the registry's schema has it. */
export interface PublishedResult {
  readonly status: string
  readonly terminal: boolean
  readonly corrects: string | null
  readonly sequence: number
  readonly customerId: string | null
  readonly deliveredAt: number | null
  readonly decidedAt: number
  readonly cost: { readonly amount: Buffer; readonly currency: string } | null
}

export interface Account {
  readonly requests: number
  /** By the status LINE gave. */
  readonly answers: Readonly<Record<string, number>>
  readonly firstSendAt: number | null
  readonly lastSendAt: number | null
  readonly lastDeliveredAt: number | null
  /** From when LINE had delivered until that was stated, ms. */
  readonly toldAfterMs: Percentiles
  readonly results: Readonly<Record<string, number>>
  /** By status of results that end a notification, in units of the currency. */
  readonly cost: Readonly<Record<string, number>>
  readonly people: Readonly<Record<Fate, number>>
  /** People with whom something is not as it must be, some of them by name. */
  readonly breaches: readonly string[]
}

/** How often each happened to a person. */
const COUNTED = [
  'taken',
  'turned away',
  'otherwise answered',
  'delivered',
  'unreachable',
  'ended otherwise',
  'corrected',
] as const
type Counted = (typeof COUNTED)[number]

const ONCE: Readonly<Record<Fate, readonly Counted[]>> = {
  delivered: ['taken', 'delivered'],
  unreachable: ['turned away', 'unreachable'],
  silent: ['taken'],
}
/** What LINE may say any number of times before it takes a message: it was not sent. */
const NOT_SENT: readonly Send['status'][] = [429, 401]
const NAMED = 3

export const openLedger = (people: readonly Affected[]): Ledger => {
  const byDigest = new Map(people.map(({ phone }, n) => [digestOf(phone), n]))
  const byId = new Map(people.map(({ id }, n) => [id, n]))
  const counts = new Map(COUNTED.map((what) => [what, new Uint8Array(people.length)]))
  const lastSequence = new Int32Array(people.length).fill(-1)
  const endsAccepted = new Uint8Array(people.length)
  const toldAfterMs: number[] = []
  const answers = new Map<string, number>()
  const results = new Map<string, number>()
  const cost = new Map<string, bigint>()
  const strangers = new Map<string, number>()
  let firstSendAt: number | null = null
  let lastSendAt: number | null = null
  let lastDeliveredAt: number | null = null

  const count = (what: Counted, n: number): void => {
    const each = counts.get(what)
    if (each) each[n] = Math.min(255, (each[n] ?? 0) + 1)
  }

  const send = ({ to, status, at }: Send): void => {
    increase(answers, String(status))
    firstSendAt = Math.min(firstSendAt ?? at, at)
    lastSendAt = Math.max(lastSendAt ?? at, at)
    const n = to === null ? undefined : byDigest.get(to)
    if (n === undefined) return increase(strangers, 'a request to LINE')
    if (NOT_SENT.includes(status)) return
    count(status === 200 ? 'taken' : status === 422 ? 'turned away' : 'otherwise answered', n)
  }

  const result = ({ status, terminal, corrects, sequence, decidedAt, ...more }: PublishedResult): void => {
    increase(results, status)
    const n = more.customerId === null ? undefined : byId.get(more.customerId)
    if (n === undefined) return increase(strangers, `a result ${status}`)
    if (sequence > (lastSequence[n] ?? 0)) {
      lastSequence[n] = sequence
      endsAccepted[n] = status === 'accepted' ? 1 : 0
    }
    if (corrects !== null) count('corrected', n)
    if (!terminal) return
    count(status === 'delivered' || status === 'unreachable' ? status : 'ended otherwise', n)
    if (more.cost) cost.set(status, (cost.get(status) ?? 0n) + unscaled(more.cost.amount))
    if (status !== 'delivered' || more.deliveredAt === null) return
    lastDeliveredAt = Math.max(lastDeliveredAt ?? decidedAt, decidedAt)
    toldAfterMs.push(decidedAt - more.deliveredAt)
  }

  const breachesOf = (n: number, fate: Fate): string[] => {
    const wrong = COUNTED.flatMap((what) => {
      const found = counts.get(what)?.[n] ?? 0
      const wanted = ONCE[fate].includes(what) ? 1 : 0
      return found === wanted ? [] : [`${what} ${found} times where it must be ${wanted}`]
    })
    return fate === 'silent' && endsAccepted[n] === 0 ? [...wrong, 'the last result is not accepted'] : wrong
  }

  return {
    send,
    result,
    account: () => {
      const breaches = new Map<string, { people: number; readonly named: string[] }>()
      for (const [n, { id, fate }] of people.entries()) {
        for (const breach of breachesOf(n, fate)) {
          const what = `${WHO[fate]}: ${breach}`
          const known = breaches.get(what) ?? { people: 0, named: [] }
          known.people++
          if (known.named.length < NAMED) known.named.push(id)
          breaches.set(what, known)
        }
      }
      return {
        requests: [...answers.values()].reduce((sum, each) => sum + each, 0),
        answers: Object.fromEntries(answers),
        ...{ firstSendAt, lastSendAt, lastDeliveredAt },
        toldAfterMs: percentilesOf(toldAfterMs),
        results: Object.fromEntries(results),
        cost: Object.fromEntries([...cost].map(([status, sum]) => [status, Number(sum) / 10_000])),
        people: { ...NOBODY, ...tallied(people.map(({ fate }) => fate)) },
        breaches: [
          ...[...breaches].map(
            ([what, { people: found, named }]) =>
              `${found} ${found === 1 ? 'person' : 'people'}, ${what} (${named.join(', ')}${found > NAMED ? ', …' : ''})`,
          ),
          ...[...strangers].map(([what, found]) => `${found} times ${what} of nobody who is concerned`),
        ],
      }
    },
  }
}

const WHO: Readonly<Record<Fate, string>> = {
  delivered: 'reachable',
  silent: 'blocked, or consent is pending',
  unreachable: 'not on LINE',
}
const NOBODY: Readonly<Record<Fate, number>> = { delivered: 0, silent: 0, unreachable: 0 }

const increase = (counts: Map<string, number>, what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)

const tallied = (words: readonly string[]): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>()
  for (const word of words) increase(counts, word)
  return Object.fromEntries(counts)
}

/** Avro's decimal of scale 4: big-endian two's complement. */
const unscaled = (amount: Buffer): bigint =>
  amount.length === 0 ? 0n : BigInt.asIntN(amount.length * 8, BigInt(`0x${amount.toString('hex')}`))
