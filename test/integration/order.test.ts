import { beforeAll, describe, expect, test } from 'vitest'
import { digestOf, phoneOf } from '../../src/line-simulator/people.ts'
import type { LogEntry } from '../../src/line-simulator/request-log.ts'
import { adjustableClock } from './adjustable-clock.ts'
import { expectSound } from './audit.ts'
import { type Event, paymentDue } from './events.ts'
import { type Installation, install } from './installation.ts'
import type { ObservedResult, Place } from './results.ts'
import { spawnWorker } from './worker-process.ts'

const LATENCY_MS = 150
const MANY = 8

/** Bills of one person, numbered in the order in which they lie in the topic. */
const bills = (phone: string, count: number): Event[] =>
  Array.from({ length: count }, (_, n) =>
    paymentDue({ id: `C-${phone.slice(-4)}`, phone }, { paymentUrl: `https://pay.example.jp/bill-${n}.` }),
  )
const numberOf = ({ body }: LogEntry): number => Number(/bill-(\d+)\./.exec(body ?? '')?.[1])
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** Between two starts of different notifications the first has ended, or is unknown, as whoever reads results sees it. */
const expectOneAtATime = (results: readonly ObservedResult[]): void => {
  let underWay: string | undefined
  for (const { notificationId, status } of results) {
    if (status === 'sending') {
      expect([undefined, notificationId]).toContain(underWay)
      underWay = notificationId
    } else if (underWay === notificationId) underWay = undefined
  }
  expect(underWay).toBeUndefined()
}

describe('in one partition', () => {
  const { clock, forward } = adjustableClock()
  const person = phoneOf('reachable', 1)
  const others = upTo(20).map((n) => ({ id: `O-${n}`, phone: phoneOf('reachable', 100 + n) }))
  let at: Installation
  let places: readonly Place[]
  const endsOf = (places: readonly Place[]) => Promise.all(places.map((place) => at.results.endOf(place)))
  const about = (recipientRef: string | null | undefined) =>
    at.results.all().filter((result) => result.recipientRef === recipientRef)

  beforeAll(async () => {
    at = await install({
      partitions: 1,
      simulator: { latencyMs: LATENCY_MS },
      routes: { 'payment-due': { unknown: { wait: 'PT1H' } } },
    })
    // All of it is there before anything is sent, however long it takes to produce.
    places = await at.produce('payment-due', ...bills(person, MANY), ...others.map((customer) => paymentDue(customer)))
    await at.startWorker({ clock, from: 'earliest' })
    return at.close
  })

  test('one person gets what is meant for them in the order of arrival, one at a time; nobody else waits for that', async () => {
    const ends = await endsOf(places)
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['accepted']))

    const sends = at.sends(person)
    expect(sends.map(numberOf)).toEqual(upTo(MANY))
    // What came sooner after another than LINE's answer takes did not wait for it. A timer may fire some ms early.
    const gaps = sends.slice(1).map(({ monotonicNs }, n) => (monotonicNs - (sends[n]?.monotonicNs ?? 0)) / 1e6)
    expect(Math.min(...gaps)).toBeGreaterThan(LATENCY_MS - 5)
    expectOneAtATime(about(ends[0]?.recipientRef))

    const all = at.sends()
    const lastOfOthers = all.findLastIndex(({ to }) => to !== digestOf(person))
    expect(all.slice(lastOfOthers + 1).length, 'the person still waited when all others were done').toBeGreaterThan(1)
  })

  test('what LINE puts off keeps its place: nothing that came later overtakes it', async () => {
    const person = phoneOf('reachable', 2)
    const [first, ...rest] = bills(person, MANY)
    if (!first) throw new Error('no bill')
    const places = [await at.produceOne('payment-due', first)]
    await endsOf(places)
    at.simulator.faults.add({ kind: 'rate-limited', retryAfterSeconds: 1, to: digestOf(person), count: 1 })
    places.push(...(await at.produce('payment-due', ...rest)))
    const ends = await endsOf(places)
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['accepted']))
    const sends = at.sends(person)
    expect(sends.map(numberOf)).toEqual([0, 1, ...upTo(MANY).slice(1)])
    expect(sends.map(({ status }) => status)).toEqual([200, 429, ...Array(MANY - 1).fill(200)])
    expectOneAtATime(about(ends[0]?.recipientRef))
  })

  test('one whose outcome is not known does not hold up what comes after it', async () => {
    const person = phoneOf('reachable', 3)
    at.simulator.faults.add({ kind: 'server-error', to: digestOf(person), count: 1 })
    const places = await at.produce('payment-due', ...bills(person, 3))
    await endsOf(places.slice(1))
    forward(3_600_000)
    const waking = await at.produceOne('payment-due', paymentDue({ id: 'C-awake', phone: phoneOf('reachable', 200) }))
    const [, ...ends] = await endsOf([waking, ...places])
    expect(ends.map(({ status }) => status)).toEqual(['unconfirmed', 'accepted', 'accepted'])
    expect(about(ends[0]?.recipientRef).at(-1), 'the unknown ended last').toMatchObject({ status: 'unconfirmed' })
    expect(at.sends(person).map(numberOf)).toEqual([0, 1, 2])
    expectOneAtATime(about(ends[0]?.recipientRef))
    await expectSound(at)
  })
})

test('what was under way when a worker was killed holds up the person only until it is judged, and then the rest goes, in order', async (context) => {
  const at = await install({
    partitions: 1,
    routes: { 'payment-due': { unknown: { wait: 'PT1S' } } },
  })
  context.onTestFinished(at.close)
  const person = phoneOf('reachable', 1)
  const doomed = spawnWorker(context, at, { script: 'crash', state: 'kept' }, 'SIGKILL')
  await doomed.untilReady()
  const places = await at.produce('payment-due', ...bills(person, 5))
  expect(await doomed.exited).toMatchObject({ signal: 'SIGKILL' })
  await at.startWorker({ state: 'kept' })
  const ends = await Promise.all(places.map((place) => at.results.endOf(place)))
  expect(ends.map(({ status }) => status)).toEqual(['unconfirmed', ...Array(4).fill('accepted')])
  expect(at.sends(person).map(numberOf)).toEqual([1, 2, 3, 4])
  await expectSound(at)
})
