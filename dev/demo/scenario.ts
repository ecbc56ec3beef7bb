import { phoneOf } from '../../src/line-simulator/people.ts'
import { asWritten, type Customer, customerOf, reachable } from './customer.ts'
import { cancellationOf, type DomainEvent, type EventKind, outageFor, paymentDueFor, reminderFor } from './domain-events.ts'
import { NIGHT_ZONE } from './night.ts'

/** One record to be produced. */
export interface PlannedRecord {
  readonly event: DomainEvent
  /** CloudEvents headers name the event; otherwise its fields do. */
  readonly headers: boolean
  /** Cut short, so that nobody can read it. */
  readonly damaged: boolean
}

export interface Scenario {
  readonly records: readonly PlannedRecord[]
  readonly people: SpecialPeople
  /** What is to become of them all: purpose, or `none` for what cannot be read → status → how many. */
  readonly intended: Readonly<Record<Exclude<EventKind, 'cancellation'> | 'none', Readonly<Record<string, number>>>>
}

/** One each. */
export interface SpecialPeople {
  /** Lives where it is night. */
  readonly sleeper: Special
  /** Has never decided about notification messages. */
  readonly undecided: Special
  /** LINE takes the message, and its answer is lost. */
  readonly unanswered: Special
  /** LINE's answer is lost, and so was the request. */
  readonly unheardOf: Special
  /** Has blocked the account. */
  readonly blocker: Special
}

export interface Special {
  readonly customerId: string
  /** E.164. */
  readonly phone: string
}

/** Of them nobody hears again: the blocker and the one unheard of. */
export const SILENT = 2

const PLAIN_REMINDERS = 148
const PLAIN_DUES = 132
const AFFECTED = 200
const AFFECTED_ELSEWHERE = 24

/** 300 events. What is out of the ordinary comes first, so that its time runs while the rest is worked off; the repetitions last. */
export const scenarioAt = (now: number): Scenario => {
  const abroad = (n: number): Customer => ({ ...customerOf(n), timeZone: NIGHT_ZONE })
  const withPhone = (n: number, phone: string): Customer => ({ ...customerOf(n), phone: asWritten(phone, n) })
  const notOnLine = (n: number): Customer => withPhone(n, phoneOf('not-on-line', n))

  const held = [reminderFor(abroad(1), 1, now), reminderFor(abroad(2), 2, now), paymentDueFor(abroad(3), 3, now)]
  const calledOff = reminderFor(abroad(11), 11, now)
  const unanswered = paymentDueFor(customerOf(4), 4, now)
  const undecided = reminderFor(withPhone(12, UNDECIDED), 12, now)
  const unheardOf = paymentDueFor(customerOf(13), 13, now)
  const blocker = paymentDueFor(withPhone(14, BLOCKER), 14, now)
  const unreachable = reminderFor(notOnLine(5), 5, now)
  const unusable = paymentDueFor({ ...customerOf(6), phone: '090-1234-567' }, 6, now)
  const damaged = paymentDueFor(customerOf(7), 7, now)

  const reminders = range(PLAIN_REMINDERS, 100).map((n) => reminderFor(customerOf(n), n, now))
  const dues = range(PLAIN_DUES, 300).map((n) => paymentDueFor(customerOf(n), n, now))
  const outage = outageFor(
    [...range(AFFECTED - 3, 500).map(customerOf), notOnLine(8), ...couple()],
    { area: '川崎市中原区', service: '光インターネット', n: 1 },
    now,
  )
  const elsewhere = outageFor(
    range(AFFECTED_ELSEWHERE, 800).map(customerOf),
    { area: '横浜市港北区', service: '光電話', n: 2 },
    now,
  )
  const repeated = [...reminders.slice(10, 14), ...dues.slice(10, 12)]

  return {
    records: [
      ...[...held, calledOff, unanswered, undecided, unheardOf, blocker, unreachable, unusable].map(recordOf),
      { ...recordOf(damaged, 0), damaged: true },
      ...interleaved(reminders, dues).map(recordOf).toSpliced(120, 0, recordOf(outage, 0)),
      recordOf(elsewhere, 1),
      recordOf(cancellationOf(11, now), 1),
      // With headers this time, whether or not the first had any: it is the same event.
      ...repeated.map((event) => ({ event, headers: true, damaged: false })),
    ],
    people: {
      sleeper: special(1),
      undecided: special(12, UNDECIDED),
      unanswered: special(4),
      unheardOf: special(13),
      blocker: special(14, BLOCKER),
    },
    intended: {
      reminder: { delivered: PLAIN_REMINDERS + 3, unreachable: 1, cancelled: 1, duplicate: 4 },
      'payment-due': { delivered: PLAIN_DUES + 2, undelivered: 1, unconfirmed: 1, refused: 1, duplicate: 2 },
      outage: { delivered: AFFECTED + AFFECTED_ELSEWHERE - 2, unreachable: 1, duplicate: 1 },
      none: { poison: 1 },
    },
  }
}

const UNDECIDED = phoneOf('consent-pending', 12)
const BLOCKER = phoneOf('blocked', 14)

const special = (n: number, phone = reachable(n)): Special => ({ customerId: customerOf(n).id, phone })

/** Two customers who gave the same number, and no names: one message tells both. */
const couple = (): Customer[] => {
  const both = { phone: customerOf(9).phone, timeZone: null, name: null }
  return [
    { ...both, id: customerOf(9).id },
    { ...both, id: customerOf(10).id },
  ]
}

const recordOf = (event: DomainEvent, index: number): PlannedRecord => ({ event, headers: index % 3 === 0, damaged: false })

const range = (count: number, from: number): number[] => Array.from({ length: count }, (_, n) => from + n)

const interleaved = <T>(some: readonly T[], others: readonly T[]): T[] =>
  Array.from({ length: Math.max(some.length, others.length) }, (_, n) => [
    ...some.slice(n, n + 1),
    ...others.slice(n, n + 1),
  ]).flat()
